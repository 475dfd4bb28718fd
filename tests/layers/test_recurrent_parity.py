"""With norm=None, LSTM and GRU are the layers of Keras in weights, outputs, gradients and draws."""

from typing import Any

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from tests.layers.backends import BACKEND, first, gradients, numpy
from tests.short import in_turn

PAIRS = [(keras.layers.LSTM, LSTM), (keras.layers.GRU, GRU)]
CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # the same products, summed in another order


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape or (4, 7, 3)).astype("float32")


def twins(theirs: type, ours: type, **about: Any) -> tuple[Any, Any]:
    """Build both from one seed, without copying a weight."""
    made = []
    for kind in (theirs, ours):
        keras.utils.set_random_seed(1)
        layer = kind(5, **about)
        layer.build((4, 7, 3))
        made.append(layer)
    return made[0], made[1]


OPTIONS = [
    {},
    {"activation": "relu", "recurrent_activation": "hard_sigmoid", "return_sequences": True},
    {"use_bias": False, "return_state": True},
    {"go_backwards": True, "return_sequences": True, "return_state": True},
    {"unroll": True, "return_sequences": True},
    {"bias_initializer": {"class_name": "RandomNormal", "config": {"seed": 2}}, "activation": None},
]


@pytest.mark.parametrize(("about", "theirs", "ours"), in_turn(OPTIONS, PAIRS), ids=str)
def test_outputs_and_gradients_are_those_of_keras(theirs: type, ours: type, about: dict) -> None:
    a, b = twins(theirs, ours, **about)
    assert [v.name for v in a.weights] == [v.name for v in b.weights]
    for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)  # the same start from the same seed
    x = data()
    for one, two in zip(keras.tree.flatten(a(x)), keras.tree.flatten(b(x)), strict=True):
        np.testing.assert_allclose(numpy(one), numpy(two), **CLOSE)
    weigh = data(*first(a(x)).shape, seed=3)
    for one, two in zip(gradients(a, x, weigh), gradients(b, x, weigh), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("about", [{"unit_forget_bias": False}, {"bias_initializer": "ones"}], ids=str)
def test_lstm_bias_starts_as_in_keras(about: dict) -> None:
    a, b = twins(keras.layers.LSTM, LSTM, **about)
    np.testing.assert_array_equal(a.get_weights()[2], b.get_weights()[2])


@pytest.mark.parametrize("about", OPTIONS[:1] + OPTIONS[2:4], ids=str)
def test_gru_that_resets_before_is_that_of_keras(about: dict) -> None:
    a, b = twins(keras.layers.GRU, GRU, reset_after=False, **about)
    x = data()
    for one, two in zip(keras.tree.flatten(a(x)), keras.tree.flatten(b(x)), strict=True):
        np.testing.assert_allclose(numpy(one), numpy(two), **CLOSE)


@pytest.mark.parametrize(
    "about",
    [
        {"dropout": 0.3},
        {"recurrent_dropout": 0.4},
        {"dropout": 0.3, "recurrent_dropout": 0.4, "return_sequences": True},
    ],
    ids=str,
)
@pytest.mark.parametrize(("theirs", "ours"), [*PAIRS, (keras.layers.GRU, GRU)])
def test_same_seed_drops_the_same_units_as_keras(theirs: type, ours: type, about: dict) -> None:
    a, b = twins(theirs, ours, seed=3, **about)
    for seed in range(2):  # and goes on alike
        x = data(seed=seed)
        np.testing.assert_allclose(numpy(a(x, training=True)), numpy(b(x, training=True)), **CLOSE)


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_masks_act_as_in_keras(theirs: type, ours: type, zero: bool) -> None:
    about = {"return_sequences": True, "return_state": True, "zero_output_for_mask": zero}
    a, b = twins(theirs, ours, **about)
    x = data()
    mask = np.array([[1] * 7, [0, 0] + [1] * 5, [1] * 4 + [0] * 3, [0] * 7], bool)
    for one, two in zip(a(x, mask=mask), b(x, mask=mask), strict=True):
        np.testing.assert_allclose(numpy(one), numpy(two), **CLOSE)


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional_and_stacked_in_a_model_train_as_with_keras(
    theirs: type, ours: type, masked: bool
) -> None:
    def network(kind: type) -> keras.Model:
        keras.utils.set_random_seed(1)
        entrance = keras.Input((7, 3))
        x = keras.layers.Masking()(entrance) if masked else entrance
        x = keras.layers.Bidirectional(kind(4, return_sequences=True))(x)
        model = keras.Model(entrance, keras.layers.Dense(1)(kind(3)(x)))
        model.compile(keras.optimizers.SGD(0.1), "mse")
        return model

    x = data(8, 7, 3)
    x[0, 4:] = x[1, 2:] = 0.0
    models = [network(kind) for kind in (theirs, ours)]
    losses = [[float(m.train_on_batch(x, x[:, 0, :1])) for _ in range(3)] for m in models]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    for v, w in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(v, w, rtol=1e-4, atol=1e-5)


def test_regularizers_and_constraints_act_as_in_keras() -> None:
    about = {
        "kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2",
        "activity_regularizer": "l2", "kernel_constraint": "max_norm", "recurrent_constraint": "unit_norm",
    }  # fmt: skip
    losses = []
    for layer in twins(keras.layers.LSTM, LSTM, **about):
        model = keras.Sequential([keras.Input((7, 3)), layer])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        losses.append([float(model.train_on_batch(data(), data(4, 5))) for _ in range(3)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_decoder_takes_the_states_of_an_encoder(theirs: type, ours: type) -> None:
    def network(kind: type) -> keras.Model:
        keras.utils.set_random_seed(1)
        past, future = keras.Input((7, 3)), keras.Input((None, 2))
        _, *states = kind(5, return_state=True)(past)
        return keras.Model([past, future], kind(5, return_sequences=True)(future, initial_state=states))

    x = [data(), data(4, 3, 2)]
    a, b = (network(kind).predict(x, verbose=0) for kind in (theirs, ours))
    np.testing.assert_allclose(a, b, **CLOSE)


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"norm": "batch", "max_steps": 5, "zoneout": 0.2, "dropout": 0.1},
        {"norm": "layer", "recurrent_dropout": 0.2, "recurrent_dropout_kind": "per_step"},
    ],
    ids=str,
)
@pytest.mark.parametrize("masked", [False, True])
def test_length_that_changes_from_batch_to_batch_is_predicted_and_trained(about: dict, masked: bool) -> None:
    entrance = keras.Input((None, 3))
    layer = GRU(5, return_sequences=True, **about)
    model = keras.Model(entrance, layer(keras.layers.Masking()(entrance) if masked else entrance))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    for length in (4, 7):
        x = data(4, length, 3)
        x[0, :2] = x[1, 2:] = 0.0
        mask = (x != 0).any(-1) if masked else None
        np.testing.assert_allclose(model.predict(x, verbose=0), numpy(layer(x, mask=mask)), **CLOSE)
        assert np.isfinite(float(model.train_on_batch(x, data(4, length, 5))))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_stateful_layer_goes_on_where_the_last_batch_ended(kind: type) -> None:
    layer = kind(5, return_sequences=True, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(4, 3, 3)), layer])
    plain = kind(5, return_sequences=True)
    plain.build((4, 6, 3))
    plain.set_weights(layer.get_weights())
    x = data(4, 6, 3)
    whole = numpy(plain(x))
    halves = [model.predict(part, batch_size=4, verbose=0) for part in (x[:, :3], x[:, 3:])]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, **CLOSE)
    layer.reset_states()
    np.testing.assert_allclose(model.predict(x[:, :3], batch_size=4, verbose=0), whole[:, :3], **CLOSE)
    model.compile("sgd", "mse")
    model.fit(x[:, :3], whole[:, :3], batch_size=4, epochs=2, verbose=0)
    assert all((numpy(state) != 0).any() for state in layer.states)


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_first_masked_step_gives_out_the_initial_state(kind: type) -> None:
    layer = kind(5, return_sequences=True)
    start = [data(4, 5, seed=i) for i in range(kind.states_held)]
    y = numpy(layer(data(), initial_state=start, mask=np.zeros((4, 7), bool)))
    np.testing.assert_array_equal(y, np.repeat(start[0][:, None], 7, axis=1))


@pytest.mark.skipif(BACKEND != "torch", reason="needs torch")
def test_lstm_is_that_of_torch_also_on_packed_sequences() -> None:
    import torch

    layer = LSTM(5, return_sequences=True)
    x = data()
    layer(x)
    theirs = torch.nn.LSTM(3, 5, batch_first=True)
    w, u, b = (torch.tensor(v) for v in layer.get_weights())
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(w.T)
        theirs.weight_hh_l0.copy_(u.T)
        theirs.bias_ih_l0.copy_(b)
        theirs.bias_hh_l0.zero_()
    np.testing.assert_allclose(numpy(layer(x)), theirs(torch.tensor(x))[0].detach(), **CLOSE)
    lengths = [7, 5, 3, 1]
    mask = np.arange(7)[None] < np.array(lengths)[:, None]
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first=True)
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    layer.zero_output_for_mask = True
    np.testing.assert_allclose(numpy(layer(x, mask=mask)), padded.detach(), **CLOSE)
