"""Sign-in by e-mail (bootstrap)."""

from django.contrib.auth.backends import ModelBackend


class ConnexionParCourriel(ModelBackend):
    pass
