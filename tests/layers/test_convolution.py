"""ConvBlock, SqueezeExcite1D and CausalPatching do what they say, against plain Keras layers and NumPy."""

import keras
import numpy as np
import pytest
from keras import layers

from normcast.layers import INPUT, CausalAveragePooling1D, CausalPatching, ConvBlock, Part, SqueezeExcite1D
from tests.layers.backends import numpy


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def run(parts: tuple[Part, ...], x: np.ndarray) -> np.ndarray:
    """Run a listing of parts one by one."""
    outputs: dict[int, object] = {INPUT: x}
    for i, part in enumerate(parts):
        read = [outputs[j] for j in part.inputs]
        outputs[i] = part.layer(read if len(read) > 1 else read[0])
    return numpy(outputs[len(parts) - 1])


def plain_chain(entrance: object, filters: int = 10) -> object:
    """Build the block that ConvBlock's defaults stand for from layers of Keras."""
    x = layers.Conv1D(filters, 3, padding="causal", use_bias=False, kernel_initializer="lecun_normal")(
        entrance
    )
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Activation("selu")(x)
    x = layers.AlphaDropout(0.1, seed=7)(x)
    s = layers.Reshape((1, filters))(layers.GlobalAveragePooling1D()(x))
    s = layers.Dense(filters // 4, activation="relu", use_bias=False, kernel_initializer="he_normal")(s)
    s = layers.Dense(filters, activation="sigmoid", use_bias=False, kernel_initializer="he_normal")(s)
    return layers.Multiply()([x, s])


def test_default_block_is_the_chain_of_plain_layers_weight_for_weight() -> None:
    entrance = keras.Input((12, 3))
    chain = keras.Model(entrance, plain_chain(entrance))
    block = keras.Model(entrance, ConvBlock(seed=7)(entrance))
    assert [w.shape for w in chain.weights] == [w.shape for w in block.weights]
    block.set_weights(chain.get_weights())
    x, y = random(16, 12, 3), random(16, 12, 10, seed=1)
    for model in (chain, block):
        model.compile(keras.optimizers.SGD(0.05), "mse")
    for _ in range(3):
        # in training too: the same dropout from the same seed, the same moving statistics
        assert float(chain.train_on_batch(x, y)) == pytest.approx(float(block.train_on_batch(x, y)), rel=1e-5)
    for a, b in zip(chain.get_weights(), block.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(chain.predict(x, verbose=0), block.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_default_block_starts_with_the_weights_of_the_plain_chain() -> None:
    starts = []
    for make in (plain_chain, ConvBlock(seed=7)):
        keras.utils.set_random_seed(11)
        entrance = keras.Input((12, 3))
        block = ConvBlock(seed=7) if isinstance(make, ConvBlock) else make
        starts.append([w.std() for w in keras.Model(entrance, block(entrance)).get_weights()])
    np.testing.assert_allclose(starts[0], starts[1], rtol=0.5)  # the same laws, not the same draws


@pytest.mark.parametrize(
    "block",
    [
        ConvBlock(8),
        ConvBlock(8, norm_at="after", dropout_at="after", squeeze_causal=True),
        ConvBlock(8, strides=2, norm="layer", squeeze_excite=None),
    ],
)
def test_unfolded_block_computes_what_the_block_computes(block: ConvBlock) -> None:
    x = random(4, 9, 3)
    whole = numpy(block(x))
    parts = block.unfold()
    np.testing.assert_allclose(run(parts, x), whole, rtol=1e-5, atol=1e-6)
    held = [id(v) for part in parts for v in part.layer.weights]
    assert sorted(held) == sorted(id(v) for v in block.weights)


def test_order_of_the_block_is_the_one_its_arguments_state() -> None:
    def kinds(**about: object) -> list[str]:
        return [layer.name for layer in ConvBlock(8, **about).chain]

    assert kinds() == ["conv", "norm", "activation", "dropout", "squeeze_excite"]
    assert kinds(norm_at="after") == ["conv", "activation", "norm", "dropout", "squeeze_excite"]
    assert kinds(dropout_at="after") == ["conv", "norm", "activation", "squeeze_excite", "dropout"]
    assert kinds(norm=None, dropout=0, squeeze_excite=None) == ["conv", "activation"]


def test_block_has_a_bias_only_where_no_norm_takes_it_away() -> None:
    assert not ConvBlock(8).conv.use_bias
    assert ConvBlock(8, norm_at="after").conv.use_bias
    assert ConvBlock(8, norm=None).conv.use_bias
    assert ConvBlock(8, use_bias=True).conv.use_bias


def test_block_ignores_padding_in_its_batch_statistics() -> None:
    x = random(4, 6, 2)
    mask = np.ones((4, 6), bool)
    mask[:, 4:] = False
    masked, short = (ConvBlock(8, dropout=0, squeeze_excite=None) for _ in range(2))
    masked(x), short(x)
    short.set_weights(masked.get_weights())
    long = x.copy()
    long[~mask] = 50.0
    a = numpy(masked(long, mask=mask, training=True))[:, :4]
    np.testing.assert_allclose(a, numpy(short(x[:, :4], training=True)), rtol=1e-4, atol=1e-5)
    for one, two in zip(masked.get_weights(), short.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_squeeze_excite_is_the_equation_of_the_paper() -> None:
    x = random(3, 7, 8)
    layer = SqueezeExcite1D(ratio=4)
    y = numpy(layer(x))
    w1, w2 = (w.astype("float64") for w in layer.get_weights())
    s = x.mean(axis=1)
    e = 1 / (1 + np.exp(-np.maximum(s @ w1, 0) @ w2))
    np.testing.assert_allclose(y, x * e[:, None], rtol=1e-5, atol=1e-6)


def test_causal_squeeze_excite_weighs_each_step_by_the_mean_so_far() -> None:
    x = random(3, 7, 8)
    mask = np.ones((3, 7), bool)
    mask[0, 2] = mask[1, :3] = False
    layer = SqueezeExcite1D(ratio=4, causal=True)
    y = numpy(layer(x, mask=mask))
    w1, w2 = (w.astype("float64") for w in layer.get_weights())
    for b, t in np.argwhere(mask):
        s = x[b, : t + 1][mask[b, : t + 1]].mean(axis=0)
        e = 1 / (1 + np.exp(-np.maximum(s @ w1, 0) @ w2))
        np.testing.assert_allclose(y[b, t], x[b, t] * e, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("channels", "ratio", "hidden"), [(3, 4, 1), (4, 8, 1), (10, 4, 2), (10, 1, 10)])
def test_squeeze_excite_keeps_at_least_one_unit(channels: int, ratio: int, hidden: int) -> None:
    layer = SqueezeExcite1D(ratio)
    layer(random(2, 5, channels))
    assert [w.shape for w in layer.get_weights()] == [(channels, hidden), (hidden, channels)]


@pytest.mark.parametrize(
    "layer",
    [
        SqueezeExcite1D(2, causal=True),
        CausalAveragePooling1D(),
        ConvBlock(8, squeeze_causal=True),
        ConvBlock(8, 3, dilation_rate=2, squeeze_excite=None, norm_at="after"),
    ],
)
def test_no_output_depends_on_a_later_input(layer: keras.Layer) -> None:
    x = random(2, 9, 4)
    changed = x.copy()
    changed[:, 5:] = 1e3 * random(2, 4, 4, seed=1)
    before, after = numpy(layer(x)), numpy(layer(changed))
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any()


def test_squeeze_excite_that_is_not_causal_sees_later_steps() -> None:
    x = random(2, 9, 4)
    layer = SqueezeExcite1D(2)
    changed = x.copy()
    changed[:, 8] += 10.0
    assert (numpy(layer(x))[:, :8] != numpy(layer(changed))[:, :8]).any()


@pytest.mark.parametrize(
    ("time", "patch", "stride"), [(12, 4, 4), (13, 4, 4), (13, 5, 2), (3, 5, 5), (9, 1, 1)]
)
@pytest.mark.parametrize("fill", ["zeros", "first"])
def test_patches_end_at_the_last_step_and_miss_none(time: int, patch: int, stride: int, fill: str) -> None:
    x = random(2, time, 3)
    layer = CausalPatching(4, patch, stride, fill=fill)
    y = numpy(layer(x))
    kernel, bias = layer.get_weights()
    ahead = np.repeat(x[:, :1] * (fill == "first"), patch - 1, axis=1)
    padded = np.concatenate([ahead, x], axis=1)
    ends = np.arange(time - 1, -1, -stride)[::-1]
    expected = [np.tensordot(padded[:, e : e + patch], kernel, axes=2) + bias for e in ends]
    np.testing.assert_allclose(y, np.stack(expected, axis=1), rtol=1e-4, atol=1e-5)
    for t in range(time):
        changed = x.copy()
        changed[:, t] += 1.0
        differs = (numpy(layer(changed)) != y).any(axis=(0, 2))
        assert differs.any(), f"step {t} is read by no patch"
        assert not differs[ends < t].any(), f"step {t} is read by a patch that ended before it"


def test_unfolded_patching_computes_the_same() -> None:
    x = random(2, 13, 3)
    layer = CausalPatching(4, 5, 2)
    np.testing.assert_allclose(numpy(layer(x)), run(layer.unfold(), x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConvBlock(8, norm="bach"), "Did you mean 'batch'"),
        (lambda: ConvBlock(8, norm_at="befor"), "Did you mean 'before'"),
        (lambda: ConvBlock(8, dropout_kind="spatail"), "Did you mean 'spatial'"),
        (lambda: ConvBlock(8, dropout=1.0), "at least 0 and below 1"),
        (lambda: ConvBlock(8, norm="rms", norm_scale=False), "always learns a scale"),
        (lambda: SqueezeExcite1D(0), "ratio is 0"),
        (lambda: SqueezeExcite1D(2.5), "ratio is 2.5"),
        (lambda: CausalPatching(8, 3, 4), "skipped"),
        (lambda: CausalPatching(8, 3, fill="zero"), "Did you mean 'zeros'"),
        (lambda: ConvBlock(8).unfold(), "Call it first"),
    ],
)
def test_wrong_arguments_are_refused_with_a_way_out(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
