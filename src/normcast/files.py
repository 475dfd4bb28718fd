"""Files: written whole or not at all."""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file so that a reader sees the old one or the whole new one, whatever happens in between.

    content: text is written as UTF-8. It goes to a file beside the target, to the disk, and then takes its
    name; on any failure, an interrupt included, the file beside is removed and the old one stays.
    Raises OSError naming the path if it cannot be written.
    """
    target = _target(path)
    data = content.encode() if isinstance(content, str) else content
    if target.exists() and not target.is_file():  # a pipe or a terminal has nothing to replace
        target.write_bytes(data)
        return
    part = _beside(target)
    try:
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    except OSError as error:
        raise OSError(_refusal(path, error)) from error
    finally:
        _remove(part)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError naming the path if `write_whole` could not write there; leaves nothing behind.

    Ask before long work, so that hours are not lost to a mistyped folder.
    """
    target = _target(path)
    if target.exists() and not target.is_file():
        return
    part = _beside(target)
    try:
        part.touch(exist_ok=False)
    except OSError as error:
        raise OSError(_refusal(path, error)) from error
    finally:
        _remove(part)


def writable_folder(path: str | os.PathLike[str]) -> Path:
    """Return a folder that files can be written in; makes it where it is not there.

    Raises OSError naming the folder if it cannot be made, or nothing can be written in it.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(_refusal(path, error)) from error
    check_writable(folder / "any")
    return folder


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the file that is meant, behind any link; refuse a folder and a folder that is not there."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; name a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {str(Path(path).parent)!r}. Make it first.")
    return target


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}.part")


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _refusal(path: str | os.PathLike[str], error: OSError) -> str:
    return f"{path}: cannot be written: {error.strerror or error}. Choose another place."
