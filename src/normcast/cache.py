"""Cache: where programs that were built here are kept. What is in it is run, so it is the user's alone."""

import hashlib
import os
import stat
import sys
from pathlib import Path


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


def private_folder(name: str) -> Path:
    """Return a folder in the cache that nobody else can write to; makes it, and shuts it where it stood open.

    Raises OSError for one that is not this user's, or cannot be made.
    """
    folder = cache_folder() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not is_own(folder) or not folder.is_dir():
        raise OSError(
            f"{folder} is no folder of this user's; remove it, or name another cache: NORMCAST_CACHE"
        )
    if os.name != "nt" and stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def is_own(path: Path) -> bool:
    """Say whether a file or folder, and no link to one, is this user's; where no user is known, it is.

    >>> is_own(Path("/no/such/file"))
    False
    """
    try:
        about = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(about.st_mode) and (os.name == "nt" or about.st_uid == os.geteuid())


def digest(raw: bytes) -> str:
    """Return the digest of a file's bytes, for its name: one that was cut short or changed is told by it."""
    return hashlib.sha256(raw).hexdigest()[:32]


def read_whole(path: Path) -> bytes | None:
    """Return the bytes of a file that is this user's and holds what the end of its name says; else None."""
    if not is_own(path) or not path.is_file():
        return None
    raw = path.read_bytes()
    return raw if path.stem.endswith(f"-{digest(raw)}") else None


def is_whole(path: Path) -> bool:
    """Say whether a file is this user's, and holds what its name says."""
    return read_whole(path) is not None
