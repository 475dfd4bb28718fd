"""Several inputs of a keras model: scaled by the training cases, told as Keras tells, kept in a file."""

from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import normcast
from normcast.cases import Classifier, Regressor
from normcast.cases.inputs import codes_of, refuse_codes_among_others
from normcast.data import Cases
from normcast.tasks import CaseScaling, CaseTask, InputScaling

CASES, STEPS = 160, 8
QUICK = {"seeds": 1, "epochs": 1}
DRAWS = np.random.default_rng(0)
X = {
    "static": DRAWS.normal(size=(CASES, 3)) * (1, 10, 100) + (0, 5, 1000),
    "series": DRAWS.normal(size=(CASES, STEPS, 2)) * 3 + 50,
}
# The series tells half of it, the second column of the static input the other half.
Y = (X["series"][:, -1, 0] - 50) / 3 + (X["static"][:, 1] - 5) / 10


def network(reads=("series", "static"), units=1, steps=STEPS, activation=None, packed=list, **compiled):
    """A network that reads some of the inputs, which it names as X does."""
    every = {"series": keras.Input((steps, 2), name="series"), "static": keras.Input((3,), name="static")}
    inputs = {name: every[name] for name in reads}
    parts = [layers.LSTM(6)(inputs["series"]), *(inputs[name] for name in reads if name == "static")]
    x = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    head = layers.Dense(units, activation=activation)(layers.Dense(8, activation="relu")(x))
    model = keras.Model(inputs if packed is dict else list(inputs.values()), head)
    model.compile(keras.optimizers.Adam(0.02), **{"loss": "mse", **compiled})
    return model


@cache
def regressor():
    return Regressor(network(), seeds=2, epochs=25).fit(X, Y, progress=False)


def told_by_keras(fitted, model, x):
    """What Keras' own predict gives for standardized inputs, the mean of the networks."""
    each = []
    for own in fitted.members:
        scaled = {
            name: (values - own.inputs.by_name[name].location) / own.inputs.by_name[name].spread
            for name, values in x.items()
        }
        model.set_weights(own.weights)
        each.append(own.targets.undo(model.predict(scaled, verbose=0)))
    return np.mean(each, axis=0)[:, 0]


def test_a_second_input_that_tells_something_is_learned_from():
    both = regressor().evaluate(X, Y, folds=2, progress=False).scoreboard()
    alone = Regressor(network(["series"]), seeds=2, epochs=25)
    alone = alone.evaluate(X["series"], Y, folds=2, progress=False).scoreboard()
    # Without the second input nothing can tell more than half of the variance.
    assert alone.loc["normcast", "R2"] < 0.55
    assert both.loc["normcast", "R2"] > 0.8
    assert both.loc["ridge", "R2"] > 0.95 > 0.55 > alone.loc["ridge", "R2"]
    assert both.loc["last step", "R2"] == pytest.approx(alone.loc["last step", "R2"])


@pytest.mark.parametrize("packed", [list, dict])
def test_what_is_told_is_what_keras_predicts_on_standardized_inputs(packed):
    fitted = Regressor(network(packed=packed), seeds=2, epochs=2).fit(X, Y, progress=False)
    expected = told_by_keras(fitted.fitted_, network(packed=packed), X)
    np.testing.assert_allclose(fitted.predict(X), expected, rtol=1e-4, atol=1e-4)  # float32


def test_each_input_is_standardized_by_the_cases_that_train():
    learned = regressor().learned_
    for own, hold in zip(learned.fitted.members, learned.held, strict=True):
        for name, values in X.items():
            seen = values[hold.train].reshape(-1, values.shape[-1])
            scaling = own.inputs.by_name[name]
            np.testing.assert_allclose(scaling.location, seen.mean(axis=0), rtol=1e-5)
            np.testing.assert_allclose(scaling.spread, seen.std(axis=0), rtol=1e-5)


def test_the_order_of_a_dict_changes_nothing():
    turned = dict(reversed(X.items()))
    np.testing.assert_array_equal(regressor().predict(turned), regressor().predict(X))
    other = Regressor(network(), seeds=2, epochs=25).fit(turned, Y, progress=False)
    np.testing.assert_array_equal(other.predict(X), regressor().predict(X))


