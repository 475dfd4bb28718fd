"""What is declared acts, as stated, and only in training; what cannot act is refused."""

import os
import subprocess
import sys
import warnings
from typing import Any

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM, recalibrate
from tests.layers import papers
from tests.layers.backends import BACKEND, gradients, numpy

RATES = [
    {"dropout": 0.3},
    {"recurrent_dropout": 0.3},
    {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "tied"},
    {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "per_step"},
    {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "semeniuta"},
    {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "moon"},
    {"weight_dropout": 0.3},
    {"zoneout": 0.3},
]


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape or (6, 9, 3)).astype("float32")


def layer_of(kind: type, about: dict, units: int = 4, **more: Any) -> Any:
    about = dict(about)
    if kind is LSTM and "zoneout" in about:
        about["zoneout"] = (about["zoneout"], about["zoneout"])
    keras.utils.set_random_seed(0)
    layer = kind(units, seed=1, return_sequences=True, **about, **more)
    layer.build((6, 9, 3))
    return layer


def allowed(kind: type, about: dict) -> bool:
    return not (kind is GRU and about.get("recurrent_dropout_kind") == "moon")


@pytest.mark.parametrize("about", RATES, ids=str)
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_every_rate_acts_in_training_and_only_there(kind: type, about: dict) -> None:
    if not allowed(kind, about):
        return
    layer, plain = layer_of(kind, about), layer_of(kind, {})
    x = data()
    trained = numpy(layer(x, training=True))
    assert (trained != numpy(plain(x))).any()
    if "zoneout" not in about:  # at inference only zoneout leaves a trace: its expectation
        np.testing.assert_array_equal(numpy(layer(x)), numpy(plain(x)))
    np.testing.assert_array_equal(numpy(layer(x)), numpy(layer(x)))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_rates_of_zero_change_nothing_and_draw_nothing(kind: type) -> None:
    about = {"dropout": 0, "recurrent_dropout": 0, "weight_dropout": 0, "recurrent_dropout_kind": "per_step"}
    layer, plain = layer_of(kind, about), layer_of(kind, {})
    before = numpy(layer.seed_generator.state.value)
    np.testing.assert_array_equal(numpy(layer(data(), training=True)), numpy(plain(data(), training=True)))
    np.testing.assert_array_equal(before, numpy(layer.seed_generator.state.value))


def drawn(layer: Any, x: np.ndarray) -> Any:
    """Return the noise that the layer's next training call will draw, leaving the seed as it was."""
    from normcast.layers import noise

    state = numpy(layer.seed_generator.state.value)
    found = noise.draw(layer._rates(), keras.ops.transpose(x, (1, 0, 2)), layer.units, layer.seed_generator)
    layer.seed_generator.state.assign(state)
    return found


