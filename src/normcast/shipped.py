"""Shipped: native kernels that a wheel brings, one for each level of x86-64, so that nothing is built.

Their names tell the level, the digest of the sources, the interface of XLA they were compiled for, and the
digest of their own bytes. Only what fits all of it is loaded.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from normcast.cache import digest
from normcast.machine import cpu

FOLDER = Path(__file__).parent / "kernels" / "native" / "shipped"
V3 = frozenset(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"])
LEVELS = {
    "x86-64-v4": V3 | frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
    "x86-64-v3": V3,
}
"""What a CPU must be able to do for each level, in the words of Linux; the best first."""


def flag(level: str) -> str:
    """Return what the compiler is told for a level, in the place of the machine's own.

    >>> flag("x86-64-v3")
    '-march=x86-64-v3'
    """
    return f"-march={level}"


def name_of(level: str, sources: bytes, headers: Path, raw: bytes) -> str:
    """Return the name of a library. raw: its bytes."""
    return f"kernel-{level}-{_short(sources)}-{interface(headers)}-{digest(raw)}.so"


def found(sources: bytes, headers: Path) -> Path | None:
    """Return the best library that came with the package and runs here; None where there is none."""
    return next(_fitting(sources, headers), None)


def _fitting(sources: bytes, headers: Path) -> Iterator[Path]:
    for level in levels():
        for path in sorted(FOLDER.glob(f"kernel-{level}-{_short(sources)}-*.so")):
            major, minor = _numbers(path.stem.split("-")[-2])
            here = _numbers(interface(headers))
            if major == here[0] and minor <= here[1] and path.stem.endswith(f"-{digest(path.read_bytes())}"):
                yield path


def levels() -> tuple[str, ...]:
    """Return the levels that this machine's CPU has, the best first; none where its words are not Linux'."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ()
    able = set(cpu().split())
    return tuple(level for level, needed in LEVELS.items() if needed <= able)


@cache
def interface(headers: Path) -> str:
    """Return the version of XLA's interface for kernels, as its header tells it.

    Raises OSError where the header is not there, or tells none.
    """
    header = headers / "xla" / "ffi" / "api" / "c_api.h"
    told = dict(re.findall(r"#define XLA_FFI_API_(MAJOR|MINOR) (\d+)", header.read_text(encoding="utf-8")))
    if len(told) != 2:
        raise OSError(f"{header} tells no version of its interface")
    return f"{told['MAJOR']}.{told['MINOR']}"


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _short(sources: bytes) -> str:
    return hashlib.sha256(sources).hexdigest()[:16]
