"""Metrics that a model is compiled with are scores of a study, and one of them may decide."""

import keras
import numpy as np
import pytest
from keras import layers, ops, optimizers

from normcast.models.edits import Insert
from normcast.study import Study
from tests.study.ready import table
from tests.study.test_cases import LABELS, LEVEL, network, study_of


def trials_of(study, processes=1):
    return study.run(processes=processes, progress=False).trials


def test_compiled_metrics_stand_beside_the_scores_in_the_unit_of_the_target():
    net = network(loss="mse", metrics=["mae", keras.metrics.MeanSquaredError(name="squared"), "r2_score"])
    study = study_of(net, 50 * LEVEL)
    assert study.metric == "rmse"
    for trial in trials_of(study, processes=2):  # they travel to other processes
        assert list(trial.metrics) == ["rmse", "mae", "mae (compiled)", "squared", "1 - r2_score"]
        spread = trial.metrics["mae (compiled)"] / trial.metrics["mae"]
        assert trial.metrics["squared"] == pytest.approx((spread * trial.metrics["rmse"]) ** 2, rel=1e-4)
        assert set(trial.seen) == set(trial.metrics)


def test_a_compiled_metric_decides_and_comes_first():
    study = study_of(network(2, "softmax", loss="categorical_crossentropy", metrics=["accuracy"]), LABELS,
                     metric="accuracy")  # fmt: skip
    assert study.metric == study.facts["metric"] == "1 - accuracy"
    result = study.run(processes=1, progress=False)
    assert result.metric == "1 - accuracy"
    for trial in result.trials:
        assert next(iter(trial.metrics)) == "1 - accuracy"
        assert trial.metrics["1 - accuracy"] == pytest.approx(trial.metrics["error"])


def test_a_metric_of_the_users_own_is_measured_in_this_process(caplog):
    def missed(actual, told):
        return ops.mean(ops.abs(actual - told) > 1e9)

    class Largest(keras.metrics.Metric):
        def __init__(self, start):  # cannot be made from its configuration
            super().__init__(name="largest")
            self.start, self.most = start, self.add_variable((), "zeros")

        def update_state(self, y, told, sample_weight=None):
            self.most.assign(ops.maximum(self.most, ops.max(ops.abs(y - told))))

        def result(self):
            return self.start + self.most

    study = study_of(network(loss="mse", metrics=[missed, Largest(7.0)]), LEVEL, metric=("largest", "min"))
    for trial in trials_of(study, processes=2):
        assert trial.metrics["largest"] > 7
        assert trial.metrics["missed"] == 0
    assert "largest, metric 2" in caplog.text
    assert "code of your own" in caplog.text


def test_forecasts_are_compared_in_the_unit_of_the_series():
    inputs = keras.Input((8, 1))
    model = keras.Model(inputs, layers.Dense(2)(layers.LSTM(2, name="lstm")(inputs)))
    model.compile("adam", "mse", metrics=["mae"])
    frame = table()
    frame["y"] *= 1000
    placements = {"dropout": [Insert(layers.Dropout(0.1), after="lstm")]}
    study = Study(model, frame, placements, seeds=1, epochs=1)
    for trial in trials_of(study):
        ratio = trial.metrics["mae (compiled)"] / trial.metrics["mae"]
        assert 0.5 * np.std(frame["y"]) < ratio < 2 * np.std(frame["y"])  # `mae` is in spreads of the series


def test_a_model_that_averages_its_weights_is_studied(caplog):
    net = network(loss="mse", optimizer=optimizers.Adam(0.01, use_ema=True))
    study = study_of(net, LEVEL, seeds=1)
    assert study.training.by == "keras"
    assert all(trial.status == "complete" for trial in trials_of(study, processes=2))
    assert sum("trained by Keras' own fit" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("mea", r"Study: no metric 'mea'; metrics are rmse, mae, mae \(compiled\)"),
        (("mae", "most"), "metric"),
        (("rmse", "max"), "smaller is better of rmse"),
    ],
)
def test_a_metric_that_nothing_is_measured_by_is_named(metric, words):
    with pytest.raises(ValueError, match=words):
        study_of(network(loss="mse", metrics=["mae"]), LEVEL, metric=metric)


def test_a_metric_that_fails_is_named_before_anything_is_trained():
    def fails(actual, told):
        raise RuntimeError("no such thing")

    with pytest.raises(ValueError, match=r"fails .*cannot be measured on targets .*no such thing"):
        study_of(network(loss="mse", metrics=[fails]), LEVEL)
