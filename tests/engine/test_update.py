"""One step on all variables joined into one vector is the step that Keras takes on each."""

import keras
import numpy as np
import pytest

from normcast.engine import Training
from normcast.engine.update import Update

SHAPES = ((3, 2), (2,), (1, 4))


def variables(constraint=None):
    draws = np.random.default_rng(0)
    made = [keras.Variable(draws.normal(size=shape).astype("float32")) for shape in SHAPES]
    made[0].constraint = constraint
    return made


def gradients(step):
    """One that is clipped at 1, one just below it, and one far below."""
    draws = np.random.default_rng(step)
    grads = [draws.normal(size=shape) for shape in SHAPES]
    norms = (5.0, 0.9, 0.01)
    return [(norm * g / np.linalg.norm(g)).astype("float32") for norm, g in zip(norms, grads, strict=True)]


@pytest.mark.parametrize("constraint", [None, keras.constraints.NonNeg()])
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "clipnorm": 1.0},
        {"optimizer": "sgd", "clipnorm": 1.0, "weight_decay": 0.1},
        {"optimizer": "adam", "clipnorm": 0.05, "weight_decay": 0.1},
        {"optimizer": "adamw"},
        {"optimizer": "rmsprop", "clipnorm": 1.0},
    ],
)
def test_three_steps_are_those_of_keras(settings, constraint):
    training = Training(learning_rate=0.2, **settings)
    theirs, ours = variables(constraint), variables(constraint)
    optimizer = training.build_optimizer()
    optimizer.build(theirs)
    update = Update(training, ours)
    assert update.is_joined == (constraint is None)
    trainable, values = [v.value for v in ours], update.initial()
    for step in range(3):
        optimizer.apply(gradients(step), theirs)
        trainable, values = update.apply(values, gradients(step), trainable, 0.2)
    for mine, other in zip(trainable, theirs, strict=True):
        np.testing.assert_allclose(mine, other.value, rtol=1e-6, atol=1e-7)


def test_a_clipped_step_of_plain_descent_is_as_long_as_rate_times_clipnorm():
    update = Update(Training("sgd", clipnorm=1.0), variables())
    before = [v.value for v in variables()]
    after, _ = update.apply(update.initial(), gradients(0), before, 0.5)
    lengths = [float(np.linalg.norm(a - b)) for a, b in zip(after, before, strict=True)]
    np.testing.assert_allclose(lengths, [0.5 * 1.0, 0.5 * 0.9, 0.5 * 0.01], rtol=1e-4)


def test_the_rate_of_a_step_is_the_one_given_with_it():
    update = Update(Training("sgd", learning_rate=9.0), variables())
    before = [v.value for v in variables()]
    after, _ = update.apply(update.initial(), gradients(0), before, 0.0)
    for a, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_variable_without_a_gradient_stays():
    update = Update(Training("sgd", clipnorm=1.0), variables())
    before = [v.value for v in variables()]
    after, _ = update.apply(update.initial(), [None, *gradients(0)[1:]], before, 0.5)
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after[1], before[1])
