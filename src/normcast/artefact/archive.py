"""Archive: one zip of plain members, with the same bytes for the same content, read without trust."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from normcast.budgets import opened_zip
from normcast.plain import parsed, text

OLDEST = (1980, 1, 1, 0, 0, 0)  # the first time a zip can hold; the hour of writing is no content
BROKEN = (
    AttributeError, EOFError, IndexError, KeyError, NotImplementedError, OSError, OverflowError,
    RecursionError, RuntimeError, SafetensorError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Archive:
    """Named members of one file. where: how messages call it, its path.

    >>> archive = Archive({"a.json": as_json({"b": 1})}, where="demo.zip")
    >>> Archive.unpacked(archive.packed(), where="demo.zip").json("a.json")
    {'b': 1}
    """

    members: Mapping[str, bytes]
    where: str

    def packed(self) -> bytes:
        """Return the zip. Members stand as they are, not compressed: no zlib can change a byte."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in self.members.items():
                archive.writestr(zipfile.ZipInfo(name, OLDEST), content)
        return target.getvalue()

    @classmethod
    def opened(cls, path: str | Path) -> Archive:
        """Read a file; raises OSError if it cannot be read, ValueError if it is no whole zip of ours."""
        file = Path(path)
        if file.is_dir():
            raise IsADirectoryError(f"{path}: is a folder, not a file. Name a file in it.")
        if not file.exists():
            raise FileNotFoundError(f"{path}: there is no such file.")
        with file.open("rb") as content:
            return cls._of(content, str(path))

    @classmethod
    def unpacked(cls, raw: bytes, where: str) -> Archive:
        """Return the members of a zip.

        A compressed member is refused: we write none, so no small file can unpack to a large one.
        Raises ValueError for what is no zip, is cut off or damaged.
        """
        return cls._of(io.BytesIO(raw), where)

    @classmethod
    def _of(cls, file: BinaryIO, where: str) -> Archive:
        try:
            with opened_zip(file) as archive:
                for info in archive.infolist():
                    _refuse_compressed(info)
                return cls({name: archive.read(name) for name in archive.namelist()}, where)
        except BROKEN as error:
            raise ValueError(
                f"{where}: is not a whole normcast model, but damaged, cut off, or another sort of file "
                f"({error}). Save the model again, or name another file."
            ) from error

    @contextmanager
    def reading(self, name: str) -> Iterator[bytes]:
        """Give a member's bytes; whatever fails while they are read becomes a ValueError that names it."""
        if name not in self.members:
            raise ValueError(f"{self.where}: {name!r} is missing in it. Save the model again.")
        try:
            yield self.members[name]
        except BROKEN as error:
            lack = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(
                f"{self.where}: {name} cannot be read: {lack} Save the model again, or name another file."
            ) from error

    def json(self, name: str) -> Any:
        """Return a member that holds JSON."""
        with self.reading(name) as content:
            return parsed(content, f"{self.where}: {name}")

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return a member that holds arrays by name."""
        with self.reading(name) as content:
            return load(content)


def as_json(values: Any) -> bytes:
    """Return values as JSON, keys in order; NumPy's numbers become plain ones."""
    return text(values, indent=1).encode()


def as_arrays(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays by name as safetensors; one of no axis, as a count, stays so."""
    return save({name: np.asarray(values, order="C") for name, values in arrays.items()})


def _refuse_compressed(info: zipfile.ZipInfo) -> None:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"member {info.filename!r} is compressed, which none of ours is")
