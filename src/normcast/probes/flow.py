"""A flow: what gradients and gates did over the epochs of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

GATE_COLUMNS = ("mean", "shut", "open")


@dataclass(frozen=True, eq=False)
class Flow:
    """What gradients and gates did over the epochs of a training, on the same few cases each time.

    Parameters
    ----------
    epochs : array (epoch,)
        The epochs that were recorded, from 1.
    gradients : dict of str to array (epoch, step)
        By recurrent layer the norm of dL/dh at each step, as `Trace.norm`.
    gates : dict of str to dict of str to array (epoch, 3)
        By layer and gate its mean, the share of its values that are shut and the share that are open, over
        all cases, steps and units.
    updates : dict of str to array (epoch,)
        By the path of each trained weight the norm of its change in that epoch beside its norm at the end of
        it.
    loss : array (epoch,)
        What the objective came to on the cases, in inference mode.
    objective : str, default "the loss"
        What the gradients are of.
    cases : int, default 0
        How many cases were looked at.

    Examples
    --------
    >>> flow = Flow(np.array([1, 2]), {"lstm": np.ones((2, 9))}, {}, {}, loss=np.array([0.5, 0.4]), cases=8)
    >>> flow
    Flow(2 epochs, 8 cases, layers lstm)
    """

    epochs: np.ndarray
    gradients: dict[str, np.ndarray]
    gates: dict[str, dict[str, np.ndarray]]
    updates: dict[str, np.ndarray]
    loss: np.ndarray
    objective: str = "the loss"
    cases: int = 0

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Flow:
        """Return the flow of what a `Watcher` noted, empty without any.

        Parameters
        ----------
        rows : sequence of mapping
            One for each epoch.

        Returns
        -------
        Flow
            All epochs together.

        Examples
        --------
        >>> Flow.of([]).epochs.shape
        (0,)
        """
        if not rows:
            return cls(np.zeros(0, int), {}, {}, {}, np.zeros(0))
        first = rows[0]
        return cls(
            epochs=np.array([row["epoch"] for row in rows], int),
            gradients={name: _stacked(row["gradients"][name] for row in rows) for name in first["gradients"]},
            gates={
                name: {gate: _stacked(row["gates"][name][gate] for row in rows) for gate in gates}
                for name, gates in first["gates"].items()
            },
            updates={path: _stacked(row["updates"][path] for row in rows) for path in first["updates"]},
            loss=_stacked(row["loss"] for row in rows),
            objective=str(first["objective"]),
            cases=int(first["cases"]),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each number.

        Returns
        -------
        pandas.DataFrame
            Columns epoch, kind, layer, tensor, step and value. A kind is "gradient" (tensor "h", at a step),
            "gate mean", "gate shut", "gate open", "update" (layer is the path of the weight) or "loss"; step
            is missing where there is none.
        """
        columns = ["epoch", "kind", "layer", "tensor", "step", "value"]
        frame = pd.DataFrame(list(self._rows()), columns=columns)
        return frame.astype({"epoch": "int64", "step": "Int64", "value": "float64"})

    def _rows(self) -> Iterator[tuple]:
        for place, epoch in enumerate(self.epochs.tolist()):
            yield epoch, "loss", "", "", None, self.loss[place]
            for name, norms in self.gradients.items():
                for step, norm in enumerate(norms[place]):
                    yield epoch, "gradient", name, "h", step, norm
            for name, gates in self.gates.items():
                for gate, told in gates.items():
                    for column, value in zip(GATE_COLUMNS, told[place], strict=True):
                        yield epoch, f"gate {column}", name, gate, None, value
            for path, change in self.updates.items():
                yield epoch, "update", path, "", None, change[place]

    def __repr__(self) -> str:
        return f"Flow({len(self.epochs)} epochs, {self.cases} cases, layers {', '.join(self.gradients)})"


def _stacked(values: Any) -> np.ndarray:
    return np.array(list(values), "float64")  # what was read from a file has None for NaN
