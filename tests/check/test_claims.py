"""What the pages of the rules say of Keras, run on the installed one: a test for each claim, by its words.

A claim is quoted from the page: who changes the words has to look at the test again.
"""

import warnings

import jax
import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.pages import page
from normcast.check.rule import KINDS, RULES

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="gradients are taken by JAX")

CLAIMS: dict[str, list[str]] = {}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 8, 3)).astype("float32")

NO_CLAIM = {
    "it is about the data or how they are split": (
        *("normalizer-fit-on-all", "shuffled-window-split", "target-in-window", "unscaled-target"),
        *("params-vs-windows", "axes-swapped", "activation-on-input", "flatten-dense-explosion"),
    ),
    "a GPU is needed to see it": ("rnn-off-cudnn",),
    "source tells it, and tests of source run it": ("layer-never-called",),
    "its evidence is measured on data, not on Keras": ("pool-before-rnn", "bn-before-regression-output"),
}
"""The pages that claim nothing of Keras that could be run, and why."""


def claims(slug, words):
    """Say which page has these words, which the test runs."""
    CLAIMS.setdefault(slug, []).append(words)
    return lambda test: test


def flat(text):
    return " ".join(text.split())


def values(layer, x=X, **more):
    return np.asarray(layer(x, **more))


def gradients(layer, x, loss):
    """The gradient of a loss of what a layer gives, by the name of each of its weights."""
    net = layer if isinstance(layer, keras.Model) else keras.Sequential([keras.Input(x.shape[1:]), layer])
    fixed = [v.value for v in net.non_trainable_variables]

    def total(weights):
        return loss(net.stateless_call(weights, fixed, x, training=True)[0])

    weights = net.trainable_variables
    found = jax.grad(total)([v.value for v in weights])
    return {v.path.rpartition("/")[2]: np.asarray(g) for v, g in zip(weights, found, strict=True)}


def grown(activation, factor, rate=0.0, seed=0):
    """The largest value of an LSTM whose recurrent weights are `factor` times their start, over 200 steps."""
    keras.utils.set_random_seed(seed)
    x = np.random.default_rng(0).normal(size=(4, 200, 4)).astype("float32")
    layer = L.LSTM(32, activation=activation, recurrent_dropout=rate)
    layer.build(x.shape)
    layer.cell.recurrent_kernel.assign(factor * layer.cell.recurrent_kernel)
    return float(np.abs(values(layer, x, training=True)).max())


def warned(call):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    return [str(each.message) for each in told]


# Masks -------------------------------------------------------------------------------------------------


@claims("mask-dropped", "Convolutions, max pooling, Flatten, Reshape and Permute destroy the mask.")
@claims("mask-dropped", "Keras warns of it when the layer is called")
@pytest.mark.parametrize(
    "layer",
    [L.Conv1D(4, 3), L.MaxPooling1D(2), L.Flatten(), L.Reshape((24,)), L.Permute((2, 1))],
    ids=lambda layer: type(layer).__name__,
)
def test_keras_warns_of_a_mask_that_a_layer_destroys(layer):
    masked = L.Masking()(keras.Input((8, 3)))
    assert any("destroy the mask" in each for each in warned(lambda: layer(masked)))


@claims("mask-dropped", "pool with a layer that uses it")
def test_average_pooling_uses_the_mask_and_says_nothing():
    x = np.concatenate([X[:, :5], np.zeros_like(X[:, 5:])], axis=1)
    told = []
    net = keras.Sequential([keras.Input((8, 3)), L.Masking()])
    told += warned(lambda: net.add(L.GlobalAveragePooling1D()))
    assert not [each for each in told if "mask" in each]
    np.testing.assert_allclose(net(x), X[:, :5].mean(axis=1), atol=1e-6)


@claims("mask-value-is-data", "A step is masked where all its features equal the mask value.")
def test_a_step_is_masked_where_all_features_are_the_value():
    x = X.copy()
    x[0, 2], x[0, 3, 0] = 0, 0
    mask = np.asarray(L.Masking().compute_mask(x))
    assert mask.sum() == mask.size - 1
    assert not mask[0, 2]


