# Production image: web, worker, beat and migrations are the same image with another command (docker-compose.yml).
FROM python:3.13-slim

# Pango and HarfBuzz draw the PDFs.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/portail portail

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTAIL_VAR=/srv/var
WORKDIR /srv/portail
COPY requirements/production.txt requirements/
RUN pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements/production.txt

COPY manage.py ./
COPY portail portail
COPY comptes comptes
COPY reservations reservations
COPY facturation facturation
COPY templates templates
COPY static static
# The demo's settings need no secret; only the files are kept.
RUN PORTAIL_DEMO=1 python manage.py collectstatic --no-input \
 && mkdir -p /srv/var/fichiers \
 && mkdir -p -m 700 /srv/var/documents \
 && chown -R portail /srv/var
USER portail
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["python", "-m", "portail.sonde", "/healthz"]
CMD ["gunicorn", "portail.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "3", "--threads", "4", "--no-control-socket", "--access-logfile", "-"]
