"""Verbs of `comptes`: sign-in, passwords, households."""
