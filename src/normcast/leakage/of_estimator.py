"""The canary of a Regressor or Classifier: what each network learned must not know the cases it held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from normcast.cases.estimator import Estimator
from normcast.cases.fitted import Member
from normcast.cases.learned import ensemble, held_out, member, prepared, told_of
from normcast.data import Cases
from normcast.leakage.report import CanaryReport
from normcast.leakage.watch import Snapshot, Watch, Watched
from normcast.leakage.ways import wild_at
from normcast.tasks import CaseScaling, ClassifyTask, RegressTask
from normcast.tasks.holdout import Holdout
from normcast.tasks.subject import Subject

CaseTaskLike = RegressTask | ClassifyTask
NOT_TRIED = {
    "missing": "not tried, cases have no missing values.",
    "end": "not tried, cases have no end.",
}


def of_estimator(estimator: Estimator, data: Any, ways: Sequence[str]) -> CanaryReport:
    """Change the cases that each network is calibrated by, and see whether it changes; see `canary`.

    Trains all networks once, and once more for each way. Raises ValueError where nothing is held out.
    """
    name = type(estimator).__name__
    cases = data if isinstance(data, Cases) else Cases.of(*data, where="canary")
    settings, subject = prepared(cases, estimator.told_of(cases), estimator.settings)
    task = told_of(subject)
    held = held_out(task, settings)
    if not len(held[0].calib):
        raise ValueError(
            f"canary: {name} holds nothing out to calibrate by, so nothing can be tested; set calibrate=True."
        )
    watch = Watch(name)
    for way in ways:
        if way in NOT_TRIED:
            watch.note(f"{way}: {NOT_TRIED[way]}")
    before = snapshots(subject, task, [task] * len(held), held)
    for way in [each for each in ways if each not in NOT_TRIED]:
        changed = [changed_task(task, hold.calib, way) for hold in held]
        for number, after in enumerate(snapshots(subject, task, changed, held)):
            watch.compare(before[number], after, f"network {number + 1}", way)
    numbers = ("y",) if isinstance(task, RegressTask) else ()
    return watch.report(("X of the cases that calibrate a network", *numbers))


def changed_task(task: CaseTaskLike, places: np.ndarray, way: str) -> CaseTaskLike:
    """Return the task with other inputs, and other numbers, of these cases; labels stay, as classes must."""
    cases = task.cases.mapped(lambda x: wild_at(x, places, way, 0))
    if isinstance(task, RegressTask):
        cases = replace(cases, y=wild_at(cases.y.astype(np.float64), places, way, 1))
    return replace(task, cases=cases)


def snapshots(
    subject: Subject, task: CaseTaskLike, tasks: Sequence[CaseTaskLike], held: Sequence[Holdout]
) -> list[Snapshot]:
    """Return what each network learns of its own task: weights, losses and scalings."""
    trained = ensemble(subject, tasks, held, None)
    found: list[Snapshot] = []
    for number, (own, each, hold) in enumerate(zip(tasks, trained, held, strict=True)):
        learned = member(own, each, hold)
        things = {
            f"weight {place}": Watched(np.asarray(weight), value)
            for place, weight in enumerate(learned.weights)
        }
        for name, scaling in scalings_of(learned).items():
            things[f"scaling of {name}"] = Watched(np.stack([scaling.location, scaling.spread]), value)
        things["losses"] = Watched(np.array(each.history["loss"] + each.history["val_loss"]), value)
        found.append({f"network {number + 1}: {name}": each for name, each in things.items()})
    return found


def scalings_of(learned: Member) -> dict[str, CaseScaling]:
    """Return the scalings of a network, by what they are of."""
    inputs = learned.inputs.by_name
    named = {"inputs" if len(inputs) == 1 else f"input {name!r}": each for name, each in inputs.items()}
    return {**named, "targets": learned.targets}


def value(at: int) -> str:
    """Say where a value without a place stands."""
    return f"value {at + 1}"
