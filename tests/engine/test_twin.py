"""The twin that programs are traced from: what it computes, what it covers, and what stays plain Keras."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import keras
import numpy as np
import pytest
from keras import layers

from normcast.engine import Training, predict, program, train
from normcast.engine.network import Network
from normcast.engine.substitutes import FastConv1D, FastGRU, FastLSTM
from normcast.layers import LSTM as OurLSTM
from normcast.layers import ConvBlock
from tests.engine.networks import conv_lstm, same, sine_data
from tests.short import in_turn

on_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="layers are swapped on the CPU only")


def chain(*inner, shape=(8, 3)):
    return keras.Sequential([keras.Input(shape), *inner, layers.Flatten(), layers.Dense(2)])


def branched():
    x = inputs = keras.Input((8, 3))
    shared = layers.Conv1D(3, 2, padding="causal", activation="elu")
    x = layers.add([shared(x), shared(shared(x))])
    inside = keras.Sequential([layers.LSTM(3, return_sequences=True), layers.Dropout(0.3)])
    x = inside(layers.GaussianNoise(0.1)(x))
    return keras.Model({"past": inputs}, layers.Dense(2)(layers.Flatten()(x)))


MODELS = {
    "lstm": lambda: chain(layers.LSTM(4, dropout=0.3, recurrent_dropout=0.3)),
    "bidirectional": lambda: chain(layers.Bidirectional(layers.LSTM(4, dropout=0.3, return_sequences=True))),
    "gru backwards": lambda: chain(layers.GRU(4, go_backwards=True, recurrent_dropout=0.3)),
    "masked": lambda: chain(layers.Masking(), layers.LSTM(4)),
    "convolutions": lambda: chain(
        layers.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="selu"),
        layers.Conv1D(4, 2, strides=2, padding="same"),
        layers.Conv1D(4, 2, groups=2, use_bias=False, activation="elu"),
        layers.ELU(0.5),
    ),
    "looking to both sides": lambda: chain(
        layers.Conv1D(4, 5, padding="same", activation="relu"),
        layers.Conv1D(4, 4, padding="same", dilation_rate=2),
        layers.Conv1D(4, 8, padding="same", use_bias=False),
    ),
    "distributed": lambda: chain(layers.TimeDistributed(layers.LSTM(2)), shape=(3, 8, 3)),
    "ours": lambda: chain(ConvBlock(4, 3, dropout=0.2, activation="selu"), OurLSTM(4, recurrent_dropout=0.2)),
    "branched": branched,
}


def ran(model, training, rng="keras"):
    """What Keras computes and what the network computes, from the same variables and inputs."""
    network = Network(model, rng)
    x = np.random.default_rng(0).normal(size=(5, *model.inputs[0].shape[1:])).astype("float32")
    variables = [v.value for v in network.trainable], [v.value for v in network.frozen]
    packed = x if isinstance(model, keras.Sequential) or not isinstance(model.input, dict) else {"past": x}
    expected = model.stateless_call(*variables, packed, training=training, return_losses=True)
    return network, expected, network.forward(*variables, [x], training=training)


@pytest.mark.parametrize(("name", "training"), in_turn(list(MODELS), [True, False]))
def test_the_twin_computes_what_keras_computes_with_the_same_random_numbers(name, training):
    network, expected, got = ran(MODELS[name](), training)
    assert network.twin is not None
    assert jax.tree.map(np.shape, expected) == jax.tree.map(np.shape, got)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), expected, got)


@on_cpu
def test_layers_at_any_depth_become_their_faster_selves_and_the_model_stays_as_it_is():
    for name, kind in {"bidirectional": FastLSTM, "gru backwards": FastGRU, "branched": FastConv1D}.items():
        model = MODELS[name]()
        before = [type(layer) for layer in model._flatten_layers()]
        network = Network(model, "fast")
        assert kind in {type(layer) for layer in network.twin._flatten_layers()}
        assert [type(layer) for layer in model._flatten_layers()] == before
        assert model.layers[0].output is not None  # called once only, so that its output is one tensor


@pytest.mark.parametrize("name", ["lstm", "ours", "branched"])
def test_cheap_random_numbers_are_drawn_by_the_twin_alone(name):
    model = MODELS[name]()
    _, keras_own, cheap = ran(model, training=True, rng="fast")
    assert not np.allclose(keras_own[0], cheap[0])
    for before, after in zip(keras_own[1], cheap[1], strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-4)  # the seeds move on alike
    _, keras_own, cheap = ran(model, training=False, rng="fast")
    np.testing.assert_allclose(keras_own[0], cheap[0], rtol=1e-5, atol=1e-6)


@keras.saving.register_keras_serializable("test_twin")
class Times(layers.Layer):
    """A layer whose configuration leaves out what it multiplies by."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return layers.Layer.get_config(self)


@keras.saving.register_keras_serializable("test_twin")
class Doubled(keras.Model):
    """A functional model whose own call is not that of its graph."""

    def call(self, x, training=False):
        return 2 * super().call(x, training=training)


def test_what_cannot_be_copied_faithfully_runs_as_plain_keras_and_says_so(caplog):
    with caplog.at_level(logging.WARNING, "normcast"):
        network, expected, got = ran(chain(Times(3.0, name="times")), training=True)
    assert network.twin is None
    np.testing.assert_array_equal(expected[0], got[0])
    (told,) = caplog.messages
    assert "runs as plain Keras" in told
    assert "layer 'times' leaves out factor (3.0 becomes 1.0)" in told


