"""What values mean: planted half-lives, twins and dead units are found, and nothing else."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.layers import GRU
from normcast.probes import GateWeight, Moments, Trace, look, read
from normcast.probes.reading import dead_units, decay, remains, silent_units, twins

UNITS = 6


def trace(values, name="h", count=None):
    """A trace of these values, (case, step, unit)."""
    values = np.asarray(values, "float64")
    count = np.full(values.shape[1], len(values)) if count is None else count
    rms = np.sqrt(np.mean(values**2, axis=0))
    ends = values.min(axis=0), values.max(axis=0)
    broken = (~np.isfinite(values)).sum(axis=(0, 2))
    return Trace(name, values, values.mean(axis=0), rms, *ends, None, None, broken, count)


def wild(seed, cases=8, steps=12):
    return np.tanh(np.random.default_rng(seed).normal(size=(cases, steps, UNITS)))


@given(st.floats(-3, 0.5), st.integers(2, 400))
def test_a_planted_half_life_is_found_also_where_the_numbers_end(slope, steps):
    with np.errstate(under="ignore"):
        back = np.float32(2.0) ** (slope * np.arange(steps)).astype("float32")
    back[back < np.finfo("float32").tiny] = 0
    found = decay(back)
    assert found == pytest.approx(slope, abs=1e-5)
    assert np.log2(remains(back, found)) == pytest.approx(max(slope * (steps - 1), -1000), rel=1e-4, abs=1e-4)


@given(st.floats(-2, -0.05), st.integers(0, 2**32 - 1))
def test_noise_around_a_decay_moves_the_half_life_little(slope, seed):
    noise = np.random.default_rng(seed).normal(0, 0.3, 60)
    noise[0] = 0
    assert decay(2.0 ** (slope * np.arange(60) + noise)) == pytest.approx(slope, abs=0.05)


@given(st.floats(-2, 0.5), st.integers(1, 20))
def test_steps_that_no_case_reached_change_nothing(slope, unreached):
    back = 2.0 ** (slope * np.arange(30))
    longer = np.append(back, np.full(unreached, np.nan))
    assert decay(longer) == pytest.approx(decay(back))
    assert remains(longer, slope) == pytest.approx(back[-1])


@pytest.mark.parametrize(
    ("back", "slope"), [([1.0], 0.0), ([1, 0, 0], -np.inf), ([1, np.inf], np.inf), ([1, 1, 1], 0.0)]
)
def test_what_falls_at_once_never_or_beyond_all_numbers(back, slope):
    assert decay(np.array(back)) == slope


def test_of_values_that_are_not_finite_nothing_is_known():
    nothing = np.full(5, np.nan)
    assert np.isnan(decay(nothing))
    assert np.isnan(remains(nothing, decay(nothing)))


@settings(max_examples=40)
@given(
    st.sets(st.integers(0, UNITS - 1), max_size=UNITS - 1), st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3)
)
def test_planted_dead_units_are_found_and_no_others(dead, seed, size):
    values = wild(seed)
    values[..., list(dead)] = 0.3 + 1e-6 * values[..., list(dead)]
    assert dead_units(trace(size * values)) == tuple(sorted(dead))


def test_one_unbounded_unit_does_not_make_the_others_dead():
    values = wild(0)
    values[..., 2] *= 1e6
    assert dead_units(trace(values)) == ()


@settings(max_examples=40)
@given(st.permutations(range(UNITS)), st.integers(2, 4), st.floats(0.1, 5), st.integers(0, 2**32 - 1))
def test_planted_twins_are_found_and_no_others(order, size, factor, seed):
    group = sorted(order[:size])
    values = wild(seed)
    for place, other in enumerate(group[1:]):
        values[..., other] = (-1) ** place * factor * values[..., group[0]] + 0.1
    assert twins(trace(values)) == (tuple(group),)


def test_a_handful_of_rows_makes_no_twins():
    line = np.linspace(0, 1, 10)[None, :, None] * np.ones(UNITS)
    assert twins(trace(line)) == ()


def test_dead_units_are_no_twins():
    values = wild(1)
    values[..., [0, 3]] = 0.5
    assert twins(trace(values)) == ()


def test_a_gradient_too_small_to_square_is_no_silence():
    values = 1e-30 * wild(2)
    values[..., 4] = 0
    assert silent_units(trace(values)) == (4,)
    values[..., 1] = np.nan
    assert silent_units(trace(values)) == (4,)


def network(layer, steps=24, masked=False):
    keras.utils.set_random_seed(3)
    front = [keras.layers.Masking(-9.0)] if masked else []
    return keras.Sequential([keras.Input((steps, 2)), *front, layer, keras.layers.Dense(1)])


def test_the_half_life_of_a_linear_recurrence_is_that_of_its_weight():
    layer = keras.layers.SimpleRNN(
        3, activation="linear", recurrent_initializer=keras.initializers.Identity(0.5), name="one"
    )
    x = np.random.default_rng(0).normal(size=(6, 24, 2)).astype("float32")
    reading = read(look(network(layer), x).recurrences["one"])
    assert reading.half_life == pytest.approx(1, rel=1e-3)
    assert reading.left == pytest.approx(0.5**23, rel=1e-3)
    assert (reading.verdict, reading.shut, reading.open) == ("vanishing", {"n": 0}, {"n": 0})


@pytest.mark.parametrize("backwards", [False, True])
def test_masked_steps_are_no_steps_of_the_decay(backwards):
    layer = keras.layers.SimpleRNN(
        3, activation="linear", recurrent_initializer=keras.initializers.Identity(0.8),
        go_backwards=backwards, name="one",
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(6, 24, 2)).astype("float32")
    for case, end in enumerate((24, 9, 15, 4, 20, 12)):
        x[case, end:] = -9
    x[0, 5:8] = -9
    seen = look(network(layer, masked=True), x).recurrences["one"]
    reading = read(seen)
    assert reading.half_life == pytest.approx(-1 / np.log2(0.8), rel=1e-3)
    assert np.isnan(seen.carried).sum() == 3  # the longest case has 21 steps of 24
    assert reading.verdict == "healthy"


def test_a_channel_is_dead_beside_the_widest_one_or_by_rounding_alone():
    none = np.zeros(4)
    least, most = np.array([0.0, 5.0, 0.0, -1e-9]), np.array([1.0, 5.0, 1e-7, 1e-9])
    assert Moments(none, none, least, most).dead.tolist() == [False, True, True, True]
    small = Moments(none[:2], none[:2], np.array([0.0, 0.0]), np.array([1e-9, 2e-9]))
    assert not small.dead.any()  # a network on a small scale moves all the same
    rounded = Moments(none[:1], none[:1], np.array([1000.0]), np.array([1000.0 + 6.1e-5]))
    assert rounded.dead.all()


def test_wide_layers_of_one_smooth_series_have_no_twins_unless_their_weights_are_alike():
    line = np.linspace(-1, 1, 40)
    h = trace(np.stack([line, 2 * line, -line], axis=-1)[None])
    apart = GateWeight("recurrent", "n", np.eye(3), None)
    alike = GateWeight("recurrent", "n", np.array([[1, 0, -1], [1, 1, -1.1], [0, 0, 0]]), None)
    assert twins(h, (apart,)) == ()
    assert twins(h, (alike,)) == ((0, 2),)
    assert twins(h) == ((0, 1, 2),)


def test_what_normalizes_two_gates_of_three_is_theirs_alone():
    layer = GRU(3, norm="layer", reset_after=False, name="gru")
    net = keras.Sequential([keras.Input((4, 2)), layer])
    layer.norms["recurrent"].gamma.assign(np.arange(6.0))
    seen = look(net, np.ones((2, 4, 2), "float32")).recurrences["gru"]
    assert seen.weight("recurrent gamma", "z").values.tolist() == [0, 1, 2]
    assert seen.weight("recurrent gamma", "r").values.tolist() == [3, 4, 5]
    assert seen.weight("candidate gamma", "n").values.shape == (3,)
