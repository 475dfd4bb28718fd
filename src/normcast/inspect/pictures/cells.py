"""Heat maps: rows of units over columns of steps, in bins where there are too many of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np

from normcast.errors import counted
from normcast.inspect.pictures.axes import ends, rounded, step_axis, ticks, tooltip
from normcast.inspect.pictures.canvas import WIDE, panel
from normcast.pages.charts import ChartSpec, layer_of, mark_of

MOST = 6000  # cells of a picture
ROWS, COLUMNS = 64, 300  # of a panel
LABELLED = 20  # rows whose units are named
COLD, WARM = "rgba(24, 116, 205, {})", "rgba(222, 107, 10, {})"  # as strong as they are far from zero
HEIGHT, TALLEST = 160, 36  # pixels of a panel, of a row
FAINT, NEAR = 0.04, 1e-6


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a heat map.

    values: (row, column), means of what they stand for, NaN where there is nothing. rows, columns: where
    each begins among the units in order and among the steps, and where the last ends. order: the units.
    """

    values: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    order: np.ndarray

    @property
    def words(self) -> str:
        """What was put together, empty where nothing was."""
        units, steps = int(np.diff(self.rows).max()), int(np.diff(self.columns).max())
        parts = [counted(units, "unit")] if units > 1 else []
        parts += [counted(steps, "step")] if steps > 1 else []
        return f"a cell is the mean of {' × '.join(parts)}" if parts else ""

    def name(self, row: int) -> str:
        """Return the units of a row."""
        mine = self.order[self.rows[row] : self.rows[row + 1]]
        return str(mine[0]) if len(mine) == 1 else f"{len(mine)} units ({', '.join(map(str, mine[:3]))} …)"


