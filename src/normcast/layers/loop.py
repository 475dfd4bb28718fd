"""The loop over time: the one place where a recurrence is run."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import keras
from keras import ops, tree

Step = Callable[[Any, Any], tuple[Any, Any]]


def run(step: Step, states: Any, xs: Any, blank: Any, unroll: bool = False) -> tuple[Any, Any]:
    """Return the last states and the outputs of all steps, stacked in front: (time, ...).

    step(states, now) returns the next states and what leaves the loop at this step, and assigns no variable:
    a variable assigned inside lax.scan would leak its tracer.
    xs: a structure of (time, ...) tensors, of which `now` is one step. blank: an output of zeros, for its
    shapes.
    """
    if unroll:
        return _unrolled(step, states, xs)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _outputs_in_the_carry(step, states, xs, blank)
    if backend == "jax":
        # Recomputing a step is cheaper than reading back all that it would store.
        step = keras.remat(step)
    return ops.scan(step, states, xs)


def _outputs_in_the_carry(step: Step, states: Any, xs: Any, blank: Any) -> tuple[Any, Any]:
    """Scan as TensorFlow's can: its outputs must have the structure of its carry."""
    if tree.flatten(xs)[0].shape[0] is None:
        xs, step = _in_one(step, xs, ops.shape(states[0])[0])

    def both(carry: Any, now: Any) -> tuple[Any, Any]:
        carry = step(carry[0], now)
        return carry, carry

    (states, _), (_, outputs) = ops.scan(both, (states, blank), xs)
    return states, outputs


def _in_one(step: Step, xs: Any, batch: Any) -> tuple[Any, Step]:
    """Return xs side by side in one tensor, (time, batch, sum of widths), and the step that reads it.

    TensorFlow's scan fails on more than one tensor whose number of steps is unknown.
    """
    leaves = tree.flatten(xs)
    ends = list(accumulate(leaf.shape[-1] for leaf in leaves))
    dtypes = [keras.backend.standardize_dtype(leaf.dtype) for leaf in leaves]
    widest = "float64" if "float64" in dtypes else "float32"

    def wide(leaf: Any) -> Any:
        leaf = ops.cast(leaf, widest)
        return leaf if len(leaf.shape) == 3 else ops.repeat(leaf[:, None], batch, axis=1)

    def apart(states: Any, now: Any) -> tuple[Any, Any]:
        parts = [now[:, i:j] for i, j in zip([0, *ends], ends, strict=False)]
        cast = [ops.cast(part, dtype) for part, dtype in zip(parts, dtypes, strict=True)]
        return step(states, tree.pack_sequence_as(xs, cast))

    return ops.concatenate([wide(leaf) for leaf in leaves], axis=-1), apart


def _unrolled(step: Step, states: Any, xs: Any) -> tuple[Any, Any]:
    outputs = []
    for t in range(tree.flatten(xs)[0].shape[0]):
        states, out = step(states, tree.map_structure(lambda a, t=t: a[t], xs))
        outputs.append(out)
    return states, tree.map_structure(lambda *one: ops.stack(one), *outputs)
