"""The shapes in signatures are checked while tests run, and only then."""

import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from normcast.kernels import Masks, Norm, convolution, elu, fast_key, gru, lstm, lstm_norm
from tests.kernels.test_lstm import arrays

BATCH, TIME, UNITS, FEATURES = SIZES = (3, 5, 4, 2)
LSTM = dict(zip(("x", "h0", "c0", "kernel", "recurrent_kernel", "bias"), arrays(*SIZES), strict=True))
GRU = {name: a if name in ("x", "h0") else a[..., : 3 * UNITS] for name, a in LSTM.items() if name != "c0"}
CALLS = {
    "lstm": (lstm, LSTM),
    "lstm_norm": (partial(lstm_norm, norm=Norm("layer", gamma_h=jnp.ones(4 * UNITS))), LSTM),
    "gru": (gru, GRU),
}
WRONG = {
    "x without time": {"x": jnp.zeros((BATCH, FEATURES))},
    "x of whole numbers": {"x": jnp.zeros((BATCH, TIME, FEATURES), int)},
    "h0 of another batch": {"h0": jnp.zeros((BATCH + 1, UNITS))},
    "kernel of other gates": {"kernel": jnp.zeros((FEATURES, 5 * UNITS))},
    "recurrent kernel of one gate": {"recurrent_kernel": jnp.zeros((UNITS, UNITS))},
    "bias of one gate": {"bias": jnp.zeros(UNITS)},
    "mask of another time": {"mask": np.ones((BATCH, TIME + 1), bool)},
}
checked = pytest.mark.skipif(
    not hasattr(lstm, "__wrapped__"), reason="beartype is not installed, so nothing checks shapes"
)


@checked
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kernel", CALLS)
def test_an_array_of_another_shape_is_refused(kernel, wrong):
    call, args = CALLS[kernel]
    call(**args)
    with pytest.raises(TypeCheckError):
        call(**{**args, **WRONG[wrong]})


@checked
def test_an_array_of_another_shape_is_refused_inside_a_traced_and_mapped_program():
    def run(x):
        return lstm(x, *list(LSTM.values())[1:], form="xla")[0]

    many = jnp.stack([LSTM["x"]] * 2)
    assert jax.jit(jax.vmap(run))(many).shape == (2, BATCH, TIME, UNITS)
    with pytest.raises(TypeCheckError):
        jax.jit(run)(many)


@checked
@pytest.mark.parametrize(
    "call",
    [
        lambda: convolution(jnp.ones((1, 5, 2)), jnp.ones((3, 3, 4))),
        lambda: Masks(keep_h=jnp.ones((BATCH, TIME, UNITS)), keep_c=jnp.ones((BATCH, TIME + 1, UNITS))),
        lambda: fast_key(jnp.zeros(3, "uint32")),
        lambda: elu(jnp.arange(3)),
    ],
    ids=["convolution", "Masks", "fast_key", "elu"],
)
def test_arrays_that_do_not_fit_together_are_refused(call):
    with pytest.raises(TypeCheckError):
        call()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_every_precision_passes(dtype):
    args = {name: a.astype(dtype) for name, a in LSTM.items()}
    assert lstm(**args)[0].dtype == dtype


def test_outside_the_tests_nothing_is_checked():
    code = "import sys; from normcast.kernels import lstm; print(hasattr(lstm, '__wrapped__'), *sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wrapped, *modules = told.stdout.split()
    assert wrapped == "False"
    assert "beartype" not in modules