def test_two_series_are_told_of_in_any_order():
    long, short = (keras.Input((steps, 1), name=name) for name, steps in (("long", 8), ("short", 3)))
    x = layers.Concatenate()([layers.LSTM(2)(long), layers.LSTM(2)(short)])
    model = keras.Model([long, short], layers.Dense(1)(x))
    x = {"short": X["series"][:, :3, :1], "long": X["series"][:, :, 1:]}
    fitted = Regressor(model, **QUICK).fit(x, Y, progress=False)
    turned = dict(reversed(x.items()))
    np.testing.assert_array_equal(fitted.predict(turned), fitted.predict(x))


def test_a_file_brings_all_inputs_back(tmp_path):
    regressor().save(tmp_path / "two.normcast")
    again = normcast.load(tmp_path / "two.normcast")
    np.testing.assert_array_equal(again.predict(X), regressor().predict(X))
    np.testing.assert_array_equal(again.predict_interval(X)[80], regressor().predict_interval(X)[80])
    with pytest.raises(ValueError, match=r"Regressor\.predict: model .*: no input 'statics'; inputs are"):
        again.predict({"series": X["series"], "statics": X["static"]})


def test_uneven_series_and_what_stands_beside_them():
    uneven = {"static": X["static"], "series": [s[place % 4 :] for place, s in enumerate(X["series"])]}
    fitted = Regressor(network(steps=None), **QUICK).fit(uneven, Y, progress=False)
    some = {name: values[:5] for name, values in uneven.items()}
    np.testing.assert_allclose(fitted.predict(some), fitted.predict(uneven)[:5], rtol=1e-4)


def test_classes_and_what_keras_itself_trains():
    labels = np.where(Y > 0, "up", "down")
    model = network(units=2, activation="softmax", loss="categorical_crossentropy")
    groups = np.arange(CASES) // 8
    averages = keras.optimizers.Adam(0.02, use_ema=True)
    classifier = Classifier(model, seeds=1, epochs=15, patience=None, optimizer=averages)
    classifier.fit(X, labels, groups=groups, progress=False)
    assert classifier.learned_.subject.training.by == "keras"
    assert classifier.predict_proba(X).shape == (CASES, 2)
    assert classifier.score(X, labels) > 0.8
    evaluation = Classifier(model, **QUICK).evaluate(X, labels, groups=groups, folds=2, progress=False)
    accuracy = evaluation.scoreboard()["accuracy"]
    assert accuracy["ridge"] > accuracy["last step"]


def test_several_labels_of_cases_with_several_inputs_are_told_scored_and_kept(tmp_path):
    # One label of the series alone, one of the other input alone.
    high = {"high": X["series"][:, -1, 0] > 50, "wide": X["static"][:, 1] > 5}
    labels = pd.DataFrame(high).astype(int)
    model = network(units=2, activation="sigmoid", loss="binary_crossentropy")
    found = Classifier(model, seeds=1, epochs=20, patience=None).fit(X, labels, progress=False)
    told = found.predict_proba(X)
    assert found.classes_.tolist() == list(high)
    assert ((found.predict(X) == labels).mean() > 0.85).all()
    turned = labels[["wide", "high"]]
    assert found.score(X, turned) == (found.predict(X) == labels).all(axis=1).mean() > 0.75
    found.save(tmp_path / "labels.normcast")
    again = normcast.load(tmp_path / "labels.normcast")
    np.testing.assert_array_equal(again.predict_proba(dict(reversed(X.items()))), told)
    evaluation = Classifier(model, **QUICK).evaluate(X, labels, folds=2, progress=False)
    accuracy = evaluation.scoreboard()["label accuracy"]
    # The last step of the series says nothing of the second label, the ridge reads both inputs.
    assert accuracy["ridge"] > accuracy["last step"] + 0.05
    assert evaluation.table.columns[-1].endswith("-wide")


def test_held_out_cases_change_nothing_that_a_network_learned():
    report = normcast.canary(Regressor(network(), **QUICK), (X, Y))
    assert report.passed, report


def test_a_scaling_of_one_input_that_saw_all_cases_is_caught(monkeypatch):
    def leaky(self, train, scaling=None):
        honest = InputScaling.fit(self.cases.at(train)).by_name
        return InputScaling({**honest, "static": CaseScaling.fit(self.cases.beside["static"])})

    monkeypatch.setattr(CaseTask, "scaling_of", leaky)
    report = normcast.canary(Regressor(network(), **QUICK), (X, Y), ways=["noise"])
    found = {leak.what.split(": ")[-1] for leak in report.leaks}
    assert "scaling of input 'static'" in found
    assert "scaling of input 'series'" not in found


