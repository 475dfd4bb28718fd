"""The order in which the units of a layer are drawn, the same in all its pictures."""

from __future__ import annotations

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.probes import Trace


def order_of(inspection: Inspected, layer: str) -> tuple[np.ndarray, str]:
    """Return the units of a layer, and in which order they are: by how long they remember, else by size."""
    seen, memory = recurrence_of(inspection, layer), inspection.readings[layer].memory
    if len(memory):
        return np.argsort(-np.nan_to_num(memory, posinf=1e30), kind="stable"), "longest memory on top"
    size = np.nan_to_num(np.nanmean(np.square(seen.activations[seen.states[0]].rms), axis=0))
    return np.argsort(-size, kind="stable"), "largest output on top"


def rows_of(trace: Trace, order: np.ndarray) -> np.ndarray:
    """Return the order in which the rows of one tensor are drawn: that of the units, where it has as many."""
    return order if trace.units == len(order) else np.arange(trace.units)


def how_it_reads(inspection: Inspected, layer: str) -> str:
    """Say it where a direction reads from the last step to the first."""
    backward = recurrence_of(inspection, layer).direction == "backward"
    return "it reads from the last step to the first" if backward else ""


def said(*parts: str) -> str:
    """Join what is to be said in a subtitle, each part once and none that is empty."""
    words = "; ".join(dict.fromkeys(part for part in parts if part))
    return f"{words[0].upper()}{words[1:]}." if words else ""
