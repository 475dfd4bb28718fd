"""A program that runs a model with probes and differentiates it, on the backend that Keras runs on.

Everything is compiled where the backend compiles; no variable of the model is assigned to, since the run
stands inside Keras' StatelessScope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.probes.taps import Key, Make

# run(make, data) -> (objective, what was read)
Run = Callable[[Make, Any], tuple[Any, Any]]
# finish(objective, what was read, gradients of probes, gradients of variables) -> what leaves the program
Finish = Callable[[Any, Any, dict[Key, Any], list[Any]], Any]


class Program:
    """One computation on a model: a run, its gradients, and what is made of both before they leave.

    variables: those that get a gradient; others: all other variables of the model, read only.
    """

    def __init__(self, run: Run, finish: Finish, variables: list[Any], others: list[Any]) -> None:
        self.variables, self.others = variables, others
        self._run, self._finish = run, finish
        backend = keras.backend.backend()
        self._call = {"jax": self._on_jax, "tensorflow": self._on_tensorflow, "torch": self._on_torch}[
            backend
        ]()

    def __call__(self, data: Any) -> Any:
        """Return what `finish` makes of the run on these arrays, as numpy arrays."""
        return tree.map_structure(_numpy, self._call(data))

    def _on_jax(self) -> Callable[[Any], Any]:
        import jax
        import jax.numpy as jnp

        def program(values: list[Any], others: list[Any], data: Any) -> Any:
            def objective(values: list[Any], probes: dict[Key, Any]) -> Any:
                return self._scoped(lambda key, shape, dtype: probes[key], data, [*values, *others])

            shapes: dict[Key, Any] = {}

            def discover(values: list[Any]) -> Any:
                def make(key: Key, shape: tuple[int, ...], dtype: str) -> Any:
                    shapes[key] = (shape, dtype)
                    return jnp.zeros(shape, dtype)

                return self._scoped(make, data, [*values, *others])[0]

            jax.eval_shape(discover, values)
            probes = {key: jnp.zeros(*about) for key, about in shapes.items()}
            both = jax.value_and_grad(objective, argnums=(0, 1), has_aux=True)
            (value, read), (of_variables, of_probes) = both(values, probes)
            return self._finish(value, read, of_probes, of_variables)

        compiled = jax.jit(program)
        return lambda data: compiled(
            *([v.value for v in each] for each in (self.variables, self.others)), data
        )

    def _scoped(self, make: Make, data: Any, values: list[Any] | None = None) -> tuple[Any, Any]:
        pairs = None if values is None else zip([*self.variables, *self.others], values, strict=True)
        with keras.StatelessScope(state_mapping=pairs):
            return self._run(make, data)

    def _on_tensorflow(self) -> Callable[[Any], Any]:
        import tensorflow as tf

        @tf.function(reduce_retracing=True)
        def program(data: Any) -> Any:
            probes: dict[Key, Any] = {}
            variables = [v.value for v in self.variables]
            with tf.GradientTape(watch_accessed_variables=False) as tape:

                def make(key: Key, shape: tuple[int, ...], dtype: str) -> Any:
                    probes[key] = tf.zeros(shape, dtype)
                    tape.watch(probes[key])
                    return probes[key]

                tape.watch(variables)
                value, read = self._scoped(make, data)
            zero = tf.UnconnectedGradients.ZERO
            of_probes, of_variables = tape.gradient(value, [probes, variables], unconnected_gradients=zero)
            return self._finish(value, read, of_probes, of_variables)

        return lambda data: program(tree.map_structure(tf.convert_to_tensor, data))

    def _on_torch(self) -> Callable[[Any], Any]:
        import torch

        def program(data: Any) -> Any:
            probes: dict[Key, Any] = {}

            def make(key: Key, shape: tuple[int, ...], dtype: str) -> Any:
                probes[key] = torch.zeros(shape, dtype=getattr(torch, dtype), requires_grad=True)
                return probes[key]

            data = tree.map_structure(keras.ops.convert_to_tensor, data)
            with torch.enable_grad():
                value, read = self._scoped(make, data)
                wanted = [*probes.values(), *(v.value for v in self.variables)]
                found = torch.autograd.grad(value, wanted, allow_unused=True) if wanted else []
            found = [torch.zeros_like(w) if g is None else g for g, w in zip(found, wanted, strict=True)]
            with torch.no_grad():
                of_probes = dict(zip(probes, found, strict=False))
                read = tree.map_structure(lambda t: t.detach(), read)
                return self._finish(value.detach(), read, of_probes, found[len(probes) :])

        return program


def _numpy(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))
