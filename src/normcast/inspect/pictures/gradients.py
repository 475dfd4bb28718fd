"""Gradients of a recurrent layer: how large they are, unit by unit, at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.canvas import picture
from normcast.inspect.pictures.cells import gridded, heat_map, logarithmic
from normcast.inspect.pictures.names import NAMES
from normcast.inspect.pictures.order import how_it_reads, order_of, rows_of, said


def gradients(inspection: Inspected, layer: str) -> Any:
    """Draw the gradients of a recurrent layer, a panel for each state, gate and the input.

    Each cell is the root mean square over all cases, in colours over powers of ten that all panels share:
    of the objective with respect to what goes into a gate, to a state, and to the input.
    """
    seen, (order, way) = recurrence_of(inspection, layer), order_of(inspection, layer)
    names = [name for name in (*seen.states, *seen.gates, "x") if name in seen.gradients]
    traces = {name: seen.gradients[name] for name in names}
    grids = {name: gridded(trace.rms, rows_of(trace, order), len(names)) for name, trace in traces.items()}
    colour = logarithmic([grid.values for grid in grids.values()])
    panels = [
        heat_map(grid, f"to {NAMES.get(name, name)}", colour, rows="feature" if name == "x" else "unit")
        for name, grid in grids.items()
    ]
    shown = [grid.values[np.isfinite(grid.values)] for grid in grids.values()]
    nothing = not any(values.any() for values in shown)
    about = said(
        f"size of the gradient of {inspection.seen.objective}: root mean square over all cases, log colours",
        "all gradients are zero" if nothing else "",
        f"units in one order, {way}" if len(order) > 1 else "",
        next(iter(grids.values())).words,
        "grey: masked, or not finite" if any(np.isnan(grid.values).any() for grid in grids.values()) else "",
        how_it_reads(inspection, layer),
    )
    return picture(panels, f"{layer}: gradients", about)
