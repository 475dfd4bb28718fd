"""The optimizer's update on all variables as one vector, and the moving average of what comes of it.

One vector is one loop over memory, where there would be one per variable.
"""

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from normcast.engine.optimizer import is_elementwise
from normcast.engine.training import Training

WEIGHTS = ("trainable", "frozen")  # of a replica's state


class Update:
    """Keras' optimizer, applied to all trainable variables joined into one vector.

    Most of Keras' optimizers act on each element by itself, so the result is the same; gradients are clipped
    per variable before they are joined. The others, and variables with a constraint, need Keras' own loop and
    get it.
    """

    def __init__(self, training: Training, variables: list[keras.Variable]) -> None:
        self.shapes = [tuple(v.shape) for v in variables]
        self.inner = training.build_optimizer()
        apart = not is_elementwise(self.inner, training.undecayed)
        self.is_joined = bool(variables) and not apart and all(v.constraint is None for v in variables)
        self.clipnorm = self.inner.clipnorm
        if self.is_joined:
            size = sum(int(np.prod(shape)) for shape in self.shapes)
            variables = [keras.Variable(np.zeros(size, "float32"), name="joined")]
            self.inner.clipnorm = None  # of each variable: clipped before they are joined
        elif training.undecayed:
            self.inner.exclude_from_weight_decay([v for v in variables if v.path in training.undecayed])
        self.inner.build(variables)
        own = training.learning_rate is None
        self.rate = None if own else self._place_of_rate()

    def _place_of_rate(self) -> int:
        return next(i for i, v in enumerate(self.inner.variables) if v is self.inner.learning_rate)

    def initial(self) -> list[np.ndarray]:
        """Return the optimizer's variables before the first step."""
        return [np.asarray(variable.value) for variable in self.inner.variables]

    def apply(self, values: list[Any], grads: list[Any], trainable: list[Any], rate: Any) -> Any:
        """Return (new trainable variables, new optimizer variables) after one step at that learning rate."""
        values = list(values)
        if self.rate is not None:
            values[self.rate] = rate
        if not self.is_joined:
            return self.inner.stateless_apply(values, grads, trainable)
        grads = [jnp.zeros_like(v) if g is None else g for g, v in zip(grads, trainable, strict=True)]
        (joined,), values = self.inner.stateless_apply(
            values, [_join([self._clipped(grad) for grad in grads])], [_join(trainable)]
        )
        return self._split(joined), values

    def _clipped(self, grad: Any) -> Any:
        if self.clipnorm is None:
            return grad
        norm = jnp.sqrt(jnp.sum(jnp.square(grad)))
        return grad * self.clipnorm / jnp.maximum(norm, self.clipnorm)

    def _split(self, joined: Any) -> list[Any]:
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        parts = jnp.split(joined, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]


def _join(arrays: list[Any]) -> Any:
    return jnp.concatenate([jnp.ravel(array) for array in arrays])


def averaged(average: list[Any], weights: list[Any], steps: Any, momentum: float) -> list[Any]:
    """Return the moving average of weights after so many steps; it follows sooner in the first ones."""
    kept = jnp.minimum(momentum, (1.0 + steps) / (10.0 + steps))
    return [old + (1 - kept) * (new - old) for old, new in zip(average, weights, strict=True)]


def judged(state: Any) -> Any:
    """Return the weights that are judged and kept: the averages of those that train, where there are any."""
    return {"trainable": state.get("average", state["trainable"]), "frozen": state["frozen"]}
