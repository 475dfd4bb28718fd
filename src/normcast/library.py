"""Library: the file of the native kernels, built once for each machine and state of the sources.

Its name carries the digest of its own bytes, so that one that was cut short, changed or put there by others
is built anew and never loaded. Nothing here imports JAX: a command begins to build before it imports that.
`python -m normcast.library` builds, and says nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from normcast import shipped
from normcast.cache import cache_folder, digest, is_own, is_whole, private_folder
from normcast.files import write_whole
from normcast.machine import cpu

FOLDER = Path(__file__).parent / "kernels" / "native"
SOURCE = "kernels.cc"  # the one that is compiled; it includes the others
HERE = "-march=native"
FLAGS = (
    "-std=c++17",
    "-O2",  # loops are in vectors, and unrolled, as written: -O3 makes none faster, and takes longer
    "-finline-limit=600",
    "-fno-math-errno",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-w",
)

_log = logging.getLogger("normcast")
_begun: list[subprocess.Popen[bytes]] = []


def built() -> Path:
    """Return the library for this machine; builds it where there is none that is whole and this user's.

    One process builds, and others that ask meanwhile wait for it. Raises OSError without a compiler or a
    folder to build in, and SubprocessError for a build that failed.
    """
    private = private_folder("kernels")
    return found() or _built_alone(private)


def found() -> Path | None:
    """Return the library for this machine, built here or shipped, or None where there is none.

    Removes those built here that are not whole.
    """
    for path in _all(f"kernel-{key()}-*.so"):
        if is_whole(path):
            return path
        with suppress(OSError):
            path.unlink()
    with suppress(OSError):
        return None if _asked() else shipped.found(sources(), headers())
    return None


def begin() -> None:
    """Build in a process beside this one, if there is no library yet; whoever needs it waits in `built`.

    Nothing is begun where no kernel is wanted or can be built. What it costs is the compiler's time alone,
    and a command that ends early does not wait for it.
    """
    if not is_wanted() or not compiler() or _begun or found():
        return
    with suppress(OSError):
        _say()
        _begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "normcast.library"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )


def clear() -> list[Path]:
    """Remove all libraries of this user's cache, for other machines and older sources too; return them."""
    paths = _all("kernel-*.so")
    for path in paths:
        path.unlink(missing_ok=True)
    return paths


def others() -> list[Path]:
    """Return the libraries in this user's cache that are not for this machine and these sources."""
    own = f"kernel-{key()}-"
    return [path for path in _all("kernel-*.so") if not path.name.startswith(own)]


def folder() -> Path:
    """Return the folder of the libraries, which may not be there yet."""
    return cache_folder() / "kernels"


def _all(pattern: str) -> list[Path]:
    return sorted(folder().glob(pattern)) if is_own(folder()) else []


def is_wanted() -> bool:
    """Say whether the native kernels are to run where they can: not with NORMCAST_NATIVE=0."""
    return os.environ.get("NORMCAST_NATIVE", "1") != "0"


def compiler() -> list[str]:
    """Return the command of the C++ compiler, CXX or what is installed; [] where there is none."""
    named = shlex.split(os.environ.get("CXX", ""))
    installed = shutil.which("g++") or shutil.which("clang++")
    return named or ([installed] if installed else [])


def key() -> str:
    """Return what a library is built for: these sources, these flags, this jaxlib, this kind of CPU."""
    facts = "\n".join((version("jaxlib"), *_flags(), platform.machine(), cpu()))
    return hashlib.sha256(sources() + facts.encode()).hexdigest()[:16]


@cache
def sources() -> bytes:
    """Return all that the kernels are compiled from."""
    return b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.h")) + sorted(FOLDER.glob("*.cc")))


def _flags() -> list[str]:
    """Return what the compiler is told here: ours, then NORMCAST_CXXFLAGS."""
    return [*FLAGS, HERE, *_asked()]


def _asked() -> list[str]:
    return shlex.split(os.environ.get("NORMCAST_CXXFLAGS", ""))


def _built_alone(private: Path) -> Path:
    with _alone(private):
        return found() or _build(private)


@contextmanager
def _alone(private: Path) -> Iterator[None]:
    """Let one process at a time in; the system ends its turn with it. On Windows each builds for itself."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    turn = os.open(private, os.O_RDONLY)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


def _build(private: Path) -> Path:
    if compiler() and not _begun:
        _say()
    raw = compiled(_flags())
    path = private / f"kernel-{key()}-{digest(raw)}.so"
    write_whole(path, raw)
    return path


def compiled(flags: Sequence[str]) -> bytes:
    """Return the library that the compiler makes with these flags.

    Raises OSError without a compiler, and SubprocessError with what it said where it failed.
    """
    call = compiler()
    if not call:
        raise OSError("no C++ compiler found; install g++ or clang++, or set CXX")
    with tempfile.TemporaryDirectory() as room:
        part = Path(room) / "kernel.so"
        command = [*call, *flags, f"-I{headers()}", str(FOLDER / SOURCE), "-o", str(part)]
        subprocess.run(command, check=True, capture_output=True, text=True, errors="replace", timeout=300)
        return part.read_bytes()


def _say() -> None:
    command = shlex.join(compiler())
    _log.warning("normcast: building the native kernel with %s into %s (once)", command, folder())


def headers() -> Path:
    """Return the folder of XLA's headers, as `jax.ffi.include_dir` does. Raises OSError without jaxlib."""
    spec = find_spec("jaxlib")
    if spec is None or spec.origin is None:
        raise OSError("jaxlib is not installed; its headers are needed")
    return Path(spec.origin).parent / "include"


if __name__ == "__main__":
    with suppress(OSError, subprocess.SubprocessError):
        built()
