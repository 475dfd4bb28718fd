"""Machine: what a program runs on, how many cores and which versions."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version

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
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
