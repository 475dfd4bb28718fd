"""A layer of your own in the network: registered, it is trained, checked, saved and read like any other."""

import normcast  # isort: skip  (before keras, which then runs on JAX)

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("examples")
class LogPower(layers.Layer):
    """The logarithm of the energy of each channel over `size` steps: (batch, time, channels), shorter."""

    def __init__(self, size=4, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        """Return log energy, one step for `size`."""
        return ops.log(ops.average_pool(x**2, self.size, strides=self.size) + 1e-6)

    def get_config(self):
        """Return what builds the layer again: for files, and for networks from other starts."""
        return {**super().get_config(), "size": self.size}


draws = np.random.default_rng(0)
loud = draws.uniform(0.5, 2, size=(240, 1, 1))
X = (draws.normal(size=(240, 48, 2)) * loud).astype("float32")
y = 20 * np.log10(loud.ravel())  # in decibel

if __name__ == "__main__":
    inputs = keras.Input((48, 2))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(8)(LogPower()(inputs))))
    regressor = normcast.Regressor(model, seeds=2, epochs=40, learning_rate=0.01).fit(X, y)
    print("R2 on the cases it was fitted on:", round(regressor.score(X, y), 2))
    regressor.save("custom_layer.normcast")
    print(normcast.load("custom_layer.normcast").predict_interval(X[:2], level=[80])[80])
