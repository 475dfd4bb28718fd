"""Steps of axes as a reader wants them, and the names of the axes of placements."""

from __future__ import annotations

from math import floor, log10

AXIS_TITLES = {
    "norm": "Normalization between layers",
    "inside": "Normalization inside the recurrence",
    "dropout": "Dropout between layers",
    "recurrent-dropout": "Dropout inside the recurrence",
    "pooling": "Pooling before the recurrence",
    "squeeze-excite": "Squeeze-and-excite",
    "activation": "Activation and what goes with it",
    "input": "What the network is fed",
    "combined": "Combinations",
}


def nice_step(span: float, most: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that cuts a span into at most so many parts.

    >>> nice_step(0.37, 5), nice_step(0.02, 4)
    (0.1, 0.005)
    """
    rough = span / most
    power = 10.0 ** floor(log10(rough))
    return next(head * power for head in (1, 2, 5, 10) if head * power >= rough * (1 - 1e-9))
