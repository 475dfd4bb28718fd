# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Long short-term memory, with normalization and noise inside the recurrence."""

from typing import Any

import keras
import numpy as np
from keras import ops

from normcast.layers.arguments import check_rate
from normcast.layers.fused import Passed, lstm_pass
from normcast.layers.held import Held
from normcast.layers.noise import Noise, hold_back
from normcast.layers.recurrent import Recurrent


@keras.saving.register_keras_serializable(package="normcast")
class LSTM(Recurrent):
    """Long short-term memory: `keras.layers.LSTM`, plus what Keras lacks inside the recurrence.

    One step, with ``*`` for the product of each unit with its own::

        z = N_x(x_t W) + N_h(h_{t-1} U) + b;    i, f, o = sigmoid(z_i, z_f, z_o);    g = tanh(z_g)
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(N_c(c_t))

    With norm=None every N is the identity, and weights, outputs and gradients are those of
    `keras.layers.LSTM`. The normalized cell is only read, never carried on. Columns of the kernels: i, f, g,
    o.

    It is called with `sequences` (batch, time, features) and gives (batch, units), or (batch, time, units)
    with `return_sequences`; with `return_state`, h and c follow, (batch, units) each. Further call arguments:
    `initial_state`, a list of h and c, (batch, units) each; `mask` (batch, time), False where a step does not
    count: it leaves the states as they are, is in no statistic, and is never read; `training`.

    All rates are at least 0 and below 1; what they drop, they drop in training alone.

    Parameters
    ----------
    units : int
        Width of the output and of both states, at least 1.
    activation : str or callable, default "tanh"
        What the candidate g and the cell pass through.
    recurrent_activation : str or callable, default "sigmoid"
        What the gates i, f and o pass through.
    use_bias : bool, default True
        Whether b is learned.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        How W, U and b start; default "glorot_uniform", "orthogonal" and "zeros".
    unit_forget_bias : bool, default True
        Whether the bias of the forget gate starts at 1, so that the cell remembers at first.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer or None, default None
        What is added to the loss for W, U and b.
    activity_regularizer : str or Regularizer or None, default None
        What is added to the loss for the output.
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint or None, default None
        What W, U and b are held to after each update.
    dropout : float, default 0.0
        Rate at which entries of x are dropped, the same ones at all steps.
    recurrent_dropout : float, default 0.0
        Rate of the dropout inside the recurrence; `recurrent_dropout_kind` says what it acts on.
    seed : int or None, default None
        Seed of all that is drawn in training; None draws one.
    return_sequences : bool, default False
        Whether the output of every step is returned, not of the last one alone.
    return_state : bool, default False
        Whether the last h and c are returned behind the output.
    go_backwards : bool, default False
        Whether the steps are read from the last to the first; the output then stands in that order too.
    stateful : bool, default False
        Whether each batch goes on from the states that the batch before ended with; needs a fixed batch size.
    unroll : bool, default False
        Whether the loop over time is written out, which needs a known number of steps.
    use_cudnn : {"auto", False}, default "auto"
        Accepted as Keras has it, but there is no cuDNN path.
    zero_output_for_mask : bool, default False
        Whether the output of a masked step is 0, not that of the step before it.
    implementation : {1, 2}, default 2
        Accepted as Keras has it; 1 only means one input mask of `dropout` per gate.
    norm : {None, "batch", "layer", "rms"}, default None
        Which normalization stands at N: "batch" takes statistics per unit and time step over the batch
        (Cooijmans et al. 2017), "layer" over the units of a sample (Ba et al. 2016), "rms" does so without a
        mean.
    norm_input, norm_recurrent, norm_cell : bool, default True
        Which of the three terms N_x, N_h and N_c `norm` acts on.
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
    zoneout : tuple of two float, default (0.0, 0.0)
        Rates (hidden, cell) at which a unit keeps its old value in training; at inference each takes the
        value expected of that.
    recurrent_dropout_kind : str, default "variational"
        What `recurrent_dropout` acts on: "variational", h with one mask per gate for all steps, as Keras (Gal
        & Ghahramani 2016, untied); "tied", h with one mask for all gates and steps (there, tied), the
        cheapest; "per_step", h with a new mask at each step; "semeniuta", the candidate g with a new mask at
        each step (Semeniuta et al. 2016); "moon", the cell with one mask for all steps (Moon et al. 2015).
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
    GRU : One gate and one state less.
    recalibrate : Statistics of norm="batch" anew, once training is over.

    Notes
    -----
    Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Cooijmans et al. 2017, arXiv:1603.09025; Ba
    et al. 2016, arXiv:1607.06450; Krueger et al. 2017, arXiv:1606.01305, for zoneout.

    Examples
    --------
    >>> import numpy as np
    >>> layer = LSTM(16, norm="batch", zoneout=(0.05, 0.2), return_sequences=True)
    >>> layer(np.ones((4, 9, 3))).shape
    (4, 9, 16)
    """

    gates = ("i", "f", "g", "o")
    terms = ("input", "recurrent", "cell")
    states_held = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        use_cudnn: Any = "auto",
        *,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        norm: str | None = None,
        norm_input: bool = True,
        norm_recurrent: bool = True,
        norm_cell: bool = True,
        norm_scope: str = "joint",
        input_statistics: str = "step",
        max_steps: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        gamma_initializer: Any = None,
        zoneout: tuple[float, float] = (0.0, 0.0),
        recurrent_dropout_kind: str = "variational",
        weight_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        arguments = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        super().__init__(arguments, **kwargs)
        self.zoneout = _pair(zoneout)
        plain = (keras.activations.tanh, keras.activations.sigmoid)
        self._one_tanh = (self.activation, self.recurrent_activation) == plain

    def _zoneout(self) -> dict[str, float]:
        return dict(zip(("keep_h", "keep_c"), self.zoneout, strict=True))

    def _bias_start(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer

        def start(shape: Any, *args: Any, **kwargs: Any) -> Any:
            # In the order of Keras, so that the same seed draws the same numbers.
            ones = keras.initializers.Ones()((self.units,), *args, **kwargs)
            before = self.bias_initializer((self.units,), *args, **kwargs)
            return ops.concatenate([before, ones, self.bias_initializer((2 * self.units,), *args, **kwargs)])

        return start

    def _norm_shapes(self) -> dict[str, tuple[int, bool]]:
        shapes = {"input": (4, False), "recurrent": (4, False), "cell": (1, True)}
        return {term: shape for term, shape in shapes.items() if self.normalizes(term)}

    def sums_terms(self) -> bool:
        return "recurrent" not in self.norms and ("input" not in self.norms or self.folds_input())

    def fused(self, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed | None:
        return lstm_pass(self, x, valid, noise, states, training)

    def step(self, states: tuple, now: dict[str, Any], held: Held) -> tuple[tuple, dict[str, Any]]:
        h_old, c_old = states
        keep: dict[str, Any] = {}
        i, f, g, o = self._gates(self._summed(h_old, now, held, keep))  # (B, H) each
        if "drop_g" in now:
            g = g * ops.cast(now["drop_g"], g.dtype)
        c = f * c_old + i * g
        alive = held.noise.cell
        if alive is not None:
            c = c * ops.cast(alive > 0, c.dtype)
        h = o * self.squash(self.normalized("cell", c, now, keep))
        if alive is not None:
            # Made up for where the cell is read: made up for in the cell, it would grow by 1 / (1 - p) each
            # step.
            h = h * ops.cast(alive, h.dtype)
        h = ops.cast(h, h_old.dtype)
        zone_h, zone_c = self.zoneout
        h = hold_back(h_old, h, zone_h, now.get("keep_h"))
        return (h, hold_back(c_old, c, zone_c, now.get("keep_c"))), keep

    def _summed(self, h: Any, now: dict[str, Any], held: Held, keep: dict[str, Any]) -> Any:
        """Return z, what goes into the gates: (batch, 4 * units)."""
        if held.joint is not None:
            z = ops.cast(ops.matmul(ops.concatenate([now["x"], h], axis=-1), held.joint), self.accumulator)
            z = z if held.shift is None else z + held.shift
        else:
            z = self.input_term(now, held, keep)
            z = z + self.normalized("recurrent", self.recurrent_product(h, now, held), now, keep)
        return z if held.bias is None else z + held.bias

    def _gates(self, z: Any) -> list[Any]:
        if not self._one_tanh:
            i, f, g, o = ops.split(z, 4, axis=-1)
            sigma = self.recurrent_activation
            return [sigma(i), sigma(f), self.squash(g), sigma(o)]
        # sigmoid(z) = tanh(z / 2) / 2 + 1/2: one pass over all four gates.
        half = ops.convert_to_tensor(np.repeat([0.5, 0.5, 1.0, 0.5], self.units).astype(self.accumulator))
        return ops.split(self.squash(z * half) * half + (1 - half), 4, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zoneout": list(self.zoneout)}


def _pair(zoneout: Any) -> tuple[float, float]:
    if not isinstance(zoneout, list | tuple) or len(zoneout) != 2:
        raise ValueError(
            f"LSTM: zoneout is {zoneout!r}, but must be a pair of rates, (hidden, cell): (0.05, 0.2)."
        )
    hidden, cell = zoneout
    return check_rate("LSTM", "zoneout of the hidden state", hidden), check_rate(
        "LSTM", "zoneout of the cell", cell
    )
