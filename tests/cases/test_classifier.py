"""Classifier: classes of whole series, with probabilities that are calibrated."""

import keras
import numpy as np
import pytest
from keras import layers

import normcast
from normcast.cases import Classifier
from normcast.cases.calibration import temperature_of
from normcast.cases.fitted import tempered
from normcast.tasks.class_weights import ClassWeighted
from tests.cases.ready import CHANNELS, STEPS, classifier, drawn, label

QUICK = {"model": "lstm", "seeds": 1, "epochs": 2, "units": 4}


def fitted(x, y, groups=None, **settings):
    return Classifier(**{**QUICK, **settings}).fit(x, y, groups=groups, progress=False)


def network(units, activation=None, **compiled):
    net = keras.Sequential(
        [keras.Input((STEPS, CHANNELS)), layers.LSTM(4), layers.Dense(units, activation=activation)]
    )
    if compiled:
        net.compile("adam", **compiled)
    return net


def test_planted_classes_are_told():
    x = drawn(1, 300)
    assert classifier().classes_.tolist() == ["falls", "rises", "stays"]
    assert classifier().score(x, label(x)) > 0.75
    assert set(classifier().predict(x)) == {"falls", "rises", "stays"}


def test_probabilities_are_of_all_classes_and_lead_to_the_label():
    x = drawn(1, 50)
    sure = classifier().predict_proba(x)
    np.testing.assert_allclose(sure.sum(axis=1), 1)
    np.testing.assert_array_equal(classifier().classes_[sure.argmax(axis=1)], classifier().predict(x))


@pytest.mark.parametrize(
    ("net", "classes"),
    [
        (network(3, "softmax"), 3),
        (network(3), 3),  # logits
        (network(3, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)), 3),
        (network(3, "softmax", loss="categorical_focal_crossentropy"), 3),
        (network(1, "sigmoid"), 2),
        (network(1, loss=keras.losses.BinaryCrossentropy(from_logits=True)), 2),
        (network(2, "softmax", loss="sparse_categorical_crossentropy"), 2),
    ],
)
@pytest.mark.parametrize("weight", [None, "balanced"])
def test_any_head_tells_probabilities_of_labels(net, classes, weight):
    x = drawn(0, 60)
    y = np.array(["a", "b", "c"])[np.arange(60) % classes]
    found = fitted(x, y, model=net, units=None, class_weight=weight)
    sure = found.predict_proba(x)
    assert sure.shape == (60, classes)
    np.testing.assert_allclose(sure.sum(axis=1), 1, rtol=1e-6)
    assert set(found.predict(x)) <= set(y)


@pytest.mark.parametrize(
    "y",
    [
        np.arange(60) % 3,
        (np.arange(60) % 3).astype(float),
        np.arange(60) % 2 == 1,
        np.eye(3)[np.arange(60) % 3],
    ],
    ids=["whole numbers", "floats", "yes and no", "one-hot"],
)
def test_labels_may_be_of_any_type(y):
    x = drawn(0, 60)
    found = fitted(x, y)
    known = y.argmax(axis=1) if y.ndim > 1 else y
    assert found.predict(x).dtype == known.dtype
    assert 0 <= found.score(x, y) <= 1


def test_a_rare_class_is_never_held_out():
    x = drawn(0, 60)
    y = np.where(np.arange(60) < 2, "rare", label(x))
    for hold in fitted(x, y, seeds=3).learned_.held:
        assert {0, 1} <= set(hold.train)


def test_balanced_weights_make_a_rare_class_count():
    x = drawn(0, 200)
    y = np.where(x[:, -1, 0] > 54, "high", "usual")  # one in eleven
    plain, fair = (
        Classifier(
            "lstm", seeds=1, units=8, epochs=12, learning_rate=0.01, patience=None, class_weight=weight
        )
        .fit(x, y, progress=False)
        .predict_proba(x)[:, 0]
        for weight in (None, "balanced")
    )
    assert fair.mean() > 1.5 * plain.mean()


