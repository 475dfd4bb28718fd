"""Scores in words: which are shares, which way is better, what each means."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from normcast.pages.percent import MINUS
from normcast.pages.words import decimals, number
from normcast.scoring import rises

SHARES = ("accuracy", "label accuracy", "subset accuracy", "balanced accuracy")
RISING = (*SHARES, "macro F1", "ROC AUC", "R2")
"""Scores of which more is better."""
LONGEST = 40

CLASS_TERMS = (
    ("accuracy", "Share of cases whose most probable class is the right one. Higher is better."),
    (
        "balanced accuracy",
        "The same for each class apart, then averaged: rare classes count as much as others. Higher is"
        " better.",
    ),
    (
        "macro F1",
        "For each class the harmonic mean of recall and precision, then averaged: 0 to 1. Higher is better.",
    ),
    (
        "log loss",
        "Mean −ln of the probability of the right class: it punishes what is sure and wrong. Lower is"
        " better.",
    ),
    (
        "ROC AUC",
        "Chance that a case of a class gets a higher probability of it than one of another: 0.5 is"
        " guessing, 1 is perfect.",
    ),
    ("Brier", "Squared distance of the probabilities from the truth: 0 to 2. Lower is better."),
)
LABEL_TERMS = (
    ("label accuracy", "Share of labels told rightly, over all labels of all cases. Higher is better."),
    ("subset accuracy", "Share of cases of which every label is told rightly. Higher is better."),
    (
        "balanced accuracy",
        "For each label the mean of two shares told rightly, where it holds and where it does not, then"
        " averaged: 50 % is guessing. Higher is better.",
    ),
    (
        "macro F1",
        "For each label the harmonic mean of recall and precision, then averaged: 0 to 1. Higher is better.",
    ),
    (
        "log loss",
        "Mean −ln of the probability of what came of each label: it punishes what is sure and wrong. Lower is"
        " better.",
    ),
    (
        "ROC AUC",
        "Chance that a case with the label gets a higher probability of it than one without, the mean over"
        " labels: 0.5 is guessing, 1 is perfect.",
    ),
    ("Brier", "Squared distance of each label's probability from 0 or 1: 0 to 1. Lower is better."),
)
NUMBER_TERMS = (
    ("MAE", "Mean absolute error, in the unit of y. Lower is better."),
    (
        "RMSE",
        "Root of the mean squared error, in the unit of y; large misses weigh more. Lower is better.",
    ),
    ("R2", "Share of the spread of y that is explained: 1 is perfect, 0 as good as the mean."),
    (
        "sCRPS",
        "How far the whole distribution that the intervals describe is from what came, relative to the size"
        " of y. Lower is better.",
    ),
    (
        "inside 80 %, ...",
        "Share of the numbers that fell inside the interval of that level: near it is best.",
    ),
)
COMPILED = "As Keras measures it, for which the network was compiled: numbers in the unit of y."
NOISE = (
    "95 % interval",
    "Where the score would be for other cases, or groups of cases, of the same kind: a bootstrap over those"
    " tested. Other training data and other seeds are not part of it.",
)


def score_text(name: str, values: Sequence[float]) -> list[str]:
    """Write values of a score alike: shares and coverages in percent.

    >>> score_text("accuracy", [0.9375]), score_text("MAE", [1234.5, 1.5]), score_text("coverage-80", [78.25])
    (['93.8 %'], ['1,234.50', '1.50'], ['78.2 %'])
    """
    if name in SHARES:
        return [_percent(100 * value) for value in values]
    if name.startswith("coverage"):
        return [_percent(value) for value in values]
    places = decimals(values)
    return [number(value, places) for value in values]


def _percent(value: float) -> str:
    return f"{number(value, 1)} %" if isfinite(value) else number(value, 1)


def head(name: str) -> str:
    """Return a score's name as a heading.

    >>> head("coverage-80"), head("R2")
    ('inside 80 %', 'R²')
    """
    kind, _, level = name.partition("-")
    return f"inside {level} %" if kind == "coverage" else name.replace("R2", "R²")


def distance(name: str, value: float) -> float:
    """Return how far a score is from good: the smallest is the best."""
    kind, _, level = name.partition("-")
    if kind == "coverage":
        return abs(value - float(level))
    return -value if name in RISING or rises(name) else value


def change(name: str, value: float, places: int | None = None) -> str:
    """Write a difference of a score with its sign; places: decimals, by default as many as it needs.

    >>> change("accuracy", -0.125), change("MAE", 0.5)
    ('−12.5 points', '+0.500')
    """
    if name in SHARES:
        return f"{_signed(100 * value, 1)} points"
    return _signed(value, decimals([value]) if places is None else places)


def range_of_changes(name: str, low: float, high: float, places: int | None = None) -> str:
    """Write from which difference to which; places: decimals, by default as many as the two need.

    >>> range_of_changes("accuracy", -0.125, 0.05), range_of_changes("MAE", -3.0, 0.25)
    ('−12.5 to +5.0 points', '−3.000 to +0.250')
    """
    if name in SHARES:
        return f"{_signed(100 * low, 1)} to {_signed(100 * high, 1)} points"
    places = decimals([low, high]) if places is None else places
    return f"{_signed(low, places)} to {_signed(high, places)}"


def _signed(value: float, places: int) -> str:
    text = f"{value:+z,.{places}f}"
    return (text.lstrip("+") if float(text.replace(",", "")) == 0 else text).replace("-", MINUS)


def share_text(part: float, whole: float) -> str:
    """Write a part of a whole in percent; a dash where there is no whole.

    >>> share_text(1, 3), share_text(0, 0)
    ('33 %', '–')
    """
    return f"{100 * part / whole:.0f} %" if whole else "–"


def short(name: object, most: int = LONGEST) -> str:
    """Return a name of the data, cut in its middle where it is longer than so many letters.

    >>> short(3), short("patient number 17 of the second hospital", 21)
    ('3', 'patient nu…d hospital')
    """
    text, half = str(name), (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"
