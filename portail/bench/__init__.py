"""`make bench`: the portal measured over HTTP, on the machine's own PostgreSQL and gunicorn."""
