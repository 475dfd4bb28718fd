"""Where the findings of a rule begin and end: here something is found, just beyond it nothing."""

import keras
import pytest
from keras import layers as K
from keras.initializers import RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling

from normcast.check.examples import L, chain, fork
from normcast.check.facts import Facts
from normcast.check.reading import read
from normcast.check.rule import find_rule


def found(slug, example):
    """What the rule says: severity, message, edits of each finding."""
    findings = find_rule(slug).findings(read(example.build()), example.facts)
    return [(f.severity.name.lower(), f.message, [str(edit) for edit in f.fix]) for f in findings]


def dense(activation="linear", units=1, **known):
    """A network that ends in a Dense layer."""
    return chain((8, 3), L.LSTM(4), L.Dense(units, activation=activation), **known)


def normalized(steps=8, **known):
    """A batch normalization over this many steps."""
    conv = L.Conv1D(4, 3, padding="same")
    return chain((steps, 3), conv, L.BatchNormalization(), L.LSTM(4), L.Dense(1), **known)


def selu(start, units=16):
    """A selu layer of 16 inputs that starts like this."""
    return chain((16,), L.Dense(units, activation="selu", kernel_initializer=start), L.Dense(1))


def scaled(scale, mode="fan_in", units=16):
    return selu(VarianceScaling(scale=scale, mode=mode), units)


def pooled(steps, *before, **pool):
    conv = L.Conv1D(4, 3, padding="same")
    return chain((steps, 3), conv, *before, L.MaxPooling1D(2, **pool), L.LSTM(4), L.Dense(1))


def dropped(*items, shape=(8, 3), **known):
    return chain(shape, L.Conv1D(4, 3), *items, L.LSTM(4), L.Dense(1), **known)


def recurrent(layer, steps=60, **known):
    return chain((steps, 3), layer, L.Dense(1), **known)


def channels_first(width=4):
    return L.Conv1D(width, 3, padding="same", data_format="channels_first")


def logits(units=3, **known):
    return dense("softmax", units, loss="sparse_categorical_crossentropy", **known)


CAUSAL = {"causal_required": True, "granularity": "per_step"}

