"""A keras model with a layer of the user's own, in the file of a forecaster."""

import keras
import pytest

from normcast import load
from tests.forecasting.ready import INPUT_SIZE, H, equal, ready, saved, table


class Halved(keras.layers.Layer):
    """Half of what it reads; not registered with Keras."""

    def call(self, inputs):
        """Return the half."""
        return inputs / 2


def test_a_layer_that_is_not_registered_is_named_when_a_file_is_read(tmp_path):
    layers = [keras.Input((INPUT_SIZE, 1)), Halved(), keras.layers.LSTM(2), keras.layers.Dense(H)]
    forecaster = ready(table(), model=keras.Sequential(layers))
    path = saved(forecaster, tmp_path)
    with pytest.raises(ValueError, match="register"):
        load(path)
    assert equal(load(path, custom_objects={"Halved": Halved}).predict(), forecaster.predict())
