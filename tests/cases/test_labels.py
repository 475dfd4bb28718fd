"""A Classifier of labels of which several may hold of a case, or none."""

from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import normcast
from normcast import canary
from normcast.cases import Classifier
from normcast.tasks.class_weights import LabelWeighted

LABELS, STEPS = 3, 10
NAMES = np.array(["rain", "sun", "wind"])
QUICK = {"model": "lstm", "seeds": 1, "epochs": 2, "units": 4}


def drawn(seed, cases=120):
    """Inputs of a channel per label, which holds where the last step of its channel is high."""
    x = (np.random.default_rng(seed).normal(size=(cases, STEPS, LABELS)) * 3 + 50).astype("float32")
    return x, (x[:, -1] > 50 + np.array([0, 2, -2])).astype(int)


def fitted(y=None, **settings):
    x, own = drawn(0)
    return Classifier(**{**QUICK, **settings}).fit(x, own if y is None else y, progress=False)


@cache
def planted():
    x, y = drawn(0)
    settings = {"seeds": 2, "epochs": 40, "units": 8, "learning_rate": 0.02, "calibrate": True}
    return Classifier("lstm", **settings).fit(x, y, progress=False)


def network(activation=None, units=LABELS, **compiled):
    net = keras.Sequential(
        [keras.Input((STEPS, LABELS)), layers.LSTM(4), layers.Dense(units, activation=activation)]
    )
    if compiled:
        net.compile("adam", **compiled)
    return net


def test_planted_labels_are_told_each_by_itself():
    x, y = drawn(1, 300)
    told, sure = planted().predict(x), planted().predict_proba(x)
    assert told.shape == sure.shape == (300, LABELS)
    assert ((told == y).mean(axis=0) > 0.9).all()
    np.testing.assert_array_equal(told, sure > 0.5)
    assert planted().score(x, y) == (told == y).all(axis=1).mean()
    assert {0, LABELS} <= set(told.sum(axis=1))


def test_probabilities_of_labels_do_not_sum_to_one_and_fit_what_comes():
    x, y = drawn(2, 400)
    sure = planted().predict_proba(x)
    assert sure.sum(axis=1).min() < 0.5
    assert sure.sum(axis=1).max() > 2.5
    np.testing.assert_allclose(sure.mean(axis=0), y.mean(axis=0), atol=0.08)


def test_one_temperature_moves_the_logits_of_all_labels():
    x, _ = drawn(1, 5)
    found = planted().fitted_
    assert found.temperature != 1
    (first, *_) = found.members
    raw = found.probabilities_of(first, planted().read(x, "predict"))
    logits = np.log(raw / (1 - raw)) / found.temperature
    np.testing.assert_allclose(found.tempered(raw), 1 / (1 + np.exp(-logits)), rtol=1e-6)


@pytest.mark.parametrize(
    "net",
    [
        network("sigmoid"),
        network(),  # logits
        network("sigmoid", loss="binary_crossentropy"),
        network(loss=keras.losses.BinaryCrossentropy(from_logits=True)),
        network("sigmoid", loss="binary_focal_crossentropy"),
    ],
)
@pytest.mark.parametrize("weight", [None, "balanced"])
def test_any_head_with_a_unit_per_label_tells_probabilities(net, weight):
    x, _ = drawn(0)
    found = fitted(model=net, units=None, class_weight=weight)
    sure = found.predict_proba(x)
    assert sure.shape == (120, LABELS)
    assert sure.min() >= 0
    assert 1 >= sure.max() > 0.3
    assert sure.sum(axis=1).std() > 0


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (network("softmax"), "its last activation is 'softmax'"),
        (network(loss=keras.losses.CategoricalCrossentropy(from_logits=True)), "categorical_crossentropy"),
        (network(loss="binary_crossentropy"), "its last activation is 'linear'"),
        (network("sigmoid", units=2, loss="binary_crossentropy"), r"to \(2,\), but the data .*\(3,\)"),
    ],
)
def test_a_head_that_shares_out_one_or_has_other_units_is_refused(net, message):
    with pytest.raises(ValueError, match=message):
        fitted(model=net, units=None)


def test_the_columns_of_a_one_hot_frame_are_the_classes():
    x, _ = drawn(0)
    words = np.array(["walk", "rest", "run"])[np.arange(len(x)) % 3]
    frame = pd.get_dummies(pd.Series(words))[["walk", "rest", "run"]]
    one = fitted(frame)
    assert one.classes_.tolist() == ["rest", "run", "walk"]
    np.testing.assert_array_equal(one.predict_proba(x), fitted(words).predict_proba(x))
    assert one.score(x, frame) == one.score(x, words) == (one.predict(x) == words).mean()


def test_one_hot_rows_stay_classes_unless_the_model_takes_each_unit_by_itself():
    y = np.eye(LABELS, dtype=int)[np.arange(120) % LABELS]
    x, _ = drawn(0)
    assert fitted(y).predict(x).shape == (120,)
    assert fitted(y, model=network("softmax"), units=None).predict(x).shape == (120,)
    by_itself = network("sigmoid", loss="binary_crossentropy")
    assert fitted(y, model=by_itself, units=None).predict(x).shape == (120, LABELS)


