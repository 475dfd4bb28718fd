import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from normcast.engine.substitutes import FastGRU
from normcast.kernels import Masks, gru, native
from tests.kernels.test_lstm import assert_close
from tests.short import every


def arrays(batch=4, time=5, units=6, features=3):
    draw = np.random.default_rng(0).normal
    shapes = [
        (batch, time, features),
        (batch, units),
        (features, 3 * units),
        (units, 3 * units),
        (2, 3 * units),
    ]
    return tuple(jnp.asarray(0.5 * draw(size=shape), "float32") for shape in shapes)


def some_masks(batch, time, units, features, kind):
    draw = np.random.default_rng(1).random
    shape = (3,) if kind == "gates" else ()
    inputs = jnp.asarray((draw((*shape, batch, features)) > 0.2) / 0.8, "float32")
    states = jnp.asarray((draw((*shape, batch, units)) > 0.3) / 0.7, "float32")
    keep = jnp.asarray(draw((batch, time, units)), "float32")
    return {
        "none": Masks(),
        "tied": Masks(inputs, states),
        "gates": Masks(inputs, states),
        "zoneout": Masks(keep_h=keep),
        "all": Masks(inputs, jnp.broadcast_to(states, (3, batch, units)), keep),
    }[kind]


def values_and_gradients(form, args, **settings):
    def loss(*args):
        outputs, h = gru(*args, form=form, **settings)
        weights = jnp.cos(jnp.arange(outputs.size, dtype="float32")).reshape(outputs.shape)
        return jnp.sum(outputs * weights) + jnp.sum(jnp.sin(h)), (outputs, h)

    gradients, values = jax.jit(jax.grad(loss, argnums=tuple(range(5)), has_aux=True))(*args)
    return values, gradients


# units below, at and above a vector's width; batches that need several blocks and odd tiles
@pytest.mark.parametrize(
    ("batch", "time", "units", "features", "kind"),
    every(
        2,
        [
            (7, 3, 15, 3, "none"),
            (5, 3, 16, 9, "gates"),
            (6, 3, 9, 4, "tied"),
            (90, 3, 40, 1, "tied"),
            (1, 1, 1, 1, "zoneout"),
            (9, 4, 20, 17, "all"),
        ],
    ),
)
def test_results_and_gradients_equal_the_plain_steps(form, batch, time, units, features, kind):
    args = arrays(batch, time, units, features)
    masks = some_masks(batch, time, units, features, kind)
    assert_close(
        values_and_gradients("steps", args, masks=masks), values_and_gradients(form, args, masks=masks)
    )


def test_weight_gradients_are_summed_over_many_steps_and_blocks(form):
    # 150 rows need two blocks, and 30 steps more than one product of the weights
    args = arrays(150, 30, 32, 2)
    expected, got = values_and_gradients("steps", args), values_and_gradients(form, args)
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # 4,500 additions of float32: five times what a few dozen are allowed
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5 * float(jnp.max(jnp.abs(one))))


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_recurrence_equals_keras(reset_after):
    args = arrays()
    bias = args[4] if reset_after else args[4][0]
    layer = keras.layers.GRU(6, return_sequences=True, return_state=True, reset_after=reset_after)
    layer.build((4, 5, 3))
    layer.set_weights([np.asarray(a) for a in (*args[2:4], bias)])
    expected = layer(args[0], initial_state=args[1])
    assert_close(list(expected), list(gru(*args[:4], bias, reset_after=reset_after)))


@pytest.mark.parametrize(
    "about", [{}, {"dropout": 0.3, "recurrent_dropout": 0.3}, {"go_backwards": True, "use_bias": False}]
)
def test_the_engine_runs_keras_layer_on_the_kernel_to_the_same_gradients(about):
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    x = arrays()[0]

    def gradients(kind):
        keras.utils.set_random_seed(0)
        layer = kind(6, return_sequences=True, **about)
        layer.build(x.shape)
        frozen = [v.value for v in layer.non_trainable_variables]

        def loss(weights, x):
            return (layer.stateless_call(weights, frozen, x, training=True)[0] ** 2).sum()

        weights = [v.value for v in layer.trainable_variables]
        lowered = jax.jit(jax.grad(loss, argnums=(0, 1))).lower(weights, x)
        called = [f"normcast_gru_{way}" in lowered.as_text() for way in ("forward", "backward")]
        return lowered.compile()(weights, x), called

    (expected, own), (got, ours) = gradients(keras.layers.GRU), gradients(FastGRU)
    assert own == [False, False]
    assert ours == [True, True]
    assert_close(expected, got)


def test_masked_steps_keep_the_state_and_hide_nan(form):
    args = arrays(batch=2)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)
    broken = (jnp.where(mask[..., None], args[0], jnp.nan), *args[1:])
    assert_close(
        values_and_gradients("steps", args, mask=mask), values_and_gradients(form, broken, mask=mask)
    )
    outputs, h = gru(*broken, mask=mask, form=form)
    np.testing.assert_array_equal(outputs[0, 2], outputs[0, 4])
    np.testing.assert_array_equal(outputs[1, 0], args[1][1])
    np.testing.assert_array_equal(outputs[:, -1], h)


def test_nan_in_the_input_reaches_the_output_of_its_row_only(form):
    args = arrays()
    outputs, _ = gru(args[0].at[0, 1, 0].set(jnp.nan), *args[1:], form=form)
    assert np.isnan(outputs[0, 1:]).all()
    assert np.isfinite(outputs[0, 0]).all()
    assert np.isfinite(outputs[1:]).all()


def test_gates_computed_again_equal_gates_kept(monkeypatch):
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args, masks = arrays(33, 7, 12, 4), some_masks(33, 7, 12, 4, "gates")
    kept = values_and_gradients("native", args, masks=masks)
    monkeypatch.setattr(native, "KEPT", 0)
    assert_close(kept, values_and_gradients("native", args, masks=masks))


def test_a_row_does_not_depend_on_the_other_rows_of_the_batch(form):
    args = arrays(100, 4, 40, 3)
    outputs, _ = gru(*args, form=form)
    alone, _ = gru(args[0][97:98], args[1][97:98], *args[2:], form=form)
    assert_close(outputs[97:98], alone)


def test_replicas_mapped_by_vmap_are_those_of_single_calls(form):
    args = arrays()
    scales = jnp.array([0.5, 1.0, 1.5])
    mapped = jax.vmap(lambda scale: values_and_gradients(form, tuple(a * scale for a in args)))(scales)
    for place, scale in enumerate(scales):
        single = values_and_gradients(form, tuple(a * scale for a in args))
        assert_close(single, jax.tree.map(lambda leaf, place=place: leaf[place], mapped))


def test_the_fastest_form_is_native_where_it_covers_the_call():
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args = arrays()
    np.testing.assert_array_equal(gru(*args)[0], gru(*args, form="native")[0])
    with native.left_out():
        np.testing.assert_array_equal(gru(*args)[0], gru(*args, form="xla")[0])
    with pytest.raises(RuntimeError, match="reset_after=False"):
        gru(*args, reset_after=False, form="native")
