"""Baselines of a study: what costs next to nothing, in the study's folds, scored as its networks are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from normcast.candidates import candidates
from normcast.candidates.of_cases import CaseCandidate
from normcast.cases.baselines import candidates_of, told_by_candidate
from normcast.study.job import fold_of
from normcast.study.measures import Measures
from normcast.tasks import ClassifyTask, ForecastTask, RegressTask
from normcast.tasks.task import Measured, Task

MOST_CASES = 5_000  # that the nearest neighbour looks among: beyond, it would take longer than trainings
Say: TypeAlias = Callable[[str], None]
Baselines: TypeAlias = dict[str, list[Measured]]
"""By name the scores of each fold, on the windows or cases that the networks are tested on."""


def baselines_of(task: Task, measures: Measures, say: Say = lambda words: None) -> Baselines:
    """Return the scores of the candidates that need nothing but normcast.

    They learn from what networks train on and stop by, and from nothing else; the same task gives the same
    scores. say: is told which of them is at work.
    """
    found: Baselines = {}
    for number in range(task.folds):
        fold = fold_of(task, number, None)
        for name, outputs in _told(task, number, _at_work(say, number, task.folds)):
            found.setdefault(name, []).append(measures.told(fold, outputs, "test"))
    return found


def _at_work(say: Say, number: int, folds: int) -> Say:
    return lambda name: say(f"baseline {name}, fold {number + 1} of {folds}")


def _told(task: Task, number: int, say: Say) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what each candidate tells of the test part of a fold, in the form of a network's outputs."""
    if isinstance(task, ForecastTask):
        yield from _forecasts(task, number, say)
    elif isinstance(task, ClassifyTask | RegressTask):
        yield from _told_of_cases(task, number, say)


def _forecasts(task: ForecastTask, number: int, say: Say) -> Iterator[tuple[str, np.ndarray]]:
    fold = task.candidate_fold(number)
    for each in candidates():
        say(each.name.replace("_", " "))
        for name, fitted in each.fit(fold, int(task.panel.season)).items():
            yield name.replace("_", " "), fitted.forecast(fold.scaled, fold.split.test)


def _told_of_cases(
    task: ClassifyTask | RegressTask, number: int, say: Say
) -> Iterator[tuple[str, np.ndarray]]:
    """As an evaluation has them: a candidate stops by nothing, and learns from the validation cases too."""
    seen, test = task.parts.tested(number)
    for each in candidates_of(task):
        if not each.needs:
            name, cases = _looked_among(each, task, seen)
            say(name)
            values = told_by_candidate(each, task, cases, test)
            yield name, task.as_outputs(values, task.parts.places(number)["train"])


def _looked_among(
    candidate: CaseCandidate, task: ClassifyTask | RegressTask, seen: np.ndarray
) -> tuple[str, np.ndarray]:
    """Return the name and the cases of a candidate: of many cases, a neighbour is looked for among some."""
    if not candidate.compares or task.cases.n_cases <= MOST_CASES:
        return candidate.name, seen
    return f"{candidate.name} (among at most {MOST_CASES:,} cases)", thinned(task, np.sort(seen))


def thinned(task: ClassifyTask | RegressTask, seen: np.ndarray) -> np.ndarray:
    """Return about `MOST_CASES` of these places, evenly spread over them, and the first of every class."""
    if len(seen) <= MOST_CASES:
        return seen
    chosen = np.linspace(0, len(seen) - 1, MOST_CASES).astype(int)
    if isinstance(task, ClassifyTask):
        chosen = np.union1d(chosen, task.hot[seen].argmax(axis=0))
    return seen[chosen]


def told_of_targets(task: Task) -> dict[str, list[float]]:
    """Return the mean and the spread of numbers that are told, by output, which scores are in; else {}."""
    if not isinstance(task, RegressTask):
        return {}
    y = task.y.reshape(-1, task.y.shape[-1])
    return {"target mean": y.mean(axis=0).tolist(), "target spread": y.std(axis=0).tolist()}
