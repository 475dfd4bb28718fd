"""The layers give the same results on the kernels as by their own steps."""

from dataclasses import replace

import jax
import keras
import numpy as np
import pytest

from normcast.engine import Training, train
from normcast.kernels import native
from normcast.layers import GRU, LSTM, fused
from normcast.layers.noise import Rates, draw
from tests.engine.networks import same, sine_data
from tests.short import every, in_turn

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")

SHAPE = (6, 7, 3)
MASK = np.ones(SHAPE[:2], bool)
MASK[1, 4:] = MASK[2, :2] = MASK[3, 3] = MASK[5] = False
LSTMS = [
    {},
    {"use_bias": False, "go_backwards": True},
    {"dropout": 0.3, "recurrent_dropout": 0.3},
    {"recurrent_dropout": 0.3, "weight_dropout": 0.2, "zoneout": (0.1, 0.0)},
    {"dropout": 0.3, "zoneout": (0.1, 0.3), "zero_output_for_mask": True},
    {"norm": "layer", "zoneout": (0.1, 0.3), "recurrent_dropout": 0.3},
    {"norm": "layer", "norm_scope": "gate", "norm_input": False, "dropout": 0.2},
    {"norm": "rms", "norm_cell": False, "zero_output_for_mask": True},
    {"norm": "layer", "recurrent_dropout": 0.3, "recurrent_dropout_kind": "tied", "dropout": 0.2},
    {"norm": "batch", "zoneout": (0.2, 0.1)},
    {"norm": "batch", "input_statistics": "sequence", "dropout": 0.3},
    {"norm": "batch", "input_statistics": "sequence", "norm_recurrent": False, "norm_cell": False},
]
GRUS = [
    {},
    {"use_bias": False, "dropout": 0.3, "zoneout": 0.2},
    {"go_backwards": True, "weight_dropout": 0.2, "zero_output_for_mask": True},
    {"dropout": 0.3, "recurrent_dropout": 0.3, "zoneout": 0.2},
    {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "tied"},
    {"recurrent_dropout": 0.3, "weight_dropout": 0.2, "use_bias": False},
    {"norm": "batch", "input_statistics": "sequence", "norm_recurrent": False},
    {
        "norm": "batch",
        "input_statistics": "sequence",
        "norm_recurrent": False,
        "dropout": 0.2,
        "use_bias": False,
    },
]
WAYS = [(True, None), (True, MASK), (False, MASK)]  # training or inference, masked or not
CASES = [(LSTM, about) for about in LSTMS] + [(GRU, about) for about in GRUS]


def build(kind, about):
    layer = kind(9, return_sequences=True, return_state=True, seed=1, **about)
    layer.build(SHAPE)
    draw = np.random.default_rng(0)
    layer.set_weights([w + draw.uniform(0.05, 0.4, w.shape).astype(w.dtype) for w in layer.get_weights()])
    return layer


def value_and_gradients(layer, training, mask):
    """Return outputs, states, new moving statistics and gradients by the input, the state and the weights."""
    draw = np.random.default_rng(1).normal
    x = draw(size=SHAPE).astype("float32")
    start = [draw(size=(6, 9)).astype("float32") for _ in range(layer.states_held)]
    frozen = [v.value for v in layer.non_trainable_variables]

    def loss(x, start, weights):
        about = {"initial_state": start, "mask": mask, "training": training}
        out, kept = layer.stateless_call(weights, frozen, x, **about)
        return sum((leaf * np.cos(np.arange(leaf.size)).reshape(leaf.shape)).sum() for leaf in out), (
            out,
            kept,
        )

    weights = [v.value for v in layer.trainable_variables]
    # Not the loss itself: it is a sum that all but cancels, so rounding is large beside it.
    grads, told = jax.jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))(x, start, weights)
    return told, grads


def assert_close(expected, got):
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # 1e-4 of the largest entry: a norm divides by what may be small, and so amplifies rounding.
        scale = float(np.max(np.abs(one), initial=0)) or 1.0
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-4 * scale)


def is_fused(layer, training, mask):
    return not (layer.norm == "batch" and layer.counts_steps() and (not training or mask is not None))


