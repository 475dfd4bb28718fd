"""Learned: everything that is learned from cases: networks, their scalings, what calibrates them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from normcast.cases.calibration import temperature_of
from normcast.cases.choice import automatic
from normcast.cases.fitted import Fitted, Member, as_pairs
from normcast.cases.settings import Settings
from normcast.cases.subject import Asked, TaskName, case_subject, of_ours
from normcast.data import Cases
from normcast.engine import Trained, Training, train
from normcast.engine.network import Network, network_of
from normcast.engine.progress import Report, told_as
from normcast.engine.seeding import drawing_alone
from normcast.machine import cores
from normcast.tasks import CaseScaling, ClassifyTask, LabelTask, RegressTask
from normcast.tasks.class_weights import ClassWeighted, LabelWeighted
from normcast.tasks.holdout import Holdout, holdouts
from normcast.tasks.subject import Subject, name_of, preset_training

LEAST = 2
"""Cases that a class must have: one could be trained on, but then nothing is known of it."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned. settings: as asked for; held: what each network held out; trained: how it went."""

    settings: Settings
    subject: Subject
    held: tuple[Holdout, ...]
    trained: tuple[Trained, ...]
    fitted: Fitted

    @property
    def task(self) -> RegressTask | ClassifyTask:
        """What is told of the cases."""
        return told_of(self.subject)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is to be learned of cases: network and task made for each other, and what each network holds out.

    settings: with nothing left open.
    """

    cases: Cases
    kind: TaskName
    settings: Settings
    subject: Subject
    held: tuple[Holdout, ...]

    @classmethod
    def of(
        cls,
        cases: Cases,
        kind: TaskName,
        settings: Settings,
        embargo: int | None = None,
        record: int | None = None,
    ) -> Lesson:
        """Prepare what `learn` does. Raises ValueError for cases that cannot be learned from.

        embargo: of the cases that these are some of, where it was found already; see `Parts`. record: as in
        `Training`.
        """
        with drawing_alone():  # networks of the lesson before may train already
            settings, subject = prepared(cases, kind, settings)
        subject = replace(subject, training=replace(subject.training, record=record))
        return cls(cases, kind, settings, subject, held_out(told_of(subject), settings, embargo))

    @property
    def task(self) -> RegressTask | ClassifyTask:
        """What is told of the cases."""
        return told_of(self.subject)

    def learned(self, trained: tuple[Trained, ...]) -> Learned:
        """Return what the trained networks know, calibrated."""
        kept = [(each, hold) for each, hold in zip(trained, self.held, strict=True) if not each.failed]
        members = tuple(member(self.task, each, hold) for each, hold in kept)
        ours = None if self.settings.is_own else of_ours(self.settings.network, self.kind)
        fitted = fitted_of(self.subject, self.task, members, self.cases)
        fitted = replace(fitted, architecture=ours, recurrence=trained[0].recurrence)
        fitted = calibrated(fitted, self.task, [hold for _, hold in kept])
        return Learned(self.settings, self.subject, self.held, trained, fitted)


def told_of(subject: Subject) -> RegressTask | ClassifyTask:
    """Return what is told of the cases of a subject."""
    assert isinstance(subject.task, RegressTask | ClassifyTask)
    return subject.task


def learn(lesson: Lesson, progress: Report = None) -> Learned:
    """Train the networks of a lesson and calibrate them."""
    return next(learn_each([lesson], 1, progress))


def learn_each(lessons: Iterable[Lesson], count: int, progress: Report = None) -> Iterator[Learned]:
    """Learn so many lessons in their order, as many networks at a time as there are cores.

    A lesson is asked for when cores would wait for it, so that few are held at a time.
    """
    begun: deque[tuple[Lesson, list[Future[Trained]]]] = deque()
    with workers() as pool:
        for place, lesson in enumerate(lessons):
            report = told_as(progress, place, count)
            tasks = [lesson.task] * len(lesson.held)
            begun.append((lesson, submitted(pool, lesson.subject, tasks, lesson.held, report)))
            if (len(begun) - 1) * len(lesson.held) >= cores():
                yield finished(*begun.popleft())
        while begun:
            yield finished(*begun.popleft())


def finished(lesson: Lesson, trained: Iterable[Future[Trained]]) -> Learned:
    """Return what was learned in a lesson, once its networks are trained."""
    return lesson.learned(tuple(each.result() for each in trained))


def prepared(cases: Cases, kind: TaskName, settings: Settings) -> tuple[Settings, Subject]:
    """Return the settings with nothing left open, and network and task made for each other.

    Raises ValueError for cases that cannot be learned from.
    """
    settings = settings.settled(cases.n_cases, automatic(cases, kind))
    own = None if settings.is_own else preset_training(settings.model)
    asked = Asked(scaling=settings.scaling, least=LEAST, where=settings.where, training=own)
    subject = case_subject(settings.network, cases, asked, kind)
    name = subject.name if settings.is_own else name_of(settings.model)
    training = weighed(settings.trained(subject.training), subject, settings)
    return settings, replace(subject, training=training, name=name)


def held_out(
    task: RegressTask | ClassifyTask, settings: Settings, embargo: int | None = None
) -> tuple[Holdout, ...]:
    """Return what each network holds out; settings: settled; embargo: as in `learn`."""
    return tuple(
        each.released(valid=settings.patience is None, calib=not settings.calibrate)
        for each in holdouts(task.cases, task.strata, settings.seeds, settings.where, embargo)
    )


def weighed(training: Training, subject: Subject, settings: Settings) -> Training:
    """Return the training with classes weighed as was asked."""
    task = subject.task
    if not isinstance(task, ClassifyTask):
        return training
    if isinstance(task, LabelTask):
        pairs = settings.label_weights_of(task.hot)
        if pairs is None:
            return training
        return replace(training, loss=LabelWeighted(training.loss, pairs.tolist()))
    weights = settings.weights_of(task.classes, task.hot.sum(axis=0))
    if weights is None:
        return training
    return replace(training, loss=ClassWeighted(training.loss, weights.tolist()))


def ensemble(
    subject: Subject,
    tasks: Sequence[RegressTask | ClassifyTask],
    held: Sequence[Holdout],
    progress: Report,
) -> Iterator[Trained]:
    """Train a network on what each holdout leaves of its task."""
    with workers() as pool:
        yield from [each.result() for each in submitted(pool, subject, tasks, held, progress)]


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """Give a pool with a thread for each core; what has not begun when the block fails never does."""
    pool = ThreadPoolExecutor(cores())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def submitted(
    pool: ThreadPoolExecutor,
    subject: Subject,
    tasks: Sequence[RegressTask | ClassifyTask],
    held: Sequence[Holdout],
    progress: Report,
) -> list[Future[Trained]]:
    """Let a pool train a network on what each holdout leaves of its task."""
    training = subject.training
    network = network_of(subject.model, training)
    return [
        pool.submit(
            trained_on,
            network,
            task,
            hold,
            replace(training, seed=training.seed + place),
            told_as(progress, place, len(held)),
        )
        for place, (task, hold) in enumerate(zip(tasks, held, strict=True))
    ]


def trained_on(
    network: Network, task: RegressTask | ClassifyTask, hold: Holdout, training: Training, progress: Report
) -> Trained:
    """Train one network."""
    fold = task.fold_of(hold.places)
    validation = fold.valid if len(fold.valid) else None
    return next(iter(train(network, fold.train, training, validation=validation, progress=progress)))


def member(task: RegressTask | ClassifyTask, trained: Trained, hold: Holdout) -> Member:
    """Return the network with its scalings."""
    targets = CaseScaling(np.zeros(1), np.ones(1))
    if isinstance(task, RegressTask) and task.scales_target:
        targets = CaseScaling(*task.scale(hold.train))
    return Member(trained.weights, task.scaling_of(hold.train), targets)


def fitted_of(
    subject: Subject, task: RegressTask | ClassifyTask, members: tuple[Member, ...], cases: Cases
) -> Fitted:
    """Return what telling of a case needs, not calibrated. cases: as they were given."""
    fitted = Fitted(
        subject.model,
        members,
        cases.steps,
        cases.channels,
        is_ragged=cases.lengths is not None,
        name=cases.name,
        beside={name: x.shape[1:] for name, x in cases.beside.items()},
    )
    if isinstance(task, ClassifyTask):
        return replace(fitted, head=task.head, classes=task.classes)
    return replace(fitted, target_shape=cases.y.shape[1:])


def calibrated(fitted: Fitted, task: RegressTask | ClassifyTask, held: Sequence[Holdout]) -> Fitted:
    """Return the same, calibrated by the cases that each network had not seen."""
    pairs = [
        (member, task.cases.at(hold.calib), hold.calib)
        for member, hold in zip(fitted.members, held, strict=True)
        if len(hold.calib)
    ]
    if not pairs:
        return fitted
    if isinstance(task, ClassifyTask):
        told = [fitted.probabilities_of(member, unseen) for member, unseen, _ in pairs]
        hot, sure = np.concatenate([task.hot[places] for *_, places in pairs]), np.concatenate(told)
        if fitted.tells_labels:  # one temperature of all labels
            hot, sure = as_pairs(hot.astype(int)) == 1, as_pairs(sure)
        return replace(fitted, temperature=temperature_of(sure, hot))
    errors = [task.y[places] - fitted.outputs(member, unseen) for member, unseen, places in pairs]
    together = np.concatenate(errors)
    return replace(fitted, residuals=together.reshape(len(together), *fitted.target_shape))
