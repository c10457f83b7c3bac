"""The authentication backend: whoever calls `authenticate()` meets the same lock as the sign-in page."""

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend

from comptes.services.connexion import verifier


class ConnexionParCourriel(ModelBackend):
    def authenticate(self, request, username=None, password=None, **champs):
        if username is None or password is None:
            return None
        return verifier(username, password).utilisateur

    async def aauthenticate(self, request, username=None, password=None, **champs):
        """Django's own would check the password without the lock."""
        return await sync_to_async(self.authenticate)(request, username, password, **champs)