def watch(monkeypatch, kind):
    """Return what the fused pass returned, call by call, and a function that takes the pass away."""
    name, called = f"{kind.__name__.lower()}_pass", []
    passes = vars(fused)[name]
    module = __import__(f"normcast.layers.{kind.__name__.lower()}", fromlist=[name])

    def spy(*arguments):
        called.append(passes(*arguments))
        return called[-1]

    monkeypatch.setattr(module, name, spy)
    return called, lambda: monkeypatch.setattr(module, name, lambda *_: None)


@pytest.mark.parametrize(("kind", "about", "training", "mask"), in_turn(CASES, WAYS, step=2), ids=str)
def test_a_layer_on_the_kernel_equals_its_own_steps(monkeypatch, kind, about, training, mask):
    layer = build(kind, about)
    called, leave_out = watch(monkeypatch, kind)
    got = value_and_gradients(layer, training, mask)
    assert all((each is not None) == is_fused(layer, training, mask) for each in called)
    leave_out()
    assert_close(value_and_gradients(layer, training, mask), got)


@pytest.mark.parametrize(("about", "mask"), in_turn(LSTMS, [None, MASK], step=2), ids=str)
def test_a_layer_without_native_code_equals_its_own_steps(monkeypatch, about, mask):
    layer = build(LSTM, about)
    called, leave_out = watch(monkeypatch, LSTM)
    with native.left_out():
        got = value_and_gradients(layer, True, mask)
    assert all((each is not None) == is_fused(layer, True, mask) for each in called)
    leave_out()
    assert_close(value_and_gradients(layer, True, mask), got)


def network(norm=None, kind=LSTM, **about):
    return keras.Sequential(
        [keras.Input((8, 3), name="past"), kind(5, norm=norm, **about), keras.layers.Dense(2)]
    )


@pytest.mark.parametrize("norm", every(2, [None, "layer", "batch"]))
def test_replicas_of_a_layer_mapped_by_vmap_are_those_of_single_calls(norm):
    model = network(norm, recurrent_dropout=0.2)
    x = sine_data().at(np.arange(6))[0]["past"]
    frozen = [v.value for v in model.non_trainable_variables]
    replicas = [[v.value * scale for v in model.trainable_variables] for scale in (0.5, 1.0, 1.5)]

    def gradients(weights):
        return jax.grad(lambda w: (model.stateless_call(w, frozen, x, training=True)[0] ** 2).sum())(weights)

    mapped = jax.vmap(gradients)(jax.tree.map(lambda *leaves: np.stack(leaves), *replicas))
    for place, weights in enumerate(replicas):
        assert_close(gradients(weights), jax.tree.map(lambda leaf, place=place: leaf[place], mapped))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_keras_fit_learns_alike_on_the_kernel_and_by_the_layers_steps(monkeypatch, kind):
    x, y = sine_data().at(np.arange(64))
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        model = network(None, kind)
        model.compile("sgd", "mse")
        model.fit(x["past"], y, batch_size=16, epochs=2, verbose=0)
        weights.append(model.get_weights())
        monkeypatch.setattr(kind, "fused", lambda *_: None)
    assert_close(*weights)


@pytest.mark.parametrize("norm", [None, "layer", "batch"])
def test_the_engine_trains_a_layer_alike_alone_and_among_replicas(norm):
    training = Training(batch_size=16, epochs=2)
    among = list(train(network(norm, recurrent_dropout=0.2), sine_data(48), training, seeds=3))
    (alone,) = train(network(norm, recurrent_dropout=0.2), sine_data(48), replace(training, seed=2))
    assert same(alone.weights, among[2].weights)
    assert not same(among[0].weights, among[1].weights)


def test_without_native_code_the_layers_own_steps_run():
    layer = build(LSTM, {"norm": "layer"})
    expected = value_and_gradients(layer, True, None)
    with native.left_out():
        assert not native.is_available()
        assert_close(value_and_gradients(layer, True, None), expected)


def test_one_draw_holds_back_both_states_at_their_own_rates_and_independently():
    rates = Rates(4, 0.0, 0.0, "variational", {"keep_h": 0.1, "keep_c": 0.3}, split=False)
    steps = draw(rates, np.zeros((50, 100, 3), "float32"), 64, keras.random.SeedGenerator(0)).steps
    h, c = (np.asarray(steps[name]) for name in ("keep_h", "keep_c"))
    # 320,000 draws: three standard deviations are 0.0024 at most
    np.testing.assert_allclose([h.mean(), c.mean(), (h * c).mean()], [0.1, 0.3, 0.03], atol=0.0025)
