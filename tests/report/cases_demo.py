"""Evaluations with a planted truth, made without training anything."""

from dataclasses import replace

import numpy as np

from normcast.cases import Evaluation
from normcast.cases.evaluation import Told
from normcast.cases.settings import Settings
from normcast.data import Cases
from normcast.engine import Trained

CASES, STEPS, CHANNELS, FOLDS = 120, 16, 2, 3
NAMES = ("walk", "run", "rest")


def drawn(cases=CASES, channels=CHANNELS):
    return np.random.default_rng(0).normal(size=(cases, STEPS, channels)).cumsum(axis=1)


def trained(seeds=2, epochs=6):
    """What became of the networks: losses that fall and rise again, the best in epoch 3."""
    loss = [3.0 / (k + 1) for k in range(epochs)]
    valid = [9.0, *(1.0 + 0.1 * abs(k - 3) for k in range(1, epochs + 1))]
    history = {"loss": loss, "val_loss": valid, "learning_rate": [0.001] * epochs}
    runs = tuple(Trained(seed, [], history, 3, "complete") for seed in range(seeds))
    return (runs,) * FOLDS


def numbers(ours=1.0, theirs=1.0, cases=CASES, outputs=None, groups=None, level=80.0, width=1.2816, seed=0):
    """Numbers whose network errs by normal errors of spread `ours`, its ridge of spread `theirs`."""
    rng = np.random.default_rng(seed)
    shape = (cases,) if outputs is None else (cases, *np.atleast_1d(outputs))
    y = 10 + 5 * rng.normal(size=shape)

    def told(spread):
        values = y + spread * rng.normal(size=shape)
        return Told(values, {level: np.stack([values - width * spread, values + width * spread], axis=-1)})

    given = {"normcast": told(ours), "ridge": told(theirs), "mean": Told(np.full(shape, 10.0), {})}
    return evaluation("regress", y, given, groups)


def classes(ours=0.8, theirs=0.8, cases=CASES, names=NAMES, groups=None, seed=0, sure=0.8):
    """Classes that the network tells rightly with a chance of `ours`, its ridge of `theirs`."""
    rng = np.random.default_rng(seed)
    labels = np.array(sorted(names))
    right = rng.integers(len(labels), size=cases)

    def told(chance):
        other = (right + rng.integers(1, len(labels), size=cases)) % len(labels)
        place = np.where(rng.random(cases) < chance, right, other)
        values = np.full((cases, len(labels)), (1 - sure) / (len(labels) - 1))
        values[np.arange(cases), place] = sure
        return Told(values, {})

    given = {"normcast": told(ours), "ridge": told(theirs), "majority": told(1 / len(labels))}
    return evaluation("classify", labels[right], given, groups, labels)


def labels(ours=0.9, theirs=0.7, cases=CASES, names=NAMES, groups=None, seed=0, sure=0.8):
    """Labels of which several may hold, each of which the network tells rightly with a chance of `ours`."""
    rng = np.random.default_rng(seed)
    holds = rng.random((cases, len(names))) < 0.4

    def told(chance):
        right = rng.random(holds.shape) < chance
        return Told(np.where(right == holds, sure, 1 - sure), {})

    shares = Told(np.repeat(holds.mean(axis=0)[None], cases, axis=0), {})
    given = {"normcast": told(ours), "ridge": told(theirs), "majority": shares}
    return evaluation("label", holds, given, groups, np.array(names))


def evaluation(kind, actual, told, groups=None, labels=None):
    cases = len(actual)
    settings = Settings(where="Regressor" if kind == "regress" else "Classifier", model="lstm", seeds=2)
    return Evaluation(
        kind=kind,
        tested=np.arange(cases),
        fold=np.arange(cases) * FOLDS // cases,
        actual=actual,
        classes=labels,
        groups=groups,
        split="chance" if groups is None else "groups",
        network="lstm",
        told=told,
        trained=trained(),
        cases=Cases.of(drawn(cases), actual, groups),
        settings=settings,
    )


def with_channels(found, channels):
    return replace(found, cases=replace(found.cases, x=drawn(len(found.tested), channels)))


def uneven(found):
    """The same, with a first case that is 5 steps long behind zeros."""
    x = found.cases.x.copy()
    x[0, :-5] = 0
    lengths = np.full(len(x), STEPS)
    lengths[0] = 5
    return replace(found, cases=replace(found.cases, x=x, lengths=lengths))