# Normalization -----------------------------------------------------------------------------------------


@claims("bias-before-bn", "The bias has no effect and no gradient")
def test_a_bias_in_front_of_batch_normalization_has_no_effect_and_no_gradient():
    net = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3, name="c"), L.BatchNormalization()])
    before = values(net, training=True)
    weight = RNG.normal(size=before.shape).astype("float32")
    found = gradients(net, X, lambda y: (y * weight).sum())
    assert np.abs(found["bias"]).max() < 1e-4 < np.abs(found["kernel"]).max()
    net.get_layer("c").bias.assign([3.0, -2.0, 1.0, 5.0])
    np.testing.assert_allclose(values(net, training=True), before, atol=1e-4)


@claims("bn-after-output", "they depend on what else is in the batch")
@claims("bn-after-output", "Afterwards running averages take that place")
def test_batch_normalization_depends_on_the_batch_in_training_alone():
    layer = L.BatchNormalization()
    assert not np.allclose(values(layer, training=True)[:4], values(layer, X[:4], training=True))
    np.testing.assert_allclose(values(layer)[:4], values(layer, X[:4]), atol=1e-6)


@claims(
    "bn-moving-stats-unconverged", "They begin at mean 0 and variance 1 and keep momentum ** steps of that."
)
def test_moving_statistics_keep_momentum_to_the_number_of_steps_of_their_start():
    layer = L.BatchNormalization(momentum=0.9, epsilon=1e-9)
    x = np.full((32, 8, 1), 5.0, "float32")
    x[::2] = 7
    for _ in range(10):
        layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean, 6 * (1 - 0.9**10), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, 0.9**10 + (1 - 0.9**10), rtol=1e-4)


@claims("bn-small-batch", "The estimates are noise, differ from the moving averages used later")
def test_variances_of_small_batches_are_noise():
    x = np.random.default_rng(1).normal(size=(4096, 1)).astype("float32")
    small, large = (np.array([part.var() for part in x.reshape(-1, n)]) for n in (2, 64))
    assert small.std() > 3 * large.std()


@claims(
    "bn-on-raw-input", "Its statistics change with every batch, and at first they are not those of the data."
)
def test_batch_normalization_of_raw_input_gives_the_data_unscaled_at_first_at_inference():
    np.testing.assert_allclose(values(L.BatchNormalization(), 50 * X), 50 * X, rtol=1e-2)


@claims(
    "bn-scale-redundant", "Through relu, leaky relu, pooling and dropout a positive scale passes unchanged"
)
def test_a_positive_scale_passes_through_relu_and_pooling():
    for layer in (L.ReLU(), L.LeakyReLU(), L.MaxPooling1D(2), L.AveragePooling1D(2)):
        np.testing.assert_allclose(values(layer, 3 * X), 3 * values(layer), rtol=1e-5)
    assert not np.allclose(values(L.Activation("selu"), 3 * X), 3 * values(L.Activation("selu")))


@claims("channel-axis-mismatch", "Normalizing over the time axis")
def test_batch_normalization_over_axis_one_has_a_scale_for_each_step():
    layer = L.BatchNormalization(axis=1)
    layer.build((None, 8, 3))
    assert layer.gamma.shape == (8,)


@claims("norm-param-weight-decay", "Weight decay pulls the scale and shift of a normalization towards 0.")
def test_decay_pulls_a_scale_that_has_no_gradient_towards_zero_unless_it_is_excluded():
    for excluded, expected in ((["gamma"], 1.0), ([], 1 - 0.1 * 0.5)):
        gamma = keras.Variable([1.0], name="gamma")
        optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=excluded)
        optimizer.apply([keras.ops.zeros(1)], [gamma])
        np.testing.assert_allclose(gamma, expected, rtol=1e-5)


@claims("norm-param-weight-decay", "What a kernel loses to decay a normalization behind it gives back")
def test_a_smaller_kernel_in_front_of_a_normalization_changes_nothing():
    layer = L.BatchNormalization(epsilon=1e-9)
    np.testing.assert_allclose(values(layer, 0.5 * X, training=True), values(layer, training=True), atol=1e-4)