FOUND = [
    # The range of the output.
    ("output-range-excludes-target", dense("relu", loss="mse", target_min=-3.0), "to ?", "linear"),
    ("output-range-excludes-target", dense("sigmoid", loss="mse", target_max=24.0), "from ? to 24", "linear"),
    ("output-range-excludes-target", dense("relu", type="regression", target_min=-3.0), "go from -3",
     "linear"),
    ("relu-regression-head", dense("relu", loss="mse", target_min=0.0), "relu",
     "dense_1: activation='softplus'"),
    ("relu-regression-head", dense("relu", type="regression"), "relu", "dense_1: activation='linear'"),
    ("softmax-regression", dense("softmax", 2, loss="mse", target_max=1.1), "sum to 1", "'linear'"),
    ("softmax-regression", dense("softmax", 2, loss="mse", target_min=-0.1), "sum to 1", "'linear'"),
    ("softmax-regression", dense("softmax", 2, type="regression"), "sum to 1", "'linear'"),
    ("softmax-single-unit", dense("softmax", type="regression"), "its output is 1", "activation='linear'"),
    # The shape of the output.
    ("target-shape-mismatch",
     chain((8, 3), L.LSTM(4), L.RepeatVector(5), L.LSTM(4, return_sequences=True), L.Dense(1),
           loss="mse", target_shape=(8, 1)),
     "the output is (5, 1), the target (8, 1): the loss cannot compare them; repeat_vector_1: n=8",
     "repeat_vector_1: n=8"),
    # Batch normalization.
    ("bn-moving-stats-unconverged", normalized(n_windows=4, batch_size=1, epochs=1), "96 %", ""),
    ("bn-moving-stats-unconverged", normalized(n_windows=5, batch_size=1, epochs=1), "95 %",
     "momentum=0.549"),
    ("bn-small-batch", normalized(batch_size=4), "warning: statistics of 32 values per channel (batch 4)",
     "->"),
    ("bn-small-batch", normalized(batch_size=5), "advice: statistics of 40", "LayerNormalization"),
    ("bn-small-batch", normalized(batch_size=7), "advice: statistics of 56", "LayerNormalization"),
    ("bn-small-batch", normalized(9, batch_size=7), "advice: statistics of 63", "LayerNormalization"),
    ("bn-small-batch", normalized(batch_size=16, replicas=4), "(batch 4)", "LayerNormalization"),
    ("bn-small-batch", dropped(L.BatchNormalization(axis=1), batch_size=2), "statistics of 8 values", "->"),
    ("bn-after-output",
     chain((8, 3), L.LSTM(4), L.Dense(1), L.BatchNormalization(), L.Dropout(0.1), loss="mse"),
     "output itself", "removed"),
    ("dropout-before-bn", dropped(L.Dropout(1.0), L.BatchNormalization()), "(rate 1) feeds", "moved"),
    ("dropout-before-bn", dropped(L.GaussianNoise(0.1), L.BatchNormalization()), "(rate 0.1) feeds", "moved"),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(), optimizer="AdamW"), "decay 0.004", ""),
    ("norm-param-weight-decay",
     dropped(L.BatchNormalization(), L.LayerNormalization(), optimizer="SGD", weight_decay=2e-5),
     "weight decay 2e-05 also acts on the scale and shift of 2 normalizations", ""),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(), weight_decay=0.1, decay_excludes=("gamma",)),
     "1 normalization", ""),
    ("norm-param-weight-decay",
     dropped(L.BatchNormalization(scale=False), weight_decay=0.1, decay_excludes=("gamma",)), "decay 0.1",
     ""),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(gamma_regularizer="l2", beta_regularizer="l1")),
     "has gamma_regularizer and beta_regularizer",
     "batch_normalization_1: gamma_regularizer=None, beta_regularizer=None"),
    ("bias-before-bn", chain((3, 8), channels_first(), L.BatchNormalization(axis=1), L.Flatten(), L.Dense(1)),
     "4 parameters", "use_bias"),
    # Dropout.
    ("dropout-rate-extreme", dropped(L.Dropout(0.9)), "warning: rate 0.9", "rate=0.5"),
    ("dropout-rate-extreme", recurrent(L.GRU(4, recurrent_dropout=1.0)),
     "error: recurrent_dropout 1 of gru_1 passes nothing", "gru_1: recurrent_dropout=0.5"),
    ("noise-shape-batch", dropped(L.Dropout(0.2, noise_shape=(6, 1, 4))), "exactly 6 windows",
     "[None, 1, 4]"),
    # Recurrent layers.
    ("rnn-unbounded-activation", recurrent(L.LSTM(4, activation="relu"), 50), "warning: relu", "'tanh'"),
    ("rnn-unbounded-activation", recurrent(L.LSTM(4, activation="relu"), 49), "advice: relu", "'tanh'"),
    ("rnn-unbounded-activation", recurrent(L.LSTM(4, activation="relu"), None),
     "warning: relu lets the state of lstm_1 grow over an unknown number of steps", "'tanh'"),
    ("rnn-unbounded-activation", recurrent(L.LSTM(4, activation="relu", recurrent_initializer="identity")),
     "", "tanh"),
    ("rnn-unbounded-activation", recurrent(L.SimpleRNN(4, activation="relu")), "advice: relu", "'tanh'"),
    ("recurrent-dropout-unbounded", recurrent(L.LSTM(4, activation="relu", recurrent_dropout=0.1), 50),
     "error: ", "'tanh'"),
    ("recurrent-dropout-unbounded", recurrent(L.GRU(4, activation="relu", recurrent_dropout=0.1)), "advice: ",
     "'tanh'"),
    ("gru-recurrent-dropout-bug", recurrent(L.GRU(4, recurrent_dropout=0.3), keras_version="3.7.1"),
     "warning: recurrent dropout 0.3 of a GRU overflows on Keras 3.7.1", "recurrent_dropout=0.0"),
    ("gru-recurrent-dropout-bug", recurrent(L.GRU(4, recurrent_dropout=0.5), keras_version="3"), "error: ",
     "=0.0"),
    # Convolution and pooling.
    ("pool-before-rnn", pooled(64), "cuts 64 steps to 32", "removed"),
    ("pool-before-rnn", pooled(8, L.Dropout(0.1), L.ReLU()), "cuts 8 steps to 4", "removed"),
    ("kernel-exceeds-length",
     chain((8, 3), L.Conv1D(4, 12, padding="causal", dilation_rate=2), L.Flatten(), L.Dense(1)),
     "8 of 12 kernel positions", "conv1d_1: kernel_size=4"),
    ("kernel-exceeds-length",
     chain((8, 3), L.Conv1D(4, 12, padding="same", dilation_rate=2), L.Flatten(), L.Dense(1)), "of 12",
     "kernel_size=6"),
    ("channel-axis-mismatch",
     chain((8, 3), fork(L.Add(), (L.Conv1D(3, 3, padding="same"),), (channels_first(8),)),
           L.BatchNormalization(), L.Flatten(), L.Dense(1)),
     "conv1d_2 has its channels on axis 1, batch_normalization_1 takes axis 2",
     "batch_normalization_1: axis=1"),
    ("activation-on-input", chain((8, 3), L.ReLU(), L.LSTM(4), input_min=0.0), "advice: re_lu_1 (relu)",
     "removed"),
    ("activation-on-input", chain((8, 3), L.ReLU(), L.LSTM(4), input_min=-0.1), "warning: ", "removed"),
    ("activation-on-input", chain((8, 3), L.Activation("tanh"), L.LSTM(4), input_min=0.0), "warning: ",
     "removed"),
    # selu.
    ("selu-init", scaled(1.26), "is 1.26", "lecun_normal"),
    ("selu-init", scaled(0.79), "is 0.79", "lecun_normal"),
    ("selu-init", scaled(1.0, "fan_out", 32), "is 0.50", "lecun_normal"),
    ("selu-init", scaled(1.0, "fan_avg", 32), "is 0.67", "lecun_normal"),
    ("selu-init", selu(RandomNormal(stddev=0.5)), "is 4.00", "lecun_normal"),
    ("selu-init", selu(TruncatedNormal(stddev=0.5)), "is 3.10", "lecun_normal"),
    ("selu-init", selu(RandomUniform(-0.5, 0.5)), "is 1.33", "lecun_normal"),
    ("selu-init",
     chain((8, 3), L.Conv1D(4, 4, kernel_initializer="he_normal"), L.Activation("selu"), L.LSTM(4)), "2.00",
     "lecun"),
    ("alphadropout-without-selu", dropped(L.Activation("elu"), L.GaussianNoise(0.1), L.AlphaDropout(0.3)),
     "follows elu, not selu", "alpha_dropout_1: -> Dropout(rate=0.3)"),
    ("selu-plain-dropout", chain((8,), L.Dense(8, activation="selu"), L.Dropout(0.05), L.Dense(1)),
     "the selu of dense_1", "dropout_1: -> AlphaDropout(rate=0.05)"),
    # What stands behind each other.
    ("linear-dense-stack", chain((8,), L.Dense(8, use_bias=False), L.Dense(16), L.Dense(4)),
     "dense_2 and dense_3", "relu"),
    ("linear-dense-stack", chain((8,), L.Dense(8), L.Dense(8)), "dense_1 and dense_2",
     "dense_1: activation='relu'"),
    ("linear-dense-stack", chain((8,), L.Dense(8, kernel_regularizer="l2"), L.Dense(8)),
     "dense_1 and dense_2", "relu"),
    ("linear-dense-stack", chain((8,), L.Dense(8, use_bias=False), L.BatchNormalization(), L.Dense(8)),
     "dense_1 and dense_2", "relu"),
    ("float16-output", chain((8, 3), L.LSTM(4), L.Dense(3, dtype="bfloat16")),
     "advice: dense_1 computes in bfloat16", "float32"),
    ("float16-output",
     chain((8, 3), L.LSTM(4), L.Activation("relu", dtype="float32"), L.Dense(3, dtype="float16")), "float16",
     "float32"),
    ("constant-init", chain((8,), L.Dense(2, activation="selu", kernel_initializer="ones"), L.Dense(1)),
     "all 2 units", "lecun_normal"),
    ("constant-decoder", chain((8, 3), L.LSTM(4), L.RepeatVector(2), L.Dense(1)), "the same output",
     "+ LSTM(units=4"),
    ("bidirectional-future-leak",
     chain((8, 3), L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"), L.Dense(1), **CAUSAL),
     "reads backwards", "-> GRU(return_sequences=True, units=4)"),
    ("label-range", logits(3, target_min=-1, target_max=2), "labels from -1, where they count from 0", ""),
    ("label-range", logits(3, target_min=0, target_max=3), "4 classes, but 3 units", "dense_1: units=4"),
    ("label-range", dense("sigmoid", loss="binary_crossentropy", target_min=-1, target_max=1), "from -1 to 1",
     ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "example", "words", "edit"), FOUND, ids=[f"{slug}: {words}" for slug, _, words, _ in FOUND]
)
def test_something_is_found_on_this_side_of_the_border(slug, example, words, edit):
    ((severity, message, edits),) = found(slug, example)
    assert words in f"{severity}: {message}"
    assert edit in "; ".join(edits)
    assert bool(edit) == bool(edits)