def gridded(values: np.ndarray, order: Sequence[int] | np.ndarray, panels: int) -> Grid:
    """Return the cells of (step, unit) values, units in this order, as one of so many panels.

    >>> grid = gridded(np.arange(8.0).reshape(4, 2), [1, 0], panels=1)
    >>> grid.values.tolist()
    [[1.0, 3.0, 5.0, 7.0], [0.0, 2.0, 4.0, 6.0]]
    """
    steps, units = values.shape
    room = MOST // max(panels, 1)
    rows = edges(units, min(ROWS, max(16, isqrt(room // 2))))
    columns = edges(steps, min(COLUMNS, max(room // (len(rows) - 1), 8)))
    order = np.asarray(order, int)
    return Grid(means(values[:, order].T, rows, columns), rows, columns, order)


def edges(count: int, most: int) -> np.ndarray:
    """Return where bins of one size begin, and the end; at most so many.

    >>> edges(10, 4).tolist(), edges(3, 4).tolist()
    ([0, 3, 6, 9, 10], [0, 1, 2, 3])
    """
    size = max(1, -(-count // most))
    return np.append(np.arange(0, count, size), count)


def means(table: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the mean of what is finite in each bin of a table, NaN where nothing is."""
    known = np.isfinite(table)

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows[:-1], axis=0), columns[:-1], axis=1)

    count = total(known.astype("float64"))
    return np.divide(
        total(np.where(known, table, 0).astype("float64")),
        count,
        out=np.full(count.shape, np.nan),
        where=count > 0,
    )


def signed(values: Sequence[np.ndarray], title: str | None = None) -> ChartSpec:
    """Return the colours around zero, as strong at the largest size of either sign."""
    sizes = np.concatenate([np.abs(each[np.isfinite(each)]) for each in values])
    most = float(sizes.max(initial=0)) or 1.0
    tones = [COLD.format(1), COLD.format(FAINT), WARM.format(FAINT), WARM.format(1)]
    scale = {"domain": [-most, -most * NEAR, most * NEAR, most], "range": tones, "interpolate": "rgb"}
    return _colour(scale, {"values": [-most, 0, most], "format": ".2~g", "title": title})


def from_0_to_1() -> ChartSpec:
    """Return the colours of a gate: dark where it is shut, bright where it is open."""
    return _colour({"domain": [0, 1], "scheme": "viridis"}, {"values": [0, 0.5, 1], "format": ".1~f"})


def logarithmic(values: Sequence[np.ndarray], most: int = 6) -> ChartSpec:
    """Return the colours of sizes over some powers of ten; what is smaller has the colour of the least."""
    low, high = ends(np.concatenate([each.ravel() for each in values]), most)
    scale = {"type": "log", "domain": [low, high], "scheme": "plasma", "clamp": True}
    return _colour(scale, ticks(low, high))


def _colour(scale: ChartSpec, legend: ChartSpec) -> ChartSpec:
    return {"field": "value", "type": "quantitative", "scale": scale, "legend": {"title": None, **legend}}


def heat_map(grid: Grid, title: str, colour: ChartSpec, about: str = "", rows: str = "unit") -> ChartSpec:
    """Return a panel with the cells of a grid; what was masked or is not finite is grey."""
    columns, count = len(grid.columns) - 1, len(grid.rows) - 1
    width, height = pixels(WIDE, columns), count * max(2, min(TALLEST, HEIGHT // count))
    axes = {
        "x": step_axis(int(grid.columns[-1]), end=(len(grid.columns) - 1) * int(grid.columns[1])),
        "y": row_axis(grid, rows),
    }
    low = colour["scale"]["domain"][0] if colour["scale"].get("type") == "log" else None
    known = np.isfinite(grid.values)
    colour = {**colour, "legend": {**colour["legend"], "gradientLength": min(height, HEIGHT)}}
    told = tooltip({"unit": rows}, {"first": "step", "value": "value"})
    ends_ = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    layers = [layer_of(_cell(colour), _cells(grid, known, low), **axes, **ends_, color=colour, tooltip=told)]
    if not known.all():
        grey = mark_of("rect", "muted", opacity=0.35)
        layers.append(layer_of(grey, _patches(grid, ~known), **axes, **ends_))
    return panel(title, layers, about, width=width, height=height)


def _cell(colour: ChartSpec) -> ChartSpec:
    """Return the mark of a cell; opaque ones reach a little under the next: no seam shines through."""
    opaque = "scheme" in colour["scale"]
    return {"type": "rect", "x2Offset": 0.7, "y2Offset": 0.7} if opaque else {"type": "rect"}


def row_axis(grid: Grid, title: str) -> ChartSpec:
    """Return the axis of rows, the first on top; their units are named where there is room."""
    count = len(grid.rows) - 1
    axis: dict[str, Any] = {
        "grid": False,
        "ticks": False,
        "domain": False,
        "labels": False,
        "titlePadding": 6,
    }
    if count <= LABELLED and np.diff(grid.rows).max() == 1:
        names = ",".join(f"'{unit}'" for unit in grid.order)
        axis |= {"labels": True, "values": list(range(count)), "labelExpr": f"[{names}][datum.value]"}
        axis |= {"labelOverlap": False, "labelFlush": False, "labelFontSize": 8 if count > 10 else 10}
    else:
        title = f"{counted(len(grid.order), title)}, in order"
    scale = {"domain": [count - 0.5, -0.5], "nice": False, "zero": False}
    return {"field": "y", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def pixels(room: int, count: int) -> int:
    """Return a width in which each of so many cells has the same whole number of pixels."""
    return count * max(1, round(room / count))


def _cells(grid: Grid, which: np.ndarray, low: float | None) -> dict[str, list[Any]]:
    row, column = np.nonzero(which)
    first, after = grid.columns[column], grid.columns[column + 1]
    names = [grid.name(k) for k in range(len(grid.rows) - 1)]
    values = grid.values[row, column]
    values = values if low is None else np.maximum(values, low)
    return {
        "x": (first - 0.5).tolist(),
        "x2": (after - 0.5).tolist(),
        "y": (row - 0.5).tolist(),
        "y2": (row + 0.5).tolist(),
        "first": first.tolist(),
        "unit": [names[k] for k in row],
        "value": [rounded(each) for each in values],
    }


def _patches(grid: Grid, which: np.ndarray) -> dict[str, list[Any]]:
    """Return the cells of a kind as few rectangles: of a row those beside each other, of rows those alike."""
    found: dict[str, list[Any]] = {"x": [], "x2": [], "y": [], "y2": []}
    begun: dict[tuple[int, int], int] = {}
    for row in range(len(which) + 1):
        runs = _runs(which[row]) if row < len(which) else []
        for first, after in [run for run in begun if run not in runs]:
            found["x"].append(float(grid.columns[first]) - 0.5)
            found["x2"].append(float(grid.columns[after]) - 0.5)
            found["y"].append(begun.pop((first, after)) - 0.5)
            found["y2"].append(row - 0.5)
        begun |= {run: row for run in runs if run not in begun}
    return found


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    """Return where each run of what is true begins, and the place after it.

    >>> _runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    turns = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return [(int(first), int(after)) for first, after in zip(turns[::2], turns[1::2], strict=True)]