# Dropout -----------------------------------------------------------------------------------------------


@claims("dropout-before-bn", "which vary more by 1 / (1 - rate) around a mean of 0")
def test_dropout_raises_the_variance_by_its_rate():
    x = RNG.normal(size=(400, 400)).astype("float32")
    np.testing.assert_allclose(values(L.Dropout(0.2, seed=0), x, training=True).var(), 1.25, rtol=0.02)


@claims("dropout-after-output", "a share of the forecasts is replaced by 0 and the rest is scaled up")
def test_dropout_zeroes_a_share_and_scales_the_rest():
    y = values(L.Dropout(0.2, seed=0), np.ones((100, 100), "float32"), training=True)
    np.testing.assert_allclose((y == 0).mean(), 0.2, atol=0.02)
    np.testing.assert_allclose(y[y > 0], 1.25)


@claims("dropout-rate-extreme", "the kept tenth is scaled up ten times")
@claims("dropout-rate-extreme", "At 1 the output is 0.")
def test_extreme_rates():
    ones = np.ones((50, 50), "float32")
    y = values(L.Dropout(0.9, seed=0), ones, training=True)
    np.testing.assert_allclose(y[y > 0], 10, rtol=1e-5)
    assert not values(L.Dropout(1.0), ones, training=True).any()


@claims("alphadropout-without-selu", "It sets dropped units to selu's lowest value")
@claims("alphadropout-without-selu", "Behind a relu it injects negative values and moves both.")
def test_alpha_dropout_keeps_mean_and_variance_behind_selu_only():
    noise = L.AlphaDropout(0.1, seed=0)
    x = RNG.normal(size=(400, 400)).astype("float32")
    kept = values(noise, x, training=True)
    assert abs(kept.mean()) < 0.02
    np.testing.assert_allclose(kept.var(), 1, atol=0.03)
    relu = values(noise, np.maximum(x, 0), training=True)
    assert relu.min() < -1
    assert abs(relu.mean() - np.maximum(x, 0).mean()) > 0.05


@claims("selu-plain-dropout", "Setting units to 0 and scaling the rest raises the variance")
def test_plain_dropout_raises_the_variance_behind_selu():
    y = keras.activations.selu(RNG.normal(size=(400, 400)).astype("float32"))
    assert values(L.Dropout(0.2, seed=0), y, training=True).var() > 1.2


@claims("noise-shape-batch", "then the call fails")
def test_a_noise_shape_with_the_batch_size_fails_on_another():
    noise = L.Dropout(0.2, noise_shape=(16, 1, 3))
    noise(X, training=True)
    with pytest.raises(Exception):  # noqa: B017, PT011  (each backend has its own)
        noise(X[:5], training=True)


# Recurrence --------------------------------------------------------------------------------------------


@claims("rnn-unbounded-activation", "A fresh layer is calm")
@claims(
    "rnn-unbounded-activation",
    "the state overflows or passes 1e20 within 200 steps, where tanh stays below 1",
)
def test_a_relu_lstm_overflows_once_its_weights_have_grown():
    assert grown("relu", 1) < 1
    assert not grown("relu", 4) < 1e20
    assert grown("tanh", 4) < 1


@claims(
    "recurrent-dropout-unbounded", "the state of an LSTM is NaN within 200 steps, where tanh stays below 1"
)
def test_recurrent_dropout_makes_a_relu_lstm_overflow():
    assert np.isnan(grown("relu", 3, rate=0.3))
    assert grown("tanh", 3, rate=0.3) < 1


@claims("gru-recurrent-dropout-bug", "Silent on Keras 3.8 and later, where it is repaired.")
def test_recurrent_dropout_of_a_gru_keeps_its_state_bounded():
    x = np.random.default_rng(0).normal(size=(4, 200, 4)).astype("float32")
    assert np.abs(values(L.GRU(16, recurrent_dropout=0.5), x, training=True)).max() < 1


