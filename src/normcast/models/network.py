"""The network that an Architecture declares, as a graph of plain Keras layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from normcast.layers import CausalPatching, InverseInstanceNorm, Ordered, ReversibleInstanceNorm

if TYPE_CHECKING:
    from normcast.models.architecture import Architecture, Conv, Recurrent

DROPOUT = {"plain": layers.Dropout, "spatial": layers.SpatialDropout1D, "alpha": layers.AlphaDropout}
EFFECT_UNITS = 32
CELL = {"lstm": layers.LSTM, "gru": layers.GRU}


def network(
    architecture: Architecture,
    input_size: int,
    channels: int,
    h: int,
    quantiles: tuple[float, ...],
    futr: int,
    stat: int,
    name: str,
) -> keras.Model:
    """Build the graph; see `Architecture.build` for shapes."""
    past = keras.Input((input_size, channels), name="past")
    inputs = [past]
    horizon = (h, len(quantiles)) if quantiles else (h,)
    x, target, undo = windowed(past, architecture, channels)
    for number, conv in enumerate(architecture.conv, start=1):
        x = convolution(x, conv, number)
    for number, recurrent in enumerate(architecture.recurrent, start=1):
        x = recurrence(x, recurrent, number, last=number == len(architecture.recurrent))
    if stat:
        inputs.append(keras.Input((stat,), name="static"))
        x = layers.Concatenate(name="with_static")([x, inputs[-1]])
    y = head(x, architecture, horizon)
    if futr:
        inputs.append(keras.Input((h, futr), name="future"))
        y = layers.Add(name="with_future")(
            [y, future_effect(x, inputs[-1], horizon)]
        )
    if architecture.skip:
        y = add_to_median(y, linear_skip(target, input_size, h), horizon)
    if quantiles:
        y = Ordered(name="ordered")(y)
    return keras.Model(inputs, undo(y), name=name.replace("-", "_"))


def windowed(past: Any, architecture: Architecture, channels: int) -> tuple[Any, Any, Callable[[Any], Any]]:
    """Return the network's input (B, T, C), its target channel (B, T, 1), and what undoes instance norm."""
    if architecture.instance_norm is None and not architecture.skip:
        return past, None, lambda y: y
    target, undo = instance_normalized(past[:, :, :1], architecture.instance_norm)
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
    """Convolve causally; with strides, in patches of which the last ends at the newest step."""
    arguments: dict[str, Any] = {
        "activation": None if conv.norm and conv.norm_at == "before" else conv.activation,
        "use_bias": conv.use_bias,
        "kernel_initializer": conv.kernel_initializer,
        "name": f"conv_{number}",
    }
    if conv.strides > 1:
        return CausalPatching(conv.filters, conv.kernel_size, stride=conv.strides, **arguments)(x)
    return layers.Conv1D(conv.filters, conv.kernel_size, padding="causal", **arguments)(x)


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
    x = CELL[recurrent.cell](
        recurrent.units,
        recurrent_dropout=recurrent.recurrent_dropout,
        return_sequences=not last,
        name=f"{recurrent.cell}_{number}",
    )(x)
    if recurrent.norm:
        x = normalized(x, recurrent.norm, f"{recurrent.cell}_norm_{number}")
    if recurrent.dropout:
        x = layers.Dropout(recurrent.dropout, name=f"{recurrent.cell}_dropout_{number}")(x)
    return x


def head(x: Any, architecture: Architecture, horizon: tuple[int, ...]) -> Any:
    """Map the last state to the horizon, (B, h) or (B, h, Q)."""
    start = "zeros" if architecture.head.zero_start else "glorot_uniform"
    activation = architecture.head.activation
    y = layers.Dense(math.prod(horizon), activation=activation, kernel_initializer=start, name="head")(x)
    return layers.Reshape(horizon, name="horizon")(y) if len(horizon) > 1 else y


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


def linear_skip(target: Any, input_size: int, h: int) -> Any:
    """Map the window of the target straight to the horizon, (B, h)."""
    window = layers.Reshape((input_size,), name="window")(target)
    return layers.Dense(h, name="skip")(window)


def add_to_median(y: Any, skip: Any, horizon: tuple[int, ...]) -> Any:
    """Add the skip to the forecast, or to the median's column: the others are distances from it."""
    if len(horizon) > 1:
        skip = layers.Reshape((horizon[0], 1), name="skip_horizon")(skip)
        skip = keras.ops.pad(skip, ((0, 0), (0, 0), (horizon[1] // 2, (horizon[1] - 1) // 2)))
    return layers.Add(name="with_skip")([y, skip])
