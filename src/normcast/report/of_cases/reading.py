"""Reading: what an evaluation says of each tested case, in the forms that several sections need."""

from __future__ import annotations

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import counted
from normcast.scoring import THRESHOLD

MOST_OUTPUTS = 4
"""Numbers of a case that are drawn apart; more of them are drawn together."""


def losses(evaluation: Evaluation, model: str = OURS) -> np.ndarray:
    """Return the loss of each tested case, (tested,): 1 for a wrong class, the share of its labels told
    wrongly, or the mean |error| of its numbers."""
    values = evaluation.told[model].values
    if evaluation.tells_labels:
        return ((values > THRESHOLD) != evaluation.actual).mean(axis=1)
    if evaluation.classes is not None:
        return (evaluation.classes[values.argmax(axis=1)] != evaluation.actual).astype(float)
    return np.abs(flat(values) - flat(evaluation.actual)).mean(axis=1)


def baselines(evaluation: Evaluation) -> list[str]:
    """Return the models beside the network, the best by the score that decides first."""
    others = [name for name in evaluation.told if name != OURS]
    return sorted(others, key=lambda name: float(losses(evaluation, name).mean()))


def flat(values: np.ndarray) -> np.ndarray:
    """Return numbers of cases, (cases, ...), as (cases, outputs).

    >>> flat(np.zeros((5, 2, 3))).shape, flat(np.zeros(5)).shape
    ((5, 6), (5, 1))
    """
    return values.reshape(len(values), -1)


def bounds_of(evaluation: Evaluation, level: float) -> np.ndarray:
    """Return the network's interval of a level, (tested, outputs, 2)."""
    bounds = evaluation.told[OURS].bounds[level]
    return bounds.reshape(len(bounds), -1, 2)


def units(evaluation: Evaluation) -> int:
    """Return how many groups were tested, or cases where there are none: what chance draws from."""
    if evaluation.groups is None:
        return len(evaluation.tested)
    return len(np.unique(evaluation.groups))


def units_in_words(evaluation: Evaluation) -> str:
    """Return what chance draws from, in words: "80 cases", or "8 groups"."""
    return counted(units(evaluation), "case" if evaluation.groups is None else "group")


def output_names(evaluation: Evaluation) -> list[str]:
    """Return the names of a case's numbers: "y", or "output 1" and so on."""
    count = flat(evaluation.actual).shape[1]
    return ["y"] if count == 1 else [f"output {number}" for number in range(1, count + 1)]
