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
    """Gated recurrent unit: `keras.layers.GRU`, plus what Keras lacks inside the recurrence.

    One step, with ``*`` for the product of each unit with its own::

        a = N_x(x_t W) + b_x;    u = N_h(h_{t-1} U) + b_h;    z, r = sigmoid(a_z + u_z, a_r + u_r)
        n = tanh(a_n + r * u_n)                       with reset_after=True, as cuDNN
        n = tanh(a_n + N_n((r * h_{t-1}) U_n))        with reset_after=False
        h_t = z * h_{t-1} + (1 - z) * n

    With norm=None every N is the identity, and weights, outputs and gradients are those of
    `keras.layers.GRU`. Columns of the kernels: z, r, n.

    It is called with `sequences` (batch, time, features) and gives (batch, units), or (batch, time, units)
    with `return_sequences`; with `return_state`, h follows, (batch, units). Further call arguments:
    `initial_state`, h (batch, units) or a list of it; `mask` (batch, time), False where a step does not
    count: it leaves the state as it is, is in no statistic, and is never read; `training`.

    All rates are at least 0 and below 1; what they drop, they drop in training alone.

    Parameters
    ----------
    units : int
        Width of the output and of the state, at least 1.
    activation : str or callable, default "tanh"
        What the new value n passes through.
    recurrent_activation : str or callable, default "sigmoid"
        What the gates z and r pass through.
    use_bias : bool, default True
        Whether biases are learned.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        How W, U and the biases start; default "glorot_uniform", "orthogonal" and "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer or None, default None
        What is added to the loss for W, U and the biases.
    activity_regularizer : str or Regularizer or None, default None
        What is added to the loss for the output.
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint or None, default None
        What W, U and the biases are held to after each update.
    dropout : float, default 0.0
        Rate at which entries of x are dropped, the same ones at all steps.
    recurrent_dropout : float, default 0.0
        Rate of the dropout inside the recurrence; `recurrent_dropout_kind` says what it acts on.
    seed : int or None, default None
        Seed of all that is drawn in training; None draws one.
    return_sequences : bool, default False
        Whether the output of every step is returned, not of the last one alone.
    return_state : bool, default False
        Whether the last h is returned behind the output.
    go_backwards : bool, default False
        Whether the steps are read from the last to the first; the output then stands in that order too.
    stateful : bool, default False
        Whether each batch goes on from the state that the batch before ended with; needs a fixed batch size.
    unroll : bool, default False
        Whether the loop over time is written out, which needs a known number of steps.
    reset_after : bool, default True
        Whether r acts behind the product with U, as in cuDNN, or before it, as in the paper.
    use_cudnn : {"auto", False}, default "auto"
        Accepted as Keras has it, but there is no cuDNN path.
    zero_output_for_mask : bool, default False
        Whether the output of a masked step is 0, not that of the step before it.
    implementation : {1, 2}, default 2
        Accepted as Keras has it; 1 only means one input mask of `dropout` per gate.
    norm : {None, "batch", "layer", "rms"}, default None
        Which normalization stands at N: "batch" takes statistics per unit and time step over the batch,
        "layer" over the units of a sample, "rms" does so without a mean.
    norm_input, norm_recurrent : bool, default True
        Which of the terms `norm` acts on: N_x; N_h and, with reset_after=False, N_n.
    norm_scope : {"joint", "gate"}, default "joint"
        Of "layer" and "rms": whether all gates of a sample are normalized together, or each by itself.
    input_statistics : {"step", "sequence"}, default "step"
        Of "batch": statistics of x W per time step, or one set over all steps (Laurent et al. 2016).
    max_steps : int or None, default None
        Of "batch": for how many steps statistics are kept, the length of the input by default; later steps
        use the last ones.
    momentum : float, default 0.9
        Of "batch": the share of the old value that moving statistics keep at each update, 0 to 1; at first
        they are the plain mean of what was seen.
    epsilon : float, default 1e-5
        What is added to variances, above 0.
    gamma_initializer : str or Initializer or None, default None
        How the scales of `norm` start; None means 0.1 for "batch", else 1.
    zoneout : float, default 0.0
        Rate at which a unit keeps its old value in training; at inference each takes the value expected of
        that.
    recurrent_dropout_kind : {"variational", "tied", "per_step", "semeniuta"}, default "variational"
        What `recurrent_dropout` acts on: h with one mask per gate for all steps, as Keras; h with one mask
        for all gates and steps; h with a new mask at each step; or the new value n with a new mask at each
        step. The kind "moon" of `LSTM` needs a cell.
    weight_dropout : float, default 0.0
        Rate at which entries of U are dropped, once per call for all steps (Merity et al. 2018).
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If a rate lies outside [0, 1), a name is unknown, or options do not go together; the message says what
        to do instead.

    See Also
    --------
    LSTM : A cell beside the output, and one gate more.
    recalibrate : Statistics of norm="batch" anew, once training is over.

    Notes
    -----
    Cho et al. 2014, arXiv:1406.1078; Cooijmans et al. 2017, arXiv:1603.09025; Ba et al. 2016,
    arXiv:1607.06450; Krueger et al. 2017, arXiv:1606.01305, for zoneout.

    Examples
    --------
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
