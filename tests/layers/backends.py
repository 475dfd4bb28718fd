"""What a test needs of the backend in use: gradients, compilation, and numbers out of tensors."""

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

BACKEND = keras.backend.backend()


def numpy(tensor: Any) -> np.ndarray:
    """Return a tensor of any backend as a NumPy array, half precision widened."""
    array = keras.ops.convert_to_numpy(tensor)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def gradients(layer: keras.Layer, x: np.ndarray, weigh: np.ndarray, **call: Any) -> list[np.ndarray]:
    """Return the gradients of sum(weigh * layer(x)) by x and by each trainable weight, in that order."""
    call = {**trains(layer, False), **call}
    return {"jax": _jax, "tensorflow": _tensorflow, "torch": _torch}[BACKEND](layer, x, weigh, call)


def trains(layer: keras.Layer, training: bool) -> dict[str, bool]:
    """Return the keyword argument that says so to a layer which asks; `stateless_call` takes no other."""
    return {"training": training} if "training" in inspect.signature(layer.call).parameters else {}


def first(output: Any) -> Any:
    return output[0] if isinstance(output, list | tuple) else output


def _jax(layer: keras.Layer, x: np.ndarray, weigh: np.ndarray, call: dict) -> list[np.ndarray]:
    import jax

    def loss(x: Any, weights: list) -> Any:
        frozen = [v.value for v in layer.non_trainable_variables]
        output, _ = layer.stateless_call(weights, frozen, x, **call)
        return (first(output) * weigh).sum()

    by_x, by_weights = jax.grad(loss, argnums=(0, 1))(
        keras.ops.convert_to_tensor(x), [v.value for v in layer.trainable_variables]
    )
    return [np.asarray(g) for g in (by_x, *by_weights)]


def _tensorflow(layer: keras.Layer, x: np.ndarray, weigh: np.ndarray, call: dict) -> list[np.ndarray]:
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    weights = [v.value for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(first(layer(x, **call)) * weigh)
    return [np.asarray(g) for g in tape.gradient(loss, [x, *weights], unconnected_gradients="zero")]


def _torch(layer: keras.Layer, x: np.ndarray, weigh: np.ndarray, call: dict) -> list[np.ndarray]:
    import torch

    x = torch.tensor(x, requires_grad=True)
    weights = [v.value for v in layer.trainable_variables]
    loss = (first(layer(x, **call)) * torch.tensor(weigh)).sum()
    found = torch.autograd.grad(loss, [x, *weights], allow_unused=True)
    return [
        np.zeros(v.shape) if g is None else g.detach().numpy()
        for g, v in zip(found, [x, *weights], strict=True)
    ]


def compiled(layer: keras.Layer) -> Callable[[np.ndarray], np.ndarray]:
    """Return the layer's inference as the backend compiles it; torch runs it as it is."""
    if BACKEND == "jax":
        import jax

        run = jax.jit(lambda *a: layer.stateless_call(*a, **trains(layer, False))[0])
        weights = [v.value for v in layer.trainable_variables]
        frozen = [v.value for v in layer.non_trainable_variables]
        return lambda x: numpy(first(run(weights, frozen, x)))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        graph = tf.function(lambda x: layer(x, training=False))
        return lambda x: numpy(first(graph(tf.convert_to_tensor(x))))
    return lambda x: numpy(first(layer(x, training=False)))
