"""The native kernels: C++ built on first use into the user's cache, and called by XLA on the CPU.

A wheel compiles nothing. Where there is no compiler, or with NORMCAST_NATIVE=0, the XLA form runs instead.
"""

import ctypes
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import jax

from normcast.kernels.native.library import built, compiler

TARGETS = tuple(
    f"normcast_{name}_{way}" for name in ("lstm", "lstm_norm", "gru") for way in ("forward", "backward")
)
KEPT = 1 << 23  # floats of gates kept for the backward pass; above, it computes them again
_width: list[int] = []
_left_out: ContextVar[bool] = ContextVar("left_out", default=False)
_log = logging.getLogger("normcast")


def is_available() -> bool:
    """Whether the native kernels run here; builds them the first time, and says so in one line."""
    return not _left_out.get() and _is_built()


def is_expected() -> bool:
    """Whether the native kernels should run here; builds nothing, so what builds them may yet fail."""
    return not _left_out.get() and _is_wanted() and bool(compiler())


def are_left_out() -> bool:
    """Whether a program is traced that the compiler spreads over devices."""
    return _left_out.get()


@contextmanager
def left_out() -> Iterator[None]:
    """Do without the native kernels in here: for programs that the compiler spreads over devices."""
    token = _left_out.set(True)
    try:
        yield
    finally:
        _left_out.reset(token)


def _is_wanted() -> bool:
    return os.environ.get("NORMCAST_NATIVE", "1") != "0" and jax.default_backend() == "cpu"


@cache
def _is_built() -> bool:
    if not _is_wanted():
        return False
    try:
        loaded = ctypes.CDLL(str(built()))
        handlers = {target: jax.ffi.pycapsule(getattr(loaded, target)) for target in TARGETS}
        width = int(loaded.normcast_vector_width())
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or str(error)
        _log.warning(
            "normcast: the native kernel could not be built (%s); the XLA form runs.", told.strip()[-300:]
        )
        return False
    for target, handler in handlers.items():
        jax.ffi.register_ffi_target(target, handler, platform="cpu")
    _width.append(width)
    return True


def vector_width() -> int:
    """Return how many floats a vector of the native kernels has; they must be available."""
    return _width[0]


def padded(size: int) -> int:
    """Return how many floats the vectors take that hold so many."""
    return -(-size // vector_width()) * vector_width()


def room(rows: Any, floats: int) -> int:
    """Return how many floats hold so many of each row, or 0 where these are too many or unknown.

    rows: not a number where a program is exported for any batch.
    """
    return rows * floats if isinstance(rows, int) and rows * floats <= KEPT else 0
