"""Studies of cases: y and the model say what is told; a compiled model is trained as it was compiled."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from normcast import canary
from normcast.models.edits import Insert, Set
from normcast.report import write_report
from normcast.study import Study, placements
from normcast.study.placement import as_placements
from normcast.study.plan import that_keep_frozen
from tests.engine.test_train import squared
from tests.study.ready import small_study

CASES, STEPS = 60, 8
DRAWS = np.random.default_rng(0)
X = DRAWS.normal(size=(CASES, STEPS, 2)).astype("float32")
LEVEL = X[:, :, 0].mean(axis=1)
LABELS = (LEVEL > 0).astype(int)
DROPOUT = {"dropout": [Insert(layers.Dropout(0.1), after="lstm")]}


@keras.saving.register_keras_serializable("tests")
class Halved(layers.Layer):
    def call(self, x):
        return x / 2


def network(units=1, activation=None, inner=(), **compiled):
    net = keras.Sequential(
        [keras.Input((STEPS, 2)), layers.LSTM(3), *inner, layers.Dense(units, activation=activation)]
    )
    if compiled:
        net.compile(**{"optimizer": "adam", **compiled})
    return net


def study_of(net, y, **settings):
    given = {"seeds": 2, "epochs": 2, "placements": DROPOUT}
    net = net if isinstance(net, str) else renamed(net)
    return Study(net, (X, y), **{**given, **settings})


def renamed(net):
    """The same network, whose LSTM is called lstm in any process."""
    for layer in net.layers:
        if isinstance(layer, layers.LSTM):
            layer.name = "lstm"
    return net


@pytest.mark.parametrize(
    ("net", "y", "task"),
    [
        (network(), LEVEL, "regress"),
        (network(), LEVEL[:, None], "regress"),
        (network(3), np.stack([LEVEL] * 3, axis=1), "regress"),
        (network(), LABELS, "regress"),  # nothing says that they are labels
        (network(loss="mse"), LABELS, "regress"),
        (network(1, "sigmoid"), LABELS, "classify"),
        (network(1, loss=keras.losses.BinaryCrossentropy(from_logits=True)), LABELS, "classify"),
        (network(2, "softmax"), LABELS, "classify"),
        (network(2, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)), LABELS, "classify"),
        (network(2, "softmax", loss="categorical_focal_crossentropy"), np.eye(2)[LABELS], "classify"),
        (network(2, "softmax"), np.where(LABELS, "yes", "no"), "classify"),
    ],
)
def test_y_and_the_model_say_what_is_told(net, y, task):
    study = study_of(net, y)
    assert study.facts["task"] == task
    assert study_of(net, y, task=task).facts["task"] == task


def test_a_table_has_no_task_of_arrays():
    with pytest.raises(ValueError, match=r"task='regress' is of arrays.*; a table is forecast"):
        small_study(task="regress")


def test_many_whole_numbers_are_a_question_without_a_model_that_says_it():
    y = np.arange(CASES)
    with pytest.raises(ValueError, match=r"y holds 60 different whole numbers; say whether they are labels"):
        study_of("conv-lstm", y, placements=None)
    assert study_of("conv-lstm", y, task="regress", placements=None).facts["task"] == "regress"


LABELLED = np.stack([LABELS, X[:, -1, 1] > 0.3, X[:, -1, 0] > 0], axis=1).astype(int)


@pytest.mark.parametrize(
    "net", [network(3, "sigmoid", loss="binary_crossentropy"), network(3), "conv-lstm"], ids=str
)
def test_rows_of_zero_and_one_are_labels_of_which_several_hold(net):
    study = study_of(net, LABELLED, placements=None)
    assert (study.facts["task"], study.facts["labels"]) == ("label", 3)
    assert study_of(net, LABELLED, placements=None, task="classify").facts["task"] == "label"
    assert study_of(net, LABELLED, placements=None, task="regress").facts["task"] == "regress"
    assert perfect(study)["wrong_labels"] == 0


def test_labels_are_measured_reported_and_watched_by_the_canary(tmp_path):
    study = study_of(network(3, "sigmoid", loss="binary_crossentropy"), LABELLED)
    result = study.run(processes=1)
    assert {trial.status for trial in result.trials} == {"complete"}
    assert set(result.trials[0].metrics) == {"log_loss", "wrong_labels"}
    page = write_report(result, tmp_path / "r.html").read_text(encoding="utf-8")
    held = f"3 labels (0: {LABELLED[:, 0].sum()}, 1: {LABELLED[:, 1].sum()}, 2: {LABELLED[:, 2].sum()})"
    assert f"{held}, 60 cases" in page
    assert "wrong labels" in page
    assert "wrong cases" not in page
    assert canary(study).passed


def test_a_model_compiled_for_numbers_tells_rows_of_zero_and_one_as_such():
    assert study_of(network(3, loss="mse"), LABELLED).facts["task"] == "regress"


def perfect(study):
    """Scores of outputs that say of each case what is true, as the head of the study says it."""
    task = study.subject.task
    fold = task.fold(0)
    hot = task.hot[fold.held("test")].astype(float)
    sure = 40 * (hot - 0.5) if task.head.is_logits else hot
    return fold.scored(sure[:, 1:] if task.head.kind == "sigmoid" else sure, "test")


@pytest.mark.parametrize(
    "net",
    [
        network(1, "sigmoid"),
        network(1, loss=keras.losses.BinaryCrossentropy(from_logits=True)),
        network(2, "softmax", loss="sparse_categorical_crossentropy"),
        network(2),
        network(2, loss=keras.losses.CategoricalCrossentropy(from_logits=True)),
    ],
    ids=["sigmoid", "one logit", "sparse", "not compiled", "logits"],
)
def test_probabilities_are_those_of_the_head(net):
    study = study_of(net, LABELS, task="classify")
    assert perfect(study)["error"] == 0
    assert perfect(study)["log_loss"] < 1e-6


@pytest.mark.parametrize(
    "net",
    [network(1, "tanh", loss="hinge"), network(2, loss="categorical_crossentropy"), network(2, "tanh")],
    ids=["hinge", "logits not said", "tanh"],
)
def test_a_network_that_gives_no_probabilities_is_refused(net):
    with pytest.raises(ValueError, match=r"gives no probabilities of classes: its last activation is '"):
        study_of(net, LABELS, task="classify")


def test_a_model_compiled_without_a_loss_gets_that_of_its_head():
    study = study_of(network(2, "softmax", loss=None), LABELS)
    assert type(study.training.loss).__name__ == "CategoricalCrossentropy"


def test_a_sigmoid_unit_learns_and_is_scored():
    net = network(1, "sigmoid", loss="binary_crossentropy", optimizer=optimizers.Adam(0.05))
    result = study_of(net, LABELS, epochs=15, patience=None).run(processes=1)
    scores = [trial.metrics for trial in result.trials if trial.placement == "as given"]
    assert np.mean([each["log_loss"] for each in scores]) < 0.5
    assert np.mean([each["error"] for each in scores]) < 0.25


def test_numbers_are_learned_in_their_spread_and_scored_so():
    net = network(optimizer=optimizers.Adam(0.05), loss="mse")
    result = study_of(net, 1e4 + 300 * LEVEL, epochs=15, patience=None).run(processes=1)
    assert (
        np.mean([t.metrics["rmse"] for t in result.trials if t.placement == "as given"]) < 0.6
    )  # 1: the mean


def test_targets_keep_their_scale_where_the_output_is_bounded_or_the_loss_is_not_of_differences():
    scaled = [
        study_of(net, np.exp(LEVEL)).subject.task.scales_target
        for net in (network(), network(1, "softplus"), network(loss="poisson"), network(loss=squared))
    ]
    assert scaled == [True, False, False, False]
    task = study_of(network(1, "softplus"), np.exp(LEVEL)).subject.task
    fold = task.fold(0)
    held = fold.held("test")
    spread = np.exp(LEVEL)[fold.held("train")].std()
    found = fold.scored(np.zeros((len(held), 1)), "test")
    assert found["mae"] == pytest.approx(np.exp(LEVEL)[held].mean() / spread, rel=1e-5)
    np.testing.assert_allclose(fold.test.at(np.arange(len(held)))[1][:, 0], np.exp(LEVEL)[held], rtol=1e-6)


def test_an_output_for_each_step_is_learned():
    net = keras.Sequential(
        [keras.Input((STEPS, 2)), layers.LSTM(3, return_sequences=True, name="lstm"), layers.Dense(1)]
    )
    study = study_of(net, X[:, :, 0])
    assert study.subject.task.output_shape == (STEPS, 1)
    assert all(trial.status == "complete" for trial in study.run(processes=1).trials)


def test_a_compiled_model_is_trained_as_it_was_compiled():
    study = study_of(network(optimizer=optimizers.Lion(1e-4, clipnorm=1.0), loss="huber"), LEVEL)
    optimizer = study.training.build_optimizer()
    assert (type(optimizer).__name__, optimizer.clipnorm, study.training.loss) == ("Lion", 1.0, "huber")
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)


def test_own_layers_and_losses_are_trained_in_this_process_and_that_is_said(caplog):
    study = study_of(network(inner=[Halved()], loss=squared), LEVEL)
    result = study.run(processes=2)
    assert [trial.status for trial in result.trials] == ["complete"] * 8
    assert "Halved and tests.engine.test_train.squared is code of your own" in caplog.text
    with pytest.raises(ValueError, match="code of your own, which a cluster does not have"):
        study.run(ray="auto")


@pytest.mark.parametrize("loss", [partial(squared), lambda y, out: (y - out) ** 2], ids=["partial", "lambda"])
def test_a_loss_that_cannot_be_written_down_trains_as_well(loss):
    result = study_of(network(loss=loss), LEVEL).run(processes=1)
    assert {trial.status for trial in result.trials} == {"complete"}


@pytest.mark.parametrize("times", [None, np.arange(CASES)], ids=["chance", "time"])
def test_the_canary_watches_the_folds_of_numbers(times):
    report = canary(Study(renamed(network()), (X, LEVEL, None, times), DROPOUT))
    assert report.passed
    assert ("y" in report.changed) == (times is not None)


@pytest.mark.parametrize(
    ("y", "net", "words"),
    [
        (np.zeros(CASES), network(), "y is the same for all cases"),
        (np.where(LABELS, "yes", "no"), network(1, loss="mse"), "a regression needs numbers"),
        (LEVEL, network(2), "maps .* but the data gives"),
    ],
)
def test_what_does_not_fit_is_refused(y, net, words):
    with pytest.raises(ValueError, match=words):
        study_of(net, y, task="regress")


def test_frozen_layers_and_an_adapted_normalization_are_measured_as_they_are(tmp_path):
    def taught(level, frozen):
        scale = layers.Normalization()
        scale.adapt(X + level)
        learned = layers.Dense(3, name="learned")
        net = keras.Sequential([keras.Input((STEPS, 2)), scale, layers.LSTM(3), learned, layers.Dense(1)])
        net.get_layer("learned").trainable = not frozen
        net.compile("adam", "mse")
        return net

    def score(net, store):
        placements = {"dropout": [Insert(layers.Dropout(0.1), after="learned")]}
        study = Study(net, (X, LEVEL), placements, seeds=1, epochs=1, scaling="none", store=store)
        return study.run(processes=1, progress=False).trials[0].metrics["rmse"]

    adapted = taught(0, frozen=False)
    far = taught(100, frozen=False)
    assert score(adapted, tmp_path / "a.db") != score(far, tmp_path / "b.db")
    frozen = taught(0, frozen=True)
    before = score(frozen, tmp_path / "c.db")
    frozen.get_layer("learned").kernel.assign(np.full((3, 3), 9.0))
    assert score(frozen, tmp_path / "d.db") != before
    with pytest.raises(ValueError, match="frozen"):
        score(frozen, tmp_path / "c.db")


def frozen_recurrence(units=3):
    """A network whose LSTM was learned before and does not train, in one direction and in two."""
    two_ways = layers.Bidirectional(layers.LSTM(units), name="two_ways")
    lstm = layers.LSTM(units, return_sequences=True, name="learned")
    net = keras.Sequential([keras.Input((STEPS, 2)), lstm, two_ways, layers.Dense(1, name="head")])
    for layer in (lstm, two_ways):
        layer.trainable = False
    net.compile("adam", "mse")
    return net


def test_a_frozen_recurrence_keeps_what_it_learned_inside_every_placement():
    net = frozen_recurrence()
    study = Study(net, (X, LEVEL), axes=["inside", "recurrent-dropout"], seeds=1, epochs=1)
    learned = [np.asarray(weight) for layer in net.layers[:2] for weight in layer.weights]
    assert {"learned: layer norm inside", "two_ways: zoneout 0.1"} <= {p.name for p in study.placements}
    for cell in study.plan.cells:
        assert len(cell.kept) == len(learned)
        for kept, value in zip(cell.kept.values(), learned, strict=True):
            np.testing.assert_array_equal(kept, value)


def test_two_builds_of_a_study_with_a_frozen_recurrence_have_the_same_scores():
    net = frozen_recurrence()

    def scores():
        chosen = [p for p in placements(net, axes=["inside"]) if p.name == "learned: layer norm inside"]
        found = Study(net, (X, LEVEL), chosen, seeds=1, epochs=1).run(processes=1, progress=False)
        return [trial.metrics for trial in found.trials]

    assert scores() == scores()


def test_placements_that_would_make_a_frozen_layer_random_are_left_out_or_refused(caplog):
    net = keras.Sequential(
        [
            keras.Input((STEPS, 2)),
            layers.Conv1D(4, 3, name="learned"),
            layers.GRU(3, reset_after=False, name="older"),
            layers.Dense(1),
        ]
    )
    net.get_layer("older").trainable = False
    net.compile("adam", "mse")
    wider = {"wider": [Set("older", units=5)]}
    with pytest.raises(ValueError, match=r"placement 'wider': .*older.*would be random"):
        Study(net, (X, LEVEL), wider, seeds=1, epochs=1)
    kept = that_keep_frozen(net, as_placements(wider | {"calm": [Set("older", dropout=0.1)]}))
    assert [each.name for each in kept] == ["calm"]
    assert "placement 'wider' is left out" in caplog.text
