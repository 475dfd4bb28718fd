"""How often labels told of cases are right, several of which may hold, and what their probabilities say."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from normcast.scoring.of_classes import SURE, area

THRESHOLD = 0.5
"""A label is told where its probability is above it."""


def label_scores(
    actual: Bool[np.ndarray, "cases labels"], probabilities: Float[np.ndarray, "cases labels"]
) -> dict[str, float]:
    """Return the scores of labels told of cases, by name; a label is told where its probability is above 0.5.

    But for the subset accuracy each is the mean over labels of what would be told of that label alone.

    - label accuracy: share of labels told rightly, 1 less the Hamming loss.
    - subset accuracy: share of cases of which every label is told rightly.
    - balanced accuracy: mean of the share told rightly where the label holds, and where it does not; of a
      label that always or never holds, the one of them that there is.
    - macro F1: 2 hits / (cases with the label + cases told to have it); without labels that neither occur nor
      are told, NaN where that leaves none.
    - log loss: mean -ln of the probability of what came, at least 1e-7; lower is better.
    - ROC AUC: chance that a case with the label gets a higher probability of it than one without, ties half;
      without labels that always or never hold, NaN where that leaves none.
    - Brier: squared distance of the probability from 0 or 1; 0 to 1, 0 is best. (Of classes, `class_scores`,
      it is the sum over them: twice as much for two.)

    Parameters
    ----------
    actual : bool array (cases, labels)
        Whether each label holds.
    probabilities : array (cases, labels)
        The probability of each label, by itself.

    Returns
    -------
    dict of str to float
        The scores by name.

    Raises
    ------
    ValueError
        For arrays that do not fit one another, for no cases, and for what is NaN or infinite.

    Examples
    --------
    >>> actual = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], bool)
    >>> sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    >>> {name: round(score, 3) for name, score in label_scores(actual, sure).items()}
    {'label accuracy': 0.75, 'subset accuracy': 0.5, 'balanced accuracy': 0.75, 'macro F1': 0.733,
     'log loss': 0.456, 'ROC AUC': 0.875, 'Brier': 0.15}
    """
    _check(actual, probabilities)
    told = probabilities > THRESHOLD
    right = told == actual
    of_actual = np.where(actual, probabilities, 1 - probabilities)
    return {
        "label accuracy": float(right.mean()),
        "subset accuracy": float(right.all(axis=1).mean()),
        "balanced accuracy": _balanced(actual, right),
        "macro F1": _f1(actual, told),
        "log loss": float(-np.log(np.clip(of_actual, SURE, 1)).mean()),
        "ROC AUC": _roc_auc(actual, probabilities),
        "Brier": float(np.square(probabilities - actual).mean()),
    }


def _balanced(actual: np.ndarray, right: np.ndarray) -> float:
    recalls = np.full((2, actual.shape[1]), np.nan)
    for side, of in enumerate((actual, ~actual)):
        some = of.any(axis=0)
        recalls[side, some] = (right & of).sum(axis=0)[some] / of.sum(axis=0)[some]
    return float(np.nanmean(recalls, axis=0).mean())


def _f1(actual: np.ndarray, told: np.ndarray) -> float:
    hits, named = (actual & told).sum(axis=0), actual.sum(axis=0) + told.sum(axis=0)
    some = named > 0
    return float((2 * hits[some] / named[some]).mean()) if some.any() else float("nan")


def _roc_auc(actual: np.ndarray, probabilities: np.ndarray) -> float:
    areas = [
        area(sure[holds], sure[~holds])
        for holds, sure in zip(actual.T, probabilities.T, strict=True)
        if 0 < holds.sum() < len(holds)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _check(actual: np.ndarray, probabilities: np.ndarray) -> None:
    if not actual.size or actual.ndim != 2 or probabilities.shape != actual.shape:
        raise ValueError(
            f"label_scores: actual is {actual.shape} and probabilities are {probabilities.shape}, but both "
            "must be (cases, labels), with at least one case."
        )
    if not np.isfinite(probabilities).all():
        wrong = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
        raise ValueError(
            f"label_scores: {len(wrong)} of {len(actual)} cases have probabilities that are NaN or infinite, "
            f"the first of them case {wrong[0]}."
        )
