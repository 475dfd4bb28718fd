"""Two inspections side by side: two models, or two epochs of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from normcast.errors import listed, unknown
from normcast.inspect import pictures
from normcast.inspect.inspected import Inspected
from normcast.inspect.pictures.sentence import decay
from normcast.probes import Reading


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two inspections, their recurrent layers matched by name; `Inspection.compare` makes it.

    Parameters
    ----------
    one : Inspection
        The first one.
    other : Inspection
        The second one.
    names : tuple of str, default ("one", "other")
        What the two are called in pictures and tables.

    Raises
    ------
    ValueError
        If the two names are the same.
    """

    one: Inspected
    other: Inspected
    names: tuple[str, str] = ("one", "other")

    def __post_init__(self) -> None:
        if len(set(self.names)) != 2:
            raise ValueError(f"Comparison: names must be two different ones, but are {self.names!r}.")

    @property
    def layers(self) -> tuple[str, ...]:
        """The recurrent layers that are in both."""
        return tuple(name for name in self.one.seen.recurrences if name in self.other.seen.recurrences)

    @property
    def only(self) -> dict[str, tuple[str, ...]]:
        """By the name of an inspection, the layers that it alone has: recurrent ones, norms, convolutions."""
        mine, theirs = ((*each.seen.recurrences, *each.seen.channels) for each in (self.one, self.other))
        mine, theirs = tuple(mine), tuple(theirs)
        return {
            self.names[0]: tuple(name for name in mine if name not in theirs),
            self.names[1]: tuple(name for name in theirs if name not in mine),
        }

    def plot(self, layer: str = "") -> Any:
        """Draw a layer of both.

        Parameters
        ----------
        layer : str, default ""
            The name of a recurrent layer; the first one if none is named.

        Returns
        -------
        altair.Chart
            A chart that a notebook shows.

        Raises
        ------
        KeyError
            If the layer is not in both.
        ValueError
            If no layer is.
        """
        return pictures.compared(self.one, self.other, self._shared(layer), self.names)

    def sentence(self, layer: str = "") -> str:
        """Return one sentence on how a layer carries its gradient in the one and in the other.

        Parameters
        ----------
        layer : str, default ""
            The name of a recurrent layer; the first one if none is named.

        Returns
        -------
        str
            The sentence.

        Raises
        ------
        KeyError
            If the layer is not in both.
        ValueError
            If no layer is.
        """
        layer = self._shared(layer)
        ways = [decay(each.readings[layer], each.seen.recurrences[layer].window) for each in self._both]
        return (
            f"Normally the line that falls less learns from further back; in {self.names[0]} {ways[0]}; in "
            f"{self.names[1]} {ways[1]}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each number of each layer.

        Returns
        -------
        pandas.DataFrame
            Columns layer, measure, and one for each inspection. Measures: half_life (steps), left, memory
            (steps, the median unit), dead and silent (units), and the share shut and open of each gate. NaN
            where one of the two does not have it.
        """
        rows = {
            name: dict(_numbers(each.readings)) for name, each in zip(self.names, self._both, strict=True)
        }
        table = pd.DataFrame(rows)
        table.index = pd.MultiIndex.from_tuples(table.index, names=["layer", "measure"])
        return table.reset_index()

    @property
    def _both(self) -> tuple[Inspected, Inspected]:
        return self.one, self.other

    def _shared(self, layer: str) -> str:
        """Return the name of a layer that is in both: the first where none is named."""
        if not self.layers:
            raise ValueError(f"Comparison: no recurrent layer is in both; {self._differences()}.")
        if layer and layer not in self.layers:
            raise KeyError(unknown("recurrent layer", layer, self.layers, where="comparison"))
        return layer or self.layers[0]

    def _differences(self) -> str:
        parts = [f"only in {name}: {listed(layers)}" for name, layers in self.only.items() if layers]
        return "; ".join(parts) or "all layers are in both"

    def __repr__(self) -> str:
        shared = listed(self.layers) or "no recurrent layer"
        return f"Comparison of {' and '.join(self.names)}: {shared} in both; {self._differences()}"


def _numbers(readings: dict[str, Reading]) -> Iterator[tuple[tuple[str, str], float]]:
    for layer, each in readings.items():
        yield (layer, "half_life"), each.half_life
        yield (layer, "left"), each.left
        if len(each.memory):
            yield (layer, "memory"), float(pd.Series(each.memory).median())
        yield (layer, "dead"), float(len(each.dead))
        yield (layer, "silent"), float(len(each.silent))
        for gate in each.shut:
            yield (layer, f"{gate} shut"), each.shut[gate]
            yield (layer, f"{gate} open"), each.open[gate]
