"""How often classes told of cases are right, and how well their probabilities say so."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, Shaped

SURE = 1e-7
"""No probability is taken for smaller, so that one sure mistake does not cost infinity."""


def class_scores(
    labels: Shaped[np.ndarray, "cases"],
    classes: Shaped[np.ndarray, "classes"],
    probabilities: Float[np.ndarray, "cases classes"],
) -> dict[str, float]:
    """Return the scores of classes told of cases, by name; the class told is the most probable one.

    - accuracy: share of cases told rightly.
    - balanced accuracy: share of each class's cases told rightly, averaged over the classes that occur.
    - macro F1: 2 hits / (cases of the class + cases told to be), mean over classes that occur or are told.
    - log loss: mean -ln of the probability of the right class, at least 1e-7; lower is better.
    - ROC AUC: chance that a case of the class gets a higher probability of it than one of another, ties half;
      of the second of two classes, or the mean over those of more that occur. NaN where all are of one class.
    - Brier: squared distance of the probabilities from the truth, summed over classes: 0 to 2, 0 is best.

    Parameters
    ----------
    labels : array (cases,)
        The class of each case.
    classes : array (classes,)
        All classes, sorted.
    probabilities : array (cases, classes)
        The probability of each class.

    Returns
    -------
    dict of str to float
        The scores by name.

    Raises
    ------
    ValueError
        For a label that is no class, for no cases, and for what is NaN or infinite.

    Notes
    -----
    Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    >>> scores = class_scores(np.array(["no", "no", "yes", "yes"]), np.array(["no", "yes"]), sure)
    >>> {name: round(score, 3) for name, score in scores.items()}
    {'accuracy': 0.75, 'balanced accuracy': 0.75, 'macro F1': 0.733, 'log loss': 0.511, 'ROC AUC': 0.75,
     'Brier': 0.35}
    """
    _check(labels, classes, probabilities)
    right, told = _places(labels, classes, "class_scores: labels"), probabilities.argmax(axis=1)
    hot = np.zeros(probabilities.shape, bool)
    hot[np.arange(len(right)), right] = True
    return {
        "accuracy": float((right == told).mean()),
        **_by_class(_counts(right, told, len(classes))),
        "log loss": float(-np.log(np.clip(probabilities[hot], SURE, 1)).mean()),
        "ROC AUC": _roc_auc(hot, probabilities),
        "Brier": float(np.square(probabilities - hot).sum(axis=1).mean()),
    }


def confusion(
    labels: Shaped[np.ndarray, "cases"],
    predicted: Shaped[np.ndarray, "cases"],
    classes: Shaped[np.ndarray, "classes"],
) -> Int[np.ndarray, "classes classes"]:
    """Count the cases of each class (rows) that were told to be of each class (columns).

    Parameters
    ----------
    labels : array (cases,)
        The class of each case.
    predicted : array (cases,)
        The class told of each case.
    classes : array (classes,)
        All classes, sorted.

    Returns
    -------
    int array (classes, classes)
        The counts.

    Raises
    ------
    ValueError
        For a label that is no class.

    Examples
    --------
    >>> confusion(np.array(["a", "a", "b"]), np.array(["a", "b", "b"]), np.array(["a", "b"]))
    array([[1, 1],
           [0, 1]])
    """
    right = _places(labels, classes, "confusion: labels")
    return _counts(right, _places(predicted, classes, "confusion: predicted"), len(classes))


def _counts(right: np.ndarray, told: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(right * k + told, minlength=k * k).reshape(k, k)


def _by_class(counts: np.ndarray) -> dict[str, float]:
    hits, cases, told = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    occurs, named = cases > 0, cases + told > 0
    return {
        "balanced accuracy": float((hits[occurs] / cases[occurs]).mean()),
        "macro F1": float((2 * hits[named] / (cases + told)[named]).mean()),
    }


def _roc_auc(hot: np.ndarray, probabilities: np.ndarray) -> float:
    first = 1 if hot.shape[1] == 2 else 0
    areas = [
        area(probabilities[of, each], probabilities[~of, each])
        for each, of in enumerate(hot.T[first:], start=first)
        if 0 < of.sum() < len(of)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def area(inside: np.ndarray, outside: np.ndarray) -> float:
    """Return the chance that one from inside is larger than one from outside, ties counting half."""
    outside = np.sort(outside)
    below, not_above = np.searchsorted(outside, inside, "left"), np.searchsorted(outside, inside, "right")
    return float((below + not_above).mean()) / (2 * len(outside))


def _places(labels: np.ndarray, classes: np.ndarray, where: str) -> np.ndarray:
    """Return the place of each label among the classes, (cases,)."""
    places = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    wrong = np.flatnonzero(classes[places] != labels)
    if len(wrong):
        raise ValueError(
            f"{where}: {len(wrong)} of {len(labels)} are no class, the first {labels[wrong[0]]!s} of case "
            f"{wrong[0]}; classes are {', '.join(map(str, classes))}, which must be sorted."
        )
    return places


def _check(labels: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> None:
    if not len(labels) or probabilities.shape != (len(labels), len(classes)):
        raise ValueError(
            f"class_scores: probabilities are {probabilities.shape}, but {len(labels)} labels and "
            f"{len(classes)} classes need {(len(labels), len(classes))}, with at least one case."
        )
    if not np.isfinite(probabilities).all():
        wrong = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
        raise ValueError(
            f"class_scores: {len(wrong)} of {len(labels)} cases have probabilities that are NaN or infinite, "
            f"the first of them case {wrong[0]}."
        )
