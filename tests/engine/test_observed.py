"""Targets that nobody observed, NaN, carry no loss: in training, in validation, in gradients."""

import jax
import keras
import numpy as np
import pytest
from jax import numpy as jnp

from normcast.engine import Batches, Field, ObservedLoss, PinballLoss, Training, train
from normcast.engine.losses import key_of

NAN = float("nan")
TARGET = np.array([[1.0, NAN, 3.0], [NAN, NAN, 0.5]], "float32")
SEEN = ~np.isnan(TARGET)
POINTS = np.array([[0.5, 9.0, 5.0], [7.0, 8.0, 0.0]], "float32")


def mean_over_steps(of_step):
    """The mean over steps by hand, of those that were observed: a loss of (y, outputs)."""

    def loss(y, outputs):
        total = sum(of_step(y[i, t], outputs[i, t]) for i, t in np.argwhere(SEEN))
        return total / SEEN.size

    return loss


def huber(y, out):
    error = jnp.abs(y - out)
    return jnp.where(error <= 1, error**2 / 2, error - 0.5)


def pinball(y, out):
    return (
        sum(jnp.maximum(q * (y - o), (q - 1) * (y - o)) for q, o in zip((0.1, 0.5, 0.9), out, strict=True))
        / 3
    )


@pytest.mark.parametrize(
    ("loss", "of_step", "outputs"),
    [
        ("mse", lambda y, out: (y - out) ** 2, POINTS),
        ("mae", lambda y, out: jnp.abs(y - out), POINTS),
        ("huber", huber, POINTS),
        (PinballLoss([0.1, 0.5, 0.9]), pinball, POINTS[..., None] + np.array([-1, 0, 2], "float32")),
        (PinballLoss([0.5]), lambda y, out: jnp.abs(y - out[0]) / 2, POINTS[..., None]),
    ],
)
def test_loss_and_gradient_are_those_of_a_loss_by_hand_over_what_was_observed(loss, of_step, outputs):
    ours, by_hand = ObservedLoss(loss), mean_over_steps(of_step)
    found = jax.value_and_grad(lambda out: ours(TARGET, out))(jnp.asarray(outputs))
    expected = jax.value_and_grad(lambda out: by_hand(TARGET, out))(jnp.asarray(outputs))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, expected)
    assert (np.asarray(found[1])[~SEEN] == 0).all()


def test_where_all_was_observed_it_is_the_loss_itself_to_rounding():
    full = np.where(SEEN, TARGET, 2.0).astype("float32")
    whole = keras.losses.MeanSquaredError()(full, POINTS)
    np.testing.assert_allclose(ObservedLoss("mse")(full, POINTS), whole, rtol=1e-6)


def test_it_is_written_down_and_told_from_the_loss_inside():
    loss = ObservedLoss(PinballLoss([0.1, 0.5]))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.loss.quantiles == [0.1, 0.5]
    assert len({key_of(each) for each in (loss, loss.loss, ObservedLoss("mse"), ObservedLoss("mae"))}) == 4
    assert key_of(again) == key_of(loss)


def holed(value):
    """Windows of a wave, of which every fifth row has this value as a target."""
    y = np.sin(np.arange(80, dtype="float32"))
    target = np.where(np.arange(80) % 5 == 0, value, y).astype("float32")
    start = np.arange(60, dtype="int32")
    return Batches({"past": Field(y, 0, 8)}, Field(target, 8, 2), start, np.zeros(60, "int32"))


def model():
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])


@pytest.mark.parametrize("by", ["engine", "keras"])
def test_networks_are_trained_and_chosen_by_what_was_observed(by):
    def by_hand(y, out):
        seen = jnp.isfinite(y)
        return jnp.mean(jnp.where(seen, (jnp.where(seen, y, 0) - out) ** 2, 0), axis=-1)

    how = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": 3, "by": by}
    ours, slow = (
        next(train(model(), holed(NAN), Training(loss=loss, **how), validation=holed(NAN)))
        for loss in (ObservedLoss("mse"), by_hand)
    )
    assert ours.status == "complete"
    for a, b in zip(ours.weights, slow.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.history["val_loss"], slow.history["val_loss"], rtol=1e-5)


def test_a_training_that_fails_does_not_blame_what_was_not_observed():
    wild = Training(optimizer="sgd", learning_rate=1e30, loss=ObservedLoss("mse"), epochs=3)
    with pytest.raises(FloatingPointError, match=r"first non-finite is (?!target)"):
        list(train(model(), holed(NAN), wild))
