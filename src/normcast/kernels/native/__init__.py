"""The native kernels: C++ built on first use into the user's cache, and called by XLA on the CPU.

A wheel compiles nothing. Where there is no compiler, or with NORMCAST_NATIVE=0, the XLA form runs instead.
"""

import ctypes
import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import jax

from normcast import library
from normcast.forms import NATIVE, XLA

TARGETS = tuple(
    f"normcast_{name}_{way}" for name in ("lstm", "lstm_norm", "gru") for way in ("forward", "backward")
)
KEPT = 1 << 23  # floats of gates kept for the backward pass; above, it computes them again
_width: list[int] = []
_settled: list[str] = []  # the form of this process' recurrences, once one was asked for: the last
_left_out: ContextVar[bool] = ContextVar("left_out", default=False)
_log = logging.getLogger("normcast")


def is_available() -> bool:
    """Whether the native kernels run here; builds them the first time, and says so in one line."""
    return not _left_out.get() and _is_built()


def is_expected() -> bool:
    """Whether the native kernels should run here; builds nothing, so what builds them may yet fail."""
    return not _left_out.get() and expected()[0] == NATIVE


def form() -> str:
    """Return the form that recurrences take here: the one that is settled, else the one that would run."""
    if _left_out.get():
        return XLA
    return _settled[-1] if _settled else expected()[0]


def expected() -> tuple[str, str]:
    """Return the form of recurrences that would run here, "native" or "xla", and why; builds nothing."""
    if not library.is_wanted():
        return XLA, "NORMCAST_NATIVE=0 asks for it"
    if (backend := jax.default_backend()) != "cpu":
        return XLA, f"JAX runs on {backend}, and the native kernels are for the CPU"
    if library.found():
        return NATIVE, "the kernels are built"
    if library.compiler():
        return NATIVE, "the kernels can be built, on first use or by `normcast kernels build`"
    return XLA, "there is no C++ compiler; install g++ or clang++, or set CXX"


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
    return library.is_wanted() and jax.default_backend() == "cpu"


@cache
def _is_built() -> bool:
    """Whether the kernels are loaded: settled when first asked, so that all of a process takes one form.

    A build that runs beside this process is waited for: with the kernels or without, results are those of a
    form, and not of how fast the compiler was.
    """
    loaded = _is_loaded()
    _settled.append(NATIVE if loaded else XLA)
    return loaded


def _is_loaded() -> bool:
    if not _is_wanted():
        return False
    try:
        loaded = ctypes.CDLL(str(library.built()))
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
