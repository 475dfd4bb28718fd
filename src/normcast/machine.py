"""Machine: what a program runs on, how many cores and which versions."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

import normcast

MMAP_THRESHOLD = -3  # as malloc.h has it: from which size on arrays are pages of their own
MEGABYTE = 1 << 20
PACKAGES = ("normcast", "keras", "jax", "numpy")


def cores() -> int:
    """Return how many cores this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu() -> str:
    """Return what the CPU can do: code built for one must not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


@contextmanager
def sparing_memory() -> Iterator[Callable[[], None]]:
    """Let arrays go back to the system as they are freed while the block runs.

    Yields a function that gives back what small ones left. glibc keeps freed arrays of up to 32 MB in its
    heaps, and fills their gaps badly: a loop over large arrays takes more than it uses. Elsewhere than on
    glibc nothing is done.
    """
    library = _c_library()
    if library is None or not hasattr(library, "mallopt") or not hasattr(library, "malloc_trim"):
        yield lambda: None
        return
    library.mallopt(MMAP_THRESHOLD, MEGABYTE)
    try:
        yield lambda: library.malloc_trim(0)
    finally:
        library.mallopt(MMAP_THRESHOLD, 32 * MEGABYTE)  # where glibc's own ends


@cache
def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


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
