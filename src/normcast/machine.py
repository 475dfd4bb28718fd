"""Machine: what a program runs on, how many cores and which versions."""

from __future__ import annotations

import os
import platform
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


@cache
def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Return the versions that a result depends on: Python's, and those of these packages.

    >>> list(versions(("numpy",)))
    ['python', 'numpy']
    """
    own = {"normcast": normcast.__version__}  # known without being installed
    named = {name: own.get(name) or version(name) for name in packages}
    return {"python": platform.python_version(), **named}