@claims("rnn-single-timestep", "the gradient of the recurrent kernel is exactly 0")
def test_one_step_gives_the_recurrent_kernel_no_gradient():
    found = gradients(L.LSTM(4), X[:, :1], lambda y: (y**2).sum())
    assert not found["recurrent_kernel"].any()
    assert found["kernel"].any()


@claims("stateful-shuffle", "A stateful layer carries its state to the next batch")
@claims("stateful-shuffle", "`reset_state()` between series")
def test_a_stateful_layer_carries_its_state_until_it_is_reset():
    layer = L.LSTM(4, stateful=True)
    first, second = values(layer), values(layer)
    assert not np.allclose(first, second)
    layer.reset_state()
    np.testing.assert_allclose(values(layer), first, atol=1e-6)


@claims(
    "bidirectional-future-leak", "A layer that reads backwards gives each step knowledge of the later ones."
)
def test_a_layer_that_reads_backwards_sees_later_steps():
    later = X.copy()
    later[:, 5:] += 1
    for layer, sees in (
        (L.Bidirectional(L.LSTM(4, return_sequences=True)), True),
        (L.LSTM(4, return_sequences=True), False),
    ):
        assert np.allclose(values(layer)[:, :5], values(layer, later)[:, :5]) is not sees


@claims("constant-decoder", "at inference every step of the output is identical")
def test_a_repeated_vector_stays_the_same_at_each_step():
    net = keras.Sequential([keras.Input((8, 3)), L.LSTM(4), L.RepeatVector(5), L.Dense(2)])
    y = values(net)
    np.testing.assert_allclose(y, y[:, :1].repeat(5, axis=1), atol=1e-6)


# Convolutions and paths --------------------------------------------------------------------------------


@claims("noncausal-conv-leak", "With padding 'same' half of a kernel, of any rank, lies in the future")
def test_same_padding_sees_the_next_step_and_causal_does_not():
    later = X.copy()
    later[:, 5:] += 1
    for padding, sees in (("same", True), ("causal", False)):
        layer = L.Conv1D(4, 3, padding=padding)
        assert np.allclose(values(layer)[:, :5], values(layer, later)[:, :5]) is not sees


@claims("global-context-leak", "attention without a causal mask, normalization or softmax over time")
def test_attention_without_a_causal_mask_sees_later_steps():
    later = X.copy()
    later[:, 5:] += 1
    layer = L.MultiHeadAttention(1, 4)
    for causal in (False, True):
        before, after = (np.asarray(layer(x, x, use_causal_mask=causal)) for x in (X, later))
        assert np.allclose(before[:, :5], after[:, :5], atol=1e-6) is causal


@claims("kernel-exceeds-length", "it has no gradient and never learns")
def test_a_tap_beyond_the_window_has_no_gradient():
    found = gradients(L.Conv1D(2, 12, padding="causal"), X, lambda y: (y**2).sum())
    assert not found["kernel"][:4].any()
    assert found["kernel"][4:].any(axis=(1, 2)).all()


@claims("receptive-field-short", "What lies before has exactly no influence.")
def test_what_a_convolution_does_not_reach_has_no_influence():
    net = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3, padding="causal")])
    slope = np.asarray(jax.grad(lambda x: net(x)[:, -1].sum())(X))
    assert not slope[:, :5].any()
    assert slope[:, 5:].any()


@claims("unused-input", "Keras builds and trains such a model without a word")
def test_keras_says_nothing_of_an_input_that_reaches_no_output():
    one, other = keras.Input((3,)), keras.Input((2,))
    net = keras.Model([one, other], L.Dense(1)(one))
    net.compile("sgd", "mse")
    assert warned(lambda: net.train_on_batch([np.ones((4, 3)), np.ones((4, 2))], np.ones((4, 1)))) == []


@claims("scalar-bottleneck", "what stands behind it cannot tell more apart than that value does")
def test_all_outputs_behind_one_number_are_functions_of_it():
    net = keras.Sequential([keras.Input((3,)), L.Dense(1), L.Dense(5)])
    y = values(net, X[:, 0])
    assert np.linalg.matrix_rank(y - y.mean(axis=0), tol=1e-4) == 1


