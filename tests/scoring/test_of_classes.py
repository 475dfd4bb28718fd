import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from normcast.scoring import class_scores, confusion

SEEDS = st.integers(0, 2**16)
NAMES = np.array(["ash", "birch", "elm", "oak"])


def drawn(seed, k=3, cases=60):
    """Labels, classes and probabilities that know something of them, rounded so that some tie."""
    rng = np.random.default_rng(seed)
    places = np.concatenate([np.arange(k), rng.integers(k, size=cases - k)])
    scores = rng.normal(size=(cases, k)) + 1.5 * np.eye(k)[places]
    raw = np.exp(scores).round(1) + 0.1
    return NAMES[:k][places], NAMES[:k], raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(k, seed):
    labels, classes, sure = drawn(seed, k)
    told = classes[sure.argmax(axis=1)]
    area = (labels, sure[:, 1]) if k == 2 else (labels, sure)
    expected = {
        "accuracy": metrics.accuracy_score(labels, told),
        "balanced accuracy": metrics.balanced_accuracy_score(labels, told),
        "macro F1": metrics.f1_score(labels, told, average="macro"),
        "log loss": metrics.log_loss(labels, sure, labels=classes),
        "ROC AUC": metrics.roc_auc_score(*area, multi_class="ovr"),
        "Brier": metrics.brier_score_loss(labels, sure, labels=classes, scale_by_half=False),
    }
    scores = class_scores(labels, classes, sure)
    assert list(scores) == list(expected)
    assert scores == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_class_that_does_not_occur_counts_where_it_is_told_and_not_elsewhere(seed):
    labels, classes, sure = drawn(seed, k=4)
    labels, sure = labels[labels != "elm"], sure[labels != "elm"]
    told = classes[sure.argmax(axis=1)]
    assert "elm" in told
    scores = class_scores(labels, classes, sure)
    areas = [metrics.roc_auc_score(labels == classes[place], sure[:, place]) for place in (0, 1, 3)]
    assert scores["ROC AUC"] == pytest.approx(np.mean(areas), rel=1e-12)
    assert scores["macro F1"] == pytest.approx(metrics.f1_score(labels, told, average="macro"), rel=1e-12)
    expected = metrics.balanced_accuracy_score(labels, told)
    assert scores["balanced accuracy"] == pytest.approx(expected, rel=1e-12)


def test_the_area_of_a_single_class_is_nan_and_the_other_scores_are_numbers():
    sure = np.array([[0.8, 0.2], [0.4, 0.6]])
    scores = class_scores(np.array([3, 3]), np.array([3, 7]), sure)
    assert np.isnan(scores.pop("ROC AUC"))
    assert np.isfinite(list(scores.values())).all()


def test_one_sure_mistake_does_not_cost_infinity():
    scores = class_scores(np.array([0, 1]), np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert scores["log loss"] == pytest.approx(-np.log(1e-7) / 2)
    assert scores["Brier"] == 1


@given(seed=SEEDS, k=st.integers(2, 4))
def test_the_order_of_cases_does_not_matter_and_two_copies_score_as_one(seed, k):
    labels, classes, sure = drawn(seed, k)
    scores = class_scores(labels, classes, sure)
    order = np.random.default_rng(seed).permutation(len(labels))
    for places in (order, np.tile(order, 2)):
        # another order of adding up changes the last bits
        again = class_scores(labels[places], classes, sure[places])
        assert again == pytest.approx(scores, rel=1e-9)


@given(seed=SEEDS, k=st.integers(2, 4))
def test_other_names_of_the_classes_change_nothing(seed, k):
    labels, classes, sure = drawn(seed, k)
    numbers = np.searchsorted(classes, labels)
    assert class_scores(numbers, np.arange(k), sure) == class_scores(labels, classes, sure)
    # in another order of the classes they are told apart as before
    turned = class_scores(k - 1 - numbers, np.arange(k), np.ascontiguousarray(sure[:, ::-1]))
    for name in ("log loss", "Brier"):
        assert turned[name] == pytest.approx(class_scores(labels, classes, sure)[name], rel=1e-9)


@given(seed=SEEDS)
def test_the_area_sees_the_order_of_the_probabilities_only(seed):
    labels, classes, sure = drawn(seed, k=2)
    second = sure[:, 1] ** 3
    bent = np.stack([1 - second, second], axis=1)
    area = class_scores(labels, classes, bent)["ROC AUC"]
    assert area == pytest.approx(class_scores(labels, classes, sure)["ROC AUC"], rel=1e-12)


@given(seed=SEEDS, k=st.integers(2, 4))
def test_the_counts_are_those_of_scikit_learn(seed, k):
    labels, classes, sure = drawn(seed, k)
    told = classes[sure.argmax(axis=1)]
    np.testing.assert_array_equal(
        confusion(labels, told, classes), metrics.confusion_matrix(labels, told, labels=classes)
    )


def test_a_class_that_nothing_has_and_nobody_told_has_a_row_and_a_column_of_zeros():
    counts = confusion(np.array([1, 3]), np.array([3, 3]), np.array([1, 2, 3]))
    assert counts.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("labels", [np.array(["oak", "fir", "yew"]), np.array(["oak", "zelkova", "fir"])])
def test_a_label_that_is_no_class_is_named(labels):
    classes, sure = np.array(["ash", "oak"]), np.full((3, 2), 0.5)
    message = f"labels: 2 of 3 are no class, the first {labels[1]} of case 1; classes are ash, oak"
    with pytest.raises(ValueError, match=message):
        class_scores(labels, classes, sure)
    with pytest.raises(ValueError, match=f"confusion: {message}"):
        confusion(labels, labels, classes)


def test_a_missing_label_is_no_class():
    with pytest.raises(ValueError, match="1 of 2 are no class, the first nan of case 1"):
        class_scores(np.array([1.0, np.nan]), np.array([1.0, 2.0]), np.full((2, 2), 0.5))


def test_probabilities_that_are_none_are_refused():
    sure = np.array([[0.5, 0.5], [np.nan, 0.5]])
    with pytest.raises(ValueError, match=r"1 of 2 cases have probabilities .* case 1"):
        class_scores(np.array([0, 1]), np.array([0, 1]), sure)


def test_no_cases_are_refused():
    with pytest.raises(ValueError, match=r"probabilities are \(0, 2\), but 0 labels and 2 classes"):
        class_scores(np.zeros(0, int), np.array([0, 1]), np.zeros((0, 2)))
