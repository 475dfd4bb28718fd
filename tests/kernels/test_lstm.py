import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from normcast.kernels import Masks, convolution, fast_key, lstm, native
from tests.short import every


def arrays(batch, time, units, features, seed=0):
    draw = np.random.default_rng(seed).normal
    states = [(batch, units)] * 2
    weights = [(features, 4 * units), (units, 4 * units), (4 * units,)]
    shapes = [(batch, time, features), *states, *weights]
    return tuple(jnp.asarray(0.5 * draw(size=shape), "float32") for shape in shapes)


def some_masks(batch, time, units, features, kind):
    draw = np.random.default_rng(1).random
    shape = {"tied": (), "gates": (4,)}.get(kind, ())
    inputs = jnp.asarray((draw((*shape, batch, features)) > 0.2) / 0.8, "float32")
    states = jnp.asarray((draw((*shape, batch, units)) > 0.3) / 0.7, "float32")
    keep = jnp.asarray(draw((2, batch, time, units)), "float32")
    return {
        "none": Masks(),
        "tied": Masks(inputs, states),
        "gates": Masks(inputs, states),
        "zoneout": Masks(keep_h=keep[0], keep_c=keep[1]),
        "all": Masks(inputs, states, keep[0], keep[1]),
    }[kind]


def value_and_gradients(form, args, **settings):
    def loss(*args):
        outputs, h, c = lstm(*args, form=form, **settings)
        weights = jnp.cos(jnp.arange(outputs.size, dtype="float32")).reshape(outputs.shape)
        return jnp.sum(outputs * weights) + jnp.sum(jnp.sin(h)) + jnp.sum(c * c)

    return jax.jit(jax.value_and_grad(loss, argnums=tuple(range(6))))(*args)


def assert_close(expected, got):
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # float32 over a few dozen additions, against the largest entry: 2e-6 leaves a margin of about four.
        np.testing.assert_allclose(two, one, rtol=2e-6, atol=2e-6 * float(jnp.max(jnp.abs(one))) + 1e-7)


# units below, at and above a vector's width; batches that need several blocks and odd tiles
@pytest.mark.parametrize(
    ("batch", "time", "units", "features", "kind"),
    every(
        2,
        [
            (7, 3, 15, 3, "none"),
            (5, 3, 16, 9, "gates"),
            (70, 3, 40, 1, "tied"),
            (1, 3, 1, 1, "zoneout"),
            (9, 4, 20, 17, "all"),
        ],
    ),
)
def test_results_and_gradients_equal_the_plain_steps(form, batch, time, units, features, kind):
    args = arrays(batch, time, units, features)
    masks = some_masks(batch, time, units, features, kind)
    assert_close(
        value_and_gradients("steps", args, masks=masks), value_and_gradients(form, args, masks=masks)
    )


@pytest.mark.parametrize("kind", every(2, ["none", "gates", "zoneout"]))
def test_the_last_output_alone_equals_that_of_all(form, kind):
    args, masks = arrays(7, 5, 12, 3), some_masks(7, 5, 12, 3, kind)

    def last(sequences):
        def loss(*args):
            outputs, h, c = lstm(*args, masks=masks, sequences=sequences, form=form)
            return jnp.sum(jnp.cos(outputs[:, -1])) + jnp.sum(h * c), outputs.shape

        return jax.value_and_grad(loss, argnums=tuple(range(6)), has_aux=True)(*args)

    (whole, long), expected = last(True)
    (alone, short), got = last(False)
    assert (long, short) == ((7, 5, 12), (7, 1, 12))
    assert_close((whole, expected), (alone, got))
    assert_close(
        lstm(*args, masks=masks, form=form)[1], lstm(*args, masks=masks, sequences=False, form=form)[1]
    )


def test_the_plain_steps_equal_keras(form):
    args = arrays(4, 6, 5, 3)
    layer = keras.layers.LSTM(5, return_sequences=True, return_state=True)
    layer.build((4, 6, 3))
    layer.set_weights([np.asarray(a) for a in args[3:]])
    assert_close(layer(args[0], initial_state=list(args[1:3])), list(lstm(*args, form=form)))


def test_masked_steps_keep_the_states_and_hide_nan(form):
    args = arrays(3, 6, 5, 2)
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 1, 0]], bool)
    broken = (jnp.where(mask[..., None], args[0], jnp.nan), *args[1:])
    expected = value_and_gradients("steps", args, mask=mask)
    assert_close(expected, value_and_gradients(form, broken, mask=mask))
    outputs, h, _ = lstm(*broken, mask=mask, form=form)
    np.testing.assert_allclose(outputs[1, 2], outputs[1, 5], rtol=1e-6)
    np.testing.assert_allclose(outputs[:, -1], h, rtol=1e-6)