@claims("linear-dense-stack", "The product of two matrices is a matrix.")
def test_two_linear_layers_are_one():
    first, second = L.Dense(4), L.Dense(2)
    y = values(second, first(X))
    np.testing.assert_allclose(y, X @ (np.asarray(first.kernel) @ np.asarray(second.kernel)), atol=1e-5)


@claims("constant-init", "their gradients differ by a factor alone, the weight with which each is read")
def test_units_that_start_alike_learn_in_one_direction():
    net = keras.Sequential(
        [keras.Input((3,)), L.Dense(4, kernel_initializer="ones"), L.Dense(1, use_bias=False)]
    )
    last = net.layers[-1]
    net(X[:, 0])
    weights = [v.value for v in net.trainable_variables]
    slope = jax.grad(lambda w: (net.stateless_call(w, [], X[:, 0])[0] ** 2).sum())(weights)[0]
    ratio = np.asarray(slope) / np.asarray(last.kernel)[:, 0]
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(4, axis=1), rtol=1e-3)


@claims("selu-init", "about 19 after 12")
def test_selu_keeps_its_variance_from_lecun_and_not_from_he():
    spread = {}
    for start in ("lecun_normal", "he_normal"):
        found = []
        for seed in range(4):
            keras.utils.set_random_seed(seed)
            x = np.random.default_rng(seed).normal(size=(256, 128)).astype("float32")
            for _ in range(12):
                x = values(L.Dense(128, activation="selu", kernel_initializer=start), x)
            found.append(x.var())
        spread[start] = np.mean(found)
    assert 0.8 < spread["lecun_normal"] < 1.25
    assert 12 < spread["he_normal"] < 30 < 2**12


# Outputs and losses ------------------------------------------------------------------------------------


@claims("softmax-binary-crossentropy", "`accuracy` is categorical here and says how many are right")
@claims("softmax-binary-crossentropy", "`binary_accuracy` counts every unit, and looks far too good")
def test_accuracy_with_softmax_and_binary_cross_entropy_is_categorical():
    net = keras.Sequential([keras.Input((3,)), L.Dense(3, activation="softmax", kernel_initializer="zeros")])
    net.layers[0].bias.assign([1.0, 0.0, 0.0])
    net.compile("sgd", "binary_crossentropy", metrics=["accuracy", "binary_accuracy"])
    told = net.evaluate(np.zeros((3, 3)), np.eye(3), verbose=0, return_dict=True)
    np.testing.assert_allclose([told["accuracy"], told["binary_accuracy"]], [1 / 3, 5 / 9], rtol=1e-5)


@claims("sigmoid-categorical-crossentropy", "The loss divides them by their sum, so only their ratios count")
def test_categorical_cross_entropy_counts_the_ratios_of_sigmoids():
    high = np.array([[0.9, 0.6, 0.3]], "float32")
    for loss, y in (
        (keras.losses.categorical_crossentropy, np.array([[1.0, 0, 0]])),
        (keras.losses.sparse_categorical_crossentropy, np.array([0])),
    ):
        np.testing.assert_allclose(loss(y, high), loss(y, high / 30), rtol=1e-4)


@claims("from-logits-mismatch", "gives beyond 0 and 1, are clipped, and most gradients vanish.")
@claims("from-logits-mismatch", "Probabilities read as logits are squeezed a second time")
def test_logits_as_probabilities_have_no_gradient_and_probabilities_as_logits_no_small_loss():
    logits = np.array([[3.0], [-2.0]], "float32")
    slope = jax.grad(lambda p: keras.losses.binary_crossentropy(np.ones((2, 1)), p).sum())(logits)
    assert not np.asarray(slope).any()
    best = keras.losses.categorical_crossentropy(np.eye(3)[:1], np.eye(3)[:1], from_logits=True)
    assert best[0] > 0.5


