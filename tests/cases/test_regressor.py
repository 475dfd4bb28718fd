"""Regressor: numbers of whole series, with intervals that are true."""

import keras
import numpy as np
import pytest
from keras import layers

from normcast.cases import Regressor
from normcast.cases.calibration import intervals
from normcast.data import Cases
from tests.cases.ready import CASES, CHANNELS, SMALL, STEPS, drawn, level, regressor

QUICK = {"model": "lstm", "seeds": 1, "epochs": 2, "units": 4}


def fitted(x, y, groups=None, times=None, **settings):
    return Regressor(**{**QUICK, **settings}).fit(x, y, groups=groups, times=times, progress=False)


def test_a_planted_number_is_told_in_its_unit():
    x = drawn(1, 200)
    told = regressor().predict(x)
    assert told.shape == (200,)
    assert abs(told.mean() - level(x).mean()) < 100
    assert regressor().score(x, level(x)) > 0.6


def test_intervals_hold_about_as_many_new_cases_as_they_say():
    x = drawn(2, 1000)
    bounds = regressor().predict_interval(x)
    assert list(bounds) == [80, 95]
    for percent, ends in bounds.items():
        assert ends.shape == (1000, 2)
        inside = (ends[:, 0] <= level(x)) & (level(x) <= ends[:, 1])
        assert percent - 12 < 100 * inside.mean() <= 100


def test_a_wider_level_is_wider_and_holds_the_prediction():
    x = drawn(2, 20)
    bounds, told = regressor().predict_interval(x, [50, 90]), regressor().predict(x)
    assert (bounds[90][:, 0] < bounds[50][:, 0]).all()
    assert (bounds[50][:, 0] < told).all()
    assert (told < bounds[50][:, 1]).all()


def test_an_interval_is_as_wide_as_its_share_of_errors():
    errors = np.arange(1.0, 20)[:, None] * [1, 10]  # 19 unseen cases of two outputs
    bounds = intervals(np.zeros((1, 2)), errors, [80, 95])
    np.testing.assert_allclose(bounds[80][0], [[-16, 16], [-160, 160]])  # ceil(20 x 0.8) = 16
    np.testing.assert_allclose(bounds[95][0], [[-19, 19], [-190, 190]])


def test_a_level_that_too_few_cases_support_is_refused_and_left_out_by_default():
    x = drawn(0, 40)
    small = fitted(x, level(x))
    assert list(small.predict_interval(x)) == [80]
    with pytest.raises(
        ValueError, match=r"predict_interval: level 95 needs 19 cases to calibrate by, and \d"
    ):
        small.predict_interval(x, [95])


def test_nothing_is_held_out_where_nothing_is_stopped_or_calibrated():
    x = drawn(0, 40)
    whole = fitted(x, level(x), patience=None, calibrate=False)
    assert len(whole.learned_.held[0].train) == 40
    with pytest.raises(RuntimeError, match=r"no cases were held out.*fit with calibrate=True"):
        whole.predict_interval(x)


@pytest.mark.parametrize(
    "shape", [(), (1,), (2,), (STEPS, 2)], ids=["number", "column", "two numbers", "per step"]
)
def test_what_is_told_has_the_shape_of_y(shape):
    x = drawn(0, 60)
    y = np.random.default_rng(0).normal(size=(60, *shape))
    outputs = shape[-1] if shape else 1
    recurrent = layers.LSTM(3, return_sequences=len(shape) > 1)
    net = keras.Sequential([keras.Input((STEPS, CHANNELS)), recurrent, layers.Dense(outputs)])
    found = fitted(x, y, model=net, units=None)
    assert found.predict(x[:5]).shape == (5, *shape)
    assert found.predict_interval(x[:5])[80].shape == (5, *shape, 2)


