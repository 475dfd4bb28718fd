"""The loop over time: the one place where a recurrence is run."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

Step = Callable[[Any, Any], tuple[Any, Any]]


SHORT = 256  # steps of which a backward pass may hold the states


def run(
    step: Step, states: Any, xs: Any, blank: Any, unroll: bool = False, spare: bool = False
) -> tuple[Any, Any]:
    """Return the last states and the outputs of all steps, stacked in front: (time, ...).

    step(states, now) returns the next states and what leaves the loop at this step, and assigns no variable:
    a variable assigned inside lax.scan would leak its tracer.
    xs: a structure of (time, ...) tensors, of which `now` is one step. blank: an output of zeros, for its
    shapes. spare: spare memory, where the backend can: of a long loop the backward pass holds the states
    between stretches alone, and runs each stretch again.
    """
    if unroll:
        return _unrolled(step, states, xs)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _arrays_of_tensors(step, states, xs, blank)
    if backend == "jax" and spare and tree.flatten(xs)[0].shape[0] > SHORT:
        return _in_stretches(step, states, xs)
    if backend == "jax":
        # Recomputing a step is cheaper than reading back all that it would store.
        step = keras.remat(step)
    return ops.scan(step, states, xs)


def stretch(steps: int) -> int:
    """Return how many steps are run again at once: near the root, and a divisor where one is near.

    >>> stretch(1000), stretch(1009)
    (25, 31)
    """
    root = int(steps**0.5)
    near = sorted(range(max(1, root // 2), 2 * root), key=lambda size: abs(size - root))
    return next((size for size in near if steps % size == 0), root)


def _in_stretches(step: Step, states: Any, xs: Any) -> tuple[Any, Any]:
    steps = tree.flatten(xs)[0].shape[0]
    size = stretch(steps)
    whole = steps - steps % size
    rows = tree.map_structure(lambda a: ops.reshape(a[:whole], (-1, size, *a.shape[1:])), xs)
    again = keras.remat(lambda states, now: ops.scan(step, states, now))
    states, outputs = ops.scan(again, states, rows)
    outputs = tree.map_structure(lambda a: ops.reshape(a, (whole, *a.shape[2:])), outputs)
    if whole == steps:
        return states, outputs
    states, last = again(states, tree.map_structure(lambda a: a[whole:], xs))
    return states, tree.map_structure(lambda *both: ops.concatenate(both), outputs, last)


def _arrays_of_tensors(step: Step, states: Any, xs: Any, blank: Any) -> tuple[Any, Any]:
    """Loop as Keras' own layers do on TensorFlow, whose scan holds outputs twice and is not read by ONNX."""
    import tensorflow as tf

    steps = ops.shape(tree.flatten(xs)[0])[0]

    def array(like: Any, shape: Any) -> Any:
        return tf.TensorArray(like.dtype, steps, element_shape=shape)

    inputs = [array(leaf, leaf.shape[1:]).unstack(leaf) for leaf in tree.flatten(xs)]
    outputs = [array(leaf, leaf.shape) for leaf in tree.flatten(blank)]

    def body(t: Any, states: Any, outputs: Any) -> Any:
        states, out = step(states, tree.pack_sequence_as(xs, [each.read(t) for each in inputs]))
        written = [all_.write(t, one) for all_, one in zip(outputs, tree.flatten(out), strict=True)]
        return t + 1, states, written

    _, states, outputs = tf.while_loop(
        lambda t, *_: t < steps, body, (0, states, outputs), maximum_iterations=steps
    )
    return states, tree.pack_sequence_as(blank, [each.stack() for each in outputs])


def _unrolled(step: Step, states: Any, xs: Any) -> tuple[Any, Any]:
    outputs = []
    for t in range(tree.flatten(xs)[0].shape[0]):
        states, out = step(states, tree.map_structure(lambda a, t=t: a[t], xs))
        outputs.append(out)
    return states, tree.map_structure(lambda *one: ops.stack(one), *outputs)