@claims("label-range", "Binary cross-entropy with labels beyond 0 and 1 has no lower bound")
@claims("label-range", "indexes past the output, without an error on most devices")
def test_labels_out_of_range():
    high = [float(keras.losses.binary_crossentropy([[4.0]], [[p]])[0]) for p in (0.9, 0.999, 0.99999)]
    assert high == sorted(high, reverse=True)
    assert high[-1] < -30
    keras.losses.sparse_categorical_crossentropy(np.array([7]), np.array([[0.3, 0.2, 0.5]], "float32"))


@claims("metric-mismatch", "compares for exact equality, which a probability never meets")
def test_the_class_of_accuracy_compares_for_equality():
    metric, binary = keras.metrics.Accuracy(), keras.metrics.BinaryAccuracy()
    assert float(metric([[1.0], [0.0]], [[0.9], [0.1]])) == 0
    assert float(binary([[1.0], [0.0]], [[0.9], [0.1]])) == 1


@claims(
    "output-range-excludes-target", "A relu never gives a negative value, a sigmoid nothing above 1, a tanh"
)
def test_ranges_of_activations():
    x = np.linspace(-50, 50, 101).astype("float32")
    assert np.asarray(keras.activations.relu(x)).min() == 0
    assert np.asarray(keras.activations.sigmoid(x)).max() <= 1
    assert np.abs(np.asarray(keras.activations.tanh(x))).max() <= 1
    assert np.abs(values(L.LSTM(4), 100 * X)).max() <= 1


@claims("relu-regression-head", "once its unit is negative for the whole batch, it has no gradient")
def test_a_relu_that_is_negative_for_all_has_no_gradient():
    layer = L.Dense(1, activation="relu", bias_initializer=keras.initializers.Constant(-100.0))
    found = gradients(layer, X, lambda y: ((y - 1) ** 2).sum())
    assert not any(each.any() for each in found.values())


@claims("softmax-single-unit", "A softmax over one element is always 1.")
@claims("softmax-regression", "its outputs sum to 1")
def test_a_softmax_sums_to_one():
    assert (values(L.Dense(1, activation="softmax")) == 1).all()
    np.testing.assert_allclose(values(L.Dense(4, activation="softmax")).sum(axis=-1), 1, rtol=1e-5)


@claims("stacked-activation", "a sigmoid behind a tanh gives values between 0.27 and 0.73")
def test_a_sigmoid_behind_a_tanh():
    y = np.asarray(
        keras.activations.sigmoid(keras.activations.tanh(np.linspace(-20, 20, 99).astype("float32")))
    )
    np.testing.assert_allclose([y.min(), y.max()], [0.27, 0.73], atol=0.005)


@claims(
    "sigmoid-mse-classification",
    "Where the output saturates on the wrong side that error has almost no gradient",
)
def test_squared_error_has_no_gradient_where_a_sigmoid_is_most_wrong():
    def slope(loss):
        return abs(
            float(
                jax.grad(lambda z: loss(np.ones((1, 1)), keras.ops.sigmoid(z)).sum())(np.full((1, 1), -9.0))[
                    0, 0
                ]
            )
        )

    assert slope(keras.losses.mean_squared_error) < 1e-3
    assert slope(keras.losses.binary_crossentropy) > 0.9


@claims(
    "float16-output",
    "In float16 the largest number is 65504, and the logarithm of a small probability is minus infinity",
)
def test_float16():
    assert float(np.finfo(np.float16).max) == 65504
    assert np.isneginf(np.asarray(keras.ops.log(keras.ops.cast([1e-9], "float16")))[0])


@claims("target-shape-broadcast", "It trains, the loss falls, and the forecast is flat.")
def test_a_loss_broadcasts_without_a_word():
    y = RNG.normal(size=(4, 5)).astype("float32")
    told = warned(lambda: keras.losses.MeanSquaredError()(y, np.zeros((4, 1), "float32")))
    assert told == []
    best = [
        float(keras.losses.MeanSquaredError()(y[:1], np.full((1, 1), p))) for p in (float(y[0].mean()), 9.0)
    ]
    assert best[0] < best[1]


