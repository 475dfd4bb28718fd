"""Shapes: a network that a text declares, measured before any of its weights is filled."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import keras

from normcast import keras_seam
from normcast.errors import last_line
from normcast.models.making import at_length

MOST_LAYERS = 2_100
"""Calls of layers in a network that is read: two thousand, and inputs and models that hold them. Each takes
milliseconds to make, and none of ours has fifty.
"""

MOST_FREE = 10**8
"""Weights that a network may have although no file holds them: what edits and states add, in 400 MB."""

MOST_STEPS = 1_000
"""Steps of all unrolled recurrent layers: each is traced by itself and takes milliseconds."""

LEGACY = {"Functional": keras.Model, "Model": keras.Model, "Sequential": keras.Sequential}
"""What .h5 files call the kinds of models, without a module."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Held:
    """What there is of a network's weights: so many numbers, in so many arrays; None where more may come."""

    weights: int = 0
    arrays: int | None = None


NOTHING = Held()


def without_values(make: Callable[[], Made]) -> Made:
    """Return what `make` makes, each variable in it with a shape and without a value, which takes no memory.

    In a thread of its own, since Keras keeps apart, for each, the variables that wait for a value and the
    names that are taken. The random numbers that it draws are drawn again.

    >>> net = without_values(lambda: keras.Sequential([keras.Input((10**6,)), keras.layers.Dense(10**6)]))
    >>> net.count_params()
    1000001000000
    """

    def make_shapes() -> Made:
        with keras.StatelessScope(initialize_variables=False):
            return make()

    state = random.getstate()
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(make_shapes).result()
    finally:
        random.setstate(state)


def refuse_layers(count: int, where: str) -> None:
    """Raise ValueError for a network of too many layers."""
    if count > MOST_LAYERS:
        raise ValueError(
            f"{where}: has {count:,} layers or calls of layers, more than the {MOST_LAYERS:,} that are read."
        )


def refuse_large(
    spec: dict[str, Any],
    where: str,
    held: Held,
    classes: Mapping[str, Any],
    *,
    safe_mode: bool = True,
) -> None:
    """Raise ValueError for a serialized network with far more weights than there are, or steps to unroll.

    held: what there is of its weights; classes: those that it needs beside Keras' own.
    """
    trusted = any(is_of_user(each) for each in classes.values())
    if not trusted:  # most of what is hostile need not even be made
        _refuse_arrays(_weighted(spec), held, where)
    try:
        made = without_values(lambda: _made(_light(spec), classes, safe_mode))
    except Exception as error:
        if trusted:
            return  # whose variables may need their values at once; that code is the user's own
        raise ValueError(f"{where} cannot be made. {last_line(error)}") from error
    count = sum(math.prod(each.shape) for each in getattr(made, "variables", ())) + _states(spec, made)
    if count > held.weights + MOST_FREE:
        raise ValueError(
            f"{where}: declares {count:,} weights, of which {held.weights:,} are there. "
            f"Without values no more than {MOST_FREE:,} are made."
        )
    if not trusted:
        _refuse_arrays(len(getattr(made, "weights", ())), held, where)
    _refuse_steps(spec, made, where)


def _refuse_arrays(least: int, held: Held, where: str) -> None:
    if held.arrays is not None and least > held.arrays:
        raise ValueError(f"{where}: declares {least:,} arrays of weights or more, but holds {held.arrays:,}.")


def _weighted(plain: Any) -> int:
    """Return how many layers have units or filters, and so an array of weights at least."""
    if isinstance(plain, dict):
        own = plain.get("config")
        has = "class_name" in plain and isinstance(own, dict) and bool(own.get("units") or own.get("filters"))
        return has + sum(_weighted(each) for key, each in plain.items() if key != "compile_config")
    return sum(map(_weighted, plain)) if isinstance(plain, (list, tuple)) else 0


def _refuse_steps(spec: dict[str, Any], made: Any, where: str) -> None:
    steps = _unrolled(spec) * max(_steps(made), default=0)
    if steps > MOST_STEPS:
        raise ValueError(
            f"{where}: has recurrent layers that unroll {steps:,} steps, more than {MOST_STEPS:,}. "
            "Make them with unroll=False."
        )


def is_of_user(thing: Any) -> bool:
    """Say whether a class or function is neither Keras' own nor ours."""
    return str(getattr(thing, "__module__", "")).partition(".")[0] not in ("keras", "normcast")


def _made(spec: dict[str, Any], classes: Mapping[str, Any], safe_mode: bool) -> Any:
    legacy = None if spec.get("module") else LEGACY.get(spec["class_name"])
    with at_length:
        if legacy is not None:
            return legacy.from_config(spec["config"], custom_objects=dict(classes))
        return keras.saving.deserialize_keras_object(spec, custom_objects=dict(classes), safe_mode=safe_mode)


def _light(plain: Any) -> Any:
    """Return a copy without what takes time and adds no weight, an optimizer, unrolled steps, and without
    states that are carried over, which Keras fills at once.
    """
    if isinstance(plain, dict):
        kept = {key: _light(each) for key, each in plain.items() if key != "compile_config"}
        return kept | {key: False for key in ("unroll", "stateful") if key in kept}
    return [_light(each) for each in plain] if isinstance(plain, (list, tuple)) else plain


def _states(spec: Any, made: Any) -> int:
    """Return at most how many values the carried states are: as many as their layers give out, twice."""
    names = _carrying(spec)
    layers = [layer for layer in keras_seam.all_layers(made) if layer.name in names]
    outputs = [
        tensor for layer in layers for call in keras_seam.calls_of(layer) for tensor in call.output_tensors
    ]
    return 2 * sum(math.prod(size or 1 for size in tensor.shape) for tensor in outputs)


def _carrying(plain: Any) -> set[str]:
    """Return the names of the layers that carry states over, and of those that hold one that does."""
    if isinstance(plain, dict):
        inside = set().union(*map(_carrying, plain.values()))
        own = {str(plain.get("name"))} if inside or plain.get("stateful") else set()
        return inside | own
    return set().union(*map(_carrying, plain)) if isinstance(plain, (list, tuple)) else set()


def _unrolled(plain: Any) -> int:
    if isinstance(plain, dict):
        return bool(plain.get("unroll")) + sum(map(_unrolled, plain.values()))
    return sum(map(_unrolled, plain)) if isinstance(plain, (list, tuple)) else 0


def _steps(made: Any) -> Iterator[int]:
    """Yield how many steps each tensor has that a layer reads."""
    for layer in keras_seam.all_layers(made):
        for call in keras_seam.calls_of(layer):
            yield from (t.shape[1] for t in call.input_tensors if len(t.shape) > 2 and t.shape[1])
