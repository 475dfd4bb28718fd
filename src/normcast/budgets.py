"""Budgets: what a file may cost to read, so that no small one fills the memory or stops the clock."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

MOST_DIRECTORY = 2**20
"""Bytes of a zip's directory: about 15,000 members, where files of models and cases have ten."""

FREE = 2**28
"""Bytes that any file may unpack to: the memory that Keras and JAX take themselves, once more."""

MOST_EXPANSION = 100
"""Times its size that a larger file may unpack to: measured values pack to a half, events to a fiftieth."""

MOST_COLUMNS = 50_000
"""Columns of a table: a wide one has one per series, and the largest public panel, M5, has 30,490 of them."""


def most_unpacked(packed: int) -> int:
    """Return how many bytes a file or part of that many bytes may unpack to.

    >>> most_unpacked(10) == FREE, most_unpacked(10**9)
    (True, 100000000000)
    """
    return max(FREE, MOST_EXPANSION * packed)


def refuse_expansion(unpacked: int, packed: int) -> None:
    """Raise ValueError for so many bytes out of so few.

    >>> refuse_expansion(10**12, 1000)
    Traceback (most recent call last):
    ValueError: its 1,000 bytes unpack to 1,000,000,000,000, more than the 268,435,456 that are allowed
    """
    if unpacked > most_unpacked(packed):
        raise ValueError(
            f"its {packed:,} bytes unpack to {unpacked:,}, more than the {most_unpacked(packed):,} that are "
            "allowed"
        )


def refuse_columns(count: int) -> None:
    """Raise ValueError for a table of too many columns."""
    if count > MOST_COLUMNS:
        raise ValueError(f"it has {count:,} columns, more than the {MOST_COLUMNS:,} that are allowed")


@contextmanager
def opened_zip(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Give the zip in an open file, once its directory says that it is of a size to be read.

    Raises ValueError or BadZipFile for a directory too long, members that unpack to too much or share bytes.
    """
    size = file.seek(0, 2)
    directory = _Directory(file)
    with zipfile.ZipFile(directory) as archive:
        directory.most = math.inf
        infos = archive.infolist()
        refuse_expansion(sum(info.file_size for info in infos), size)
        if sum(info.compress_size for info in infos) > size:
            raise ValueError("its members share bytes, so that they unpack to more than stands in it")
        yield archive


class _Directory:
    """A file that gives only so many bytes at once: zipfile reads a directory whole, whatever its length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.most = file, float(MOST_DIRECTORY)

    def read(self, size: int = -1) -> bytes:
        if size > self.most:
            raise ValueError(f"its directory of members has {size:,} bytes, more than {MOST_DIRECTORY:,}")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
