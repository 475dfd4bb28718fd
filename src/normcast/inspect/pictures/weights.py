"""The weights of a recurrent layer as matrices, with borders between the gates."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.axes import rounded, tooltip
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.cells import edges, means, pixels, signed
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, mark_of

MOST = 5000  # cells of all matrices
WIDE, NARROWEST = 620, 240  # pixels of a matrix
BROADEST, TALLEST = 30, 16  # of a cell
TITLES = {"kernel": ("kernel", "feature"), "recurrent": ("recurrent kernel", "unit before")}


def weights(inspection: Inspected, layer: str, gradient: bool = False) -> Any:
    """Draw the weights of a recurrent layer, or the gradients with respect to them, gate beside gate.

    Rows are what a weight reads, columns the units of each gate; colours around zero, those of each matrix
    as strong as its largest.
    """
    seen = recurrence_of(inspection, layer)
    found: dict[str, list[tuple[str, np.ndarray]]] = {}
    for each in seen.weights:
        values = each.gradient if gradient else each.values
        if values is not None and values.ndim in (1, 2):
            found.setdefault(each.weight, []).append((each.gate, np.atleast_2d(values)))
    if not found:
        return _nothing(layer, gradient)
    matrices = sum(parts[0][1].shape[0] > 2 for parts in found.values())
    panels = [_matrix(name, parts, MOST // max(matrices, 1)) for name, parts in found.items()]
    binned = any(max(v.shape) > 24 for parts in found.values() for _, v in parts)
    about = said(
        "gradient of the objective with respect to each weight" if gradient else "",
        "lines stand between gates" if len(seen.gates) > 1 else "",
        "where a matrix is large, a cell is the mean of its neighbours" if binned else "",
    )
    what = "gradients of the weights" if gradient else "weights"
    return picture(panels, f"{layer}: {what}", about, columns=1)


def _matrix(name: str, parts: list[tuple[str, np.ndarray]], room: int) -> ChartSpec:
    """Return the panel of one weight: its gates side by side."""
    height, width = parts[0][1].shape
    rows = edges(height, min(64, max(2, isqrt(room // len(parts)))))
    columns = edges(width, min(64, max(4, room // len(parts) // max(len(rows) - 1, 4))))
    tables = [means(np.asarray(v, "float64"), rows, columns) for _, v in parts]
    colour = signed(tables)
    tall = int(np.clip(170 // (len(rows) - 1), 3, TALLEST)) * (len(rows) - 1)
    colour["legend"]["gradientLength"] = max(tall, 30)
    if tall < 60:
        colour["legend"] |= {"values": colour["scale"]["domain"][::3]}
    title, reads = TITLES.get(name, (name, ""))
    total = width * len(parts)
    cells = len(parts) * (len(columns) - 1)
    broad = pixels(max(min(WIDE, BROADEST * cells), NARROWEST), cells)
    axes = {"x": _x(parts, len(columns) - 1), "y": _y(rows, reads if tall >= 60 else "")}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    layers = [
        layer_of(
            {"type": "rect"},
            _cells(parts, tables, rows, columns),
            **axes,
            **ends,
            color=colour,
            tooltip=tooltip({"gate": "gate"}, {"row": "row", "unit": "unit", "value": "value"}),
        )
    ]
    borders = [k * (len(columns) - 1) for k in range(1, len(parts))]
    if borders:
        rule = mark_of("rule", "ink", strokeWidth=1.2)
        layers.append(layer_of(rule, {"x": borders}, x=axes["x"]))
    about = f"{height} × {total}" if len(parts) == 1 else f"{height} × {len(parts)} gates × {width} units"
    return panel(title, layers, about, width=broad, height=tall)


def _x(parts: list[tuple[str, np.ndarray]], width: int) -> ChartSpec:
    middles = [(k + 0.5) * width for k in range(len(parts))]
    names = ",".join(f"'{gate}'" for gate, _ in parts)
    axis: dict[str, Any] = {
        "values": middles,
        "ticks": False,
        "domain": False,
        "grid": False,
        "orient": "top",
    }
    axis |= {"labelExpr": f"[{names}][floor(datum.value / {width})]", "labels": bool(parts[0][0])}
    scale = {"domain": [0, width * len(parts)], "nice": False, "zero": False}
    return {"field": "x", "type": "quantitative", "title": None, "scale": scale, "axis": axis}


def _y(rows: np.ndarray, title: str) -> ChartSpec:
    """Return the axis of rows, each of what a weight reads, the first on top; some are named."""
    count = len(rows) - 1
    shown = list(range(0, count, max(1, -(-count // 5)))) if count > 2 else []
    names = ",".join(f"'{rows[row]}'" for row in shown)
    axis: dict[str, Any] = {"grid": False, "domain": False, "ticks": False, "values": shown}
    axis |= {"labelOverlap": False, "labelFlush": False, "labels": bool(shown)}
    if shown:
        axis |= {"labelExpr": f"[{names}][datum.value / {max(shown[1], 1)}]"}
    scale = {"domain": [count - 0.5, -0.5], "nice": False, "zero": False}
    return {"field": "y", "type": "quantitative", "title": title or None, "scale": scale, "axis": axis}


def _cells(
    parts: list[tuple[str, np.ndarray]], tables: list[np.ndarray], rows: np.ndarray, columns: np.ndarray
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {key: [] for key in ("x", "x2", "y", "y2", "gate", "row", "unit", "value")}
    for k, ((gate, _), table) in enumerate(zip(parts, tables, strict=True)):
        row, column = np.nonzero(np.isfinite(table))
        start = k * table.shape[1]
        found["x"] += (start + column).tolist()
        found["x2"] += (start + column + 1).tolist()
        found["y"] += (row - 0.5).tolist()
        found["y2"] += (row + 0.5).tolist()
        found["gate"] += [gate] * len(row)
        found["row"] += rows[row].tolist()
        found["unit"] += columns[column].tolist()
        found["value"] += [rounded(each) for each in table[row, column]]
    return found


def _nothing(layer: str, gradient: bool) -> Any:
    words = "no gradients: none of its weights is trained" if gradient else "no weights"
    return picture([panel(words, [layer_of(mark_of("point", "muted"), {"x": []})], height=20)], layer)
