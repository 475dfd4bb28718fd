"""Reading: the syntax tree of a script or a notebook, and where its lines stand."""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from normcast.document import parsed

MOST_BYTES = 2**21
"""Of a script; those of a network have some thousands, and a tree takes a hundred times as much."""

ENDINGS = (".py", ".ipynb")
MAGIC = ("%", "!", "?")


@dataclass(frozen=True, eq=False)
class Script:
    """A syntax tree; cells: (number, first line) of each cell of a notebook, () for a script."""

    tree: ast.Module
    cells: tuple[tuple[int, int], ...] = ()

    def place(self, line: int) -> str:
        """Return "cell 3, line 2" of a notebook; "" for a script, whose lines are its own."""
        if not self.cells:
            return ""
        number, first = self.cells[self.cell_of(line)]
        return f"cell {number}, line {line - first + 1}"

    def cell_of(self, line: int) -> int:
        """Return in which cell a line stands, from 0; 0 for a script."""
        return max(bisect_right([first for _, first in self.cells], line) - 1, 0)

    @property
    def shown(self) -> set[int]:
        """The first lines of expressions that a notebook shows: the last ones of its cells."""
        last = {self.cell_of(each.lineno): each.lineno for each in self.tree.body} if self.cells else {}
        return set(last.values())


def is_source(path: Path | str) -> bool:
    """Say whether a file is read as source, by its ending."""
    return Path(path).suffix.lower() in ENDINGS


def read_script(path: Path | str) -> Script:
    """Return the tree of a .py or .ipynb file.

    Raises FileNotFoundError, and ValueError for a file that is too long or is no Python, with the line.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if file.stat().st_size > MOST_BYTES:
        size = f"{file.stat().st_size:,} bytes"
        raise ValueError(f"{path}: has {size}, more than the {MOST_BYTES:,} that a script may have.")
    content = file.read_bytes()
    if file.suffix.lower() == ".ipynb":
        return _of_notebook(content, str(path))
    return Script(tree_of(content, str(path)))


def tree_of(source: str | bytes, where: str) -> ast.Module:
    """Return the syntax tree of Python source. Raises ValueError on what is none, with the line.

    >>> tree_of("x = (", "net.py")
    Traceback (most recent call last):
    ValueError: net.py:1: is no Python that this one reads: '(' was never closed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the script's own texts
            return ast.parse(source)
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise ValueError(f"{where}{line}: is no Python that this one reads: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        words = "it nests too deep" if not isinstance(error, ValueError) else str(error).rstrip(".")
        raise ValueError(f"{where}: is no Python that can be read: {words}.") from error


def _of_notebook(content: bytes, where: str) -> Script:
    cells: list[tuple[int, int]] = []
    lines: list[str] = []
    for number, source in _cells(parsed(content, where), where):
        code = [_plain(line) for line in source.splitlines()]
        first = next((line for line in source.splitlines() if line.strip()), "")
        if not first.startswith("%%"):
            cells.append((number, len(lines) + 1))
            lines += code or [""]
            try:
                tree_of("\n".join(code), where)
            except ValueError as error:
                raise ValueError(str(error).replace(where, f"{where}: cell {number}", 1)) from error
    return Script(tree_of("\n".join(lines), where), tuple(cells))


def _cells(plain: Any, where: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the source of each cell of code."""
    cells = plain.get("cells") if isinstance(plain, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{where}: is no notebook: it has no list of cells.")
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            yield number, source if isinstance(source, str) else "".join(map(str, source))


def _plain(line: str) -> str:
    """Return a line of a cell; one of IPython's own does nothing."""
    bare = line.strip()
    if bare.startswith(MAGIC) or (bare.endswith("?") and "#" not in bare):
        return f"{line[: len(line) - len(line.lstrip())]}pass"
    return line
