"""Baselines of cases: the candidates that tell the same as a network, fitted on the same cases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from normcast.candidates.of_cases import CaseCandidate, case_candidates
from normcast.tasks import CaseScaling, ClassifyTask, LabelTask, RegressTask


def candidates_of(task: ClassifyTask | RegressTask) -> tuple[CaseCandidate, ...]:
    """Return the candidates that tell what a task asks for."""
    if isinstance(task, LabelTask):
        return case_candidates("labels")
    return case_candidates("classes" if isinstance(task, ClassifyTask) else "numbers")


def told_by_candidate(
    candidate: CaseCandidate, task: ClassifyTask | RegressTask, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Return what a candidate that learned from `train` tells of `test`.

    Numbers in their unit, (tested, *target shape), or probabilities, (tested, classes), of labels each by
    itself.
    """
    cases, train = task.cases, np.sort(train)
    x = _read_by(candidate, task.scaling_of(train).apply(cases))
    if isinstance(task, LabelTask):
        pairs = np.stack([~task.hot, task.hot], axis=-1)  # (cases, labels, 2)
        return candidate.fit(x[train], pairs[train])(x[test])[..., 1]
    if isinstance(task, ClassifyTask):
        there = task.hot[train].any(axis=0)
        told = np.zeros((len(test), len(there)))
        told[:, there] = candidate.fit(x[train], task.hot[train][:, there])(x[test])
        return told
    shape = cases.y.shape[1:]
    flat = cases.y.astype(np.float64).reshape(cases.n_cases, -1)
    scale = CaseScaling.fit(flat[train][:, None])
    told = candidate.fit(x[train], (flat[train] - scale.location) / scale.spread)(x[test])
    return scale.undo(told).reshape(len(test), *shape)


def _read_by(candidate: CaseCandidate, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return what a candidate reads of cases, (cases, time, channels); inputs: by name, first a series.

    Of several inputs that series, or, of a candidate to which all values are alike, one step of all of them.
    """
    x = next(iter(inputs.values()))
    if len(inputs) == 1 or candidate.in_time:
        return x
    return np.concatenate([each.reshape(len(each), 1, -1) for each in inputs.values()], axis=2)
