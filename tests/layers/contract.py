"""The contract that every layer keeps: one small check per promise, each given a way to make the layer."""

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.layers.backends import BACKEND, compiled, first, gradients, numpy, trains

# The same sums in another order, in float32; a norm over four units divides by their spread, which multiplies
# what was rounded.
TIGHT = {"rtol": 1e-4, "atol": 1e-5}


@dataclass(frozen=True)
class Case:
    """A layer under contract. make: takes the arguments of keras.Layer and returns a fresh layer."""

    name: str
    make: Callable[..., keras.Layer]
    shape: tuple[int, int, int] = (4, 6, 5)
    takes_mask: bool = True
    any_length: bool = True
    random: bool = False

    def inputs(self, seed: int = 0, shape: tuple | None = None) -> np.ndarray:
        """Return standard normal inputs (batch, time, channels)."""
        return np.random.default_rng(seed).normal(size=shape or self.shape).astype("float32")

    def built(self, **kwargs: Any) -> keras.Layer:
        """Return a layer whose weights are drawn at random, so that no zero hides an error."""
        layer = self.make(**kwargs)
        layer.build(self.shape)
        rng = np.random.default_rng(1)
        for v in layer.trainable_variables:
            v.assign(v + 0.3 * rng.normal(size=v.shape).astype("float32"))
        return layer


def named(each: Any) -> str:
    """Return the name of a case or of a check, for the test's own name."""
    return each.name if isinstance(each, Case) else each.__name__


def infer(layer: keras.Layer, x: np.ndarray, **call: Any) -> np.ndarray:
    """Return the first output at inference."""
    return numpy(first(layer(x, training=False, **call)))


def shape_is_known_beforehand(case: Case) -> None:
    layer = case.make()
    symbolic = keras.tree.flatten(layer(keras.KerasTensor(case.shape)))
    real = keras.tree.flatten(layer(case.inputs()))
    named = layer.compute_output_shape(case.shape)
    named = [tuple(named)] if isinstance(named[0], int) else [tuple(shape) for shape in named]
    assert [tuple(t.shape) for t in symbolic] == [tuple(t.shape) for t in real] == named


def half_precision_is_close_to_full(case: Case) -> None:
    full = case.built()
    half = case.built(dtype="mixed_bfloat16")
    half.set_weights(full.get_weights())
    for v in half.weights:
        assert v.dtype == "float32"
    y = first(half(case.inputs(), training=False))
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    # bfloat16 holds 8 bits of mantissa; a recurrence adds up a few roundings, and a norm may divide one value
    # by almost nothing
    close = np.isclose(numpy(y), infer(full, case.inputs()), atol=0.15, rtol=0.1)
    assert close.mean() > 0.9, close.mean()


def double_precision_is_kept(case: Case) -> None:
    if BACKEND == "jax":  # only in a process of its own: the finite differences run there
        return
    full, double = case.built(), case.built(dtype="float64")
    double.set_weights(full.get_weights())
    y = first(double(case.inputs().astype("float64"), training=False))
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    np.testing.assert_allclose(numpy(y), infer(full, case.inputs()), **TIGHT)


def padding_is_never_read(case: Case) -> None:
    if not case.takes_mask:
        return
    layer = case.built()
    x = case.inputs()
    mask = np.ones(case.shape[:2], bool)
    mask[0, :2] = False  # left
    mask[1, -2:] = False  # right
    mask[2] = False  # nothing at all
    padded, poisoned = x.copy(), x.copy()
    padded[~mask], poisoned[~mask] = 7.0, np.nan
    clean = infer(layer, padded, mask=mask)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, infer(layer, poisoned, mask=mask))
    weigh = np.random.default_rng(2).normal(size=clean.shape).astype("float32")
    for gradient in gradients(layer, poisoned, weigh, mask=mask):
        assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradients(layer, poisoned, weigh, mask=mask)[0][~mask], 0)
    full = np.ones_like(mask)
    np.testing.assert_allclose(infer(layer, x, mask=full), infer(layer, x), **TIGHT)


def inference_draws_nothing(case: Case) -> None:
    layer = case.built()
    before = [numpy(v) for v in layer.variables]
    np.testing.assert_array_equal(infer(layer, case.inputs()), infer(layer, case.inputs()))
    for old, v in zip(before, layer.variables, strict=True):
        np.testing.assert_array_equal(old, numpy(v), err_msg=v.path)


def same_seed_is_same_training_output(case: Case) -> None:
    if not case.random:
        return
    one, two = case.make(seed=3), case.make(seed=3)
    one(case.inputs())
    two(case.inputs())
    two.set_weights(one.get_weights())
    drawn, again = (numpy(first(layer(case.inputs(), training=True))) for layer in (one, two))
    np.testing.assert_array_equal(drawn, again)
    assert (drawn != numpy(first(one(case.inputs(), training=True)))).any()


