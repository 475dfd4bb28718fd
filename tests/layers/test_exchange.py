"""What is saved on JAX gives the same output on TensorFlow and torch.

NORMCAST_EXCHANGE names the folder in which the backends meet: JAX writes, the others read.
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from normcast.layers import (
    GRU,
    LSTM,
    CausalPatching,
    ConvBlock,
    InverseInstanceNorm,
    ReversibleInstanceNorm,
    SqueezeExcite1D,
)
from tests.layers.backends import BACKEND

FOLDER = os.environ.get("NORMCAST_EXCHANGE")


def network() -> keras.Model:
    """Return a network that holds every layer with weights or statistics."""
    entrance = keras.Input((12, 3))
    x, statistics = ReversibleInstanceNorm()(entrance)
    x = ConvBlock(8, dropout_kind="spatial_alpha")(x)
    x = SqueezeExcite1D(2, causal=True)(CausalPatching(8, 3, 2)(x))
    x = keras.layers.Bidirectional(LSTM(5, norm="batch", zoneout=(0.1, 0.2), return_sequences=True))(x)
    x = GRU(6, norm="layer", recurrent_dropout=0.2)(x)
    return keras.Model(entrance, InverseInstanceNorm(0)([keras.layers.Dense(4)(x), statistics]))


@pytest.mark.skipif(FOLDER is None, reason="NORMCAST_EXCHANGE names no folder")
def test_model_saved_on_jax_gives_the_same_output_on_every_backend() -> None:
    folder = Path(str(FOLDER))
    x = np.random.default_rng(0).normal(size=(20, 12, 3)).astype("float32")
    if BACKEND == "jax":
        model = network()
        model.compile("adam", "mse")
        model.fit(x, x[:, :4, 0], epochs=3, verbose=0)
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder / "model.keras")
        np.save(folder / "output.npy", model.predict(x, verbose=0))
    # Keras saves that JAX compiled the model, and torch would then spend a minute compiling it too.
    loaded = keras.saving.load_model(folder / "model.keras", safe_mode=True, compile=False)
    expected = np.load(folder / "output.npy")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
