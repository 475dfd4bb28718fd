"""The native kernels hold every size to what it must be, whoever calls them.

Calls that are right are recorded, and made again with sizes that are not.
"""

import os
import random
from functools import partial
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import Masks, Norm, gru, lstm, lstm_norm, native
from tests.kernels.test_lstm import arrays

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
BATCH, TIME, UNITS, FEATURES = SIZES = (3, 4, 5, 2)
LSTM = arrays(*SIZES)
GRU = [a if place < 2 else a[..., : 3 * UNITS] for place, a in enumerate(LSTM) if place != 2]
LONG = int(os.environ.get("NORMCAST_SHAPES", "60"))


def masks(gates):
    front = (gates, BATCH)
    keep = jnp.full((BATCH, TIME, UNITS), 0.5)
    return Masks(jnp.ones((*front, FEATURES)), jnp.ones((*front, UNITS)), keep, keep)


def norm(kind):
    return Norm(kind, jnp.ones(4 * UNITS), jnp.ones(4 * UNITS), jnp.ones(UNITS), jnp.zeros(UNITS))


RIGHT = {
    "lstm": (partial(lstm, sequences=False), LSTM),
    "lstm with masks": (partial(lstm, masks=masks(4)), LSTM),
    "lstm, rms": (partial(lstm_norm, norm=norm("rms")), LSTM),
    "lstm, layer": (partial(lstm_norm, norm=norm("layer"), masks=masks(4)), LSTM),
    "lstm, batch": (partial(lstm_norm, norm=norm("batch")), LSTM),
    "gru": (partial(gru), GRU),
    "gru with masks": (partial(gru, masks=masks(3)), GRU),
}


@pytest.fixture(scope="module")
def calls():
    """The calls of the kernels' handlers: by what was run, (target, result shapes, arrays, attributes)."""
    found, now = {}, []
    ffi_call = jax.ffi.ffi_call

    def recorded(target, structs, **how):
        run = ffi_call(target, structs, **how)

        def call(*given, **attributes):
            shapes = [s.shape for s in structs], [np.shape(a) for a in given]
            found[str((*now, target, shapes))] = (*now, target, *shapes, attributes)  # traced more than once
            return run(*given, **attributes)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax.ffi, "ffi_call", recorded)
        for name, (run, given) in RIGHT.items():
            now[:] = [name]
            run(*given)
            jax.grad(lambda *a, run=run: sum(jnp.sum(r) for r in run(*a)[:2]), argnums=range(len(given)))(
                *given
            )
    assert len(found) == 3 * len(RIGHT)
    return list(found.values())


def made(target, results, given, attributes, dtype=np.float32):
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in results]
    values = [np.full(shape, 0.5, dtype) for shape in given]
    return jax.block_until_ready(jax.ffi.ffi_call(target, structs)(*values, **attributes))


def changed(shapes, place, axis, by):
    shape = list(shapes[place])
    shape[axis] += by
    return [*shapes[:place], tuple(shape), *shapes[place + 1 :]]


@pytest.mark.parametrize("by", [1, pytest.param(-1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", RIGHT)
def test_each_size_of_each_argument_and_result_is_held(calls, name, by):
    step = 3 if by == 1 else 1  # in short every third of them
    for _, target, results, given, attributes in (call for call in calls if call[0] == name):
        made(target, results, given, attributes)
        for wrong in islice(wrongs(results, given, by), list(RIGHT).index(name) % step, None, step):
            with pytest.raises(jax.errors.JaxRuntimeError, match=r"has shape .* must have"):
                made(target, *wrong, attributes)


def wrongs(results, given, by):
    """Yield the shapes of results and of arguments with one size that is not right."""
    for place, shape in enumerate(results):
        for axis in (axis for axis, size in enumerate(shape) if size + by >= 0):
            yield changed(results, place, axis, by), given
    for place, shape in enumerate(given):
        for axis in (axis for axis, size in enumerate(shape) if size + by >= 0):
            only_x_has_time = all(TIME not in each for each in (*results, *given[1:]))
            if (place, axis) != (0, 1) or not only_x_has_time:
                yield results, changed(given, place, axis, by)


@pytest.mark.parametrize("name", RIGHT)
def test_modes_that_do_not_exist_are_refused(calls, name):
    for _, target, results, given, attributes in (call for call in calls if call[0] == name):
        for mode in {"groups", "joint", "center", "batch"} & set(attributes):
            with pytest.raises(jax.errors.JaxRuntimeError, match=f"{mode} is 7, but must be one of"):
                made(target, results, given, {**attributes, mode: np.int64(7)})


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_not_what_a_kernel_takes_is_refused(calls, name):
    refused = partial(pytest.raises, jax.errors.JaxRuntimeError)
    for _, target, results, given, attributes in (call for call in calls if call[0] == name):
        with refused(match=f"it has {len(given) - 1} arguments, but must have {len(given)}"):
            made(target, results, given[:-1], attributes)
        with refused(match=f"it has {len(results) - 1} results, but must have {len(results)}"):
            made(target, results[:-1], given, attributes)
        with refused(match="it has 0 attributes, but must have"):
            made(target, results, given, {})
        with refused(match=r"it needs the number groups as int64\."):
            made(target, results, given, {**attributes, "groups": np.float32(0.5)})
        with refused(match=r"it takes arrays of float32 alone\."):
            made(target, results, given, attributes, dtype=np.int32)


def test_a_recurrence_without_units_is_refused(calls):
    for _, target, results, given, attributes in calls:
        place = next(
            place for place, shape in enumerate(given) if shape in [(UNITS, 3 * UNITS), (UNITS, 4 * UNITS)]
        )
        with pytest.raises(jax.errors.JaxRuntimeError, match=r"recurrent_kernel has shape \(0, "):
            made(target, results, changed(given, place, 0, -UNITS), attributes)


def test_shapes_drawn_by_chance_are_computed_or_refused(calls):
    draws = random.Random(int(os.environ.get("NORMCAST_SEED", "0")))
    refused = right = 0
    for _ in range(LONG):
        _, target, results, given, attributes = draws.choice(calls)
        shapes = [*results, *given]
        for place in draws.sample(range(len(shapes)), draws.choice([0, 1, 1, 2, 4])):
            rank = draws.choice([len(shapes[place]), draws.randint(0, 4)])
            shapes[place] = tuple(draws.choice([0, 1, 2, 3, 4, 5, 9, 17, 40]) for _ in range(rank))
        try:
            made(target, shapes[: len(results)], shapes[len(results) :], attributes)
        except jax.errors.JaxRuntimeError as error:
            refused += "must" in str(error)
        else:
            right += 1
    assert refused + right == LONG
    assert refused > LONG // 3


@pytest.mark.parametrize("name", RIGHT)
def test_a_batch_without_rows_has_gradients_of_zero(name):
    run, given = RIGHT[name]
    if "masks" in run.keywords:
        pytest.skip("the masks have rows")
    empty = [a[:0] if place < (2 if "gru" in name else 3) else a for place, a in enumerate(given)]
    outputs = run(*empty)[0]
    assert outputs.shape[0] == 0
    grads = jax.grad(lambda *a: jnp.sum(run(*a)[0]), argnums=range(len(empty)))(*empty)
    for grad in grads:
        np.testing.assert_array_equal(grad, jnp.zeros_like(grad))
