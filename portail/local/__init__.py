"""What runs the portal on one machine: private PostgreSQL, launcher of the demo and of the tests. Never in production.

Standard library only: the launcher runs on the system's Python, before any environment exists.
"""
