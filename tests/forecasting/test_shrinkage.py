"""How far a network may move away from the ridge map."""

from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from normcast.forecasting.learned import shrunk
from normcast.forecasting.shrinkage import block_means, share_kept, standard_error, toward_start
from normcast.models import preset
from normcast.windows import Windows


def noisy(rng, error, n=200, h=4):
    y = rng.normal(size=(n, h))
    return y, y + error * rng.normal(size=(n, h))


def test_a_correction_that_is_clearly_better_is_kept_whole():
    y, ridge = noisy(np.random.default_rng(0), 1.0)
    assert share_kept(network=y, ridge=ridge, y=y, blocks=np.arange(200)) == 1.0


def test_a_correction_that_is_worse_is_dropped():
    rng = np.random.default_rng(0)
    y, ridge = noisy(rng, 0.1)
    network = y + rng.normal(size=y.shape)
    assert share_kept(network=network, ridge=ridge, y=y, blocks=np.arange(200)) == 0.0


def test_what_one_lucky_block_supports_is_dropped():
    y = np.zeros((40, 2))
    ridge, network = np.ones((40, 2)), np.ones((40, 2))
    network[:4], network[4:] = 0.0, 1.01
    assert share_kept(network, ridge, y, blocks=np.arange(40) // 4) == 0.0


def test_a_single_block_decides_nothing():
    y = np.zeros((5, 2))
    assert share_kept(network=y, ridge=y + 1, y=y, blocks=np.zeros(5)) == 0.0


def test_the_standard_error_is_that_of_a_mean():
    assert standard_error(np.array([1.0, 3.0])) == pytest.approx(np.sqrt(2) / np.sqrt(2))
    assert standard_error(np.array([1.0, 3.0] * 50)) == pytest.approx(np.sqrt(100 / 99) / 10)
    assert standard_error(np.array([1.0])) == np.inf


def test_overlapping_windows_count_once():
    assert block_means(np.array([1.0, 3.0, 10.0]), np.array([7, 7, 9])).tolist() == [2.0, 10.0]


def test_unobserved_targets_are_left_out():
    y = np.array([[1.0, np.nan], [2.0, 2.0], [3.0, 3.0], [4.0, np.nan]])
    truth = np.nan_to_num(y, nan=0.0)
    assert share_kept(network=truth, ridge=truth + 1, y=y, blocks=np.arange(4)) == 1.0


@pytest.mark.parametrize("quantiles", [(), (0.1, 0.5, 0.9)])
def test_a_share_of_the_weights_is_that_share_of_the_forecast(quantiles):
    rng = np.random.default_rng(0)
    model = preset("patch-lstm").architecture.build(30, 1, 4, quantiles=quantiles, futr=2)
    start = {"skip/kernel": rng.normal(size=(30, 4)), "skip/bias": rng.normal(size=4)}
    if quantiles:
        start["head/bias"] = np.tile([-1.0, 0.0, 1.0], 4)
    trained = [
        np.asarray(each) + 0.1 * rng.normal(size=each.shape).astype("float32") for each in model.weights
    ]
    inputs = [rng.normal(size=(5, 30, 1)), rng.normal(size=(5, 4, 2))]

    def median(share):
        model.set_weights(toward_start(model, trained, start, share))
        forecast = model.predict(inputs, verbose=0)
        return forecast[..., 1] if quantiles else forecast

    np.testing.assert_allclose(median(0.5), (median(0.0) + median(1.0)) / 2, atol=1e-4)
    window = inputs[0][:, :, 0] - inputs[0][:, -1:, 0]
    expected = window @ start["skip/kernel"] + start["skip/bias"] + inputs[0][:, -1:, 0]
    np.testing.assert_allclose(median(0.0), expected, atol=1e-4)


class Fixed:
    """Forecasts that are known, in place of networks and of the ridge, with what the share is judged by."""

    def __init__(self, outputs):
        self.outputs = outputs

    def forecast(self, scaled, windows):
        return self.outputs[windows.start]


@dataclass(frozen=True)
class Networks(Fixed):
    """Networks of known quantiles: `shrunk` reads them, and changes their weights."""

    outputs: np.ndarray
    model: keras.Model
    weights: tuple
    h: int = 2

    def raw(self, scaled, windows):
        return self.outputs[windows.start]


def fold_of(y, start=100):
    """A fold whose validation windows begin there; what the other parts hold would turn the verdict."""
    n = len(y) - start
    valid = Windows(np.arange(start, len(y), dtype=np.int32), np.zeros(n, np.int32), 1, 2)
    other = Windows(np.arange(start, dtype=np.int32), np.zeros(start, np.int32), 1, 2)
    split = SimpleNamespace(valid=valid, train=other, calib=other, test=other)
    return SimpleNamespace(
        split=split, scaled=None, truth=lambda part: y[start:] if part == "valid" else y[:start]
    )


def drawn(levels, start=100, n=140):
    """Truths of 0, quantiles at these levels where they are judged and worse ones before, a ridge at 1."""
    y = np.zeros((n, 2))
    quantiles = np.where(np.arange(n)[:, None, None] < start, 9.0, np.array(levels)) + np.zeros((n, 2, 1))
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2, name="skip")(x))
    weights = [np.full(w.shape, 4.0, "float32") for w in model.weights]
    return Networks(quantiles, model, (weights, weights)), fold_of(y), Fixed(np.ones((n, 2)))


def test_the_median_of_the_network_is_judged_on_the_validation_windows():
    start = {"skip/kernel": np.full((3, 2), 2.0)}
    better, share = shrunk(*drawn([-5.0, 0.0, 5.0]), start)
    assert share == 1.0
    assert [w.tolist() for w in better.weights[1]] == [[[4.0, 4.0]] * 3, [4.0, 4.0]]
    worse, share = shrunk(*drawn([0.0, 5.0, 0.0]), start)
    assert share == 0.0
    for weights in worse.weights:
        assert [w.tolist() for w in weights] == [[[2.0, 2.0]] * 3, [0.0, 0.0]]


def test_windows_that_overlap_count_as_one_when_the_share_is_judged():
    networks, fold, ridge = drawn([-5.0, 0.0, 5.0], start=100, n=102)
    _, share = shrunk(networks, fold, ridge, {})
    assert share == 0.0  # two windows of two steps, begun one after the other, are a single observation
    networks, fold, ridge = drawn([-5.0, 0.0, 5.0], start=100, n=103)
    _, share = shrunk(networks, fold, ridge, {})
    assert share == 1.0
