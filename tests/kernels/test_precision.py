"""Results and gradients against float64 over all scales of the input, and where NaN and infinity go."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import Norm, gru, lstm, lstm_norm, native

BATCH, TIME, FEATURES, UNITS = 5, 4, 3, 7
KINDS = ("lstm", "gru", "layer", "rms", "batch")
EPS = 2.0**-23


def drawn(kind, scale, plain=False):
    """Return the arrays of a recurrence, float32. plain: states and biases of zero."""
    draws, gates = np.random.default_rng(1), 3 if kind == "gru" else 4
    few = 0 if plain else 1
    columns, states = gates * UNITS, 1 if kind == "gru" else 2
    found = [draws.normal(size=(BATCH, TIME, FEATURES)) * scale]
    found += [draws.normal(size=(BATCH, UNITS)) * 0.5 * few for _ in range(states)]
    found += [draws.normal(size=(size, columns)) * 0.4 for size in (FEATURES, UNITS)]
    found += [draws.normal(size=(2, columns) if kind == "gru" else columns) * 0.3 * few]
    if kind not in ("lstm", "gru"):
        found += [1 + 0.1 * draws.normal(size=columns) for _ in range(2)] + [np.ones(UNITS), np.zeros(UNITS)]
    return [a.astype("float32") for a in found]


@cache
def outcomes(kind, form):
    """Return a compiled function of the arrays: the results, and the gradients of all arrays."""

    def run(*a):
        if kind == "lstm":
            return lstm(*a, form=form)
        return gru(*a, form=form) if kind == "gru" else lstm_norm(*a[:6], Norm(kind, *a[6:]), form=form)[:3]

    def loss(*a):
        results = run(*a)
        return sum(jnp.sum(jnp.sin(each) * (1 + jnp.arange(UNITS))) for each in results), results

    def all_of(*a):
        (_, results), grads = jax.value_and_grad(loss, range(len(a)), has_aux=True)(*a)
        return (*results, *grads)

    return jax.jit(all_of)


def errors(kind, form, arrays, truth):
    found = outcomes(kind, form)(*arrays)
    largest = [max(np.abs(true).max(), 1e-15) for true in truth]
    return [
        np.abs(np.asarray(a, float) - true).max() / size
        for a, true, size in zip(found, truth, largest, strict=True)
    ]


@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_native_form_is_as_exact_as_the_plain_steps_over_all_scales(kind, plain):
    for scale in (1e-6, 1e-3, 1, 30, 1e3, 1e5, 1e6, 1e8):
        arrays = drawn(kind, scale, plain)
        with jax.enable_x64(True):
            truth = [np.asarray(a) for a in outcomes(kind, "steps")(*(a.astype("float64") for a in arrays))]
        theirs = errors(kind, "steps", arrays, truth)
        for ours, plain_steps in zip(errors(kind, "native", arrays, truth), theirs, strict=True):
            assert ours <= 4 * plain_steps + 32 * EPS, f"scale {scale}"


@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
@pytest.mark.parametrize("kind", KINDS)
def test_gates_that_are_saturated_have_no_gradient(kind):
    if kind in ("layer", "rms", "batch"):
        pytest.skip("a norm brings gates back from where they saturate")
    for scale in (1e6, 1e8):
        grads = outcomes(kind, "native")(*drawn(kind, scale))[3 if kind == "lstm" else 2 :]
        with jax.enable_x64(True):
            truth = outcomes(kind, "steps")(*(a.astype("float64") for a in drawn(kind, scale)))
        for ours, true in zip(grads, truth[3 if kind == "lstm" else 2 :], strict=True):
            np.testing.assert_allclose(ours, true, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_finite_goes_where_the_plain_steps_let_it_go(kind, place, value, form):
    arrays = drawn(kind, 1)
    arrays[place].flat[4] = value
    results = 2 if kind == "gru" else 3
    truth = outcomes(kind, "steps")(*arrays)[:results]
    for ours, true in zip(outcomes(kind, form)(*arrays)[:results], truth, strict=True):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(true))
        np.testing.assert_array_equal(np.isinf(ours), np.isinf(true))
