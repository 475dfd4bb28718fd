"""Sheet: what an object says of itself, as a few lines at a prompt and as one screen in a notebook."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from html import escape
from typing import Any

LINES, LETTERS, WIDTH = 12, 780, 100
"""What the text of a sheet holds at most, and how wide it is."""
TEXT_ROWS, HTML_ROWS = 5, 20
CELL = 120
NUMBER = re.compile(r"[+\N{MINUS SIGN}-]?[\d,.]+(e[+-]?\d+)?( %)?|\N{EN DASH}|nan|")
# Colours are the notebook's own, light or dark; only what is between light and dark is named here.
LINE = "border:0;border-bottom:1px solid rgba(128,128,128,.3);padding:2px 10px 2px 0;vertical-align:top"


@dataclass(frozen=True)
class Table:
    """Rows of texts under a head. all_rows: how many there are, where only the first are here."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    all_rows: int = 0

    @classmethod
    def of_scores(cls, board: Any) -> Table:
        """Return a pandas frame of numbers, its index as the first column."""
        rows = [(str(name), *(format(value, ".4g") for value in row)) for name, row in board.iterrows()]
        return cls(("", *map(str, board.columns)), tuple(rows))

    def first(self, most: int) -> Table:
        """Return the first rows."""
        return Table(self.head, self.rows[:most], max(self.all_rows, len(self.rows)))

    @property
    def left_out(self) -> str:
        """How many rows are not here, in words; "" where all are.

        >>> Table(("name",), (("a",),), all_rows=3).left_out
        '... and 2 more'
        """
        more = self.all_rows - len(self.rows)
        return f"... and {more:,} more" if more > 0 else ""


@dataclass(frozen=True)
class Sheet:
    """What is said of an object.

    title: its class; lead: what follows it in the first line, as it is; facts: text by name; notes:
    sentences; table: at the end.

    >>> print(Sheet("Panel", " of 2 series", {"season": "7"}, ("no gaps",)).text())
    Panel of 2 series
    season: 7
    no gaps
    """

    title: str
    lead: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    table: Table | None = None

    def text(self) -> str:
        """Return at most a dozen lines."""
        said = [f"{self.title}{self.lead}", *(f"{name}: {told}" for name, told in self.facts.items())]
        lines = [line for each in (*said, *self.notes) for line in textwrap.wrap(clean(each, 400), WIDTH)]
        if self.table is not None:
            lines += _aligned(self.table.first(TEXT_ROWS))
        return "\n".join(_bounded(lines))

    def html(self) -> str:
        """Return a fragment without scripts and without anything from elsewhere."""
        parts = [f"<p><strong>{_safe(self.title)}</strong>{_safe(self.lead, 400)}</p>"]
        if self.facts:
            parts.append(_table(Table((), tuple(self.facts.items())).first(HTML_ROWS)))
        parts += [f"<p>{_safe(note, 400)}</p>" for note in self.notes[:8]]
        if self.table is not None:
            parts.append(_table(self.table.first(HTML_ROWS)))
        return f'<div class="normcast">{"".join(parts)}</div>'


class Shown:
    """Gives what has a `_sheet` its text at a prompt and its place in a notebook."""

    def _sheet(self) -> Sheet:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._sheet().text()

    def _repr_html_(self) -> str:
        return self._sheet().html()


class Written:
    """Gives a frozen dataclass the text that makes it: what differs from the defaults.

    >>> @dataclass(frozen=True, repr=False)
    ... class Pair(Written):
    ...     left: int
    ...     right: int = 0
    >>> Pair(1), Pair(1, 2)
    (Pair(left=1), Pair(left=1, right=2))
    """

    def _sheet(self) -> Sheet:
        own: Any = self
        facts = {each.name: brief(getattr(self, each.name), CELL) for each in fields(own)}
        return Sheet(type(self).__name__, facts=facts)

    def __repr__(self) -> str:
        told = [f"{name}={code(value)}" for name, value in differing(self).items()]
        return f"{type(self).__name__}({', '.join(told)})"

    def _repr_html_(self) -> str:
        return self._sheet().html()


