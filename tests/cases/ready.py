"""Small cases with a truth in them, and estimators that were fitted on them once."""

from functools import cache

import numpy as np

from normcast.cases import Classifier, Regressor

CASES, STEPS, CHANNELS = 120, 12, 2
SMALL = {"seeds": 2, "epochs": 40, "units": 8, "learning_rate": 0.02}


def drawn(seed, cases=CASES):
    """Inputs, far from mean 0 and spread 1."""
    return (np.random.default_rng(seed).normal(size=(cases, STEPS, CHANNELS)) * 3 + 50).astype("float32")


def level(x):
    """A number that the last steps of a case tell, with noise, in a unit of its own."""
    noise = np.random.default_rng(int(x.sum()) % 1000).normal(size=len(x))
    return 1000 + 100 * (x[:, -3:, 0] - 50).sum(axis=1) + 50 * noise


def label(x):
    """One of three words that the last step of a case tells."""
    rise = x[:, -1, 0] - x[:, -1, 1]
    return np.select([rise < -2, rise > 2], ["falls", "rises"], "stays")


@cache
def regressor():
    x = drawn(0)
    return Regressor("lstm", **SMALL).fit(x, level(x), progress=False)


@cache
def classifier():
    x = drawn(0)
    return Classifier("lstm", **SMALL).fit(x, label(x), progress=False)