def test_gates_computed_again_equal_gates_kept(monkeypatch):
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args, masks = arrays(33, 7, 12, 4), some_masks(33, 7, 12, 4, "all")
    kept = value_and_gradients("native", args, masks=masks)
    monkeypatch.setattr(native, "KEPT", 0)
    assert_close(kept, value_and_gradients("native", args, masks=masks))


def test_a_form_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="no form 'fast'; forms are native, xla, steps"):
        lstm(*arrays(2, 3, 4, 2), form="fast")


def test_nan_in_the_input_reaches_the_output(form):
    args = arrays(2, 3, 4, 2)
    assert np.isnan(lstm(args[0].at[0, 1, 0].set(jnp.nan), *args[1:], form=form)[0][0, 1:]).all()


@pytest.mark.parametrize(("gate", "exact"), [(0, lambda x: 1 / (1 + np.exp(-x))), (2, np.tanh)])
def test_activations_are_those_of_double_precision(form, gate, exact):
    """One gate reads x, the others are open or shut: the cell is then its activation."""
    x = np.concatenate([np.linspace(-30, 30, 60_001), [0, 1e-8, -1e-8, 100, -100, 3e38, -3e38]]).astype("f")
    kernel = jnp.zeros((1, 4)).at[0, gate].set(1.0)
    bias = jnp.asarray([100.0, -100.0, 100.0, 100.0]).at[gate].set(0.0)
    nought = jnp.zeros((len(x), 1))
    _, _, c = lstm(jnp.asarray(x)[:, None, None], nought, nought, kernel, jnp.zeros((1, 4)), bias, form=form)
    with np.errstate(over="ignore"):
        # The open gate that it is multiplied by is 1 to 3e-7 as well.
        np.testing.assert_allclose(c[:, 0], exact(x.astype("float64")), rtol=0, atol=5e-7)
    assert exact(0.0) or float(c[60_001, 0]) == 0  # tanh leaves zero as it is


def test_without_a_compiler_the_xla_form_runs_and_says_so(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    native._is_built.cache_clear()
    try:
        outputs, _, _ = lstm(*arrays(2, 3, 4, 2))
        lstm(*arrays(2, 3, 4, 2))
        told = [record.message for record in caplog.records if "could not be built" in record.message]
        assert len(told) == 1
        assert outputs.shape == (2, 3, 4)
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
    finally:
        monkeypatch.undo()
        native._is_built.cache_clear()


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_a_convolution_as_a_product_equals_keras(stride, dilation):
    draw = np.random.default_rng(0).normal
    x, kernel = (np.asarray(draw(size=shape), "float32") for shape in [(2, 17, 3), (4, 3, 5)])

    def value_and_gradients(convolve):
        def loss(x, kernel):
            y = convolve(x, kernel)
            return jnp.sum(jnp.sin(y)), y

        return jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(x, kernel)

    expected = value_and_gradients(lambda x, w: keras.ops.conv(x, w, stride, "valid", dilation_rate=dilation))
    assert_close(expected, value_and_gradients(lambda x, w: convolution(x, w, stride, dilation)))


def test_the_cheap_generator_is_uniform_unrelated_between_keys_and_reproducible():
    keys = [fast_key(jnp.array([seed, step], "uint32")) for seed in (1, 2) for step in (0, 1)]
    draws = np.array([jax.random.uniform(key, (20_000,)) for key in keys])
    counts = [np.histogram(draw, 20, (0, 1))[0] for draw in draws]
    chi_squared = [((count - 1000) ** 2 / 1000).sum() for count in counts]
    assert max(chi_squared) < 45  # 19 degrees of freedom: above 45 once in 1,400 draws; the seeds are fixed
    for series in (draws, np.array([draws[0][:-1], draws[0][1:]])):  # across keys; from word to word
        related = np.corrcoef(series) - np.eye(len(series))
        assert np.abs(related).max() < 0.03
    np.testing.assert_array_equal(draws[0], jax.random.uniform(keys[0], (20_000,)))
    kept = jax.random.bernoulli(keys[0], 0.9, (100_000,)).mean()
    assert abs(float(kept) - 0.9) < 0.004
