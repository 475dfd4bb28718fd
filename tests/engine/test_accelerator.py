"""What would run on a GPU: no kernel of the CPU, one product a time step for all seeds, the same numbers."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import layers

from normcast.engine import Training, devices, network, predict, program, train
from normcast.kernels import lstm, native, platform
from normcast.layers import GRU, LSTM
from tests.engine.accelerator import calls_of, columns_of_products, products_in_loops, take_for_gpu
from tests.engine.networks import conv_lstm, same, sine_data

TRAINING = Training(batch_size=16, epochs=2, learning_rate=0.01, patience=None)
UNROLLED = 4
DATA, VALID = sine_data(48), sine_data(20, seed=1)


@pytest.fixture
def on_gpu(monkeypatch):
    take_for_gpu(monkeypatch)


@pytest.fixture
def lowered(monkeypatch):
    """The programs of this test, lowered for an NVIDIA GPU, in the order in which they were traced."""
    told, real = [], program.traced

    def traced(*arguments):
        made = real(*arguments)
        told.append(made.lower(lowering_platforms=("cuda",)))
        return made

    monkeypatch.setattr(program, "traced", traced)
    return told


def chain(*inner, shape=(8, 3)):
    return keras.Sequential([keras.Input(shape, name="past"), *inner, layers.Dense(2)])


MODELS = {
    "conv, batch norm, LSTM of Keras": conv_lstm,
    "random": lambda: conv_lstm(random=True, activation="selu"),
    "GRU of Keras": lambda: chain(layers.GRU(5, dropout=0.2)),
    "both ways": lambda: chain(layers.Bidirectional(layers.LSTM(4))),
    "masked": lambda: chain(layers.Masking(), layers.LSTM(4)),
    "ours": lambda: chain(LSTM(4, zoneout=(0.1, 0.1), recurrent_dropout=0.2)),
    "our GRU": lambda: chain(GRU(4, recurrent_dropout=0.2)),
    **{f"norm={kind}": lambda kind=kind: chain(LSTM(4, norm=kind)) for kind in ("batch", "layer", "rms")},
}


def trained(model, seeds):
    done = list(train(model, DATA, TRAINING, validation=VALID, seeds=seeds))
    return done, predict(model, [each.weights for each in done], VALID)


def test_a_kernel_of_the_cpu_would_be_seen():
    if not native.is_available():
        pytest.skip("there is no compiler")
    arguments = [np.zeros(s, "float32") for s in [(2, 5, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)]]

    def loss(*arguments):
        return lstm(*arguments)[0].sum()

    made = jax.jit(jax.grad(loss)).trace(*arguments)
    assert calls_of(made.lower()) == {"normcast_lstm_forward", "normcast_lstm_backward"}
    assert calls_of(made.lower(lowering_platforms=("cuda",))) == set()


@pytest.mark.parametrize("make", [layers.LSTM, LSTM], ids=["Keras' LSTM", "ours"])
def test_all_seeds_take_one_product_a_time_step_forward_and_one_backward(on_gpu, lowered, make):
    seeds = 3 * devices.replica_mesh(3).size
    next(iter(train(chain(make(5)), DATA, TRAINING, seeds=seeds)))
    assert products_in_loops(lowered[0]) == [UNROLLED, UNROLLED]


def test_inputs_are_projected_for_all_steps_at_once(on_gpu, lowered):
    next(iter(train(chain(layers.LSTM(5)), DATA, TRAINING, seeds=devices.replica_mesh(9).size)))
    assert (
        max(columns_of_products(lowered[0])) == TRAINING.batch_size * 8 * 4 * 5
    )  # of 8 steps and 20 columns


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_forms_of_a_gpu_train_to_the_numbers_of_the_cpu_and_call_no_kernel_of_it(
    monkeypatch, lowered, model, seeds
):
    expected, forecast = trained(model(), seeds)
    take_for_gpu(monkeypatch)
    lowered.clear()
    got, again = trained(model(), seeds)
    assert [calls_of(each) for each in lowered] == [set()] * 3  # to train, to judge, to forecast
    assert [each.seed for each in got] == [each.seed for each in expected]
    # Six steps of float32 in another order of additions; a wrong form is off by more than a tenth.
    for one, other in zip(expected, got, strict=True):
        for a, b in zip(one.weights, other.weights, strict=True):
            np.testing.assert_allclose(b, a, atol=2e-4)
        np.testing.assert_allclose(other.history["val_loss"], one.history["val_loss"], rtol=1e-3)
    np.testing.assert_allclose(again, forecast, atol=1e-3)


def test_cudnn_is_left_out_where_replicas_are_mapped_over(on_gpu, monkeypatch):
    import jax.experimental.rnn

    monkeypatch.setattr(jax.experimental.rnn, "lstm", lambda *_, **__: pytest.fail("cuDNN was asked for"))
    bfloat16 = keras.DTypePolicy("mixed_bfloat16")  # which no fast form covers
    trained(chain(layers.LSTM(4), layers.Reshape((1, 4)), layers.LSTM(2, dtype=bfloat16)), seeds=3)


class Own(keras.layers.Layer):
    """A layer whose configuration leaves out what it computes with, and which JAX cannot map over."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return unmapped(x) * self.factor

    def get_config(self):
        return {key: value for key, value in super().get_config().items() if key != "factor"}


