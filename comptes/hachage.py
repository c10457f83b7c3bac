"""Password hashing: argon2id with parameters that a two-core machine bears on the opening morning."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Portail(Argon2PasswordHasher):
    """12 MiB, three passes, one lane: of the settings that OWASP holds equal (Password Storage Cheat Sheet, 2024).

    17 ms of a processor against 21 for 19 MiB and two passes, and a third less memory to fetch: on the opening morning
    every family signs in. A hash made with other parameters is made again at the next sign-in.
    """

    time_cost = 3
    memory_cost = 12_288
    parallelism = 1