def test_a_study_measures_placements_of_a_network_with_several_inputs():
    settings = {"seeds": 2, "epochs": 1, "folds": 1, "axes": ["input"]}
    study = normcast.Study(network(), (X, Y), **settings)
    assert study.subject.task.describe()["inputs"] == {"series": [STEPS, 2], "static": [3]}
    assert [edit.after for placement in study.placements for edit in placement.edits] == ["series", "static"]
    assert normcast.canary(study).passed
    assert len(study.run(processes=1, progress=False).trials) == 4


REFUSED = [
    (
        {"series": X["series"], "statc": X["static"]},
        r"no input 'statc'; inputs .*Did you mean 'static'\?",
    ),
    ({"series": X["series"], "static": X["static"][:, :2]}, r"maps .*'static': \(3,\).*'static': \(2,\)"),
    (X["series"], r"reads 2 inputs, series and static, but X is one\. Give a dict: {'series': \.\.\., 's"),
    ({"series": X["series"]}, "reads 2 inputs, series and static, but X is one"),
    ({**X, "series": X["series"][:, 1:]}, r"gives .*'series': \(7, 2\)"),
]


@pytest.mark.parametrize(("x", "message"), REFUSED)
def test_inputs_that_a_network_does_not_read_are_refused_when_it_is_fitted(x, message):
    with pytest.raises(ValueError, match=f"^Regressor: .*{message}"):
        Regressor(network(), **QUICK).fit(x, Y, progress=False)
    with pytest.raises(ValueError, match=f"^Study: .*{message}"):
        normcast.Study(network(), (x, Y))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X["series"], "reads 2 inputs, series and static, but X is one"),
        ({**X, "static": X["static"][:, :2]}, r"input 'static': X is \(2,\) for a case, but .* on \(3,\)"),
        (
            {**X, "series": X["series"][:, 1:]},
            "input 'series': X has 7 steps, but .* fitted on 8",
        ),
        ({**X, "series": X["series"][:-1]}, "numbers of cases: series 159, static 160"),
    ],
)
def test_inputs_of_another_form_than_those_fitted_are_refused(x, message):
    with pytest.raises(ValueError, match=rf"^Regressor\.predict: .*{message}"):
        regressor().predict(x)


def test_an_input_that_is_missing_is_named():
    inputs = [keras.Input((STEPS, 2), name=name) for name in ("a", "b", "c")]
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(2)(layers.Add()(inputs))))
    with pytest.raises(ValueError, match="reads b, which X lacks; inputs are a, b, c"):
        Regressor(model, **QUICK).fit({"c": X["series"], "a": X["series"]}, Y, progress=False)


def test_presets_read_one_series():
    for model in ("auto", "lstm"):
        with pytest.raises(ValueError, match=r"X has 2 inputs, .*, but presets and architectures read one"):
            Regressor(model, **QUICK).fit(X, Y, progress=False)
    one = {"series": X["series"]}
    assert Regressor("lstm", units=2, **QUICK).fit(one, Y, progress=False).predict(one).shape == (CASES,)


def test_whole_numbers_that_an_embedding_reads_are_not_scaled():
    draws = np.random.default_rng(0)
    series, device = keras.Input((8, 2), name="series"), keras.Input((1,), name="device")
    known = layers.Flatten()(layers.Embedding(500, 2)(device))
    model = keras.Model(
        [series, device], layers.Dense(1)(layers.Concatenate()([layers.LSTM(2)(series), known]))
    )
    x = {"series": draws.normal(9, 3, size=(60, 8, 2)), "device": draws.integers(400, 500, size=(60, 1))}
    fitted = Regressor(model, seeds=1, epochs=1).fit(x, x["series"][:, -1, 0])
    scalings = fitted.fitted_.members[0].inputs.by_name
    assert scalings["device"].location.tolist() == [0]
    assert scalings["device"].spread.tolist() == [1]
    assert (scalings["series"].location > 8).all()
    other = {**x, "device": x["device"] - 400}
    assert not np.array_equal(fitted.predict(x), fitted.predict(other))


