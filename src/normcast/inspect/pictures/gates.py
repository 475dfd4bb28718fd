"""Gates and states of a recurrent layer: heat maps of units over steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.canvas import picture
from normcast.inspect.pictures.cells import from_0_to_1, gridded, heat_map, signed
from normcast.inspect.pictures.names import NAMES, SQUASHED
from normcast.inspect.pictures.order import how_it_reads, order_of, rows_of, said
from normcast.pages.charts import ChartSpec
from normcast.probes import Recurrence


def gates(inspection: Inspected, layer: str) -> Any:
    """Draw the gates of a recurrent layer: the mean over all cases, a panel for each gate.

    A layer whose gates are not known is drawn by its states. Raises KeyError for a layer that is not there.
    """
    seen = recurrence_of(inspection, layer)
    if not seen.gates:
        return states(inspection, layer)
    return _maps(inspection, layer, seen.gates, f"{layer}: gates")


def states(inspection: Inspected, layer: str) -> Any:
    """Draw the states of a recurrent layer, h and c: the mean over all cases, a panel for each."""
    return _maps(inspection, layer, recurrence_of(inspection, layer).states, f"{layer}: states")


def _maps(inspection: Inspected, layer: str, names: tuple[str, ...], title: str) -> Any:
    seen, (order, way) = recurrence_of(inspection, layer), order_of(inspection, layer)
    traces = {name: seen.activations[name] for name in names}
    grids = {name: gridded(trace.mean, rows_of(trace, order), len(names)) for name, trace in traces.items()}
    panels = [
        heat_map(grid, NAMES.get(name, name), _colour(seen, name, grid.values))
        for name, grid in grids.items()
    ]
    masked = any(np.isnan(grid.values).any() for grid in grids.values())
    first = next(iter(grids.values()))
    about = said(
        f"mean over {inspection.seen.cases:,} cases",
        f"units in one order, {way}" if len(order) > 1 else "",
        first.words,
        "grey: masked, or not finite" if masked else "",
        how_it_reads(inspection, layer),
    )
    return picture(panels, title, about)


def _colour(seen: Recurrence, name: str, values: np.ndarray) -> ChartSpec:
    if name in seen.gates and name not in SQUASHED:
        return from_0_to_1()
    return signed([values])