def test_what_is_told_of_a_case_depends_on_it_alone():
    x = drawn(3, 30)
    together = regressor().predict(x)
    alone = np.concatenate([regressor().predict(x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(together[:3], alone, rtol=1e-6)
    np.testing.assert_array_equal(together, regressor().predict(x.tolist()))


def test_the_same_seed_gives_the_same_bits_and_others_do_not():
    x = drawn(0, 60)
    one, again, other = (fitted(x, level(x), seed=seed).predict(x) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_groups_are_held_out_whole():
    x, groups = drawn(0), np.repeat(np.arange(12), 10)
    for hold in fitted(x, level(x), groups=groups, seeds=2, patience=5).learned_.held:
        parts = [set(groups[places]) for places in (hold.train, hold.valid, hold.calib)]
        assert all(parts)
        assert sum(map(len, parts)) == 12


def test_with_times_the_last_cases_are_held_out():
    x, times = drawn(0), np.random.default_rng(0).permutation(CASES)
    held = fitted(x, level(x), times=times, seeds=2, patience=5).learned_.held
    assert held[0] == held[1]
    first = [times[places] for places in (held[0].train, held[0].valid, held[0].calib)]
    assert first[0].max() < first[1].min()
    assert first[1].max() < first[2].min()


def test_a_later_network_holds_out_other_cases():
    x = drawn(0)
    held = fitted(x, level(x), seeds=4).learned_.held
    calib = np.concatenate([hold.calib for hold in held])
    assert len(set(calib)) == len(calib) == CASES / 2


def test_windows_that_share_rows_are_not_split_by_chance():
    series = np.random.default_rng(0).normal(size=(100, 1))
    x = np.stack([series[i : i + STEPS] for i in range(80)])
    with pytest.raises(ValueError, match=r"Regressor: cases share rows"):
        fitted(x, x[:, -1, 0])
    assert fitted(x, x[:, -1, 0], times=np.arange(80)).predict(x[:2]).shape == (2,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: x[:, :-1], r"Regressor\.predict: X has 11 steps, but the network was fitted on 12"),
        (lambda x: x[:, :, :1], r"X has 1 channels, but the network was fitted on 2"),
        (lambda x: x[:0], r"X has shape \(0, 12, 2\)"),
        (lambda x: np.where(x == x[3, 2, 1], np.nan, x), r"not finite, the first in case 3 \(X\[3, 2, 1\]"),
        (lambda x: "no", r"X cannot be made numbers"),
    ],
)
def test_cases_of_another_form_are_refused(change, told):
    with pytest.raises(ValueError, match=told):
        regressor().predict(change(drawn(0, 8)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"y": None}, r"Regressor: y is missing"),
        ({"y": np.ones(40)}, r"Regressor: y is the same for all cases"),
        ({"y": np.arange(39)}, r"y has shape \(39,\), but X has 40 cases"),
        ({"y": ["a", "b"] * 20}, r"y is of <U1, but a regression needs numbers"),
        ({"groups": [0, 1] * 20}, r"there are 2 groups; train, validation and test need 3"),
        ({"times": np.zeros(40)}, r"there are 1 time of cases"),
    ],
)
def test_cases_that_cannot_be_learned_from_are_refused(change, told):
    x = drawn(0, 40)
    given = {"y": level(x), **change}
    with pytest.raises(ValueError, match=told):
        fitted(x, **given)


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"model": "lstn"}, ValueError, "no preset 'lstn'.*Did you mean 'lstm'"),
        ({"model": 3}, TypeError, "model is 3; give a preset's name"),
        ({"seeds": 0}, ValueError, "Regressor: seeds must be a whole number of at least 1"),
        ({"patience": 0}, ValueError, "patience must be"),
        ({"scaling": "minmax"}, ValueError, "no scaling 'minmax'"),
        (
            {"model": keras.Sequential([keras.Input((4, 1))]), "units": 3},
            ValueError,
            "whose sizes are its own",
        ),
        ({"n_epochs": 3}, TypeError, "n_epochs"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given, error, told):
    with pytest.raises(error, match=told):
        Regressor(**given)


def test_nothing_is_told_before_fit():
    with pytest.raises(
        RuntimeError, match=r"Regressor: predict was called before fit; call fit\(X, y\) first"
    ):
        Regressor().predict(drawn(0))


def test_a_repr_names_what_is_not_as_it_is_by_default():
    assert repr(Regressor()) == "Regressor()"
    assert (
        repr(Regressor("lstm", **SMALL))
        == "Regressor(model='lstm', seeds=2, epochs=40, learning_rate=0.02, units=8)"
    )


def test_cases_hold_what_is_told_of_them_and_nothing_is_dropped_beside_them():
    x = drawn(0)
    cases = Cases.of(x, level(x))
    fitted = Regressor("lstm", seeds=1, epochs=1).fit(cases)
    assert fitted.score(cases) == fitted.score(x, level(x))
    with pytest.raises(ValueError, match=r"X is Cases, .* and y and groups is given .*replace\(cases, y="):
        fitted.fit(cases, level(x), groups=np.arange(len(x)))
    with pytest.raises(ValueError, match=r"Regressor.score: X is Cases, .* and y is given"):
        fitted.score(cases, level(x))
    with pytest.raises(ValueError, match="X is Cases of which nothing is told"):
        fitted.fit(Cases.of(x, np.empty((len(x), 0))))