@pytest.mark.parametrize("beside", [(), ("coarse",)])
def test_one_case_or_some_of_one_length_are_told_of_by_a_network_of_uneven_series(beside):
    load, coarse = keras.Input((8, 1), name="load"), keras.Input((4, 1), name="coarse")
    static, some = keras.Input((2,), name="static"), [coarse] if beside else []
    told = layers.Concatenate()([*(layers.LSTM(2)(each) for each in (load, *some)), static])
    model = keras.Model([load, *some, static], layers.Dense(1)(told))
    draws = np.random.default_rng(0)
    x = {"load": [draws.normal(size=4 + k % 5) for k in range(60)], "static": draws.normal(size=(60, 2))}
    x |= {name: draws.normal(size=(60, 4, 1)) for name in beside}
    fitted = Regressor(model, **QUICK).fit(x, x["static"][:, 0], progress=False)
    every = fitted.predict(x)
    for some in ([3], [0, 5, 10], [4, 9]):
        few = {name: [each[k] for k in some] for name, each in x.items()}
        np.testing.assert_allclose(fitted.predict(few), every[some], rtol=1e-4, atol=1e-6)
    assert np.isfinite(fitted.score({k: each[::5] for k, each in x.items()}, x["static"][::5, 0]))
    if beside:
        flat = {name: each[:1] for name, each in x.items()} | {"load": np.ones((1, 4))}
        with pytest.raises(ValueError, match=r"input 'load': X is \(1, 4\), but a series .* was fitted"):
            fitted.predict(Cases.of(flat, [0]))


CODES = np.random.default_rng(0).integers(0, 9, size=(60, 8, 1))


@pytest.mark.parametrize(
    "before",
    [
        [layers.Reshape((8,))],
        [layers.Flatten()],
        [layers.Permute((2, 1)), layers.Flatten()],
        [layers.Masking(), layers.Reshape((8,))],
        [layers.Reshape((8,)), layers.Identity(dtype="int32")],
    ],
)
def test_whole_numbers_are_not_scaled_where_an_embedding_reads_them_behind_others(before):
    network = [keras.Input((8, 1)), *before, layers.Embedding(9, 2), layers.LSTM(2), layers.Dense(1)]
    assert codes_of(Cases.of(CODES, CODES[:, -1, 0]), keras.Sequential(network)) == ("past",)


def sliced(reads):
    """A network that looks up the second of two channels, behind operations, and reads some of them."""
    both = keras.Input((8, 2), name="both")
    known = layers.Embedding(9, 3, name="known")(keras.ops.cast(both[:, :, 1], "int32"))
    told = layers.LSTM(2)(layers.Concatenate(name="joined")([known, reads(both)]))
    return keras.Model(both, layers.Dense(1)(told))


def test_what_is_looked_up_of_an_input_that_is_also_read_otherwise_is_refused():
    x, model = np.concatenate([CODES, CODES / 7], axis=2), sliced(lambda both: both[:, :, :1])
    message = r"Regressor: of input 'both' known looks up whole numbers, .*, but joined reads it as well"
    with pytest.raises(ValueError, match=message):
        Regressor(model, **QUICK).fit(x, x[:, -1, 1], progress=False)
    unscaled = Regressor(model, scaling="none", **QUICK).fit(x, x[:, -1, 1], progress=False)
    assert unscaled.predict(x).shape == (60,)


def test_whole_numbers_that_are_also_compared_are_looked_up_alone():
    compared = sliced(lambda both: keras.ops.cast(both[:, :, 1:] != 0, "float32"))
    x = np.concatenate([CODES, CODES], axis=2)
    assert codes_of(Cases.of(x, CODES[:, -1, 0]), compared) == ("past",)
    assert refuse_codes_among_others(compared, "here") is None


def test_an_input_of_whole_numbers_alone_is_not_scaled():
    inputs = keras.Input((8, 1), dtype="int32")
    hidden = layers.LSTM(2)(layers.Reshape((8, 2))(layers.Embedding(50, 2)(inputs)))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    x = np.random.default_rng(0).integers(0, 50, size=(60, 8, 1))
    fitted = Regressor(model, seeds=1, epochs=1).fit(x, x[:, -1, 0] / 7)
    assert fitted.fitted_.members[0].inputs.by_name["past"].spread.tolist() == [1]
