"""What training draws for a recurrence: all of it before the loop, from one seed generator."""

from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

KINDS = ("variational", "tied", "per_step", "semeniuta", "moon")


@dataclass(frozen=True)
class Noise:
    """The draws of one call; each is 0 where something is dropped, 1 / (1 - rate) where it is kept.

    inputs, recurrent: no mask, one for all gates, or one per gate: (batch, features) and (batch, units), the
    same at all steps; cell: (batch, units) or None; steps: drawn anew at each step, (time, batch, units), by
    name.
    """

    inputs: tuple[Any, ...] = ()
    recurrent: tuple[Any, ...] = ()
    cell: Any = None
    steps: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rates:
    """What to draw. zoneout: rates by name of the state that is held back."""

    gates: int
    dropout: float
    recurrent_dropout: float
    kind: str
    zoneout: dict[str, float]
    split: bool

    @property
    def input_masks(self) -> int:
        """How many input masks: Keras has one per gate as soon as the variational recurrent dropout is on."""
        per_gate = self.split or (self.recurrent_dropout > 0 and self.kind == "variational")
        return (self.gates if per_gate else 1) if self.dropout > 0 else 0


def draw(rates: Rates, x: Any, units: int, seed: Any) -> Noise:
    """Draw the noise of one training call. x: (time, batch, features).

    The order is that of Keras' layers, inputs first, so that the same seed drops the same units.
    """
    time, batch = ops.shape(x)[0], ops.shape(x)[1]
    state = ops.ones((batch, units), x.dtype)
    inputs = tuple(_drop(ops.ones_like(x[0]), rates.dropout, seed) for _ in range(rates.input_masks))
    recurrent: tuple[Any, ...] = ()
    cell = None
    steps: dict[str, Any] = {}
    rate = rates.recurrent_dropout
    if rate > 0:
        if rates.kind == "variational":
            recurrent = tuple(_drop(state, rate, seed) for _ in range(rates.gates))
        elif rates.kind == "tied":
            recurrent = (_drop(state, rate, seed),)
        elif rates.kind == "moon":
            cell = _drop(state, rate, seed)
        else:
            name = "drop_h" if rates.kind == "per_step" else "drop_g"
            steps[name] = _drop(ops.ones((time, batch, units), x.dtype), rate, seed)
    held_back = {name: rate for name, rate in rates.zoneout.items() if rate > 0}
    if held_back:
        drawn = ops.transpose(keras.random.uniform((batch, time, units), seed=seed), (1, 0, 2))
        for name, rate in held_back.items():
            stays = drawn < rate
            steps[name] = ops.cast(stays, x.dtype)  # 1 where the old value stays
            # Given which side of the rate it fell on, what is left of a uniform number is uniform again: one
            # draw serves both states, independently.
            drawn = ops.where(stays, drawn / rate, (drawn - rate) / (1 - rate))
    # TensorFlow does not know the rank of what is drawn in a shape that it does not know.
    steps = {name: ops.reshape(mask, (-1, batch, units)) for name, mask in steps.items()}
    return Noise(inputs, recurrent, cell, steps)


def _drop(ones: Any, rate: float, seed: Any) -> Any:
    return keras.random.dropout(ones, rate, seed=seed)


def hold_back(old: Any, new: Any, rate: float, drawn: Any) -> Any:
    """Zoneout: return the old value where it was drawn to stay; without a draw, what is expected."""
    if rate == 0:
        return new
    stays = rate if drawn is None else ops.cast(drawn, new.dtype)
    return stays * old + (1 - stays) * new