@jax.custom_batching.custom_vmap
def unmapped(x):
    return x


@unmapped.def_vmap
def _refuse(*_):
    raise NotImplementedError("Batching rule for 'rnn_fwd' not implemented")


def test_a_model_without_a_twin_trains_replicas_one_after_the_other(on_gpu):
    def net():
        return chain(layers.Flatten(), Own(2.0))

    assert network.Network(net()).twin is None
    seeds = 2 * devices.replica_mesh(9).size
    done, forecasts = trained(net(), seeds)
    alone, forecast = trained(net(), 1)
    assert len(done) == seeds
    np.testing.assert_allclose(done[0].weights[0], alone[0].weights[0], atol=1e-6)
    np.testing.assert_allclose(forecasts[0], forecast[0], atol=1e-5)


def test_products_are_of_float32_unless_jax_was_told_otherwise(on_gpu):
    def product(x):
        return x @ x

    def text():
        return program.traced(product, (np.eye(2, dtype="float32"),), True).lower().as_text()

    assert "precision = [HIGHEST, HIGHEST]" in text()
    with jax.default_matmul_precision("tensorfloat32"):
        assert "HIGHEST" not in text()


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="what is left to the CPU")
def test_on_the_cpu_products_and_loops_stay_as_they_are():
    made = program.traced(lambda x: x @ x, (np.eye(2, dtype="float32"),), True)
    assert "HIGHEST" not in made.lower().as_text()
    assert platform.unrolled() == devices.at_once() == 1


@pytest.mark.skipif(jax.local_device_count() < 2, reason="a second device stands for the GPU")
def test_first_weights_are_drawn_on_the_cpu_and_are_those_of_a_run_there(monkeypatch):
    model, drawn = conv_lstm(), []
    expected = network.initial_variables(network.Network(model), 3, None)
    take_for_gpu(monkeypatch)
    rebuilt = network.rebuilt
    monkeypatch.setattr(network, "rebuilt", lambda *a: drawn.append(rebuilt(*a)) or drawn[-1])
    with jax.default_device(jax.devices()[1]):
        got = network.initial_variables(network.Network(model), 3, None)
        assert jnp.zeros(1).devices() == {jax.devices()[1]}
    assert {device for v in drawn[0].weights for device in v.value.devices()} == {jax.devices("cpu")[0]}
    assert all(same(a, b) for a, b in zip(expected, got, strict=True))


def test_an_epoch_fetches_three_numbers_a_seed_however_many_steps_it_has(on_gpu, monkeypatch):
    from normcast.engine import run

    counts, fetched = [], run.fetched
    monkeypatch.setattr(run, "fetched", lambda told: counts.append(sizes(told)) or fetched(told))
    seeds = devices.replica_mesh(9).size
    for windows in (32, 48):
        counts.clear()
        epochs = iter(train(conv_lstm(), sine_data(windows), TRAINING, validation=VALID, seeds=seeds))
        next(epochs)
        # Before the first epoch a loss is judged; then sums of losses and failed steps, and a loss again.
        assert counts[:-1] == [[seeds], [seeds] * 2, [seeds], [seeds] * 2, [seeds]]


def sizes(told):
    return [leaf.size for leaf in jax.tree.leaves(told)]
