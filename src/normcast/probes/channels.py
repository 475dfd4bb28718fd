# ruff: noqa: D102  (call means what it means in Keras)
"""Normalizations and convolutions, opened: what comes in and goes out, channel by channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from normcast.probes.taps import active


class OpenChannels:
    """What goes in front of a class of layers to see the moments of each channel it reads and writes."""

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        taps = active()
        outputs = super().call(inputs, *args, **kwargs)  # type: ignore[misc]
        if taps is None or taps.apart:
            return outputs
        place = taps.place_of(self)
        for name, value in (("in", inputs), ("out", outputs)):
            for moment, of_channel in moments(value, axis_of(self)).items():
                taps.note((place, f"{name} {moment}"), of_channel)
        return outputs


def axis_of(layer: Any) -> int:
    """Return the axis of the channels."""
    if hasattr(layer, "data_format"):
        return 1 if layer.data_format == "channels_first" else -1
    axis = getattr(layer, "axis", -1)
    return int(axis if isinstance(axis, int) else axis[-1])


def moments(value: Any, axis: int) -> dict[str, Any]:
    """Return mean, mean square, least and largest value of each channel, in single precision at least."""
    if keras.backend.standardize_dtype(value.dtype) in ("float16", "bfloat16"):
        value = ops.cast(value, "float32")
    others = tuple(i for i in range(len(value.shape)) if i != axis % len(value.shape))
    return {
        "mean": ops.mean(value, axis=others),
        "square": ops.mean(ops.square(value), axis=others),
        "low": ops.min(value, axis=others),
        "high": ops.max(value, axis=others),
    }
