"""Library: the file of the native kernels, built once for each machine and state of the sources.

Its name carries the digest of its own bytes, so that one that was cut short, changed or put there by others
is built anew and never loaded.
"""

import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import jax
import jaxlib

from normcast.cache import is_own, private_folder
from normcast.files import write_whole

FOLDER = Path(__file__).parent
SOURCE = "kernels.cc"  # the one that is compiled; it includes the others
FLAGS = (
    "-std=c++17",
    "-O2",  # loops are in vectors, and unrolled, as written: -O3 makes none faster, and takes longer
    "-finline-limit=600",
    "-march=native",
    "-fno-math-errno",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-w",
)

_log = logging.getLogger("normcast")


def built() -> Path:
    """Return the library for this machine; builds it where there is none that is whole and this user's.

    Raises OSError without a compiler or a folder to build in, and SubprocessError for a build that failed.
    """
    folder, key = private_folder("kernels"), _key()
    for found in sorted(folder.glob(f"kernel-{key}-*.so")):
        if is_whole(found):
            return found
        with suppress(OSError):
            found.unlink()
    return _build(folder, key)


def is_whole(path: Path) -> bool:
    """Say whether a library is this user's, and holds what its name says."""
    if not is_own(path) or not path.is_file():
        return False
    return path.stem.endswith(f"-{digest(path.read_bytes())}")


def digest(raw: bytes) -> str:
    """Return the digest of a library for its name."""
    return hashlib.sha256(raw).hexdigest()[:32]


def compiler() -> list[str]:
    """Return the command of the C++ compiler, CXX or what is installed; [] where there is none."""
    named = shlex.split(os.environ.get("CXX", ""))
    found = shutil.which("g++") or shutil.which("clang++")
    return named or ([found] if found else [])


def _key() -> str:
    """Return what a library is built for: these sources, these flags, this kind of CPU."""
    source = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.h")) + sorted(FOLDER.glob("*.cc")))
    facts = "\n".join((jaxlib.__version__, *_flags(), platform.machine(), _cpu()))
    return hashlib.sha256(source + facts.encode()).hexdigest()[:16]


def _flags() -> list[str]:
    """Return what the compiler is told: ours, then NORMCAST_CXXFLAGS."""
    return [*FLAGS, *shlex.split(os.environ.get("NORMCAST_CXXFLAGS", ""))]


def _build(folder: Path, key: str) -> Path:
    call = compiler()
    if not call:
        raise OSError("no C++ compiler found; install g++ or clang++, or set CXX")
    _log.warning("normcast: building the native kernel with %s into %s (once)", shlex.join(call), folder)
    with tempfile.TemporaryDirectory() as room:
        part = Path(room) / "kernel.so"
        command = [*call, *_flags(), f"-I{jax.ffi.include_dir()}", str(FOLDER / SOURCE), "-o", str(part)]
        subprocess.run(command, check=True, capture_output=True, text=True, errors="replace", timeout=300)
        raw = part.read_bytes()
    path = folder / f"kernel-{key}-{digest(raw)}.so"
    write_whole(path, raw)
    return path


def _cpu() -> str:
    """Return what the CPU can do: code built for one must not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
