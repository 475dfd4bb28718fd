"""Job: trials of one placement that share a program, and how they are trained."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any

import numpy as np

from normcast.engine import Trained, Training, predict, train
from normcast.engine.devices import at_once
from normcast.engine.losses import plain_of as plain_of_loss
from normcast.engine.network import Network, network_of
from normcast.engine.optimizer import plain as plain_of_optimizer
from normcast.engine.seeding import assign_kept
from normcast.machine import versions
from normcast.models.revival import revived, revived_model
from normcast.plain import parsed, text
from normcast.study.measures import Measures
from normcast.study.trial import RECURRENCE, Trial, TrialKey
from normcast.tasks.task import Fold, Task

Networks = tuple[Network, Network]  # the one that trains, and the one that forecasts


@dataclass(frozen=True)
class Job:
    """Trials of one placement: each pair (fold, seed) is one. A value that travels to any worker.

    model: the network as Keras' JSON; scaling: as in `Placement`; training: as `training_to_json` writes it.
    own: classes and functions of the user's that these name, by name; with such a job stays in its process.
    measures: what is told of a trial beside the task's scores. kept: values that the text leaves out and no
    seed draws, of frozen layers for one, by place among the weights.
    """

    placement: str
    model: str
    scaling: str | None
    training: str
    pairs: tuple[tuple[int, int], ...]
    own: Mapping[str, Any] = field(default_factory=dict, compare=False)
    measures: Measures = field(default_factory=Measures)
    kept: Mapping[int, np.ndarray] = field(default_factory=dict, compare=False)

    @property
    def epochs(self) -> int:
        """Epochs each trial trains at most."""
        return int(parsed(self.training, "training")["epochs"])

    @property
    def keys(self) -> tuple[TrialKey, ...]:
        """The trials in it."""
        return tuple(TrialKey(self.placement, fold, seed, self.epochs) for fold, seed in self.pairs)

    def only(self, pairs: tuple[tuple[int, int], ...]) -> Job:
        """Return the job with some of its trials."""
        return replace(self, pairs=pairs)


def run(job: Job, task: Task) -> Iterator[Trial]:
    """Train the trials of a job, and yield each as it is done.

    The program is compiled for the first and used for all. A trial depends on its fold and seed alone: not
    on the trials beside it, nor on where it runs. On the CPU one is trained after the other; on a GPU seeds
    of a fold together, where a trial is what it would be alone to the tolerance of float32.
    """
    training = training_from_json(job.training, job.own)
    model = revived_model(job.model, f"Study: network of {job.placement!r}", job.own)
    assign_kept(model, job.kept)
    networks = network_of(model, training), Network(model)
    for fold, seed, count in together(job.pairs, at_once()):
        own = fold_of(task, fold, job.scaling)
        yield from measured(networks, own, replace(training, seed=seed), job, fold, count)


def together(pairs: Iterable[tuple[int, int]], most: int) -> list[tuple[int, int, int]]:
    """Return (fold, first seed, how many seeds) of trials that can be trained at once, at most so many.

    >>> together([(0, 1), (0, 2), (0, 4), (1, 2)], most=8)
    [(0, 1, 2), (0, 4, 1), (1, 2, 1)]
    """
    groups: list[tuple[int, int, int]] = []
    for fold, seed in sorted(pairs):
        last = groups[-1] if groups else (fold - 1, 0, 0)
        if (fold, seed) == (last[0], last[1] + last[2]) and last[2] < most:
            groups[-1] = (*last[:2], last[2] + 1)
        else:
            groups.append((fold, seed, 1))
    return groups


def measured(
    networks: Networks, fold: Fold, training: Training, job: Job, number: int, count: int = 1
) -> Iterator[Trial]:
    """Train a network with so many seeds from the training's on, score each and yield it.

    A trial's seconds are those since the one before it.
    """
    network, judged = networks
    began = time.process_time()
    started: list[float] = []

    def first(_: Any) -> None:
        started.append(time.process_time())

    runs = train(network, fold.train, training, validation=fold.valid, seeds=count, progress=first)
    for trained in islice(runs, count):
        metrics, seen = scores_of(judged, trained, fold, job.measures)
        now = time.process_time()
        yield Trial(
            placement=job.placement,
            fold=number,
            seed=trained.seed,
            epochs=training.epochs,
            metrics=metrics,
            seen=seen,
            history=trained.history,
            best_epoch=trained.best_epoch,
            status=trained.status,
            seconds=now - began,
            compile_seconds=max(0.0, (started[0] if started else began) - began),
            machine=f"{platform.machine()} {platform.system()}",
            versions={**versions(), RECURRENCE: trained.recurrence},
        )
        began = now


def scores_of(
    network: Network, trained: Trained, fold: Fold, measures: Measures
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the metrics on test and on seen windows; none for a network that diverged."""
    if trained.failed:
        return {}, {}
    test, seen = (predict(network, [trained.weights], each)[0] for each in (fold.test, fold.seen))
    return measures.told(fold, test, "test"), measures.told(fold, seen, "seen")


_folds: dict[tuple[int, int, str | None], tuple[Task, Fold]] = {}


def fold_of(task: Task, number: int, scaling: str | None) -> Fold:
    """Return a fold, made once per process."""
    key = (id(task), number, scaling)
    if key not in _folds:
        while len(_folds) > 8:
            _folds.pop(next(iter(_folds)))
        _folds[key] = (task, task.fold(number, scaling))
    return _folds[key][1]


def training_to_json(training: Training) -> str:
    """Write how a network is trained as JSON text.

    >>> training_from_json(training_to_json(Training(epochs=3))).epochs
    3
    """
    own = {"optimizer": plain_of_optimizer(training.optimizer), "loss": plain_of_loss(training.loss)}
    told = {each.name: getattr(training, each.name) for each in fields(training)} | own
    del told["record"]  # nothing of a trial: what is watched changes no number of it
    # Left out where they say nothing: stores from before they were there are of the same study.
    usual = {"loss_weight": 1.0, "by": "engine", "reason": "", "ema_momentum": None}
    return text({name: value for name, value in told.items() if (name, value) not in usual.items()})


def training_from_json(given: str, own: Mapping[str, Any] | None = None) -> Training:
    """Read what `training_to_json` wrote. own: the user's functions and classes that it names, by name."""
    plain, own = parsed(given, "training"), own or {}
    for name in {"optimizer", "loss"} & plain.keys():
        value = plain[name]
        is_name = isinstance(value, str)
        plain[name] = own.get(value, value) if is_name else revived(value, f"training: {name}", own)
    return Training(**{**plain, "undecayed": tuple(plain.get("undecayed", ()))})
