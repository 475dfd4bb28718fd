"""Fit words: what `normcast fit` says of the cases and of its cost before it trains."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.cases.settings import Settings
from normcast.errors import counted, listed
from normcast.machine import cores
from normcast.models.size import multiplications
from normcast.tasks import ClassifyTask, LabelTask, RegressTask
from normcast.tasks.cost import COMPILING, SECONDS_PER_FIT, roughly, training_seconds
from normcast.tasks.subject import Subject

MOST_NAMED = 12
USUAL_SHARE = 0.3  # of the epochs, where early stopping may leave some out


def described(task: ClassifyTask | RegressTask) -> Iterator[str]:
    """Yield what is told of the cases, and when they were.

    >>> import numpy as np
    >>> from normcast.data import Cases
    >>> cases = Cases.of(np.zeros((6, 8)), list("abaabb"))
    >>> list(described(ClassifyTask(cases)))
    ['2 classes: a 3 and b 3.']
    """
    if isinstance(task, ClassifyTask):
        counts = task.hot.sum(axis=0)
        named = [f"{name!s} {count}" for name, count in zip(task.classes, counts, strict=True)]
        what = "labels" if isinstance(task, LabelTask) else "classes"
        yield f"{len(named)} {what}: {listed(named, MOST_NAMED)}."
        if isinstance(task, LabelTask):
            held = task.hot.sum(axis=1)
            none = counted(int((held == 0).sum()), "case")
            yield f"A case has {held.mean():.2g} labels in the mean, and {none} none."
    else:
        y = task.y
        many = "" if y[0].size == 1 else f", {' x '.join(map(str, y.shape[1:]))} per case"
        yield f"y: {y.min():.6g} to {y.max():.6g}, mean {y.mean():.6g}{many}."
    times = task.cases.times
    if times is not None:
        yield f"Times: {times.min()} to {times.max()}."


def estimate(subject: Subject, settings: Settings, cases: int, fits: int) -> str:
    """Return a sentence on how long so many fits take on this machine, within a factor of about four."""
    training = subject.training
    visited = cases * training.epochs * (1 if training.patience is None else USUAL_SHARE)
    one = training_seconds(multiplications(subject.model), visited)
    rounds = 1 + -(-(settings.seeds - 1) // cores())  # the first one compiles the program of all
    seconds = fits * (one * rounds + SECONDS_PER_FIT) + COMPILING
    weights = f"{subject.model.count_params():,} weights"
    return (
        f"{counted(fits, 'fit')} x {counted(settings.seeds, 'network')} of {weights}, at most "
        f"{counted(training.epochs, 'epoch')}; {roughly(seconds, cores())}."
    )
