"""Choice: the preset that model="auto" means, by a rule that reads the training cases alone."""

from __future__ import annotations

from normcast.cases.subject import TaskName
from normcast.data import Cases


def automatic(cases: Cases, kind: TaskName) -> str:
    """Return the preset for these cases: "lstm-fcn" to classify, "conv-lstm" to tell numbers.

    >>> import numpy as np
    >>> automatic(Cases.of(np.zeros((9, 8)), np.arange(9) % 2), "regress")
    'conv-lstm'
    """
    return "lstm-fcn" if kind == "classify" else "conv-lstm"
