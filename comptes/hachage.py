"""Password hashing: argon2id with parameters that a two-core machine bears on the opening morning."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Portail(Argon2PasswordHasher):
    """The first parameters that OWASP recommends: 19 MiB, two passes, one lane (Password Storage Cheat Sheet, 2024)."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
