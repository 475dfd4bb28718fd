import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from normcast.windows import Scaler

OFFSETS = np.array([0, 6, 10])
SERIES = np.array([0] * 6 + [1] * 4)
KINDS = ("standard", "robust", "none")


def values(shape=(10,), seed=0):
    return np.random.default_rng(seed).normal(5, 3, size=shape)


@pytest.mark.parametrize("shape", [(10,), (10, 3)])
def test_location_and_spread_are_the_textbook_ones(shape):
    x = values(shape)
    first, second = x[:4].reshape(4, -1), x[6:10].reshape(4, -1)
    scaler = Scaler.fit(x, OFFSETS, np.array([4, 4]))
    np.testing.assert_allclose(scaler.location, [first.mean(0), second.mean(0)], rtol=1e-14)
    np.testing.assert_allclose(scaler.spread, [first.std(0), second.std(0)], rtol=1e-14)
    robust = Scaler.fit(x, OFFSETS, np.array([4, 4]), kind="robust")
    low, middle, high = np.quantile([first, second], [0.25, 0.5, 0.75], axis=1)
    np.testing.assert_allclose(robust.location, middle, rtol=1e-14)
    np.testing.assert_allclose(robust.spread, (high - low) / 1.349, rtol=1e-14)


@pytest.mark.parametrize("unit", [2.0**-900, 0.25, 1.0, 2.0**1000])
def test_the_unit_of_the_values_does_not_matter(unit):
    x = np.array([1.0, 3, 2, 2, 0, 0, 4, 8, 8, 4]) * unit
    scaler = Scaler.fit(x, OFFSETS, np.array([4, 4]))
    assert (scaler.location / unit).tolist() == [[2], [6]]
    np.testing.assert_allclose(scaler.spread / unit, [[0.5**0.5], [2]], rtol=1e-15)
    robust = Scaler.fit(x, OFFSETS, np.array([4, 4]), "robust")
    np.testing.assert_allclose(robust.spread / unit, [[0.5 / 1.349], [4 / 1.349]], rtol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_may_not_be_seen_change_nothing(kind):
    x = values((10, 2))
    changed = x.copy()
    changed[[4, 5, 9]] = [1e300, np.nan]
    one, other = (Scaler.fit(each, OFFSETS, np.array([4, 3]), kind) for each in (x, changed))
    assert one.to_json() == other.to_json()


BIG = st.floats(-1e100, 1e100)


@given(arrays(np.float64, 10, elements=st.floats(-1e3, 1e3)), BIG, st.sampled_from(KINDS))
@settings(max_examples=300, deadline=None)
def test_undo_returns_what_apply_took(x, offset, kind):
    x = x + offset
    scaler = Scaler.fit(x, OFFSETS, np.array([4, 4]), kind)
    back = scaler.undo(scaler.apply(x, SERIES), SERIES)
    # Each of the four operations rounds by half a unit in the last place of the largest number in sight.
    bound = 4 * np.finfo(float).eps * (np.abs(x) + np.abs(scaler.location[SERIES, 0])) + 1e-300
    assert (np.abs(back - x) <= bound).all()


@given(arrays(np.float64, 10, elements=st.floats(-1e300, 1e300)), st.sampled_from(KINDS))
@settings(max_examples=300, deadline=None)
def test_statistics_are_finite_and_the_spread_is_positive(x, kind):
    x = np.where(np.abs(x) < 1e-300, 0.0, x)
    scaler = Scaler.fit(x, OFFSETS, np.array([6, 4]), kind)
    assert np.isfinite(scaler.location).all()
    assert np.isfinite(scaler.spread).all()
    assert (scaler.spread >= np.finfo(float).tiny).all()


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e17, 5e-324, -3.3e8])
@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_series_has_spread_one(constant, kind):
    scaler = Scaler.fit(np.full(10, constant), OFFSETS, np.array([6, 4]), kind)
    assert scaler.spread.tolist() == [[1.0], [1.0]]


def test_a_spread_too_small_for_a_normal_number_is_one():
    x = np.array([0, 5e-324, 0, 5e-324, 0, 0, 1.0, 2.0, 3.0, 4.0])
    assert Scaler.fit(x, OFFSETS, np.array([6, 4])).spread[0, 0] == 1.0


def test_a_robust_spread_of_mostly_zeros_is_the_standard_deviation():
    x = np.array([0, 0, 0, 0, 0, 600.0, 0, 0, 0, 4.0])
    robust, standard = (Scaler.fit(x, OFFSETS, np.array([6, 4]), kind) for kind in ("robust", "standard"))
    assert np.array_equal(robust.spread[0], standard.spread[0])
    assert robust.location[0, 0] == 0


def test_forecasts_of_every_shape_are_undone():
    scaler = Scaler(np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]]))
    series = np.array([1, 0, 1])
    expected = np.array([22.0, 11.0, 22.0])
    for shape in ((3,), (3, 4), (3, 4, 5)):
        assert np.array_equal(
            scaler.undo(np.ones(shape), series),
            np.broadcast_to(expected.reshape(3, *[1] * (len(shape) - 1)), shape),
        )
    channels = Scaler(np.array([[1.0, 2.0]]), np.array([[1.0, 1.0]]))
    assert channels.undo(np.zeros((3, 4, 2)), np.zeros(3, int))[0, 0].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"shape \(3, 4\), but the scaler has 2 channels"):
        channels.apply(np.zeros((3, 4)), np.zeros(3, int))


def test_json_is_exact():
    scaler = Scaler.fit(values((10, 3)), OFFSETS, np.array([5, 4]))
    back = Scaler.from_json(scaler.to_json())
    assert np.array_equal(back.location, scaler.location)
    assert np.array_equal(back.spread, scaler.spread)
    empty = Scaler.fit(np.empty((10, 0)), OFFSETS, np.array([5, 4]))
    assert Scaler.from_json(empty.to_json()).location.shape == (2, 0)


@pytest.mark.parametrize(("rows", "series"), [([0, 4], 0), ([7, 4], 0), ([6, 5], 1)])
def test_a_series_is_scaled_by_rows_it_has(rows, series):
    message = (
        f"Scaler: series {series} has {(6, 4)[series]} rows, but is to be scaled by its first "
        f"{rows[series]}. Show it between 1 row and all of them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Scaler.fit(values(), OFFSETS, np.array(rows))


def test_an_unknown_kind_is_answered():
    with pytest.raises(ValueError, match=r"Scaler: no scaling 'standart'.*Did you mean 'standard'"):
        Scaler.fit(values(), OFFSETS, np.array([5, 4]), kind="standart")


@pytest.mark.parametrize("channels", [1, 3])
def test_series_of_one_length_are_scaled_as_among_others(channels):
    values = np.random.default_rng(0).normal(size=(12 + 5, channels)) * 1e3
    equal = Scaler.fit(values[:12], np.array([0, 4, 8, 12]), np.array([4, 4, 4]))
    unlike = Scaler.fit(values, np.array([0, 4, 8, 12, 17]), np.array([4, 4, 4, 5]))
    np.testing.assert_array_equal(equal.location, unlike.location[:3])
    np.testing.assert_array_equal(equal.spread, unlike.spread[:3])


def test_fitting_leaves_the_values_as_they_are():
    values = np.arange(8.0)
    Scaler.fit(values, np.array([0, 4, 8]), np.array([4, 4]))
    np.testing.assert_array_equal(values, np.arange(8.0))
