"""ReversibleInstanceNorm and its inverse, against NumPy and through a saved model."""

from pathlib import Path

import keras
import numpy as np
import pytest

from normcast.layers import InverseInstanceNorm, ReversibleInstanceNorm
from tests.layers.backends import numpy

KINDS = [
    {"center": center, "scale": scale, "affine": affine}
    for center in ("mean", "last")
    for scale in (True, False)
    for affine in (True, False)
]


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return (5 + 3 * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def with_random_affine(layer: ReversibleInstanceNorm, x: np.ndarray) -> ReversibleInstanceNorm:
    layer(x)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_norm_is_the_equation_and_the_inverse_undoes_it(kind: dict) -> None:
    x = random(3, 7, 2)
    layer = with_random_affine(ReversibleInstanceNorm(**kind), x)
    y, statistics = layer(x)
    x64 = x.astype("float64")
    z = x64 - (x64.mean(1, keepdims=True) if kind["center"] == "mean" else x64[:, -1:])
    if kind["scale"]:
        z = z / np.sqrt(x64.var(1, keepdims=True) + 1e-5)
    if kind["affine"]:
        gamma, beta = layer.get_weights()
        z = z * gamma + beta
    np.testing.assert_allclose(numpy(y), z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy(InverseInstanceNorm()([y, statistics])), x, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_masked_statistics_are_those_of_the_steps_that_count(kind: dict) -> None:
    x = random(3, 7, 2)
    mask = np.ones((3, 7), bool)
    mask[0, :2] = mask[1, 5:] = mask[2, 3] = False
    layer = with_random_affine(ReversibleInstanceNorm(**kind), x)
    y, statistics = (numpy(t) for t in layer(x, mask=mask))
    for b in range(3):
        alone, of_row = (numpy(t) for t in layer(x[b][mask[b]][None]))
        np.testing.assert_allclose(y[b][mask[b]], alone[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(statistics[b], of_row[0], rtol=1e-5)
    assert (y[~mask] == 0).all()


def forecaster(channel: int | None, h: int = 4) -> keras.Model:
    entrance = keras.Input((12, 3))
    y, statistics = ReversibleInstanceNorm()(entrance)
    y = keras.layers.Flatten()(y)
    if channel is None:
        y = keras.layers.Reshape((h, 3))(keras.layers.Dense(3 * h)(y))
    else:
        y = keras.layers.Dense(h)(y)
    return keras.Model(entrance, InverseInstanceNorm(channel)([y, statistics]))


@pytest.mark.parametrize("channel", [None, 0, 2, -1])
def test_forecast_moves_with_the_level_and_unit_of_its_channel(channel: int | None) -> None:
    model = forecaster(channel)
    x = random(5, 12, 3)
    level, unit = np.array([100, -20, 3.0], "float32"), np.array([2, 10, 0.5], "float32")
    before, after = (model.predict(v, verbose=0) for v in (x, x * unit + level))
    picked = slice(None) if channel is None else channel
    expected = before * unit[picked] + level[picked]
    np.testing.assert_allclose(after, expected, rtol=2e-3, atol=1e-2)


def test_saved_model_loads_in_safe_mode_and_forecasts_the_same(tmp_path: Path) -> None:
    model = forecaster(0)
    model.compile("adam", "mse")
    x = random(8, 12, 3)
    model.fit(x, random(8, 4, seed=2), epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(x, verbose=0), copy.predict(x, verbose=0))


def test_inverse_takes_quantiles_of_one_channel() -> None:
    x = random(5, 12, 3)
    _, statistics = ReversibleInstanceNorm(affine=False)(x)
    z = np.random.default_rng(3).normal(size=(5, 4, 9)).astype("float32")
    y = numpy(InverseInstanceNorm(channel=1)([z, statistics]))
    location, spread = x[:, :, 1].mean(1), np.sqrt(x[:, :, 1].var(1) + 1e-5)
    np.testing.assert_allclose(y, z * spread[:, None, None] + location[:, None, None], rtol=1e-4)


def test_statistics_stay_in_full_precision_under_mixed_precision() -> None:
    x = 1000 + random(3, 12, 2)
    y, statistics = ReversibleInstanceNorm(dtype="mixed_bfloat16")(x)
    assert keras.backend.standardize_dtype(statistics.dtype) == "float32"
    np.testing.assert_allclose(numpy(statistics)[:, 0], x.mean(1), rtol=1e-5)
    back = InverseInstanceNorm(dtype="mixed_bfloat16")([y, statistics])
    np.testing.assert_allclose(numpy(back), x, rtol=1e-4)


def test_constant_window_normalizes_to_zero() -> None:
    y, _ = ReversibleInstanceNorm()(np.full((2, 5, 1), 7.0, "float32"))
    np.testing.assert_array_equal(numpy(y), 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReversibleInstanceNorm(center="median"), "no center 'median'"),
        (lambda: ReversibleInstanceNorm(epsilon=0), "must be above 0"),
        (lambda: InverseInstanceNorm(3).build([(2, 4), (2, 2, 3)]), "channel is 3"),
        (lambda: InverseInstanceNorm().build([(2, 4), (2, 2, 3)]), "channel=0 to 2"),
    ],
)
def test_wrong_arguments_are_refused_with_a_way_out(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