def test_a_model_that_was_read_from_a_file_has_a_twin(tmp_path):
    """Keras sets attributes on a layer that it reads which the layer does not have before."""
    chain(layers.LSTM(3, return_sequences=True)).save(tmp_path / "m.keras")
    assert Network(keras.saving.load_model(tmp_path / "m.keras")).twin is not None


def test_a_subclass_with_a_call_of_its_own_keeps_it():
    inputs = keras.Input((8, 3))
    model = Doubled(inputs, layers.Dense(2)(layers.LSTM(3)(inputs)))
    _, expected, got = ran(model, training=True)
    np.testing.assert_allclose(expected[0], got[0], rtol=1e-5, atol=1e-6)


def test_networks_that_differ_in_what_no_configuration_tells_share_no_program():
    data, training = sine_data(32), Training(epochs=1, batch_size=16)
    losses = []
    for factor in (1.0, 100.0):
        model = keras.Sequential([keras.Input((8, 3)), Times(factor), layers.Flatten(), layers.Dense(2)])
        (trained,) = train(model, data, training)
        losses.append(trained.history["loss"][0])
    assert losses[0] != losses[1]


def test_two_threads_that_train_at_once_get_what_each_gets_alone():
    data, training = sine_data(64), Training(epochs=2, batch_size=16)
    made = [conv_lstm(random=True), conv_lstm(random=True, activation="elu")]
    plain = keras.Sequential([keras.Input((8, 3)), Times(2.0), layers.LSTM(3, dropout=0.2), layers.Dense(2)])
    models = [*made, made[0], plain, plain]
    alone = [list(train(model, data, training, seeds=2)) for model in models]
    program._compiled.clear()
    together = [None] * len(models)

    def run(place):
        together[place] = list(train(models[place], data, training, seeds=2))

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(models))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            assert same(a.weights, b.weights)


def test_one_network_that_two_threads_train_at_once_gives_each_what_it_gets_alone():
    """A layer notes on itself what it drew for the call that is traced, a mask of one thread or the other."""
    network = Network(conv_lstm(random=True), "fast")
    jobs = [(sine_data(64), Training(epochs=2, batch_size=size)) for size in (16, 15, 14, 13)]
    alone = [next(train(network, *job)) for job in jobs]
    program._compiled.clear()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: next(train(network, *job)), jobs))
    for one, other in zip(alone, together, strict=True):
        assert same(one.weights, other.weights)


class Subclassed(keras.Model):
    """A model without a graph."""

    def __init__(self, units, written=True):
        super().__init__()
        self.units, self.written = units, written
        self.lstm, self.head = layers.LSTM(units, dropout=0.1), layers.Dense(2)

    def call(self, x, training=False):
        return self.head(self.lstm(x, training=training))

    def get_config(self):
        if not self.written:
            raise NotImplementedError("no configuration")
        return {"units": self.units}


def test_a_subclassed_model_with_a_configuration_has_a_twin_and_is_trained():
    model, data = Subclassed(4), sine_data(32)
    model(np.zeros((1, 8, 3), "float32"))
    network = Network(model, "fast")
    if jax.default_backend() == "cpu":
        assert FastLSTM in {type(layer) for layer in network.twin._flatten_layers()}
    one, two = train(model, data, Training(epochs=2, batch_size=16), seeds=2)
    assert one.status == two.status == "complete"
    assert not same(one.weights, two.weights)
    model.set_weights(one.weights)
    expected = model.predict(data.at(np.arange(32))[0]["past"], verbose=0)
    np.testing.assert_allclose(predict(model, [one.weights], data)[0], expected, rtol=1e-4, atol=1e-5)


def test_a_subclassed_model_without_a_configuration_forecasts_as_plain_keras_and_says_so(caplog):
    model, data = Subclassed(4, written=False), sine_data(32)
    x = data.at(np.arange(32))[0]["past"]
    expected = model(x)
    with caplog.at_level(logging.WARNING, "normcast"):
        got = predict(model, [model.get_weights()], data)[0]
    assert "runs as plain Keras" in caplog.text
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="Give its class a complete get_config"):
        list(train(model, data, Training(epochs=1)))


@keras.saving.register_keras_serializable("tests")
class Twice(layers.Layer):
    """A layer that keeps a constant of the backend, as Keras' own L2 does before 3.15."""

    def __init__(self, **options):
        super().__init__(**options)
        self.two = keras.ops.convert_to_tensor(2.0)

    def call(self, x):
        return x * self.two


def test_a_constant_that_a_layer_holds_is_part_of_every_program():
    model, data = chain(Twice()), sine_data(20)
    (trained,) = train(model, data, Training(epochs=1, batch_size=8))
    model.set_weights(trained.weights)
    expected = model.predict(data.at(np.arange(20))[0]["past"], verbose=0)
    network = Network(model)
    for size in (7, 20):  # two programs of one network
        forecast = predict(network, [trained.weights], data, batch_size=size)
        np.testing.assert_allclose(forecast[0], expected, rtol=1e-5, atol=1e-6)
