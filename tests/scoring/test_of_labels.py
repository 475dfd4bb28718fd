"""Scores of labels of which several may hold: scikit-learn's multilabel metrics are the oracle."""

import re

import numpy as np
import pytest
from sklearn import metrics

from normcast.scoring import label_scores


def drawn(seed, labels=4, cases=60):
    """What held, label k in about k of 6 cases, and probabilities that know something of it, some tied."""
    rng = np.random.default_rng(seed)
    actual = rng.random((cases, labels)) < (1 + np.arange(labels)) / 6
    return actual, np.clip((rng.random((cases, labels)) + actual).round(2) / 2, 0.01, 0.99)


@pytest.mark.parametrize("labels", [2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed, labels):
    actual, sure = drawn(seed, labels)
    told = sure > 0.5
    columns = list(zip(actual.T, told.T, sure.T, strict=True))
    expected = {
        "label accuracy": 1 - metrics.hamming_loss(actual, told),
        "subset accuracy": metrics.accuracy_score(actual, told),
        "balanced accuracy": np.mean([metrics.balanced_accuracy_score(y, t) for y, t, _ in columns]),
        "macro F1": metrics.f1_score(actual, told, average="macro"),
        "log loss": np.mean([metrics.log_loss(y, p) for y, _, p in columns]),
        "ROC AUC": metrics.roc_auc_score(actual, sure, average="macro"),
        "Brier": np.mean([metrics.brier_score_loss(y, p) for y, _, p in columns]),
    }
    found = label_scores(actual, sure)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_label_that_never_holds_is_left_out_of_what_cannot_be_said_of_it():
    actual, sure = drawn(0)
    never = np.column_stack([actual, np.zeros(len(actual), bool)])
    found = label_scores(never, np.column_stack([sure, np.full(len(sure), 0.1)]))
    alone = label_scores(actual, sure)
    assert found["ROC AUC"] == alone["ROC AUC"]
    assert found["macro F1"] == alone["macro F1"]
    assert found["label accuracy"] == pytest.approx((4 * alone["label accuracy"] + 1) / 5)


def test_where_nothing_holds_and_nothing_is_told_there_is_no_f1_and_no_auc():
    found = label_scores(np.zeros((3, 2), bool), np.full((3, 2), 0.2))
    assert np.isnan([found["macro F1"], found["ROC AUC"]]).all()
    assert found["subset accuracy"] == found["balanced accuracy"] == 1


@pytest.mark.parametrize(
    ("actual", "sure", "message"),
    [
        (np.zeros((0, 2), bool), np.zeros((0, 2)), "with at least one case"),
        (
            np.zeros((2, 2), bool),
            np.array([[0, 0], [0, np.nan]]),
            "NaN or infinite, the first of them case 1",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused(actual, sure, message):
    with pytest.raises(ValueError, match=f"label_scores: .*{re.escape(message)}"):
        label_scores(actual, sure)
