"""Sessions in the database, each with the login that opened it and the device it runs on."""

import datetime as dt
from typing import cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from comptes.models import SessionDuCompte

# Keys of the session: written at sign-in.
APPAREIL, OUVERTE = "appareil", "ouverte"


class SessionStore(db.SessionStore):
    """Django's own store over our table: the same statements, four more columns.

    Source: Django's documentation, « Extending database-backed session engines ».
    """

    @classmethod
    def get_model_class(cls):
        return SessionDuCompte

    def create_model_instance(self, data):
        session = cast(SessionDuCompte, super().create_model_instance(data))
        session.utilisateur_id = data.get(SESSION_KEY)
        session.appareil = data.get(APPAREIL, "")
        if OUVERTE in data:
            session.ouverte_le = dt.datetime.fromtimestamp(data[OUVERTE], tz=timezone.get_default_timezone())
        return session

    def save(self, must_create=False):
        """A session that goes on is one UPDATE: alone, it needs no transaction around it.

        A connection that died passes (503): Django takes it for a session deleted meanwhile, and says 400.
        """
        if must_create or self.session_key is None:
            return super().save(must_create)
        try:
            self.create_model_instance(dict(self.items())).save(force_update=True)
        except OperationalError:
            raise
        except DatabaseError as erreur:
            raise UpdateError from erreur