def test_a_weighted_loss_counts_each_case_as_its_class():
    sure, hot = np.array([[0.8, 0.2], [0.4, 0.6]], "float32"), np.eye(2, dtype="float32")
    alone = -np.log([0.8, 0.6])
    for loss, target in (
        (keras.losses.CategoricalCrossentropy(), hot),
        (keras.losses.SparseCategoricalCrossentropy(), np.array([[0.0], [1.0]])),
    ):
        weighted = ClassWeighted(loss, [1.0, 3.0])
        assert float(weighted(target, sure)) == pytest.approx((alone * [1, 3]).mean(), rel=1e-5)
        again = ClassWeighted.from_config(weighted.get_config())
        assert float(again(target, sure)) == float(weighted(target, sure))


def test_class_weights_name_each_class():
    x = drawn(0, 60)
    with pytest.raises(
        ValueError, match=r"class_weight names a, but must give each class.*falls, rises, stays"
    ):
        fitted(x, label(x), class_weight={"a": 1})
    with pytest.raises(ValueError, match="class_weight is 'even', but must be 'balanced'"):
        Classifier(class_weight="even")


def test_a_temperature_undoes_certainty_that_was_not_earned():
    draws = np.random.default_rng(0)
    honest = draws.dirichlet([1, 1, 1], size=2000)
    hot = np.array([draws.multinomial(1, p) for p in honest]).astype(bool)
    assert temperature_of(honest, hot) == pytest.approx(1, abs=0.1)
    assert temperature_of(tempered(honest, 0.25), hot) == pytest.approx(4, rel=0.1)
    assert temperature_of(honest[:0], hot[:0]) == 1
    assert temperature_of(np.array([[0.9, 0.1]]), np.array([[True, False]])) > 0.3  # one case says little


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (np.zeros(60, int), r"Classifier: y has 1 classes"),
        (np.where(np.arange(60) == 7, "once", "often"), r"the rarest, once, with 1 case; at least 2"),
        (np.linspace(0, 1, 60), r"holds quantities, no class labels"),
        (np.zeros((60, 4, 1)), r"holds no class labels"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(y, told):
    with pytest.raises(ValueError, match=told):
        fitted(drawn(0, 60), y)


def test_a_label_that_was_not_fitted_is_not_scored():
    x = drawn(0, 5)
    with pytest.raises(
        ValueError, match=r"score: y has 1 label that was not fitted, the first jumps in case 4"
    ):
        classifier().score(x, ["falls", "rises", "stays", "stays", "jumps"])


def test_a_head_with_too_few_units_is_refused():
    with pytest.raises(ValueError, match=r"Classifier: model .* maps .*\(2,\), but the data .*\(3,\)"):
        fitted(drawn(0, 60), np.arange(60) % 3, model=network(2, "softmax"), units=None)


def test_classes_are_known_after_fit():
    assert not hasattr(Classifier(), "classes_")


def test_labels_of_mixed_types_are_refused_with_what_to_do():
    y = np.array(["walk", 1] * 60, dtype=object)
    with pytest.raises(ValueError, match=r"y holds int and str, which have no order. .* y.astype\(str\)"):
        Classifier("lstm", seeds=1, epochs=1).fit(drawn(0), y)


@pytest.mark.parametrize("kind", ["datetime64[D]", "S10"])
def test_labels_that_are_dates_or_bytes_are_the_same_after_a_file(kind, tmp_path):
    y = np.array(["2024-01-01", "2025-01-01"] * 60, dtype=kind)
    fitted = Classifier("lstm", seeds=1, epochs=1).fit(drawn(0), y)
    fitted.save(tmp_path / "m.normcast")
    read = normcast.load(tmp_path / "m.normcast")
    assert read.classes_.tolist() == ["2024-01-01", "2025-01-01"]
    assert read.score(drawn(0), y) == fitted.score(drawn(0), y)
