# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""What the LSTM and the GRU share: arguments, weights, masks, states, and one pass over a sequence."""

import warnings
from typing import Any

import keras
from keras import ops, tree

from normcast.layers import loop
from normcast.layers.fused import Passed
from normcast.layers.held import Held, hold
from normcast.layers.noise import KINDS, Noise, Rates, draw
from normcast.layers.norms import FeatureNorm, SequenceBatchNorm, StepBatchNorm, TermNorm
from normcast.layers.options import check_options
from normcast.layers.states import States, fits

_KERAS = {
    "activation": keras.activations,
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
}


class Recurrent(States):
    """A recurrence over time in one layer; LSTM and GRU say what one step is.

    gates: names of the blocks of columns of the kernels, in order; terms: what `norm` can act on.
    """

    gates: tuple[str, ...]
    terms: tuple[str, ...]
    dropout_kinds: tuple[str, ...] = KINDS

    def __init__(self, arguments: dict[str, Any], **kwargs: Any) -> None:
        regularizer = arguments.pop("activity_regularizer")
        super().__init__(activity_regularizer=regularizer, **kwargs)
        self._argument_names = tuple(arguments)
        for name, value in arguments.items():
            module = _KERAS.get(name.rsplit("_", 1)[-1])
            setattr(self, name, value if module is None else module.get(value))
        check_options(self)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.calibrating = False

    def normalizes(self, term: str) -> bool:
        """Whether that term is normalized."""
        return self.norm is not None and bool(getattr(self, f"norm_{term}"))

    def folds_input(self) -> bool:
        """Whether the normalization of the input term goes into the kernel."""
        return self.norm == "batch" and self.norm_input and self.input_statistics == "sequence"

    def counts_steps(self) -> bool:
        """Whether some statistics are kept per time step."""
        others = any(self.normalizes(term) for term in self.terms if term != "input")
        return self.norm == "batch" and (others or (self.norm_input and not self.folds_input()))

    def learns(self, training: bool | None) -> bool:
        """Whether batch statistics are taken and kept: not in a frozen layer, as in Keras."""
        return self.calibrating or bool(training and self.trainable)

    @property
    def squash(self) -> Any:
        """The activation. Keras computes tanh in float32 also where it is given float64."""
        if self.compute_dtype == "float64" and self.activation is keras.activations.tanh:
            return lambda z: 2 * ops.sigmoid(2 * z) - 1
        return self.activation

    # Weights

    def build(self, sequences_shape: tuple, initial_state_shape: Any = None) -> None:
        batch, time, features = sequences_shape
        columns = len(self.gates) * self.units
        self.kernel = self._weight("kernel", (features, columns), "kernel")
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, columns), "recurrent")
        self.bias = None
        if self.use_bias:
            self.bias = self._weight("bias", self._bias_shape(), "bias", self._bias_start())
        self.norms = {name: self._norm(name, *about, time) for name, about in self._norm_shapes().items()}
        if self.stateful:
            self.build_states(batch)

    def _weight(self, name: str, shape: tuple, of: str, initializer: Any = None) -> Any:
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=initializer or getattr(self, f"{of}_initializer"),
            regularizer=getattr(self, f"{of}_regularizer"),
            constraint=getattr(self, f"{of}_constraint"),
        )

    def _bias_shape(self) -> tuple:
        return (len(self.gates) * self.units,)

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def _norm_shapes(self) -> dict[str, tuple[int, bool]]:
        """Return for each normalized term how many blocks of units it has, and whether it learns a shift."""
        raise NotImplementedError

    def _norm(self, name: str, blocks: int, center: bool, time: int | None) -> TermNorm:
        units = blocks * self.units
        start = keras.initializers.Constant(0.1) if self.norm == "batch" else "ones"
        about = {
            "epsilon": self.epsilon,
            "gamma": self.gamma_initializer or start,
            "name": f"{name}_norm",
            "dtype": self.dtype_policy,
        }
        if self.norm != "batch":
            groups = blocks if self.norm_scope == "gate" else 1
            return FeatureNorm(units, self.norm, groups, center=center and self.norm == "layer", **about)
        if name == "input" and self.folds_input():
            return SequenceBatchNorm(units, self.momentum, **about)
        steps = self.max_steps or time
        if steps is None:
            raise ValueError(
                f"{type(self).__name__}: norm='batch' keeps statistics per time step, but the number of "
                "steps is unknown. Give max_steps, the length of the longest training sequence, or fix it."
            )
        return StepBatchNorm(units, steps, self.momentum, center=center, **about)

    # One call

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False
    ) -> Any:
        if self.unroll and sequences.shape[1] is None:
            raise ValueError(
                f"{type(self).__name__}: unroll=True needs a known number of steps. Fix the length."
            )
        self._hold_shapes(tuple(sequences.shape), mask)
        x, valid = self._time_major(sequences, mask)  # (T, B, F), (T, B, 1)
        learns = self.learns(training)
        self._warn_of_lone_samples(sequences.shape[0], learns)
        noise = draw(self._rates(), x, self.units, self.seed_generator) if training else Noise()
        states = self.start(initial_state, ops.shape(x)[1])
        passed = self.fused(x, valid, noise, states, bool(training))
        h, states, statistics = passed or self._looped(x, valid, noise, states, bool(training))
        if learns:
            self._learn(statistics, valid, ops.shape(x)[:2])
        return self._outputs(ops.transpose(h, (1, 0, 2)), states)

    def fused(self, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed | None:
        """Return what `_looped` does, by a fast kernel; None where none does all that is asked for."""
        return None

    def _looped(self, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed:
        """Return outputs (time, batch, units), the last states, and by term the batch statistics."""
        x, held, folded = hold(self, x, valid, noise, training)
        learns, norms = self.learns(training), self.norms.items()
        known = {} if learns else {name: norm.before(ops.shape(x)[0]) for name, norm in norms}
        xs = {"x": x, "known": known, **noise.steps}
        if valid is not None:
            xs["valid"] = valid
        blank = (states[0], {name: norm.blank() if learns else () for name, norm in norms})
        states, (h, statistics) = self._over_time(states, xs, blank, held)
        return h, states, {**statistics, **folded}

    def _over_time(self, states: tuple, xs: dict[str, Any], blank: tuple, held: Held) -> tuple[tuple, tuple]:
        """Return the last states, and the outputs and statistics of all steps; blank: those of one step."""
        return loop.run(lambda old, now: self._masked_step(old, now, held), states, xs, blank, self.unroll)

    def _hold_shapes(self, shape: tuple, mask: Any) -> None:
        who, features = f"{type(self).__name__} {self.name!r}", self.kernel.shape[0]
        if not fits(shape, (None, None, features)):
            raise ValueError(
                f"{who}: sequences has shape {shape}, but the layer was built for (batch, time, {features})."
            )
        if shape[1] == 0:
            raise ValueError(f"{who}: sequences has shape {shape}, but needs one step at least.")
        given = _first(mask)
        if given is not None and not fits(tuple(given.shape), shape[:2]):
            raise ValueError(f"{who}: mask has shape {tuple(given.shape)}, but must have {shape[:2]}.")

    def _time_major(self, sequences: Any, mask: Any) -> tuple[Any, Any]:
        x = ops.transpose(ops.cast(sequences, self.compute_dtype), (1, 0, 2))
        mask = _first(mask)
        valid = None if mask is None else ops.transpose(ops.cast(mask, "bool"), (1, 0))[:, :, None]
        if self.go_backwards:
            x = ops.flip(x, axis=0)
            valid = None if valid is None else ops.flip(valid, axis=0)
        if valid is not None:
            # A NaN in a padded step would pass through the gradient of every later `where`.
            x = ops.where(valid, x, ops.zeros_like(x))
        return x, valid

    def _warn_of_lone_samples(self, batch: int | None, learns: bool) -> None:
        if batch == 1 and learns and self.counts_steps():
            warnings.warn(
                f"{type(self).__name__}: norm='batch' was trained on a batch of one, whose every value is "
                "its own mean: all becomes 0, and no statistics are kept. Use more rows, or norm='layer'.",
                stacklevel=3,
            )

    def _rates(self) -> Rates:
        about = self.dropout, self.recurrent_dropout, self.recurrent_dropout_kind
        return Rates(len(self.gates), *about, self._zoneout(), split=self.implementation == 1)

    def _zoneout(self) -> dict[str, float]:
        """Return the zoneout rate of each state."""
        raise NotImplementedError

    def sums_terms(self) -> bool:
        """Whether input and recurrent term are only ever seen as their sum."""
        return False

    def _masked_step(self, old: tuple, now: dict[str, Any], held: Held) -> tuple[tuple, tuple]:
        """Go one step, but stay where a row's step is masked."""
        new, statistics = self.step(old, now, held)
        h = new[0]
        if "valid" in now:
            valid = now["valid"]
            new = tuple(ops.where(valid, n, o) for n, o in zip(new, old, strict=True))
            h = ops.where(valid, h, ops.zeros_like(h)) if self.zero_output_for_mask else new[0]
        return new, (h, statistics)

    def step(self, states: tuple, now: dict[str, Any], held: Held) -> tuple[tuple, dict[str, Any]]:
        """Return the next states, and by term the batch statistics of this step."""
        raise NotImplementedError

    # Terms of one step

    def input_term(self, now: dict[str, Any], held: Held, keep: dict[str, Any]) -> Any:
        """Return x_t W, normalized: (batch, gates * units)."""
        z = now["x"] if held.projected else ops.matmul(now["x"], held.kernel)
        z = ops.cast(z, self.accumulator)
        if held.shift is not None:
            z = z + held.shift
        return z if self.folds_input() else self.normalized("input", z, now, keep)

    def recurrent_product(self, h: Any, now: dict[str, Any], held: Held, gates: slice = slice(None)) -> Any:
        """Return h_{t-1} U for some of the gates, with the dropout of h: (batch, their units)."""
        h = h * now["drop_h"] if "drop_h" in now else h
        masks = held.noise.recurrent
        if len(masks) == 1:  # for all gates
            h, masks = h * masks[0], ()
        if not masks and gates == slice(None):
            return ops.cast(h @ held.recurrent_kernel, self.accumulator)
        blocks = ops.split(held.recurrent_kernel, len(self.gates), axis=1)[gates]
        masks = masks[gates] or (1,) * len(blocks)
        z = ops.concatenate([(h * m) @ u for m, u in zip(masks, blocks, strict=True)], axis=-1)
        return ops.cast(z, self.accumulator)

    def normalized(self, term: str, z: Any, now: dict[str, Any], keep: dict[str, Any]) -> Any:
        """Return the term, normalized if it is to be; its statistics are put into `keep`."""
        if term not in self.norms:
            return z
        z, keep[term] = self.norms[term].at_step(z, now["known"].get(term, ()), now.get("valid"))
        return z

    # After the loop

    def _learn(self, statistics: dict[str, Any], valid: Any, shape: tuple) -> None:
        steps, batch = shape
        if valid is None:
            per_step, total = batch, steps * batch
        else:
            per_step = ops.sum(ops.cast(valid, self.accumulator), axis=(1, 2))  # (T,)
            total = ops.sum(per_step)
        for name, norm in self.norms.items():
            norm.after(statistics[name], total if isinstance(norm, SequenceBatchNorm) else per_step)

    def _outputs(self, h: Any, states: tuple) -> Any:
        self.carry_over(states)
        y = ops.cast(h if self.return_sequences else h[:, -1], self.compute_dtype)
        if not self.return_state:
            return y
        return y, *[ops.cast(state, self.compute_dtype) for state in states]

    def compute_output_shape(self, sequences_shape: tuple, initial_state_shape: Any = None) -> Any:
        batch, time, _ = sequences_shape
        y = (batch, time, self.units) if self.return_sequences else (batch, self.units)
        return (y, *[(batch, self.units)] * self.states_held) if self.return_state else y

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = _first(mask)
        of_output = mask if self.return_sequences else None
        return [of_output, *[None] * self.states_held] if self.return_state else of_output

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for name in self._argument_names:
            module = _KERAS.get(name.rsplit("_", 1)[-1])
            value = getattr(self, name)
            config[name] = value if module is None else module.serialize(value)
        regularizer = keras.regularizers.serialize(self.activity_regularizer)
        return {**super().get_config(), "activity_regularizer": regularizer, **config}


def _first(mask: Any) -> Any:
    """Return the mask of the sequences, which comes before those of states; None where there is none."""
    return next((m for m in tree.flatten(mask) if m is not None), None)
