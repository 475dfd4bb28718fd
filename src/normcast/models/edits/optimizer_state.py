"""What an optimizer has learned and leaves out, handed to the one of an edited model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from normcast import keras_seam

Pairs = Sequence[tuple[keras.Variable, keras.Variable | None]]
"""Each variable of a new model with the one of the old model that it continues, None for none."""


def inner_optimizers(optimizer: Any) -> list[Any]:
    """Return the optimizers that one hands its variables to.

    >>> inner_optimizers(keras.optimizers.SGD())
    []
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return [optimizer.inner_optimizer]
    several = getattr(keras.optimizers, "MultiOptimizer", ())
    return list(optimizer.optimizers) if isinstance(optimizer, several) else []


def is_as_shaped(variable: keras.Variable, source: keras.Variable) -> bool:
    """Say whether values have one shape, but for the one step that the kernel of a convolution may have."""
    one, other = tuple(variable.shape), tuple(source.shape)
    return one in (other, (1, *other)) or (1, *one) == other


def copy_value(variable: keras.Variable, source: keras.Variable) -> None:
    """Give a variable a copy of a value: JAX would give both one buffer and donate it in the first call."""
    variable.assign(np.array(keras.ops.convert_to_numpy(source)).reshape(variable.shape))


def spare(old: Any, new: Any, pairs: Pairs, variables: Iterable[keras.Variable]) -> None:
    """Leave out of a new optimizer's weight decay what the old one does; variables: of the old model."""
    held = list(variables)
    listed, patterns = keras_seam.spared(old, held)
    if listed or patterns:
        ids = {id(each) for each in listed}
        new.exclude_from_weight_decay([v for v, source in pairs if id(source) in ids], patterns)
    for inner, other in zip(inner_optimizers(old), inner_optimizers(new), strict=False):
        spare(inner, other, pairs, held)


def carry_state(old: Any, new: Any, pairs: Pairs) -> list[keras.Variable]:
    """Give a new optimizer the state that an old one has for the variables that go on in the same shape.

    Both may be built or not. Returns the variables in training for which the old one was, whose state starts
    anew all the same; it does for all where the old one keeps what is not found.
    """
    if not _is_found(old):
        return keras_seam.trained_by(new)
    ones, lists = keras_seam.state_of(old)
    mine, each = keras_seam.state_of(new)
    for key, variable in mine.items():
        _take(variable, ones.get(key))
    anew = _carry_lists(old, new, lists, each, {id(v): source for v, source in pairs})
    inner = zip(inner_optimizers(old), inner_optimizers(new), strict=False)
    return anew + [v for one, other in inner for v in carry_state(one, other, pairs)]


def _carry_lists(
    old: Any, new: Any, lists: dict[str, list[Any]], each: dict[str, list[Any]], sources: dict[int, Any]
) -> list[keras.Variable]:
    places = {id(v): place for place, v in enumerate(keras_seam.trained_by(old))}
    anew = []
    for number, variable in enumerate(keras_seam.trained_by(new)):
        place = places.get(id(sources.get(id(variable))))
        for key, held in each.items():
            theirs = lists[key][place] if place is not None and key in lists else None
            if held[number] is not None and not _take(held[number], theirs):
                anew.append(variable)
                if key == keras_seam.AVERAGES:  # Keras fills it at the first step, which is long past
                    copy_value(held[number], variable)
    return list({id(v): v for v in anew}.values())


def _take(variable: keras.Variable, source: keras.Variable | None) -> bool:
    """Copy a value and say whether it is there, in the same shape."""
    if source is None or not is_as_shaped(variable, source):
        return False
    try:
        copy_value(variable, source)
    except RuntimeError:  # Keras' averages share the weights' buffers on JAX, and are gone after a predict
        return False
    return True


def _is_found(optimizer: Any) -> bool:
    """Say whether all that an optimizer keeps is found; one of the user's own may hide some elsewhere."""
    parts = [optimizer, *inner_optimizers(optimizer)]
    found = set()
    for part in parts:
        ones, lists = keras_seam.state_of(part)
        found |= {id(v) for v in [*ones.values(), *(v for held in lists.values() for v in held)]}
    return all(id(v) in found for v in optimizer.variables)
