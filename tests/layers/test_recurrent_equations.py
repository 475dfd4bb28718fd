"""LSTM and GRU compute the equations of the papers, term by term, masked or not, trained or not."""

from itertools import cycle
from typing import Any

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from tests.layers import papers
from tests.layers.backends import BACKEND, numpy
from tests.short import in_turn

# Float32 against float64 over eight steps; a norm over five numbers that hardly differ amplifies rounding.
CLOSE = {"rtol": 2e-5, "atol": 5e-5}
EXACT = {"rtol": 1e-11, "atol": 1e-12}
# JAX computes in float64 only in a process of its own: there the finite differences do.
DTYPES = ["float32"] if BACKEND == "jax" else ["float32", "float64"]
BATCH, TIME, FEATURES, UNITS = 6, 8, 3, 5


def data(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


def masks() -> dict[str, np.ndarray | None]:
    left, right, rows = (np.ones((BATCH, TIME), bool) for _ in range(3))
    left[0, :3] = left[3, :1] = False
    right[1, 5:] = right[2, 2:] = False
    rows[4] = False
    rows[1, 3:5] = False
    return {"none": None, "left": left, "right": right, "a whole row": rows}


def shaken(layer: Any, x: np.ndarray) -> Any:
    """Build the layer and draw all its weights, so that none is 0 or 1."""
    layer.build(x.shape)
    rng = np.random.default_rng(1)
    for v in layer.trainable_variables:
        v.assign(numpy(v) + rng.uniform(0.05, 0.5, v.shape).astype("float32"))
    return layer


def norms_of(layer: Any, moving: bool) -> dict[str, papers.Norm]:
    """Read the normalizations of a layer for the loop in NumPy."""
    found = {}
    for term, norm in layer.norms.items():
        beta = 0.0 if norm.beta is None else numpy(norm.beta).astype("float64")
        rows = None
        if layer.norm == "batch" and moving:
            rows = (numpy(norm.moving_mean).astype("float64"), numpy(norm.moving_variance).astype("float64"))
        found[term] = papers.Norm(
            layer.norm,
            numpy(norm.gamma).astype("float64"),
            beta,
            groups=getattr(norm, "groups", 1),
            moving=rows,
        )
    return found


def reference(layer: Any, x: np.ndarray, norms: dict, **about: Any) -> list[np.ndarray]:
    weights = [numpy(v) for v in (layer.kernel, layer.recurrent_kernel, layer.bias) if v is not None]
    if isinstance(layer, LSTM):
        return list(papers.lstm(x, weights, norms, zoneout=layer.zoneout, **about))
    return list(papers.gru(x, weights, norms, zoneout=layer.zoneout, reset_after=layer.reset_after, **about))


KINDS = [
    {"norm": None},
    {"norm": "batch"},
    {"norm": "layer"},
    {"norm": "rms"},
    {"norm": "layer", "norm_scope": "gate"},
    {"norm": "batch", "norm_input": False},
    {"norm": "batch", "norm_recurrent": False, "use_bias": False},
    {"norm": "layer", "zoneout": 0.2},
]


def make(kind: type, about: dict) -> Any:
    about = dict(about)
    if kind is LSTM and "zoneout" in about:
        about["zoneout"] = (about["zoneout"], 0.4)
    keras.utils.set_random_seed(0)  # initializers take their seeds as the layer is made
    return kind(UNITS, return_sequences=True, return_state=True, **about)


@pytest.mark.parametrize(
    ("about", "mask", "kind"), in_turn(list(zip(KINDS, cycle(masks()), strict=False)), [LSTM, GRU]), ids=str
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_inference_is_the_loop_of_the_paper(kind: type, about: dict, mask: str, dtype: str) -> None:
    x = data().astype(dtype)
    layer = shaken(make(kind, {**about, "dtype": dtype}), x)
    if about["norm"] == "batch":
        for seed in range(3):  # so that the moving statistics are worth reading
            layer(data(seed).astype(dtype), training=True)
    got = layer(x, mask=masks()[mask], training=False)
    expected = reference(layer, x, norms_of(layer, moving=True), mask=masks()[mask])
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(numpy(a), b, **(EXACT if dtype == "float64" else CLOSE))


@pytest.mark.parametrize(
    ("about", "mask"),
    [({}, "none"), ({}, "left"), ({}, "right"), ({}, "a whole row"), ({"go_backwards": True}, "right")],
    ids=str,
)
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_training_normalizes_by_the_valid_samples_of_each_step(kind: type, about: dict, mask: str) -> None:
    x, valid = data(), masks()[mask]
    layer = shaken(make(kind, {"norm": "batch", **about}), x)
    got = layer(x, mask=valid, training=True)
    norms = norms_of(layer, moving=False)
    way = slice(None, None, -1) if layer.go_backwards else slice(None)
    expected = reference(layer, x[:, way], norms, mask=None if valid is None else valid[:, way])
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(numpy(a), b, rtol=2e-4, atol=2e-5)
    for term, norm in layer.norms.items():  # the first update is the batch's own statistics
        mean, var = (np.stack(rows) for rows in zip(*norms[term].seen, strict=True))
        np.testing.assert_allclose(numpy(norm.moving_mean), mean, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(numpy(norm.moving_variance), var, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_gru_and_lstm_take_an_initial_state(kind: type) -> None:
    x = data()
    rng = np.random.default_rng(5)
    start = [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(kind.states_held)]
    layer = shaken(make(kind, {"norm": "layer"}), x)
    got = layer(x, initial_state=start, mask=masks()["left"])
    about = tuple(v.astype("float64") for v in start)
    expected = reference(
        layer, x, norms_of(layer, True), mask=masks()["left"], start=about if kind is LSTM else about[0]
    )
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(numpy(a), b, **CLOSE)


@pytest.mark.parametrize("about", KINDS[:4], ids=str)
def test_gru_that_resets_before_the_product(about: dict) -> None:
    x = data()
    layer = shaken(make(GRU, {**about, "reset_after": False}), x)
    layer(x, training=True)
    expected = reference(layer, x, norms_of(layer, True))
    for a, b in zip(layer(x), expected, strict=True):
        np.testing.assert_allclose(numpy(a), b, **CLOSE)


def sequence_wise(
    layer: Any, x: np.ndarray, mask: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return N(x W) of all steps, and its mean and variance, the long way."""
    z = x.astype("float64") @ numpy(layer.kernel).astype("float64")
    rows = z[mask] if mask is not None else z.reshape(-1, z.shape[-1])
    mean, var = rows.mean(0), rows.var(0)
    return (z - mean) / np.sqrt(var + 1e-5) * numpy(layer.norms["input"].gamma), mean, var


@pytest.mark.parametrize("mask", ["none", "right"])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_sequence_wise_input_statistics_fold_exactly_into_the_kernel(kind: type, mask: str) -> None:
    x, valid = data(), masks()[mask]
    about = {"norm": "batch", "input_statistics": "sequence", "norm_recurrent": False}
    if kind is LSTM:
        about["norm_cell"] = False
    layer = shaken(make(kind, about), x)
    got = layer(x, mask=valid, training=True)
    z, mean, var = sequence_wise(layer, x, valid)
    identity = np.eye(z.shape[-1])
    rest = [numpy(layer.recurrent_kernel), numpy(layer.bias)]
    loop = papers.lstm if kind is LSTM else papers.gru
    expected = loop(z, [identity, *rest], mask=valid)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(numpy(a), b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy(layer.norms["input"].moving_mean), mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy(layer.norms["input"].moving_variance), var, rtol=1e-4, atol=1e-5)


def test_inference_beyond_the_last_known_step_uses_its_statistics() -> None:
    x = data()
    layer = shaken(LSTM(UNITS, norm="batch", max_steps=4, return_sequences=True), x)
    layer(x, training=True)
    assert numpy(layer.norms["cell"].moving_mean).shape == (4, UNITS)
    expected, _, _ = reference(layer, x, norms_of(layer, True))
    np.testing.assert_allclose(numpy(layer(x)), expected, **CLOSE)


def test_steps_that_did_not_occur_keep_their_statistics() -> None:
    x = data()
    layer = shaken(LSTM(UNITS, norm="batch", max_steps=TIME), x)
    layer(x[:, :3], training=True)
    mask = np.ones((BATCH, TIME), bool)
    mask[1:, 5:] = False  # one sample alone goes on
    for norm in layer.norms.values():
        np.testing.assert_array_equal(numpy(norm.updates), [1, 1, 1, 0, 0, 0, 0, 0])
        np.testing.assert_array_equal(numpy(norm.moving_mean)[3:], 0)
        np.testing.assert_array_equal(numpy(norm.moving_variance)[3:], 1)
    layer(x, mask=mask, training=True)
    np.testing.assert_array_equal(numpy(layer.norms["cell"].updates), [2, 2, 2, 1, 1, 0, 0, 0])


def test_moving_statistics_are_a_mean_first_and_then_forget() -> None:
    layer = shaken(LSTM(UNITS, norm="batch", momentum=0.75), data())
    seen = []
    for seed in range(7):
        layer(data(seed), training=True)
        norms = norms_of(layer, moving=False)
        reference(layer, data(seed), norms)
        seen.append(norms["cell"].seen[3][0])
    expected = np.mean(seen[:4], axis=0)  # 1/4 is the pace of momentum 0.75
    for value in seen[4:]:
        expected = 0.75 * expected + 0.25 * value
    np.testing.assert_allclose(numpy(layer.norms["cell"].moving_mean)[3], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_scale_starts_at_a_tenth_for_batch_norm_and_at_one_elsewhere(kind: type, norm: str) -> None:
    layer = kind(UNITS, norm=norm)
    layer(data())
    for one in layer.norms.values():
        np.testing.assert_allclose(numpy(one.gamma), 0.1 if norm == "batch" else 1.0)
    other = kind(UNITS, norm=norm, gamma_initializer=keras.initializers.Constant(0.3))
    other(data())
    np.testing.assert_allclose(numpy(other.norms["input"].gamma), 0.3)