@pytest.mark.parametrize("frame", [True, False])
def test_names_of_labels_are_kept_and_scored_in_any_order(frame, tmp_path):
    x, y = drawn(0)
    given = pd.DataFrame(y, columns=NAMES) if frame else [set(NAMES[row == 1]) for row in y]
    found = fitted(given)
    assert found.classes_.tolist() == NAMES.tolist()
    assert found.score(x, given) == found.score(x, y)
    assert found.score(x, pd.DataFrame(y, columns=NAMES)[NAMES[::-1]]) == found.score(x, y)
    one = y.sum(axis=1) == 1
    singles = [{NAMES[row.argmax()]} for row in y[one]]
    assert found.score(x[one], singles) == found.score(x[one], y[one])
    found.save(tmp_path / "c.normcast")
    again = normcast.load(tmp_path / "c.normcast")
    assert again.classes_.tolist() == NAMES.tolist()
    np.testing.assert_array_equal(again.predict_proba(x), found.predict_proba(x))
    np.testing.assert_array_equal(again.predict(x), found.predict(x))


@pytest.mark.parametrize("model", ["lstm", network("sigmoid", loss="binary_crossentropy")])
def test_labels_come_back_from_a_file_bit_for_bit(model, tmp_path):
    x, _ = drawn(3, 20)
    found = fitted(model=model, units=4 if model == "lstm" else None)
    found.save(tmp_path / "c.normcast")
    again = normcast.load(tmp_path / "c.normcast")
    np.testing.assert_array_equal(again.predict_proba(x), found.predict_proba(x))


def test_labels_that_never_hold_are_named_before_anything_is_trained():
    _, y = drawn(0)
    with pytest.raises(
        ValueError, match="Classifier: of 120 cases to learn from, label 1 never holds; at least"
    ):
        fitted(y * [1, 0, 1])
    groups = np.arange(120) // 30
    y[groups < 3, 2] = 0  # label 2 holds in the cases of one group alone
    x, _ = drawn(0)
    with pytest.raises(ValueError, match=r"evaluate: fold \d of 4: of 90 cases .* label 2 never holds"):
        Classifier(**QUICK).evaluate(x, y, groups=groups, folds=4, progress=False)


def test_balanced_weights_make_a_rare_label_count():
    x, y = drawn(0, 200)
    y = np.column_stack([y[:, 0], x[:, -1, 1] > 54])  # the second in about one of eleven
    settings = {"seeds": 1, "units": 8, "epochs": 12, "learning_rate": 0.01, "patience": None}
    plain, fair = (
        Classifier("lstm", class_weight=weight, **settings).fit(x, y, progress=False).predict_proba(x)
        for weight in (None, "balanced")
    )
    assert fair[:, 1].mean() > 1.5 * plain[:, 1].mean()
    assert abs(fair[:, 0].mean() - plain[:, 0].mean()) < 0.1
    with pytest.raises(ValueError, match="class_weight gives numbers to a, but several labels may hold"):
        fitted(class_weight={"a": 1})


def test_a_weighted_loss_counts_each_label_as_it_holds_or_not():
    sure = np.array([[0.8, 0.3], [0.4, 0.6]], "float32")
    y = np.array([[1, 0], [0, 1]], "float32")
    alone = -np.log(np.where(y == 1, sure, 1 - sure))
    weights = np.array([[1, 5], [2, 3]])
    loss = LabelWeighted(keras.losses.BinaryCrossentropy(), weights.tolist())
    expected = (alone * np.where(y == 1, weights[:, 1], weights[:, 0])).mean()
    assert float(loss(y, sure)) == pytest.approx(expected, rel=1e-5)
    assert float(LabelWeighted.from_config(loss.get_config())(y, sure)) == float(loss(y, sure))


@cache
def evaluation():
    x, y = drawn(0)
    net = network("sigmoid", loss="binary_crossentropy", metrics=["binary_accuracy"])
    return Classifier(net, seeds=1, epochs=3).evaluate(
        x, pd.DataFrame(y, columns=NAMES), folds=2, progress=False
    )


def test_baselines_stand_beside_the_network_and_a_linear_truth_is_told_by_the_last_step():
    board = evaluation().scoreboard()
    assert list(board.index) == ["normcast", "majority", "last step", "ridge", "nearest neighbour"]
    assert list(board.columns[:3]) == ["label accuracy", "subset accuracy", "balanced accuracy"]
    assert board.loc["last step", "label accuracy"] > 0.9
    assert board.loc["majority", "balanced accuracy"] == pytest.approx(0.5)
    assert board.loc["last step", "log loss"] < board.loc["majority", "log loss"]
    assert board.loc["normcast", "binary_accuracy"] == pytest.approx(board.loc["normcast", "label accuracy"])


def test_the_table_has_what_came_and_was_told_of_each_label():
    _, y = drawn(0)
    table = evaluation().table
    came = table[["actual-rain", "actual-sun", "actual-wind"]].to_numpy()
    np.testing.assert_array_equal(came, y[evaluation().tested])
    told = table[[f"normcast-{name}" for name in NAMES]].to_numpy()
    assert (told == came).mean() == pytest.approx(evaluation().scores()["label accuracy"])


def test_held_out_cases_change_nothing_that_a_network_of_labels_learned():
    x, y = drawn(0)
    report = canary(Classifier(**{**QUICK, "seeds": 2, "calibrate": True}), (x, y))
    assert report.passed, report
