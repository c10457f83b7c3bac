#!/usr/bin/env python3
"""Entry point of the management commands."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from portail.local.postgres import ARRETE, repond, url_de_la_demo

SANS_BASE = {"check", "collectstatic", "diffsettings", "findstatic", "help", "makemigrations", "version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
    sans_base = not sys.argv[1:] or sys.argv[1].lstrip("-") in SANS_BASE or {"-h", "--help"} & set(sys.argv)
    if "DATABASE_URL" not in os.environ and not sans_base:
        var = os.environ.get("PORTAIL_VAR") or Path(__file__).resolve().parent / "var"
        if not repond(url_de_la_demo(Path(var))):  # else ten seconds of the pool's patience, then a traceback
            sys.exit(ARRETE)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
