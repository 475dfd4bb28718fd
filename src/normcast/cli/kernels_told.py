"""Kernels told: what `normcast kernels` says of the library of native kernels."""

from __future__ import annotations

import platform
import shlex
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from normcast import library, shipped


def built() -> str:
    """Build the library where there is none; return where it lies, its size and how long that took.

    Raises RuntimeError with the end of what the compiler says.
    """
    if found := library.found():
        return f"{_told(found)}, {_from(found)}"
    begun = perf_counter()
    try:
        path = library.built()
    except subprocess.SubprocessError as error:
        told = getattr(error, "stderr", None) or str(error)
        raise RuntimeError(f"the native kernel could not be built: {told.strip()[-1000:]}") from error
    return f"{_told(path)}, built in {perf_counter() - begun:.1f} s"


def lines() -> Iterator[str]:
    """Yield what there is to know of the library, and which form runs with it or without it."""
    from normcast.kernels import native

    found, others = library.found(), library.others()
    yield f"Library: {f'{_told(found)}, {_from(found)}' if found else 'none yet'}"
    yield f"Built for: {platform.machine()}, jaxlib {version('jaxlib')}, hash {library.key()}"
    yield f"Compiler: {shlex.join(library.compiler()) or 'none; install g++ or clang++, or set CXX'}"
    if others:
        yield f"Others in {library.folder()}: {len(others)}, for other machines or versions"
    form, why = native.expected()
    yield f"Form: {form}, since {why}"


def _from(path: Path) -> str:
    return "shipped with the package" if path.parent == shipped.FOLDER else "built before"


def _told(path: Path) -> str:
    return f"{path} ({path.stat().st_size / 1e6:.2f} MB)"
