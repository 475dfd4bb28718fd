"""The weights of a recurrent layer in numbers, gate by gate."""

from __future__ import annotations

from normcast.inspect.page.figures import raised
from normcast.inspect.pictures.names import NAMES
from normcast.inspect.summary import size
from normcast.inspect.words import figure
from normcast.pages.page import Cell, Table
from normcast.probes import GateWeight, Recurrence

HEAD = (
    "weight",
    "gate",
    "shape",
    "norm",
    "norm of its gradient",
    "spectral radius",
    "largest singular value",
)


def weights_table(seen: Recurrence) -> Table:
    """Return a row for each weight and gate."""
    return Table(f"{seen.name}: weights by gate", HEAD, tuple(map(_row, seen.weights)))


def _row(each: GateWeight) -> tuple[Cell, ...]:
    slope = float("nan") if each.gradient is None else size(each.gradient)
    largest = float(each.singular_values[0]) if len(each.singular_values) else float("nan")
    numbers = (size(each.values), slope, each.spectral_radius, largest)
    return (
        Cell(each.weight, number=False),
        Cell(NAMES.get(each.gate, each.gate or "all"), number=False),
        Cell(" × ".join(map(str, each.values.shape))),
        *(Cell(raised(figure(number))) for number in numbers),
    )