@pytest.mark.parametrize("about", [a for a in RATES if "weight_dropout" not in a], ids=str)
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_training_is_the_loop_of_the_paper_with_the_masks_that_were_drawn(kind: type, about: dict) -> None:
    if not allowed(kind, about):
        return
    layer, x = layer_of(kind, about), data()
    noise = drawn(layer, x)
    steps = {name: numpy(mask) for name, mask in noise.steps.items()}
    inputs = [numpy(m) for m in noise.inputs]
    draws = papers.Draws(
        x=inputs[0] if len(inputs) == 1 else inputs or None,
        h=[numpy(m) for m in noise.recurrent] * (len(layer.gates) // (len(noise.recurrent) or 1)) or None,
        h_step=steps.get("drop_h"), g_step=steps.get("drop_g"),
        cell=None if noise.cell is None else numpy(noise.cell),
        keep_h=steps.get("keep_h"), keep_c=steps.get("keep_c"),
    )  # fmt: skip
    loop = papers.lstm if kind is LSTM else papers.gru
    expected = loop(x, layer.get_weights(), draws=draws)[0]
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("about", RATES, ids=str)
def test_masks_have_the_right_mean_and_variance_and_are_shared_as_stated(about: dict) -> None:
    layer = layer_of(LSTM, about, units=200)
    x = data(50, 9, 3)
    noise = drawn(layer, x)
    for mask in map(numpy, (*noise.recurrent, *([] if noise.cell is None else [noise.cell]))):
        assert mask.shape == (50, 200)  # no time axis: one mask for the sequence, of its own for each row
        assert mask.mean() == pytest.approx(1, abs=0.03)
        assert mask.var() == pytest.approx(0.3 / 0.7, rel=0.05)
        assert len(np.unique(mask, axis=0)) == 50
    if noise.recurrent:
        masks = {numpy(m).tobytes() for m in noise.recurrent}
        assert len(masks) == (
            1 if about.get("recurrent_dropout_kind") == "tied" else 4
        )  # or one for each gate
    for name, mask in ((name, numpy(mask)) for name, mask in noise.steps.items()):
        assert mask.shape == (9, 50, 200)  # a new one at each step
        assert len(np.unique(mask.reshape(9, -1), axis=0)) == 9
        mean, var = (0.3, 0.21) if name.startswith("keep") else (1, 0.3 / 0.7)
        assert mask.mean() == pytest.approx(mean, abs=0.02)
        assert mask.var() == pytest.approx(var, rel=0.03)


def test_zoneout_at_inference_is_what_is_expected_of_training() -> None:
    x = data(1, 1, 3)
    layer = LSTM(4, zoneout=(0.3, 0.6), return_state=True, seed=1)
    start = [data(1, 4, seed=5), data(1, 4, seed=6)]
    _, h, c = (numpy(v) for v in layer(x, initial_state=start))
    many = [np.repeat(s, 20_000, axis=0) for s in start]
    _, hs, cs = (numpy(v) for v in layer(np.repeat(x, 20_000, axis=0), initial_state=many, training=True))
    np.testing.assert_allclose(hs.mean(0), h[0], atol=0.02)
    np.testing.assert_allclose(cs.mean(0), c[0], atol=0.02)
    kept = (hs == start[0]).mean()
    assert kept == pytest.approx(0.3, abs=0.01)
    assert (cs == start[1]).mean() == pytest.approx(0.6, abs=0.01)


def test_weight_dropout_drops_entries_of_u_once_for_all_rows_and_steps() -> None:
    layer = LSTM(30, weight_dropout=0.4, seed=1, return_sequences=True)
    x = data(1, 5, 3)
    both = numpy(layer(np.repeat(x, 2, axis=0), training=True))
    np.testing.assert_array_equal(both[0], both[1])
    state = numpy(layer.seed_generator.state.value)
    y = numpy(layer(x, training=True))
    layer.seed_generator.state.assign(state)
    u = numpy(keras.random.dropout(layer.recurrent_kernel.value, 0.4, seed=layer.seed_generator))
    assert (u == 0).mean() == pytest.approx(0.4, abs=0.03)
    w, _, b = layer.get_weights()
    np.testing.assert_allclose(y, papers.lstm(x, [w, u, b])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "layer", None])
def test_no_output_depends_on_a_later_input(norm: str | None) -> None:
    layer = LSTM(4, norm=norm, return_sequences=True)
    x, changed = data(), data()
    changed[:, 5:] = 1e3 * data(6, 4, 3, seed=1)
    layer.build(x.shape)
    for training in (False, True):
        before, after = numpy(layer(x, training=training)), numpy(layer(changed, training=training))
        np.testing.assert_array_equal(before[:, :5], after[:, :5])


def flow(norm: str | None, seed: int) -> float:
    """Return |dL/dx_0| / |dL/dx_99| at the start, for a random loss on the last output."""
    keras.utils.set_random_seed(seed)
    layer = LSTM(64, norm=norm)
    layer.build((32, 100, 8))
    x = data(32, 100, 8, seed=seed)
    by_x = gradients(layer, x, data(32, 64, seed=seed + 100), training=True)[0]
    return float(np.linalg.norm(by_x[:, 0]) / np.linalg.norm(by_x[:, 99]))


@pytest.mark.skipif(BACKEND != "jax", reason="a property of the equations, not of the backend")
def test_gradient_reaches_the_first_of_a_hundred_steps_through_batch_norm() -> None:
    ratio = np.exp(np.mean([np.log(flow("batch", seed)) for seed in range(5)]))
    assert 0.1 < ratio < 10
    assert flow(None, 0) < 1e-4  # the plain LSTM forgets


def test_recalibrated_statistics_are_the_mean_over_the_batches() -> None:
    x = data(12, 5, 3)
    model = keras.Sequential([keras.Input((5, 3)), LSTM(4, norm="batch", dropout=0.4, zoneout=(0.2, 0.2))])
    recalibrate(model, x, batch_size=6)
    layer = model.layers[0]
    norm = papers.Norm("batch", numpy(layer.norms["input"].gamma))
    for part in (x[:6], x[6:]):
        papers.lstm(part, layer.get_weights()[:3], {"input": norm})
    mean = (np.stack([m for m, _ in norm.seen[:5]]) + np.stack([m for m, _ in norm.seen[5:]])) / 2
    np.testing.assert_allclose(numpy(layer.norms["input"].moving_mean), mean, rtol=1e-4, atol=1e-5)
    before = model.get_weights()
    model.predict(x, verbose=0)
    for v, w in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)
    assert layer.norms["input"].momentum == 0.9


