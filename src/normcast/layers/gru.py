# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Gated recurrent unit, with normalization and noise inside the recurrence."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_rate
from normcast.layers.fused import Passed, gru_pass
from normcast.layers.held import Held
from normcast.layers.noise import Noise, hold_back
from normcast.layers.recurrent import Recurrent


@keras.saving.register_keras_serializable(package="normcast")
class GRU(Recurrent):
    """Gated recurrent unit: keras.layers.GRU, plus what Keras lacks inside the recurrence.

        a = N_x(x_t W) + b_x;    u = N_h(h_{t-1} U) + b_h;    z, r = sigmoid(a_z + u_z, a_r + u_r)
        n = tanh(a_n + r * u_n)                       with reset_after=True, as cuDNN
        n = tanh(a_n + N_n((r * h_{t-1}) U_n))        with reset_after=False
        h_t = z * h_{t-1} + (1 - z) * n

    With norm=None every N is the identity and weights, outputs and gradients are those of keras.layers.GRU.
    Columns of the kernels: z, r, n.

    zoneout: rate at which a unit keeps its old value in training; its expectation at inference.
    recurrent_dropout_kind: "variational", "tied", "per_step" or "semeniuta", as of LSTM; "moon" needs a
    cell.
    norm, norm_input, norm_recurrent, norm_scope, input_statistics, max_steps, momentum, epsilon,
    gamma_initializer, weight_dropout: as of LSTM. All rates are at least 0 and below 1. All other arguments
    are those of keras.layers.GRU; use_cudnn and implementation are accepted, but there is no cuDNN path, and
    implementation=1 only means one input mask per gate.

    Call arguments: sequences (batch, time, features); initial_state, h (batch, units) or a list of it;
    mask (batch, time), False where a step does not count: it leaves the state as it is, is in no statistic,
    and is never read; training.
    Output: (batch, units), or (batch, time, units) with return_sequences, then h with return_state.
    Raises ValueError for rates outside [0, 1), unknown names and options that do not go together.
    Source: Cho et al. 2014, arXiv:1406.1078; Cooijmans et al. 2017, arXiv:1603.09025; Ba et al. 2016,
    arXiv:1607.06450; Krueger et al. 2017, arXiv:1606.01305.

    >>> import numpy as np
    >>> GRU(16, norm="layer", zoneout=0.1)(np.ones((4, 9, 3))).shape
    (4, 16)
    """

    gates = ("z", "r", "n")
    terms = ("input", "recurrent")
    states_held = 1
    dropout_kinds = ("variational", "tied", "per_step", "semeniuta")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        *,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        norm: str | None = None,
        norm_input: bool = True,
        norm_recurrent: bool = True,
        norm_scope: str = "joint",
        input_statistics: str = "step",
        max_steps: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        gamma_initializer: Any = None,
        zoneout: float = 0.0,
        recurrent_dropout_kind: str = "variational",
        weight_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        arguments = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        super().__init__(arguments, **kwargs)
        self.zoneout = check_rate("GRU", "zoneout", zoneout)

    def _zoneout(self) -> dict[str, float]:
        return {"keep_h": self.zoneout}

    def _bias_shape(self) -> tuple:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _norm_shapes(self) -> dict[str, tuple[int, bool]]:
        shapes: dict[str, tuple[int, bool]] = {}
        if self.normalizes("input"):
            shapes["input"] = (3, False)
        if self.normalizes("recurrent"):
            shapes["recurrent"] = (3 if self.reset_after else 2, False)
            if not self.reset_after:
                shapes["candidate"] = (1, False)
        return shapes

    def fused(self, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed | None:
        return gru_pass(self, x, valid, noise, states, training)

    def step(self, states: tuple, now: dict[str, Any], held: Held) -> tuple[tuple, dict[str, Any]]:
        (h_old,) = states
        keep: dict[str, Any] = {}
        a = self.input_term(now, held, keep)
        if held.bias is not None:
            a = a + (held.bias[0] if self.reset_after else held.bias)
        a_z, a_r, a_n = ops.split(a, 3, axis=-1)  # (B, H) each
        gates = slice(None) if self.reset_after else slice(0, 2)
        u = self.normalized("recurrent", self.recurrent_product(h_old, now, held, gates), now, keep)
        if self.reset_after and held.bias is not None:
            u = u + held.bias[1]
        u_z, u_r, *u_n = ops.split(u, 3 if self.reset_after else 2, axis=-1)
        z, r = self._gate("z", a_z + u_z), self._gate("r", a_r + u_r)
        n = self._gate("n", a_n + (r * u_n[0] if u_n else self._reset_before(r, h_old, now, held, keep)))
        if "drop_g" in now:
            n = n * ops.cast(now["drop_g"], n.dtype)
        h = ops.cast(z * ops.cast(h_old, z.dtype) + (1 - z) * n, h_old.dtype)
        return (hold_back(h_old, h, self.zoneout, now.get("keep_h")),), keep

    def _gate(self, name: str, before: Any) -> Any:
        """Return a gate, or the new value n, from what goes into it: (batch, units)."""
        return (self.squash if name == "n" else self.recurrent_activation)(before)

    def _reset_before(self, r: Any, h: Any, now: dict[str, Any], held: Held, keep: dict[str, Any]) -> Any:
        product = self.recurrent_product(ops.cast(r, h.dtype) * h, now, held, slice(2, 3))
        return self.normalized("candidate", product, now, keep)
