"""Every network that Keras can make can be checked."""

import json

import keras
from hypothesis import assume, given
from hypothesis import strategies as st

from normcast.check import check_model
from normcast.layers import GRU, LSTM
from normcast.models.revival import revived_model
from tests.fuzz.campaign import PLAIN, cases, judged, places, with_value

L = keras.layers
SMALL = st.integers(1, 4)
RATES = st.sampled_from([0.0, 0.3, 0.9])
ACTIVATIONS = st.sampled_from(["relu", "tanh", "linear", "softmax", "sigmoid", None])
FLAGS = st.booleans()

LAYERS = st.one_of(
    st.builds(
        L.Conv1D, SMALL, SMALL, padding=st.sampled_from(["causal", "same", "valid"]), activation=ACTIVATIONS
    ),
    st.builds(L.SeparableConv1D, SMALL, SMALL, padding=st.just("same")),
    st.builds(L.Dense, SMALL, activation=ACTIVATIONS, use_bias=FLAGS),
    st.builds(L.LSTM, SMALL, return_sequences=FLAGS, dropout=RATES, recurrent_dropout=RATES, unroll=FLAGS),
    st.builds(L.GRU, SMALL, return_sequences=FLAGS, go_backwards=FLAGS, reset_after=FLAGS),
    st.builds(L.SimpleRNN, SMALL, return_sequences=FLAGS),
    st.builds(LSTM, SMALL, return_sequences=FLAGS, norm=st.sampled_from([None, "batch", "layer"])),
    st.builds(GRU, SMALL, return_sequences=FLAGS),
    st.builds(
        lambda units, merge: L.Bidirectional(L.LSTM(units, return_sequences=True), merge_mode=merge),
        SMALL,
        st.sampled_from(["concat", "sum", None]),
    ),
    st.builds(lambda units: L.TimeDistributed(L.Dense(units)), SMALL),
    st.builds(lambda units: keras.Sequential([L.Dense(units), L.Dropout(0.1)]), SMALL),
    st.builds(L.BatchNormalization, axis=st.sampled_from([-1, 1]), scale=FLAGS, center=FLAGS, momentum=RATES),
    st.builds(L.LayerNormalization, axis=st.sampled_from([-1, 1])),
    st.builds(L.Dropout, RATES),
    st.builds(L.SpatialDropout1D, RATES),
    st.builds(L.AlphaDropout, RATES),
    st.builds(L.GaussianNoise, RATES),
    st.builds(L.Activation, ACTIVATIONS),
    st.builds(L.ReLU),
    st.builds(L.PReLU),
    st.builds(L.MaxPooling1D, SMALL),
    st.builds(L.AveragePooling1D, SMALL, padding=st.just("same")),
    st.builds(L.GlobalAveragePooling1D),
    st.builds(L.GlobalMaxPooling1D, keepdims=FLAGS),
    st.builds(L.Flatten),
    st.builds(L.RepeatVector, SMALL),
    st.builds(L.Masking),
    st.builds(L.UpSampling1D, SMALL),
    st.builds(L.ZeroPadding1D, SMALL),
    st.builds(L.Permute, st.just((2, 1))),
    st.builds(L.Identity),
    st.builds(L.Reshape, st.just((-1, 1))),
    st.builds(L.UnitNormalization),
    st.builds(L.Rescaling, RATES),
)
MERGES = st.sampled_from([L.Add, L.Multiply, L.Concatenate, L.Average, L.Maximum, L.Attention])
COMPILED = st.fixed_dictionaries(
    {
        "loss": st.sampled_from(
            ["mse", "mae", "categorical_crossentropy", "binary_crossentropy", None, "huber"]
        ),
        "optimizer": st.sampled_from(["adam", "sgd", "rmsprop", "adamw"]),
    },
    optional={"metrics": st.just(["mae"])},
)


@st.composite
def networks(draw) -> keras.Model:
    shape = (draw(st.sampled_from([8, None, 1])), draw(SMALL))
    chain = draw(st.lists(LAYERS, min_size=1, max_size=5))
    try:
        model = keras.Sequential(chain if draw(FLAGS) and draw(FLAGS) else [keras.Input(shape), *chain])
        model = model if draw(FLAGS) else graph(draw, shape, chain)
        if draw(FLAGS):
            model.compile(**draw(COMPILED))
    except Exception:  # what Keras cannot make is no case
        assume(False)
    return model


def graph(draw, shape, chain) -> keras.Model:
    """Layers that read any tensor before them, some of two, some twice, some of none that is read again."""
    inputs = [keras.Input(shape) for _ in range(draw(st.integers(1, 2)))]
    tensors = list(inputs)
    for layer in chain:
        x = draw(st.sampled_from(tensors))
        for _ in range(draw(st.integers(1, 2))):
            x = layer(x)
            x = x[0] if isinstance(x, list | tuple) else x
        tensors.append(x)
        if draw(FLAGS):
            tensors.append(draw(MERGES)()([x, draw(st.sampled_from(tensors))]))
        if draw(FLAGS) and draw(FLAGS):
            tensors.append(keras.ops.mean(x, axis=-1, keepdims=True) + x)
    outputs = tensors[-1] if draw(FLAGS) else tensors[-2:]
    return keras.Model(inputs, outputs)


@cases(100)
@given(networks())
def test_networks(model):
    with judged("network"):
        findings = check_model(model)
        assert str(findings) is not None
        assert findings.to_json() if hasattr(findings, "to_json") else True


def kept() -> dict:
    """A network as text: a shared layer, a nested network, an operation, compile settings."""
    inputs = keras.Input((4, 2), name="x")
    dense = L.Dense(2, activation="relu", name="shared")
    inner = keras.Sequential(
        [keras.Input((4, 2)), L.Conv1D(2, 2, padding="causal"), L.Dropout(0.1)], name="inner"
    )
    x = L.Add(name="add")([dense(dense(inputs)), inner(inputs)]) * 2.0
    x = L.Bidirectional(L.LSTM(2, kernel_regularizer="l2"), name="both")(x)
    model = keras.Model(inputs, LSTM(2, norm="layer")(L.RepeatVector(3)(x)))
    model.compile("adam", keras.losses.Huber())
    plain = json.loads(model.to_json())
    lookup = {"class_name": "StringLookup", "module": "keras.layers", "config": {"vocabulary": ["a"]}}
    return {**plain, "other": [lookup, {"class_name": "function", "module": "builtins", "config": "relu"}]}


KEPT = kept()
PLACES = list(places(KEPT))


@cases(20)
@given(st.sampled_from(PLACES), PLAIN)
def test_texts(path, value):
    with judged("network, text"):
        revived_model(json.dumps(with_value(KEPT, path, value)), "text")
