"""The template network: Conv1D, batch norm, selu, AlphaDropout, squeeze-excite, LSTM, Dense.

Copy it, put your arrays in the place of X and y, and change the network.
"""

import normcast  # isort: skip  (before keras, which then runs on JAX)

import keras
import numpy as np
from keras import layers

draws = np.random.default_rng(0)
X = draws.normal(size=(320, 21, 20)).astype("float32")  # 320 cases of 21 steps and 20 channels
y = X[:, -3:, :2].sum(axis=(1, 2))[:, None]  # a number of each, (320, 1)


def plain() -> keras.Model:
    """Return the network of Keras' own layers."""
    x = inputs = keras.Input(batch_shape=(32, 21, 20))
    x = layers.Conv1D(10, 3, padding="causal", use_bias=False, kernel_initializer="lecun_normal")(x)
    x = layers.BatchNormalization(scale=False)(x)  # selu expects a variance of 1, so no scale is learned
    x = layers.AlphaDropout(0.1)(layers.Activation("selu")(x))
    gate = layers.Reshape((1, 10))(layers.GlobalAveragePooling1D()(x))
    gate = layers.Dense(2, activation="relu", use_bias=False, kernel_initializer="he_normal")(gate)
    gate = layers.Dense(10, activation="sigmoid", use_bias=False, kernel_initializer="he_normal")(gate)
    x = layers.LSTM(16, recurrent_dropout=0.2)(layers.Multiply()([x, gate]))
    return keras.Model(inputs, layers.Dense(1)(x))  # layers.BatchNormalization()(x) may stand before Dense


def blocks() -> keras.Model:
    """Return the same network, with normcast's block for all that stands before the LSTM."""
    block = normcast.layers.ConvBlock(10, 3, activation="selu", dropout=0.1, squeeze_excite=4)
    parts = [block, layers.LSTM(16, recurrent_dropout=0.2), layers.Dense(1)]
    return keras.Sequential([keras.Input(batch_shape=(32, 21, 20)), *parts])


def declared() -> keras.Model:
    """Return the same network, as the preset declares it."""
    return normcast.models.presets.preset("conv-se-lstm").architecture.build(21, channels=20)


if __name__ == "__main__":
    model = plain()
    model.compile("nadam", "mse")
    print("loss of one step:", model.train_on_batch(X[:32], y[:32]))
    model.fit(X, y, batch_size=32, epochs=2, verbose=0)  # as Keras trains it
    print(normcast.check_model(model))  # what is wrong in it, and how to mend that
    regressor = normcast.Regressor(model, seeds=5, epochs=60)  # the same network from five starts
    print(regressor.evaluate(X, y, folds=2))  # beside baselines in the same folds
    regressor.fit(X, y).save("template.normcast")
    print(regressor.predict(X[:2]), regressor.predict_interval(X[:2], level=[80]))
    study = normcast.Study(model, (X, y), axes=["recurrent-dropout"], seeds=2, epochs=2)
    normcast.write_report(study.run(), "template.html")  # where do normalization and dropout go?
