"""How far a network may move away from the ridge map."""

import numpy as np
import pytest

from normcast.forecasting.shrinkage import block_means, share_kept, toward_start
from normcast.models import preset


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
