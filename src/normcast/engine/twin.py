"""The twin of a model: a copy that computes the same, faster, and that programs are traced from.

The model itself stays as it is. What cannot be copied faithfully is traced as Keras has it, and said.
"""

import logging
from functools import cache
from typing import Any

import keras
import numpy as np

from normcast import keras_seam
from normcast.engine.devices import on_host
from normcast.engine.seeding import rebuilt
from normcast.engine.substitutes import ACTIVATIONS, LAYERS, ON_CPU, FastSeeds
from normcast.errors import in_short
from normcast.kernels import platform

_log = logging.getLogger("normcast")
SILENT = ("name", "use_cudnn")  # attributes that change nothing of what is computed
_PLAIN = (bool, int, float, str, np.ndarray, np.generic, type(None))  # values that can be compared


def twin(model: keras.Model, rng: str) -> keras.Model | None:
    """Return a copy with its variables in the same order, or None where there is no faithful one.

    Its layers are the faster ones (`substitutes`), on the CPU its activations too; with rng="fast" its random
    layers draw the cheap numbers. The values of its variables mean nothing: `stateless_call` is given them.
    """
    try:
        with on_host():
            copy = rebuilt(model, seed=0)
        reason = _difference(model, copy)
    except Exception as error:  # whatever a layer of the user's raises when it is built again
        reason = f"it cannot be rebuilt from its configuration ({in_short(error)})"
    if reason:
        _tell(model.name, reason)
        return None
    for layer in keras_seam.all_layers(copy):
        _hasten(layer, rng)
    return copy


@cache
def _tell(name: str, reason: str) -> None:
    _log.warning(
        "normcast: model %r runs as plain Keras, without normcast's faster layers: %s.", name, reason
    )


def _hasten(layer: Any, rng: str) -> None:
    """Turn a layer of the copy, which nobody else holds, into its faster self."""
    if rng == "fast":
        for value in vars(layer).values():
            if type(value) is keras.random.SeedGenerator:
                value.__class__ = FastSeeds
    if hasattr(layer, "use_cudnn"):  # JAX has no rule for it under vmap
        layer.use_cudnn = False
    if type(layer) in LAYERS:
        layer.__class__ = LAYERS[type(layer)]
    if not platform.is_cpu():
        return
    if type(layer) in ON_CPU:
        layer.__class__ = ON_CPU[type(layer)]
    activation = vars(layer).get("activation")
    if activation in ACTIVATIONS:
        layer.activation = ACTIVATIONS[activation]


def _difference(model: keras.Model, copy: keras.Model) -> str | None:
    """Say what the copy lost, in words that go on from "runs as plain Keras: "."""
    for kind in ("trainable_variables", "non_trainable_variables"):
        shapes, copied = ([tuple(v.shape) for v in getattr(each, kind)] for each in (model, copy))
        if shapes != copied:
            return f"rebuilt from its configuration, it has other {kind.replace('_', ' ')}"
    pairs = zip(keras_seam.all_layers(model), keras_seam.all_layers(copy), strict=True)
    return next((told for one, other in pairs if (told := _lost(one, other))), None)


def _lost(layer: Any, copied: Any) -> str | None:
    if type(layer) is not type(copied):
        return f"rebuilt from its configuration, layer {layer.name!r} becomes a {type(copied).__name__}"
    if isinstance(layer, keras.Model):
        return None  # its attributes tell of its training; its layers are compared by themselves
    for name, value in vars(layer).items():
        other = vars(copied).get(name, False)  # what is only set where something was read is off elsewhere
        if name[0] != "_" and name not in SILENT and _is_plain(value) and not _same(value, other):
            return (
                f"the configuration of layer {layer.name!r} leaves out {name} ({value!r} becomes {other!r})"
            )
    return None


def _is_plain(value: Any) -> bool:
    items = value if isinstance(value, (list, tuple)) else [value]
    return all(isinstance(item, _PLAIN) for item in items)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, np.ndarray):
        return np.array_equal(value, other, equal_nan=value.dtype.kind == "f")
    return bool(value == other) or repr(value) == repr(other)  # the latter for what is not equal to itself
