"""Every dropout acts in training, with the moments it promises, and does nothing else."""

import keras
import numpy as np
import pytest

from normcast.layers import SpatialAlphaDropout1D, SpatialGaussianDropout1D, TimeStepDropout1D
from tests.layers.backends import numpy

KINDS = [SpatialAlphaDropout1D, SpatialGaussianDropout1D, TimeStepDropout1D]
SHARED_AXIS = {SpatialAlphaDropout1D: 1, SpatialGaussianDropout1D: 1, TimeStepDropout1D: 2}


@pytest.mark.parametrize("kind", KINDS)
def test_rate_of_zero_and_inference_change_nothing(kind: type[keras.Layer]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    np.testing.assert_array_equal(numpy(kind(0)(x, training=True)), x)
    np.testing.assert_array_equal(numpy(kind(0.5)(x, training=False)), x)
    assert (numpy(kind(0.5, seed=1)(x, training=True)) != x).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_training_keeps_the_mean_and_has_the_stated_variance(kind: type[keras.Layer], rate: float) -> None:
    x = np.random.default_rng(0).normal(size=(400, 20, 50)).astype("float32")
    y = numpy(kind(rate, seed=1)(x, training=True))
    assert abs(y.mean()) < 0.02  # 8000 independent draws of a channel or step
    promised = 1.0 if kind is SpatialAlphaDropout1D else 1 / (1 - rate)
    assert y.var() == pytest.approx(promised, rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_shared_along_the_stated_axis_and_nowhere_else(kind: type[keras.Layer]) -> None:
    y = numpy(kind(0.5, seed=1)(np.ones((30, 8, 9), "float32"), training=True))
    for axis in range(3):
        same = (np.ptp(y, axis=axis) == 0).all()
        assert same == (axis == SHARED_AXIS[kind]), axis


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [1.0, 5, -0.1, float("nan"), "0.1"])
def test_rates_outside_their_range_are_refused(kind: type[keras.Layer], rate: object) -> None:
    with pytest.raises(ValueError, match=r"at least 0 and below 1"):
        kind(rate)
