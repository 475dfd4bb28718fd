"""Compare gradients of the recurrent layers with central differences, in float64, in a process of its own.

JAX must be started in float64, which would change every other test of the process.
"""

import sys

import keras
import numpy as np

from normcast.layers import GRU, LSTM
from tests.layers.backends import gradients, numpy

keras.utils.set_random_seed(0)  # before the layers are there: their initializers are drawn from it
CASES = {
    "LSTM": LSTM(3, return_sequences=True, dtype="float64"),
    "LSTM batch": LSTM(3, norm="batch", return_sequences=True, dtype="float64"),
    "LSTM batch sequence": LSTM(3, norm="batch", input_statistics="sequence", dtype="float64"),
    "LSTM layer": LSTM(3, norm="layer", norm_scope="gate", go_backwards=True, dtype="float64"),
    "LSTM rms": LSTM(3, norm="rms", zoneout=(0.2, 0.3), dtype="float64"),
    "GRU": GRU(3, return_sequences=True, dtype="float64"),
    "GRU batch": GRU(3, norm="batch", return_sequences=True, dtype="float64"),
    "GRU layer": GRU(3, norm="layer", reset_after=False, dtype="float64"),
}
STEP = 1e-5


def compare(name: str, layer: keras.Layer) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 4, 2))
    mask = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]], bool)
    training = layer.norm == "batch"
    layer.build(x.shape)
    for v in layer.trainable_variables:
        v.assign(numpy(v) + rng.uniform(0.1, 0.6, v.shape))
    y = numpy(layer(x, mask=mask, training=training))
    assert y.dtype == "float64"
    weigh = rng.normal(size=y.shape)
    found = gradients(layer, x, weigh, mask=mask, training=training)

    import jax

    @jax.jit
    def loss(x: object, weights: list) -> object:
        frozen = [v.value for v in layer.non_trainable_variables]
        return (layer.stateless_call(weights, frozen, x, mask=mask, training=training)[0] * weigh).sum()

    weights = [numpy(v) for v in layer.trainable_variables]
    for place, gradient in enumerate(found):
        at = x if place == 0 else weights[place - 1]
        for i in np.ndindex(at.shape):
            ends = []
            for sign in (1, -1):
                moved = at.copy()
                moved[i] += sign * STEP
                others = [moved if place - 1 == j else w for j, w in enumerate(weights)]
                ends.append(float(loss(moved if place == 0 else x, others)))
            slope = (ends[0] - ends[1]) / (2 * STEP)
            what = "x" if place == 0 else layer.trainable_variables[place - 1].path
            np.testing.assert_allclose(gradient[i], slope, rtol=1e-5, atol=1e-7, err_msg=f"{name}: {what}{i}")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compare(name, CASES[name])
        print(name, "agrees")
