"""A compiled model of your own: optimizer, loss and all are taken as they were compiled."""

import normcast  # isort: skip  (before keras, which then runs on JAX)

import keras
import numpy as np
from keras import layers, ops, optimizers

draws = np.random.default_rng(0)
X = draws.normal(size=(300, 24, 2)).astype("float32")
y = np.where(X[:, -6:, 0].mean(axis=1) > 0.2, "alarm", "quiet")  # a third of them alarms


def focal(truth, told):
    """Return a loss that looks at the cases the network is unsure of (Lin et al. 2017, arXiv:1708.02002)."""
    sure = ops.sum(truth * ops.clip(told, 1e-7, 1.0), axis=-1)
    return -((1 - sure) ** 2) * ops.log(sure)


model = keras.Sequential([
    keras.Input((24, 2)),
    layers.Conv1D(8, 3, padding="causal", activation="relu"),
    layers.GRU(8),
    layers.Dense(2, activation="softmax"),
])  # fmt: skip
model.compile(optimizers.Lion(learning_rate=3e-3, clipnorm=1.0, weight_decay=1e-4), loss=focal)

if __name__ == "__main__":
    classifier = normcast.Classifier(model, seeds=3, epochs=15, class_weight="balanced")
    evaluation = classifier.evaluate(X, y, folds=3)
    print(evaluation)
    print("95 % of the accuracy:", evaluation.interval()["accuracy"])
    normcast.write_report(evaluation, "own_compiled_model.html")
    classifier.fit(X, y).save("own_compiled_model.normcast")
    print(normcast.load("own_compiled_model.normcast").predict(X[:5]))
