"""The network that an architecture declares, as a graph of Keras layers and our own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from normcast import keras_seam
from normcast.layers import (
    GRU,
    LSTM,
    CausalPatching,
    InverseInstanceNorm,
    Ordered,
    ReversibleInstanceNorm,
    SpatialAlphaDropout1D,
    SpatialGaussianDropout1D,
    TimeStepDropout1D,
)
from normcast.models.declaration import Conv, Head, Recurrent

DROPOUT = {
    "plain": layers.Dropout,
    "alpha": layers.AlphaDropout,
    "gaussian": layers.GaussianDropout,
    "spatial": layers.SpatialDropout1D,
    "spatial alpha": SpatialAlphaDropout1D,
    "spatial gaussian": SpatialGaussianDropout1D,
    "time step": TimeStepDropout1D,
}
EFFECT_UNITS = 32
HELD = "held"  # the past where windows may be padded, without the mark
KERAS = {"lstm": layers.LSTM, "gru": layers.GRU}
OURS = {"lstm": LSTM, "gru": GRU}


@dataclass(frozen=True)
class Ends:
    """What a network reads and gives: the sizes of its inputs and outputs; see `Architecture.build`."""

    input_size: int
    channels: int
    outputs: int
    quantiles: tuple[float, ...] = ()
    futr: int = 0
    stat: int = 0
    padded: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one output, (outputs,) or (outputs, quantiles)."""
        return (self.outputs, len(self.quantiles)) if self.quantiles else (self.outputs,)


@keras_seam.named_anew()
def network(
    conv: Sequence[Conv],
    recurrent: Sequence[Recurrent],
    end: Head,
    ends: Ends,
    *,
    reads: str,
    instance_norm: str | None,
    skip: float | None,
    name: str,
) -> keras.Model:
    """Build the graph; see `Architecture.build` for shapes. skip: the scale of what it reads, or None."""
    past = keras.Input((ends.input_size, ends.channels + ends.padded), name="past")
    inputs = [past]
    values = held_before_begin(past) if ends.padded else past
    x, target, undo = windowed(values, instance_norm, skip is not None, ends.channels)
    if ends.padded:
        x = layers.Concatenate(name="marked")([x, past[:, :, -1:]])
    x = encoded(x, conv, recurrent, reads)
    if ends.stat:
        inputs.append(keras.Input((ends.stat,), name="static"))
        x = layers.Concatenate(name="with_static")([x, inputs[-1]])
    y = head(x, end, ends.shape)
    if ends.futr:
        inputs.append(keras.Input((ends.outputs, ends.futr), name="future"))
        y = layers.Add(name="with_future")([y, future_effect(x, inputs[-1], ends.shape)])
    if skip is not None:
        y = add_to_median(y, linear_skip(target, ends.input_size, ends.outputs, skip), ends.shape)
    if ends.quantiles:
        y = Ordered(name="ordered")(y)
    return keras.Model(inputs, undo(y), name=name.replace("-", "_"))


def held_before_begin(past: Any) -> Any:
    """Return the past (B, T, C + 1) without its mark, (B, T, C): unmarked steps hold the newest values."""
    values, there = past[:, :, :-1], past[:, :, -1:]
    held = keras.ops.where(there > 0, values, values[:, -1:])
    return layers.Identity(name=HELD)(held)


def windowed(
    past: Any, instance_norm: str | None, skip: bool, channels: int
) -> tuple[Any, Any, Callable[[Any], Any]]:
    """Return the network's input (B, T, C), its target channel (B, T, 1), and what undoes instance norm."""
    if instance_norm is None and not skip:
        return past, None, lambda y: y
    target, undo = instance_normalized(past[:, :, :1], instance_norm)
    if channels == 1:
        return target, target, undo
    return layers.Concatenate(name="channels")([target, past[:, :, 1:]]), target, undo


def instance_normalized(target: Any, kind: str | None) -> tuple[Any, Callable[[Any], Any]]:
    """Return the target (B, T, 1) without its level, and the function that gives that back to a forecast."""
    if kind is None:
        return target, lambda y: y
    center, scale = ("last", False) if kind == "last" else ("mean", True)
    norm = ReversibleInstanceNorm(center=center, scale=scale, affine=False, name="instance_norm")
    normalized, statistics = norm(target)
    return normalized, lambda y: InverseInstanceNorm(channel=0, name="forecast")([y, statistics])


def encoded(x: Any, conv: Sequence[Conv], recurrent: Sequence[Recurrent], reads: str) -> Any:
    """Return what the head reads of a window (B, T, C): the last state, or that beside what was convolved."""
    seen = x
    for number, each in enumerate(conv, start=1):
        seen = convolution(seen, each, number)
    if reads == "convolutions":
        return recurrences(seen, recurrent)
    window = layers.Permute((2, 1), name="exchanged")(x) if reads == "channels" else x  # (B, C, T)
    pooled = layers.GlobalAveragePooling1D(name="pooled")(seen)
    return layers.Concatenate(name="joined")([recurrences(window, recurrent), pooled])


def recurrences(x: Any, recurrent: Sequence[Recurrent]) -> Any:
    """Add the recurrent layers; the last gives its state, (B, units)."""
    for number, layer in enumerate(recurrent, start=1):
        x = recurrence(x, layer, number, last=number == len(recurrent))
    return x


