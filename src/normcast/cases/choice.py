"""Choice: the network that model="auto" means, by a rule that reads the training cases alone."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.cases.subject import TaskName
from normcast.data import Cases


@dataclass(frozen=True)
class Choice:
    """A preset, and the sizes it gets."""

    preset: str
    units: int
    filters: int


def automatic(cases: Cases, kind: TaskName) -> Choice:
    """Return the network for these cases.

    Convolutions beside a recurrence, which squeeze and excite where there are channels to weigh: "lstm-fcn"
    for one channel, "mlstm-fcn" for several, at half the width of the papers, so that five networks train in
    a minute or two. Numbers are told by "conv-lstm".

    >>> import numpy as np
    >>> automatic(Cases.of(np.zeros((9, 8)), np.arange(9) % 2), "classify")
    Choice(preset='lstm-fcn', units=64, filters=64)
    """
    if kind != "regress":
        return Choice("lstm-fcn" if cases.channels == 1 else "mlstm-fcn", units=64, filters=64)
    return Choice("conv-lstm", units=32, filters=32)
