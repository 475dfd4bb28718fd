"""The native kernels: C++ built on first use into the user's cache, and called by XLA on the CPU.

A wheel compiles nothing. Where there is no compiler, or with NORMCAST_NATIVE=0, the XLA form runs instead.
"""

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import jax
import jaxlib

SOURCES = ("lstm.cc", "lstm_norm.cc", "gru.cc")
HEADERS = ("block.h", "cell.h", "door.h", "fold.h", "metric.h", "norms.h", "product.h", "terms.h", "vector.h")
TARGETS = tuple(
    f"normcast_{name}_{way}" for name in ("lstm", "lstm_norm", "gru") for way in ("forward", "backward")
)
KEPT = 1 << 23  # floats of gates kept for the backward pass; above, it computes them again
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-w",
)

_width: list[int] = []
_left_out: ContextVar[bool] = ContextVar("left_out", default=False)
_log = logging.getLogger("normcast")


def cache_folder() -> Path:
    """Return the folder for what normcast builds on this machine: NORMCAST_CACHE, or the user's cache."""
    named = os.environ.get("NORMCAST_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "normcast"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "normcast"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "normcast"


def is_available() -> bool:
    """Whether the native kernels run here; builds them the first time, and says so in one line."""
    return not _left_out.get() and _is_built()


def is_expected() -> bool:
    """Whether the native kernels should run here; builds nothing, so what builds them may yet fail."""
    return not _left_out.get() and _is_wanted() and _compiler() is not None


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


def _compiler() -> str | None:
    return os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")


@cache
def _is_built() -> bool:
    if not _is_wanted():
        return False
    try:
        library = ctypes.CDLL(str(_built()))
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = getattr(error, "stderr", None) or str(error)
        _log.warning(
            "normcast: the native kernel could not be built (%s); the XLA form runs.", told.strip()[-300:]
        )
        return False
    for target in TARGETS:
        jax.ffi.register_ffi_target(target, jax.ffi.pycapsule(getattr(library, target)), platform="cpu")
    _width.append(library.normcast_vector_width())
    return True


def vector_width() -> int:
    """Return how many floats a vector of the native kernels has; they must be available."""
    return _width[0]


def padded(size: int) -> int:
    """Return how many floats the vectors take that hold so many."""
    return -(-size // vector_width()) * vector_width()


def room(rows: int, floats: int) -> int:
    """Return how many floats it takes to keep so many of each row, or 0 where that is too many."""
    return rows * floats if rows * floats <= KEPT else 0


def _built() -> Path:
    source = b"".join((Path(__file__).parent / name).read_bytes() for name in SOURCES + HEADERS)
    facts = "\n".join((jaxlib.__version__, *_flags(), platform.machine(), _cpu()))
    digest = hashlib.sha256(source + facts.encode()).hexdigest()[:16]
    library = cache_folder() / f"kernel-{digest}.so"
    if not library.exists():
        _build(library)
    return library


def _flags() -> list[str]:
    """Return what the compiler is told: ours, then NORMCAST_CXXFLAGS."""
    return [*FLAGS, *shlex.split(os.environ.get("NORMCAST_CXXFLAGS", ""))]


def _build(library: Path) -> None:
    compiler = _compiler()
    if compiler is None:
        raise OSError("no C++ compiler found; install g++ or clang++, or set CXX")
    _log.warning("normcast: building the native kernel with %s into %s (once)", compiler, library)
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        part = Path(folder) / library.name
        sources = [str(Path(__file__).parent / name) for name in SOURCES]
        command = [compiler, *_flags(), f"-I{jax.ffi.include_dir()}", *sources, "-o", str(part)]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        os.replace(part, library)


def _cpu() -> str:
    """Return what the CPU can do: code built for one must not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
