"""A look into a model: frozen values of every step of its recurrent layers, and of its other layers by
channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from normcast.errors import unknown
from normcast.probes.trace import Trace
from normcast.probes.weights import GateWeight

STILL, ROUNDING = 1e-6, 1e-7  # of the widest channel's range, and of a channel's own size


@dataclass(frozen=True, eq=False)
class StepStatistics:
    """Batch statistics of one normalized term of a recurrence beside those that inference uses.

    Parameters
    ----------
    term : str
        Which term is normalized.
    mean : array (step, unit)
        The mean of the cases looked at, in training mode.
    variance : array (step, unit)
        Their variance, in training mode.
    moving_mean : array (step, unit)
        The mean that inference uses.
    moving_variance : array (step, unit)
        The variance that inference uses.
    """

    term: str
    mean: np.ndarray
    variance: np.ndarray
    moving_mean: np.ndarray
    moving_variance: np.ndarray


@dataclass(frozen=True, eq=False)
class Recurrence:
    """One cell of a recurrent layer in one direction.

    Parameters
    ----------
    name : str
        Its place: "lstm_1", "bidirectional/backward_lstm" or "rnn/0".
    layer : str
        The name of the layer that an edit would name.
    kind : str
        The class of the layer or cell.
    direction : {"forward", "backward"}
        In which direction it reads.
    units : int
        How many units it has.
    window : int
        The steps that it reads.
    gates : tuple of str
        In the order of the kernels' columns, none for a cell of the user's own.
    states : tuple of str
        Its states, "h" first.
    activations : dict of str to Trace
        A trace for each gate and each state.
    gradients : dict of str to Trace
        Of the objective with respect to what goes into each gate, to each state, and to the input "x".
    weights : tuple of GateWeight
        Its weights, gate by gate.
    carried : array (step,)
        How large the derivative of the last state is with respect to the states at each step, beside that at
        the last step: the layer's own memory, whatever stands behind it. With masks, the last steps of all
        cases stand together at the end, and steps that none of them has are NaN.
    activation : str, default "tanh"
        The activation of what it writes, "g" or "n".
    statistics : tuple of StepStatistics, default ()
        What norms inside it measured at each step.
    slices : int, default 1
        How many slices of each case it reads one by one, behind TimeDistributed.
    """

    name: str
    layer: str
    kind: str
    direction: str
    units: int
    window: int
    gates: tuple[str, ...]
    states: tuple[str, ...]
    activations: dict[str, Trace]
    gradients: dict[str, Trace]
    weights: tuple[GateWeight, ...]
    carried: np.ndarray
    activation: str = "tanh"
    statistics: tuple[StepStatistics, ...] = ()
    slices: int = 1

    def weight(self, weight: str, gate: str = "") -> GateWeight:
        """Return one weight of one gate, as in `weight("recurrent", "f")`.

        Parameters
        ----------
        weight : str
            Which weight: "kernel", "recurrent", "bias", ...
        gate : str, default ""
            Of which gate, "" for a weight of none.

        Returns
        -------
        GateWeight
            Its values and its gradient.

        Raises
        ------
        KeyError
            If there is no such weight, with those there are.
        """
        known = {f"{each.weight} {each.gate}".strip(): each for each in self.weights}
        name = f"{weight} {gate}".strip()
        if name not in known:
            raise KeyError(unknown("weight", name, known, where=self.name))
        return known[name]

    @property
    def first_broken(self) -> tuple[int, str] | None:
        """The first step, as it is processed, and the tensor there that is not finite."""
        broken = [(step, trace.name) for trace in self._computed if (step := self._first(trace)) is not None]
        return min(broken, key=lambda each: self._turn(each[0])) if broken else None

    @property
    def last_broken_gradient(self) -> tuple[int, str] | None:
        """The last step, as it is processed, and the tensor there whose gradient is not finite."""
        places = [
            (int(step), trace.name)
            for trace in self.gradients.values()
            for step in np.flatnonzero(trace.not_finite)
        ]
        return max(places, key=lambda each: self._turn(each[0])) if places else None

    @property
    def _computed(self) -> list[Trace]:
        """The gates, the cell and then the state that reads it."""
        return [self.activations[name] for name in (*self.gates, *reversed(self.states))]

    def _turn(self, step: int) -> int:
        return -step if self.direction == "backward" else step

    def _first(self, trace: Trace) -> int | None:
        broken = [int(step) for step in np.flatnonzero(trace.not_finite)]
        return min(broken, key=self._turn) if broken else None

    def __repr__(self) -> str:
        gates = " ".join(self.gates) or "no gates known"
        slices = "" if self.slices == 1 else f" in {self.slices} slices of each case"
        size = f"{self.units} units, {self.window} steps{slices}"
        return f"Recurrence({self.name!r}, {self.kind}, {size}, {gates})"


@dataclass(frozen=True, eq=False)
class Moments:
    """What each channel holds over cases and steps.

    Parameters
    ----------
    mean : array (channel,)
        The mean.
    variance : array (channel,)
        The variance.
    least : array (channel,)
        The least value.
    most : array (channel,)
        The largest value.
    """

    mean: np.ndarray
    variance: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @property
    def dead(self) -> np.ndarray:
        """Which channels always have one value, (channel,).

        What they move by is at most a millionth of the widest one's range, or what rounding makes of their
        own size.
        """
        width = self.most - self.least
        widest = np.max(width[np.isfinite(width)], initial=0)
        size = np.maximum(np.abs(self.most), np.abs(self.least))
        return width <= np.maximum(STILL * widest, ROUNDING * size)


@dataclass(frozen=True, eq=False)
class Channels:
    """A normalization or a convolution, channel by channel.

    Parameters
    ----------
    name : str
        The name of the layer.
    kind : str
        Its class.
    reads : Moments
        Those of its input, in the mode that was looked at.
    writes : Moments
        Those of its output, in the mode that was looked at.
    in_training : Moments or None, default None
        Those of its input in training, None where the two modes do not differ.
    at_inference : Moments or None, default None
        Those of its input at inference, None where the two modes do not differ.
    moving_mean : array (channel,) or None, default None
        The mean that a batch normalization uses at inference.
    moving_variance : array (channel,) or None, default None
        The variance that a batch normalization uses at inference.
    """

    name: str
    kind: str
    reads: Moments
    writes: Moments
    in_training: Moments | None = None
    at_inference: Moments | None = None
    moving_mean: np.ndarray | None = None
    moving_variance: np.ndarray | None = None

    @property
    def broken_side(self) -> str | None:
        """ "in" or "out" where that is not finite, None where all is."""
        sides = (("in", self.reads), ("out", self.writes))
        return next((name for name, side in sides if not np.isfinite(side.mean).all()), None)


@dataclass(frozen=True, eq=False)
class Sight:
    """How far back a network looks, through one of its inputs.

    Parameters
    ----------
    input : str
        The name of the input.
    slope : array (step, channel)
        The mean size of dy/dx at each step and channel.
    outputs : tuple of int
        Which of the flattened outputs of a case were differentiated.
    """

    input: str
    slope: np.ndarray
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen in a model.

    Parameters
    ----------
    model : str
        The name of the model.
    objective : str
        What the gradients are of, in words.
    value : float
        What it came to.
    cases : int
        How many cases were looked at.
    training : bool
        Whether that was in the training mode.
    recurrences : dict of str to Recurrence
        Recurrent layers by name, in the order of the computation.
    channels : dict of str to Channels
        Normalizations and convolutions by name, in the order of the computation.
    sight : tuple of Sight
        How far back the network looks, for each input.
    gradients : dict of str to array
        The gradient of every trained weight, by path.
    outputs : array or None, default None
        What the model gave for the cases that were kept.
    inputs : dict of str to array (step, channel), default {}
        The mean size of the objective's gradient with respect to each input, by name.
    order : tuple of str, default ()
        The calls of what was looked into, as they came.
    passed_over : tuple of str, default ()
        Layers that could not be looked into.
    notes : tuple of str, default ()
        What a reader must know.
    window : int, default 0
        The steps of a case.
    """

    model: str
    objective: str
    value: float
    cases: int
    training: bool
    recurrences: dict[str, Recurrence]
    channels: dict[str, Channels]
    sight: tuple[Sight, ...]
    gradients: dict[str, np.ndarray]
    outputs: np.ndarray | None = None
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    window: int = 0

    @cached_property
    def first_not_finite(self) -> tuple[str, str, int | None] | None:
        """The place, the tensor and the step at which the first value is not finite, None where all are.

        In the order of the computation: a cell before the state that reads it. The tensor is a gate, a state,
        "in" or "out" of a layer without steps, whose step is None; where all values are finite and a gradient
        is not, "gradient of h" and so on, from the end back.
        """
        found = [
            (self._turn(name), *each.first_broken, name)
            for name, each in self.recurrences.items()
            if each.first_broken
        ]
        found += [
            (self._turn(name), 0, side, name)
            for name, each in self.channels.items()
            if (side := each.broken_side)
        ]
        if found:
            _, step, tensor, name = min(found, key=lambda each: each[0])
            return name, tensor, step if name in self.recurrences else None
        for name, each in sorted(self.recurrences.items(), key=lambda item: -self._turn(item[0])):
            if each.last_broken_gradient:
                step, tensor = each.last_broken_gradient
                return name, f"gradient of {tensor}", step
        return None

    def _turn(self, name: str) -> int:
        """Return when a layer was called; cells of one layer come one by one."""
        turns = [i for i, call in enumerate(self.order) if name == call or name.startswith(f"{call}/")]
        return turns[-1] if turns else len(self.order)
