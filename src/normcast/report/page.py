"""The page as plain values: what the template prints, in the order it prints it."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.report.verdict import Verdict


@dataclass(frozen=True)
class Cell:
    """One cell of a table; best marks the best of its column, number sets it to the right.

    >>> Cell("0.71", best=True).text
    '0.71'
    """

    text: str
    best: bool = False
    number: bool = True


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of a row is its heading; narrow ones may stand side by side.

    >>> row = (Cell("ridge", number=False), Cell("0.9"))
    >>> Table("Scores", ("model", "MASE"), (row,)).head
    ('model', 'MASE')
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    narrow: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a tone of the page (a CSS variable) and how it is drawn ("line", "band", "dot").

    >>> Key("ridge", "tone-3", dash="4 2").kind
    'line'
    """

    name: str
    tone: str
    kind: str = "line"
    dash: str = ""
    opacity: float = 1.0


@dataclass(frozen=True)
class Figure:
    """A drawing: inline SVG that the page may scale, and the words above it.

    legend: of its own, where that of the section does not fit.

    >>> Figure("Seattle", "<svg></svg>").title
    'Seattle'
    """

    title: str
    svg: str
    note: str = ""
    legend: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A stretch of a row in the drawing of the split: from left over width, both percent of the row.

    >>> Bar("test", 90.0, 10.0, "test: 2015-12-18 to 2015-12-31").part
    'test'
    """

    part: str
    left: float
    width: float
    title: str
    faded: bool = False


@dataclass(frozen=True)
class Timeline:
    """Rows of bars over one axis of time, whose ends are given in words.

    began: the first row, where the axis begins after it.

    >>> Timeline((("fold 1", ()),), "2015-01-01", "2015-12-31").first
    '2015-01-01'
    """

    rows: tuple[tuple[str, tuple[Bar, ...]], ...]
    first: str
    last: str
    began: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, and under it text, legend, figures, timeline, tables, bullets, terms, code, in this order.

    folded: the tables are behind a line that says so. terms: (word, explanation) pairs.

    >>> Section("notes", "Notes on the data", text=("Sorted 3 rows.",)).key
    'notes'
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    legend: tuple[Key, ...] = ()
    figures: tuple[Figure, ...] = ()
    timeline: Timeline | None = None
    tables: tuple[Table, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    code: tuple[tuple[str, str], ...] = ()
    folded: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report: its title, the facts under it, the answer that it opens with, and its sections.

    model: ours, whose rows are marked.

    >>> Page("temp_max", "normcast", "weather.csv", Verdict("yes", "Yes.", ""), ()).verdict.answer
    'Yes.'
    """

    title: str
    model: str
    facts: str
    verdict: Verdict
    sections: tuple[Section, ...]