SILENT = [
    ("output-range-excludes-target", dense("relu", loss="mse", target_min=0.0)),
    ("output-range-excludes-target", dense("relu", loss="custom", type="regression", target_min=-3.0)),
    ("relu-regression-head", dense("relu", loss="mse", target_min=-1.0)),
    ("relu-regression-head", dense("relu", loss="mse", type="reconstruction")),
    ("softmax-regression", dense("softmax", 2, loss="mse", target_min=0.0, target_max=1.0)),
    ("softmax-regression", dense("softmax", 1, type="regression")),
    ("softmax-regression", dense("softmax", 2, type="regression", target_kind="one_hot")),
    ("bn-moving-stats-unconverged", normalized(n_windows=299, batch_size=1, epochs=1)),
    ("bn-small-batch", normalized(batch_size=8)),
    ("bn-small-batch", normalized(16, batch_size=4)),
    ("bn-small-batch", normalized(None, batch_size=4)),
    ("bn-after-output", chain((8, 3), L.BatchNormalization(), L.Dropout(0.1), loss="mse")),
    ("bn-before-regression-output",
     chain((8, 3), L.LSTM(4, return_sequences=True), L.BatchNormalization(), L.LSTM(1), loss="mse")),
    ("dropout-before-bn", dropped(L.Dropout(0.0), L.BatchNormalization())),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(), optimizer="AdamW", weight_decay=0.0)),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(), optimizer="Adam")),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(), optimizer="SGD", weight_decay=1e-5)),
    ("norm-param-weight-decay", dropped(L.BatchNormalization(center=False, scale=False), optimizer="AdamW")),
    ("bias-before-bn", dropped(L.BatchNormalization(axis=1))),
    ("bias-before-bn",
     chain((8, 3), L.Conv1D(4, 3), fork(L.Add(), (), (L.BatchNormalization(),)), L.LSTM(4))),
    ("dropout-after-output", chain((8, 3), L.LSTM(4), L.Dense(1), L.Dropout(0.0), loss="mse")),
    ("dropout-rate-extreme", dropped(L.Dropout(0.89))),
    ("noise-shape-batch", dropped(L.Dropout(0.2, noise_shape=(32, 1, 4)), batch=32)),
    ("noise-shape-batch", dropped(L.Dropout(0.2, noise_shape=(1, 6, 4)))),
    ("rnn-unbounded-activation",
     recurrent(L.SimpleRNN(4, activation="relu", recurrent_initializer="identity"))),
    ("gru-recurrent-dropout-bug", recurrent(L.GRU(4, recurrent_dropout=0.29), keras_version="3.7.0")),
    ("gru-recurrent-dropout-bug", recurrent(L.GRU(4, recurrent_dropout=0.5), keras_version="2.15.0")),
    ("gru-recurrent-dropout-bug", recurrent(L.LSTM(4, recurrent_dropout=0.5), keras_version="3.7.0")),
    ("pool-before-rnn", pooled(65)),
    ("pool-before-rnn", pooled(32, strides=1)),
    ("pool-before-rnn", pooled(32, data_format="channels_first")),
    ("pool-before-rnn", pooled(32, L.Dense(3))),
    ("channel-axis-mismatch",
     chain((8, 3), L.Conv1D(1, 3), L.BatchNormalization(axis=1), L.LSTM(4), L.Dense(1))),
    ("axes-swapped", chain((8, 8), L.LSTM(4), L.Dense(1), window_length=8, n_features=8)),
    ("axes-swapped", chain((3, 8), channels_first(), L.Flatten(), L.Dense(1), window_length=8, n_features=3)),
    ("activation-on-input", chain((8, 3), L.LSTM(4), L.ReLU(), L.Dense(1))),
    ("selu-init", scaled(0.8)),
    ("selu-init", scaled(1.25)),
    ("selu-init", selu(RandomNormal(stddev=0.25))),
    ("selu-init", selu("orthogonal")),
    ("selu-init",
     chain((16,), L.Dense(16, activation="selu", kernel_initializer="he_normal"),
           L.LayerNormalization(), L.Dense(1))),
    ("alphadropout-without-selu",
     chain((8, 3), L.Conv1D(4, 3, activation="selu"), L.AlphaDropout(0.1), L.LSTM(4))),
    ("alphadropout-without-selu", dropped(L.Activation("relu"), L.AlphaDropout(0.0))),
    ("selu-plain-dropout", chain((8,), L.Dense(8, activation="selu"), L.Dropout(0.0), L.Dense(1))),
    ("linear-dense-stack", chain((8,), L.Dense(7), L.Dense(8))),
    ("linear-dense-stack",
     chain((8,), L.Dense(8, kernel_regularizer="l2"), L.Dense(8, kernel_regularizer="l2"))),
    ("linear-dense-stack",
     chain((8,), L.Dense(8), fork(L.Multiply(), (), (L.Dense(8, activation="sigmoid"),)))),
    ("float16-output",
     chain((8, 3), L.LSTM(4), L.Dense(3, dtype="float16"), L.Activation("linear", dtype="float32"))),
    ("constant-init", chain((8,), L.Dense(1, kernel_initializer="zeros"), L.Dense(1))),
    ("constant-init", chain((8,), L.Dense(4, kernel_initializer="zeros"))),
    ("constant-decoder", chain((8, 3), L.LSTM(4), L.RepeatVector(1), L.Dense(1))),
    ("bidirectional-future-leak",
     chain((8, 3), L.Bidirectional(L.GRU(4, return_sequences=True)), L.Dense(1), causal_required=True)),
    ("label-range", logits(3, target_min=0, target_max=2)),
    ("label-range", dense("sigmoid", loss="binary_crossentropy", target_min=0, target_max=1)),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "example"), SILENT, ids=[f"{s}-{i}" for i, (s, _) in enumerate(SILENT)])