@claims("target-shape-mismatch", "the loss will raise")
def test_a_loss_raises_where_shapes_cannot_be_broadcast():
    with pytest.raises(Exception):  # noqa: B017, PT011  (each backend has its own)
        keras.losses.MeanSquaredError()(np.zeros((4, 3)), np.zeros((4, 5)))


@claims(
    "unscaled-input", "A sigmoid or tanh is flat beyond about 5: inputs of 90 leave it without a gradient."
)
def test_gates_are_flat_beyond_five():
    for name, start in (("sigmoid", 0.25), ("tanh", 1.0)):
        slope = jax.vmap(jax.grad(lambda z, name=name: getattr(keras.ops, name)(z)))(
            np.array([0.0, 5.0, 90.0], "float32")
        )
        np.testing.assert_allclose(slope[0], start)
        assert slope[1] < 0.03 * start
        assert slope[2] == 0


@claims("lr-suspect", "Adam moves each weight by about the learning rate per step, whatever the gradient")
@claims("lr-suspect", "Adadelta's own scale is 1; Keras' default of 0.001 hardly moves.")
def test_adam_moves_by_its_rate_and_adadelta_hardly():
    moved = {}
    for gradient in (1e-3, 1e3):
        weight = keras.Variable([0.0])
        keras.optimizers.Adam(0.06).apply([keras.ops.convert_to_tensor([gradient])], [weight])
        np.testing.assert_allclose(weight, -0.06, rtol=1e-2)
    for rate in (0.001, 1.0):
        weight, optimizer = keras.Variable([0.0]), keras.optimizers.Adadelta(rate)
        for _ in range(5):
            optimizer.apply([keras.ops.ones(1)], [weight])
        moved[rate] = abs(float(weight[0]))
    assert keras.optimizers.Adadelta().get_config()["learning_rate"] == pytest.approx(0.001)
    assert moved[0.001] < 1e-4 < 500 * moved[0.001] < moved[1.0]


# What running a model shows ----------------------------------------------------------------------------


@claims("saturated-gates", "A sigmoid there passes less than 4 % of the gradient that it passes at 0.5")
def test_a_saturated_sigmoid():
    edge = np.log(0.01 / 0.99)
    slope = [float(jax.grad(keras.ops.sigmoid)(np.float32(z))) for z in (edge, 0.0)]
    assert slope[0] / slope[1] < 0.04


@claims("dead-relu-units", "A relu passes no gradient where it is 0")
@claims("dead-filters", "gets no gradient that could bring it back")
def test_a_dead_relu_gets_no_gradient():
    layer = L.Conv1D(4, 3, activation="relu", bias_initializer=keras.initializers.Constant(-100.0))
    assert not any(each.any() for each in gradients(layer, X, lambda y: y.sum()).values())


# Pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", CLAIMS)
def test_a_claim_stands_on_its_page_as_it_is_quoted(slug):
    (kind,) = (each for each in KINDS.values() if each.slug == slug)
    text = flat(page(kind))
    assert [words for words in CLAIMS[slug] if words not in text] == []


def test_every_page_of_a_rule_has_a_claim_that_is_run_or_says_why_not():
    exempt = {slug for slugs in NO_CLAIM.values() for slug in slugs}
    rules = {rule.slug for rule in RULES.values()}
    assert rules - exempt - set(CLAIMS) == set()
    assert exempt & set(CLAIMS) == exempt - rules == set()


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_code_on_a_page_is_not_written_as_a_sentence(kind):
    first = kind.hint.split()[0]
    looks_like_code = any(sign in first.strip(",;:.") for sign in "_=(") or "." in first.strip(",;:.")[1:]
    assert not looks_like_code or first.startswith("`") or first[0].isdigit()


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_what_to_use_instead_and_what_is_left_alone_stand_apart(rule):
    text = page(rule)
    instead = text.partition("## Use instead")[2].partition("## ")[0]
    has_fix = any(example.fixed for example in rule.bad)
    assert instead.count("```text") == (0 if has_fix else 1)
    rest = rule.good if has_fix else rule.good[1:]
    alone = text.partition("## Exceptions")[2].partition("## ")[0]
    assert alone.count("```text") == len(rest)
