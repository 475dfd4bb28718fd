"""A layer of ours leaves the machine as any other: what is exported needs no normcast where it runs."""

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM, ConvBlock

if keras.backend.backend() not in ("jax", "tensorflow"):
    pytest.skip("Keras exports to TensorFlow from JAX and TensorFlow", allow_module_level=True)
tensorflow = pytest.importorskip("tensorflow")


@pytest.mark.parametrize("layer", [lambda: LSTM(4, norm="layer"), lambda: GRU(4)], ids=["lstm", "gru"])
def test_a_saved_model_computes_the_same_for_any_batch(layer, tmp_path):
    net = keras.Sequential([keras.Input((8, 3)), ConvBlock(4, 3), layer(), keras.layers.Dense(1)])
    net.export(tmp_path / "out", format="tf_saved_model", verbose=False)
    served = tensorflow.saved_model.load(tmp_path / "out")
    for batch in (1, 5):
        x = np.random.default_rng(batch).normal(size=(batch, 8, 3)).astype("float32")
        np.testing.assert_allclose(served.serve(x), net(x), atol=1e-6)
