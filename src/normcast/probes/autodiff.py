"""A program that runs a model with probes and differentiates it, on the backend that Keras runs on.

Everything is compiled where the backend compiles; no variable of the model is assigned to, since the run
stands inside Keras' StatelessScope.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.probes.taps import Key, Make

# Of XLA on a CPU: without LLVM's optimizations, which take seconds; products of matrices stay as fast.
QUICK = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}

# run(make, data) -> (objective, what was read)
Run = Callable[[Make, Any], tuple[Any, Any]]
# finish(objective, what was read, gradients of probes, gradients of variables) -> what leaves the program
Finish = Callable[[Any, Any, dict[Key, Any], list[Any]], Any]


class Program:
    """One computation on a model: a run, its gradients, and what is made of both before they leave.

    variables: those that get a gradient; others: all other variables of the model, read only. quick: compile
    in a fifth of the time, for what is computed in less than that.
    """

    def __init__(self, run: Run, finish: Finish, variables: list[Any], others: list[Any]) -> None:
        self.variables, self.others = variables, others
        self.quick = False
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

        compiled = {
            quick: jax.jit(program, compiler_options=QUICK if quick else None) for quick in (True, False)
        }
        on_cpu = jax.default_backend() == "cpu"

        def run(data: Any) -> Any:
            given = ([v.value for v in each] for each in (self.variables, self.others))
            return compiled[self.quick and on_cpu](*given, data)

        return run

    def _scoped(self, make: Make, data: Any, values: list[Any] | None = None) -> tuple[Any, Any]:
        pairs = None if values is None else zip([*self.variables, *self.others], values, strict=True)
        with keras.StatelessScope(state_mapping=pairs, collect_losses=True):
            return self._run(make, data)

    def _on_tensorflow(self) -> Callable[[Any], Any]:
        import tensorflow as tf

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

        # TensorFlow counts the traces of all functions of one piece of code together, and warns from the
        # fifth on; each partial is a function of its own to it.
        compiled = tf.function(partial(program))
        return lambda data: compiled(tree.map_structure(tf.convert_to_tensor, data))

    def _on_torch(self) -> Callable[[Any], Any]:
        import torch

        def program(data: Any) -> Any:
            probes: dict[Key, Any] = {}

            def make(key: Key, shape: tuple[int, ...], dtype: str) -> Any:
                probes[key] = keras.ops.zeros(shape, dtype).requires_grad_(True)
                return probes[key]

            data = tree.map_structure(keras.ops.convert_to_tensor, data)
            with torch.enable_grad():
                value, read = self._scoped(make, data)
                wanted = [*probes.values(), *(v.value for v in self.variables)]
                reaches = wanted and value.requires_grad
                found = (
                    torch.autograd.grad(value, wanted, allow_unused=True) if reaches else [None] * len(wanted)
                )
            found = [torch.zeros_like(w) if g is None else g for g, w in zip(found, wanted, strict=True)]
            with torch.no_grad():
                of_probes = dict(zip(probes, found, strict=False))
                read = tree.map_structure(lambda t: t.detach(), read)
                return self._finish(value.detach(), read, of_probes, found[len(probes) :])

        # Keras draws dropout masks of recurrent layers from torch's own generator, at inference, too.
        return torch.random.fork_rng()(program)


def _numpy(tensor: Any) -> np.ndarray:
    array = np.asarray(keras.ops.convert_to_numpy(tensor))
    return array.astype("float32") if array.dtype.name in ("float16", "bfloat16") else array