def convolution(x: Any, conv: Conv, number: int) -> Any:
    """Add one convolution and what stands around it."""
    x = convolved(x, conv, number)
    if conv.norm:
        x = normalized(x, conv.norm, f"norm_{number}", conv.norm_scale)
    if conv.norm and conv.norm_at == "before":
        x = layers.Activation(conv.activation, name=f"activation_{number}")(x)
    if conv.dropout:
        x = DROPOUT[conv.dropout_kind](conv.dropout, name=f"conv_dropout_{number}")(x)
    return squeezed_and_excited(x, conv.squeeze_excite, number) if conv.squeeze_excite else x


def convolved(x: Any, conv: Conv, number: int) -> Any:
    """Convolve; with strides, in patches of which the last ends at the newest step."""
    arguments: dict[str, Any] = {
        "activation": None if conv.norm and conv.norm_at == "before" else conv.activation,
        "use_bias": conv.use_bias,
        "kernel_initializer": conv.kernel_initializer,
        "name": f"conv_{number}",
    }
    if conv.strides > 1:
        return CausalPatching(conv.filters, conv.kernel_size, stride=conv.strides, **arguments)(x)
    return layers.Conv1D(conv.filters, conv.kernel_size, padding=conv.padding, **arguments)(x)


def normalized(x: Any, kind: str, name: str, scale: bool = True) -> Any:
    """Add batch or layer normalization over the channels."""
    if kind == "batch":
        return layers.BatchNormalization(scale=scale, name=name)(x)
    return layers.LayerNormalization(name=name)(x)


def squeezed_and_excited(x: Any, ratio: int, number: int) -> Any:
    """Weigh each channel by a gate read from its mean over the window (Hu et al. 2018, arXiv:1709.01507)."""
    channels = x.shape[-1]
    dense = {"use_bias": False, "kernel_initializer": "he_normal"}
    gate = layers.GlobalAveragePooling1D(name=f"squeeze_{number}")(x)
    gate = layers.Reshape((1, channels), name=f"squeezed_{number}")(gate)
    gate = layers.Dense(max(1, channels // ratio), activation="relu", name=f"reduce_{number}", **dense)(gate)
    gate = layers.Dense(channels, activation="sigmoid", name=f"excite_{number}", **dense)(gate)
    return layers.Multiply(name=f"excited_{number}")([x, gate])


def recurrence(x: Any, recurrent: Recurrent, number: int, *, last: bool) -> Any:
    """Add one recurrent layer and what stands behind it; only the last one gives up the time axis."""
    cell = KERAS[recurrent.cell] if recurrent.is_plain else OURS[recurrent.cell]
    x = cell(
        recurrent.units,
        dropout=recurrent.input_dropout,
        recurrent_dropout=recurrent.recurrent_dropout,
        return_sequences=not last,
        name=f"{recurrent.cell}_{number}",
        **({} if recurrent.is_plain else inside(recurrent)),
    )(x)
    if recurrent.norm:
        x = normalized(x, recurrent.norm, f"{recurrent.cell}_norm_{number}")
    if recurrent.dropout:
        drop = DROPOUT[recurrent.dropout_kind]
        x = drop(recurrent.dropout, name=f"{recurrent.cell}_dropout_{number}")(x)
    return x


def inside(recurrent: Recurrent) -> dict[str, Any]:
    """Return the arguments of our layer for what acts inside the recurrence."""
    zones = recurrent.zoneout
    pair = zones if isinstance(zones, tuple) else (zones, zones)  # of the hidden state and the cell
    return {
        "norm": recurrent.norm_inside,
        "zoneout": pair if recurrent.cell == "lstm" else zones,
        "recurrent_dropout_kind": recurrent.recurrent_dropout_kind,
        "weight_dropout": recurrent.weight_dropout,
    }


def head(x: Any, end: Head, shape: tuple[int, ...]) -> Any:
    """Map the last state to the outputs, (B, outputs) or (B, outputs, Q)."""
    start = "zeros" if end.zero_start else "glorot_uniform"
    y = layers.Dense(math.prod(shape), activation=end.activation, kernel_initializer=start, name="head")(x)
    return layers.Reshape(shape, name="horizon")(y) if len(shape) > 1 else y


def future_effect(x: Any, future: Any, horizon: tuple[int, ...]) -> Any:
    """Let each known-future row act on its own step of the horizon, given the state."""
    # One Dense over [future, state] at each step, with the state's part computed once and not h times.
    state = layers.Dense(EFFECT_UNITS, name="future_state")(x)
    steps = layers.Dense(EFFECT_UNITS, use_bias=False, name="future_steps")(future)  # (B, h, units)
    joint = layers.Add(name="future_joint")(
        [steps, layers.Reshape((1, EFFECT_UNITS), name="per_step")(state)]
    )
    hidden = layers.Activation("relu", name="future_hidden")(joint)
    effect = layers.Dense(math.prod(horizon[1:]), kernel_initializer="zeros", name="future_effect")(hidden)
    return effect if len(horizon) > 1 else layers.Reshape(horizon, name="future_horizon")(effect)


def linear_skip(target: Any, input_size: int, h: int, scale: float) -> Any:
    """Map the window of the target, times the scale, straight to the horizon, (B, h)."""
    window = layers.Reshape((input_size,), name="window")(target)
    if scale != 1:
        window = layers.Rescaling(scale, name="skip_scale")(window)
    return layers.Dense(h, name="skip")(window)


def add_to_median(y: Any, skip: Any, horizon: tuple[int, ...]) -> Any:
    """Add the skip to the forecast, or to the median's column: the others are distances from it."""
    if len(horizon) > 1:
        skip = layers.Reshape((horizon[0], 1), name="skip_horizon")(skip)
        skip = keras.ops.pad(skip, ((0, 0), (0, 0), (horizon[1] // 2, (horizon[1] - 1) // 2)))
    return layers.Add(name="with_skip")([y, skip])
