"""Machine: what a program runs on, how many cores and which versions."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import version

import normcast

PACKAGES = ("normcast", "keras", "jax", "numpy")


def cores() -> int:
    """Return how many cores this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_live(process: int) -> bool:
    """Say whether there may be a process of this number here.

    >>> may_live(os.getpid())
    True
    """
    if sys.platform == "win32":  # where os.kill(process, 0) is Ctrl-C, and nothing in Python asks
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it lives, and belongs to someone else
        pass
    return True


@cache
def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Return the versions that a result depends on: Python's, and those of these packages.

    >>> list(versions(("numpy",)))
    ['python', 'numpy']
    """
    own = {"normcast": normcast.__version__}  # known without being installed
    named = {name: own.get(name) or version(name) for name in packages}
    return {"python": platform.python_version(), **named}