def test_batch_of_one_in_training_is_warned_of() -> None:
    layer = LSTM(4, norm="batch")
    with pytest.warns(UserWarning, match=r"batch of one.*Use more rows, or norm='layer'"):
        layer(data(1, 5, 3), training=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        layer(data(1, 5, 3))
        LSTM(4, norm="layer")(data(1, 5, 3), training=True)


def test_mixed_precision_keeps_cell_and_statistics_in_full_precision() -> None:
    layer = LSTM(4, norm="batch", dtype="mixed_bfloat16")
    layer(data(), training=True)
    for v in layer.weights:
        assert v.dtype == "float32"
    # 1000 steps of +0.5 need more than the 8 bits of bfloat16: the sum would stop at 128
    counter = LSTM(
        1, activation="linear", recurrent_activation="linear", dtype="mixed_bfloat16", return_state=True
    )
    x = np.ones((1, 1000, 1), "float32")
    counter.build(x.shape)
    counter.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), np.array([1.0, 1.0, 0.5, 1.0])])
    assert float(numpy(counter(x)[2])[0, 0]) == 500.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LSTM(4, dropout=1.0), "LSTM: dropout is 1.0, but a rate"),
        (lambda: GRU(4, recurrent_dropout=5), "GRU: recurrent_dropout is 5"),
        (lambda: LSTM(4, weight_dropout=-0.1), "weight_dropout is -0.1"),
        (lambda: LSTM(4, zoneout=(0.1, 1.0)), "zoneout of the cell is 1.0"),
        (lambda: LSTM(4, zoneout=0.1), r"must be a pair of rates"),
        (lambda: GRU(4, zoneout=1.5), "zoneout is 1.5"),
        (lambda: LSTM(4, norm="bach"), "Did you mean 'batch'"),
        (lambda: GRU(4, norm="layr"), "Did you mean 'layer'"),
        (lambda: LSTM(4, recurrent_dropout_kind="semenuita"), "Did you mean 'semeniuta'"),
        (lambda: GRU(4, recurrent_dropout_kind="moon"), "variational, tied, per_step, semeniuta"),
        (lambda: LSTM(0), "units is 0"),
        (lambda: LSTM(4, norm="batch", momentum=1.5), "momentum is 1.5"),
        (lambda: LSTM(4, norm="batch", epsilon=0), "epsilon is 0"),
        (lambda: LSTM(4, norm="batch", max_steps=0), "max_steps is 0"),
        (lambda: LSTM(4, norm="layer", norm_input=False, norm_recurrent=False, norm_cell=False), "all False"),
        (lambda: LSTM(4, norm="batch", norm_scope="gate"), "choose norm='layer' or 'rms'"),
        (lambda: LSTM(4, norm="layer", input_statistics="sequence"), "choose norm='batch'"),
        (lambda: LSTM(4, norm="batch", stateful=True), "counted from 0 again"),
        (lambda: LSTM(4, use_cudnn=True), "no cuDNN path"),
        (lambda: LSTM(4, norm="batch").build((2, None, 3)), "Give max_steps"),
        (lambda: LSTM(4, stateful=True).build((None, 5, 3)), "batch_shape="),
        (lambda: LSTM(4)(data(), initial_state=[data(6, 4)]), "there are 2 states"),
        (
            lambda: recalibrate(keras.Sequential([keras.Input((5, 3)), LSTM(4)]), data()),
            "no LSTM or GRU with",
        ),
    ],
)
def test_what_cannot_act_is_refused_with_a_way_out(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.skipif(BACKEND != "jax", reason="one backend is enough for the derivative of an equation")
@pytest.mark.parametrize(
    "cases",
    [
        ("LSTM batch", "GRU layer"),
        pytest.param(
            ("LSTM", "LSTM batch sequence", "LSTM layer", "LSTM rms", "GRU", "GRU batch"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_gradients_agree_with_finite_differences_in_float64(cases: tuple[str, ...]) -> None:
    code = [sys.executable, "-m", "tests.layers.finite_differences", *cases]
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