def differing(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not as they are by default."""
    found = {}
    for each in fields(value):
        usual = each.default if each.default_factory is MISSING else each.default_factory()
        own = getattr(value, each.name)
        if own is not usual and (usual is MISSING or type(own) is not type(usual) or own != usual):
            found[each.name] = own
    return found


def brief(value: Any, most: int = 60) -> str:
    """Return a value as code, cut where it is long; what has no code by its class and name.

    >>> brief("adam"), brief(object()), brief(list(range(100)), most=12)
    ("'adam'", 'object', '[0, 1, 2, 3…')
    """
    return clean(code(value), most)


def code(value: Any) -> str:
    """Return a value as code; what has none, by its name or its class.

    >>> code((80, 95)), code(len), code(object())
    ('(80, 95)', 'len', 'object')
    """
    told = repr(value)
    if not told.startswith("<"):
        return told
    name = getattr(value, "name", None)
    own = f"{type(value).__name__} {name!r}" if isinstance(name, str) else type(value).__name__
    return str(getattr(value, "__name__", own))


def call(title: str, values: Mapping[str, Any]) -> str:
    """Return the text of a call with these arguments.

    >>> call("Forecaster", {"h": 14, "level": (80,)})
    'Forecaster(h=14, level=(80,))'
    """
    return f"{title}({', '.join(f'{name}={brief(value)}' for name, value in values.items())})"


def clean(text: str, most: int = CELL) -> str:
    """Return a text in one line, without signs that steer a terminal or turn letters around, cut.

    >>> clean("a\\n b\\N{RIGHT-TO-LEFT OVERRIDE}"), clean("abcdef", 4)
    ('a b\\\\u202e', 'abc…')
    """
    line = " ".join(str(text)[: 10 * most].split())
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
    return line if len(line) <= most else line[: most - 1] + "…"


def _safe(text: str, most: int = CELL) -> str:
    """Return a text for HTML; spaces at its ends stay."""
    start, end = (" " if at == " " else "" for at in (text[:1], text[-1:]))
    return start + escape(clean(text, most)) + (end if text.strip() else "")


def _aligned(table: Table) -> list[str]:
    """Return the lines of a table in columns of one width each, names left and numbers right."""
    rows = [[clean(cell, 36) for cell in row] for row in (table.head, *table.rows) if row]
    columns = list(zip(*rows, strict=True))
    sizes = [max(map(len, column)) for column in columns]
    right = [place > 0 and _is_numbers(column[1:]) for place, column in enumerate(columns)]
    lines = [
        "  ".join(
            cell.rjust(size) if to_right else cell.ljust(size)
            for cell, size, to_right in zip(row, sizes, right, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [*(_cut(line) for line in lines), *([table.left_out] if table.left_out else [])]


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _bounded(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if (len(kept) == LINES - 1 and len(lines) > LINES) or sum(map(len, kept)) + len(line) > LETTERS:
            return [*kept, "…"]
        kept.append(line)
    return kept


def _is_numbers(cells: Sequence[str]) -> bool:
    return all(NUMBER.fullmatch(cell) for cell in cells)


def _table(table: Table) -> str:
    """Return a table in HTML, names left and numbers right; a table without a head has names in front."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.head)
    right = [place > 0 and bool(table.head) and _is_numbers(each) for place, each in enumerate(columns)]
    sides = ["right" if each else "left" for each in right]
    head = f"<thead>{_row(table.head, sides, 'th', 'th')}</thead>" if table.head else ""
    rows = [_row(row, sides, "td" if table.head else "th", "td") for row in table.rows]
    more = f"<p>{table.left_out}</p>" if table.left_out else ""
    style = "border-collapse:collapse;margin:4px 0;color:inherit"
    return f'<table style="{style}">{head}<tbody>{"".join(rows)}</tbody></table>{more}'


def _row(cells: Sequence[str], sides: Sequence[str], first: str, tag: str) -> str:
    kinds = [first, *[tag] * (len(cells) - 1)]
    told = [
        f'<{kind} style="{LINE};text-align:{side}">{_safe(cell)}</{kind}>'
        for cell, side, kind in zip(cells, sides, kinds, strict=True)
    ]
    return f"<tr>{''.join(told)}</tr>"