def saving_keeps_the_output(case: Case) -> None:
    keras.utils.clear_session(free_memory=False)
    entrance = keras.Input(case.shape[1:])
    layer = case.make()
    model = keras.Model(entrance, layer(entrance))
    rng = np.random.default_rng(1)
    model.set_weights([w + 0.1 * np.abs(rng.normal(size=w.shape)) for w in model.get_weights()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path, safe_mode=True)
    np.testing.assert_array_equal(infer(model, case.inputs()), infer(loaded, case.inputs()))
    assert loaded.get_layer(layer.name).get_config() == layer.get_config()


def weights_move_to_a_fresh_layer(case: Case) -> None:
    old = case.built()
    new = type(old).from_config(old.get_config())
    new(case.inputs())
    new.set_weights(old.get_weights())
    np.testing.assert_array_equal(infer(old, case.inputs()), infer(new, case.inputs()))
    assert [v.path.split("/")[1:] for v in old.weights] == [v.path.split("/")[1:] for v in new.weights]
    assert len({v.path for v in old.variables}) == len(old.variables)


def config_names_every_argument(case: Case) -> None:
    layer = case.make()
    config = layer.get_config()
    arguments = set(inspect.signature(type(layer).__init__).parameters) - {"self", "kwargs"}
    assert arguments <= set(config), arguments - set(config)
    assert type(layer).from_config(config).get_config() == config


def compiled_is_the_same(case: Case) -> None:
    layer = case.built()
    np.testing.assert_allclose(compiled(layer)(case.inputs()), infer(layer, case.inputs()), **TIGHT)


def replicas_under_vmap_are_the_same(case: Case) -> None:
    if BACKEND != "jax":
        return
    import jax
    import jax.numpy as jnp

    layers = [case.built() for _ in range(3)]
    frozen = [
        jnp.stack(v)
        for v in zip(*([w.value for w in a.non_trainable_variables] for a in layers), strict=True)
    ]
    weights = [
        jnp.stack(v) for v in zip(*([w.value for w in a.trainable_variables] for a in layers), strict=True)
    ]
    call = trains(layers[0], True)
    run = jax.vmap(
        lambda w, f, x: layers[0].stateless_call(w, f, x, **call), in_axes=(0, 0, None), axis_size=3
    )
    together, states = run(weights, frozen, case.inputs())
    for i in range(3):
        alone, state = layers[0].stateless_call(
            [w[i] for w in weights], [f[i] for f in frozen], case.inputs(), **call
        )
        np.testing.assert_allclose(first(together)[i], first(alone), rtol=1e-4, atol=1e-5)
        for a, b in zip(states, state, strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-4, atol=1e-5)


def one_step_trains_every_weight(case: Case) -> None:
    keras.utils.set_random_seed(5)
    entrance = keras.Input(case.shape[1:])
    layer = case.make()
    out = keras.tree.flatten(layer(entrance))[0]
    model = keras.Model(entrance, out)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = case.inputs(shape=(16, *case.shape[1:]))
    if getattr(layer, "stateful", False):
        return
    before = model.get_weights()
    y = np.random.default_rng(3).normal(size=(16, *out.shape[1:])).astype("float32")
    model.train_on_batch(x, y)
    for v, old in zip(model.weights, before, strict=True):
        if v.trainable:
            assert np.isfinite(numpy(v)).all(), v.path
            assert (numpy(v) != old).any(), v.path


def a_frozen_layer_updates_nothing(case: Case) -> None:
    layer = case.built()
    layer.trainable = False
    before = layer.get_weights()
    layer(case.inputs(seed=4), training=True)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def a_batch_of_one_is_a_row_of_the_batch(case: Case) -> None:
    layer = case.built()
    whole = infer(layer, case.inputs())
    np.testing.assert_allclose(infer(layer, case.inputs()[:1]), whole[:1], **TIGHT)


def one_time_step_works(case: Case) -> None:
    layer = case.make()
    y = infer(layer, case.inputs(shape=(3, 1, 5)))
    assert len(y) == 3
    assert np.isfinite(y).all()


def length_may_be_unknown(case: Case) -> None:
    if not case.any_length:
        return
    entrance = keras.Input((None, case.shape[2]))
    layer = case.make()
    model = keras.Model(entrance, layer(entrance))
    for length in (case.shape[1], case.shape[1] + 3):
        x = case.inputs(shape=(3, length, case.shape[2]))
        alone = infer(layer, x)
        predicted = first(model.predict(x, verbose=0))
        np.testing.assert_allclose(predicted, alone, **TIGHT)
        assert first(model(x)).shape == alone.shape


CHECKS = (
    shape_is_known_beforehand,
    half_precision_is_close_to_full,
    double_precision_is_kept,
    padding_is_never_read,
    inference_draws_nothing,
    same_seed_is_same_training_output,
    saving_keeps_the_output,
    weights_move_to_a_fresh_layer,
    config_names_every_argument,
    compiled_is_the_same,
    replicas_under_vmap_are_the_same,
    one_step_trains_every_weight,
    a_frozen_layer_updates_nothing,
    a_batch_of_one_is_a_row_of_the_batch,
    one_time_step_works,
    length_may_be_unknown,
)
