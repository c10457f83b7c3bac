"""Processes: who is alive, under a name that a recycled pid cannot take."""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ErreurLocale(Exception):
    """One French sentence for the person at the keyboard: what is missing, what to do."""


def depart(pid: int) -> str:
    """When the process started (kernel ticks since boot), "" when it does not run."""
    try:
        # The second field is the name in parentheses and may hold blanks; the state follows it.
        champs = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if champs[0] in "ZX" else champs[19]


def vivant(pid: int, depuis: str) -> bool:
    return bool(depuis) and depart(pid) == depuis


def commande(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def enfants(pid: int) -> list[int]:
    """The processes that this one has started and that live."""
    try:
        return [int(mot) for mot in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def mourir_avec_le_parent(signal_recu: int = signal.SIGTERM):
    """A `preexec_fn`: the kernel sends the signal when the parent dies, even killed."""

    def avant_exec() -> None:
        if _libc:
            _libc.prctl(PR_SET_PDEATHSIG, signal_recu, 0, 0, 0)

    return avant_exec


def attendre_la_fin(pid: int, depuis: str, secondes: float) -> bool:
    limite = time.monotonic() + secondes
    while vivant(pid, depuis):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > limite:
            return False
        time.sleep(0.02)
    return True
