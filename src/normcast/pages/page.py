"""The page as plain values: what the template prints, in the order it prints it."""

from __future__ import annotations

from dataclasses import dataclass


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

    tall: it has more rows than a reader wants at once, and scrolls in a box of its own under its head.

    >>> row = (Cell("ridge", number=False), Cell("0.9"))
    >>> Table("Scores", ("model", "MASE"), (row,)).head
    ('model', 'MASE')
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    narrow: bool = False
    tall: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a tone of the page (a CSS variable) and how it is drawn.

    kind: "line", "band", "dot", "shape" or "hollow"; path: the outline of a shape around 0, 0.

    >>> Key("ridge", "tone-3", dash="4 2").kind
    'line'
    """

    name: str
    tone: str
    kind: str = "line"
    dash: str = ""
    opacity: float = 1.0
    path: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing: inline SVG that the page may scale, and the words above it.

    legend: of its own, where that of the section does not fit. wide: it takes the width of the page, and
    scrolls in its own box where that is too narrow. slim: the same drawn for a narrow screen, where `svg`
    was drawn for a row that few share.

    >>> Figure("Seattle", "<svg></svg>").title
    'Seattle'
    """

    title: str
    svg: str
    note: str = ""
    legend: tuple[Key, ...] = ()
    wide: bool = False
    slim: str = ""


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
class ForestRow:
    """A row of a forest plot: its mark, where mark and interval are (percent of the width), its numbers.

    at is None where there is nothing to draw, and then text says why; beyond: the sides ("left", "right") on
    which it goes on outside of the plot.

    >>> ForestRow("x", Key("better", "yes", "shape"), ("-3.0 %",), "better", at=40, low=30, high=50).beyond
    ()
    """

    name: str
    mark: Key
    cells: tuple[str, ...]
    title: str
    at: float | None = None
    low: float = 0.0
    high: float = 0.0
    beyond: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Forest:
    """A forest plot as a table: groups of rows over one axis; head: of the columns right of the plot.

    zero, band: where the line of no effect and the band of effects that do not matter are, in percent of the
    width; ticks: (percent, label).

    >>> Forest("Effects", ("change",), (), ticks=((50.0, "0 %"),), zero=50.0, band=(48.0, 52.0)).zero
    50.0
    """

    caption: str
    head: tuple[str, ...]
    groups: tuple[tuple[str, tuple[ForestRow, ...]], ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    band: tuple[float, float]


@dataclass(frozen=True)
class Ladder:
    """A ranking: rows of (name, cells, which groups it belongs to); each group is drawn as one bar.

    >>> Ladder("Ranking", ("placement", "mean rank"), (("a", ("1.5",), (True, False)),), groups=2).groups
    2
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], tuple[bool, ...]], ...]
    groups: int


@dataclass(frozen=True)
class Group:
    """Figures that belong together, under a heading of their own and a sentence on them.

    folded: they are behind the heading.

    >>> Group("Gates", "One is shut.", (Figure("i", "<svg></svg>"),)).figures[0].title
    'i'
    """

    title: str
    text: str
    figures: tuple[Figure, ...]
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, and under it what it holds, in the order of the fields below.

    folded: the tables are behind a line that says so; more: figures behind the line `more_title`.
    terms: (word, explanation) pairs.

    >>> Section("notes", "Notes on the data", text=("Sorted 3 rows.",)).key
    'notes'
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    legend: tuple[Key, ...] = ()
    figures: tuple[Figure, ...] = ()
    more: tuple[Figure, ...] = ()
    more_title: str = ""
    groups: tuple[Group, ...] = ()
    timeline: Timeline | None = None
    forest: Forest | None = None
    ladder: Ladder | None = None
    tables: tuple[Table, ...] = ()
    folded: str = ""
    bullets: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    code: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Opening:
    """The answer that a page opens with.

    tone: "yes", "no" or "open"; points: what else to know, each on its own.

    >>> Opening("open", "Not measured.", "").tone
    'open'
    """

    tone: str
    answer: str
    detail: str
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A whole report: its title, the facts under it, the answer that it opens with, and its sections.

    model: what is reported on, whose rows are marked.

    >>> Page("temp_max", "normcast", "weather.csv", Opening("yes", "Yes.", ""), ()).verdict.answer
    'Yes.'
    """

    title: str
    model: str
    facts: str
    verdict: Opening
    sections: tuple[Section, ...]