def test_nothing_is_found_on_that_side_of_the_border(slug, example):
    assert found(slug, example) == []


@pytest.mark.parametrize(
    ("slug", "example", "safety"),
    [
        ("stacked-activation", dropped(L.ReLU(), L.Activation("relu")), "safe"),
        ("stacked-activation", dropped(L.ReLU(), L.ReLU(max_value=6)), "unsafe"),
        ("stacked-activation", dropped(L.ReLU(negative_slope=0.1), L.ReLU()), "unsafe"),
        ("stacked-activation", dropped(L.Activation("tanh"), L.Activation("sigmoid")), "unsafe"),
        ("activation-on-input", chain((8, 3), L.ReLU(), L.LSTM(4), input_min=0.0), "unsafe"),
        ("activation-on-input", chain((8, 3), L.ReLU(), L.LSTM(4), input_min=-1.0), "unsafe"),
    ],
)
def test_a_fix_is_safe_where_it_takes_nothing_away(slug, example, safety):
    (finding,) = find_rule(slug).findings(read(example.build()), example.facts)
    assert finding.safety == safety


def of_model(slug, outputs, inputs, facts=None):
    return list(find_rule(slug).findings(read(keras.Model(inputs, outputs)), facts or Facts()))


def test_a_dense_layer_that_is_an_output_or_is_called_twice_is_no_half_of_a_stack():
    x, shared = keras.Input((8,)), K.Dense(8)
    hidden = K.Dense(8)(x)
    assert not of_model("linear-dense-stack", [hidden, K.Dense(8)(hidden)], x)
    assert not of_model("linear-dense-stack", K.Dense(8)(shared(shared(x))), x)


def test_dropout_in_front_of_two_outputs_has_no_one_place_to_go():
    x = keras.Input((8, 3))
    ends = [K.Dropout(0.2)(K.Add()([K.Dense(1)(x), K.Dense(1)(x)]))]
    (finding,) = of_model("dropout-after-output", ends, x, Facts().known(type="regression"))
    assert finding.fix == ()
