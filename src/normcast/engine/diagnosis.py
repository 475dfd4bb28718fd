"""Where a number first stopped being finite: the name of the tensor, for the message of a failed replica."""

from typing import Any

import jax
import keras
import numpy as np

from normcast import keras_seam
from normcast.engine.losses import ObservedLoss
from normcast.engine.network import Leaves, Network


def first_broken(
    network: Network, state: dict[str, Any], inputs: Leaves, target: Any, loss_of: keras.losses.Loss
) -> str | None:
    """Name the first tensor that is not finite in the step from that state, in the order of computation.

    Looked at: the batch, the variables, each layer's output, the loss, each variable's gradient.
    Returns None if all are finite.
    """
    named = [(f"input {name!r}", value) for name, value in zip(network.input_names, inputs, strict=True)]
    if not isinstance(loss_of, ObservedLoss):  # to which NaN says that nothing was observed
        named.append(("target", target))
    named += [(f"variable {v.path}", x) for v, x in zip(network.trainable, state["trainable"], strict=True)]
    named += [(f"variable {v.path}", x) for v, x in zip(network.frozen, state["frozen"], strict=True)]
    for name, value in named:
        if not _finite(value):
            return name
    for name, value in _activations(network, state, inputs):
        if not _finite(value):
            return name

    def objective(trainable: Leaves) -> Any:
        output, _, losses = network.forward(trainable, state["frozen"], inputs, training=True)
        return loss_of(target, output) + sum(losses)

    loss, grads = jax.value_and_grad(objective)(list(state["trainable"]))
    if not _finite(loss):
        return "the loss"
    pairs = zip(network.trainable, grads, strict=True)
    return next((f"gradient of {v.path}" for v, grad in pairs if not _finite(grad)), None)


def _finite(value: Any) -> bool:
    value = np.asarray(value)
    return not np.issubdtype(value.dtype, np.floating) or bool(np.isfinite(value).all())


def _activations(network: Network, state: dict[str, Any], inputs: Leaves) -> list[tuple[str, Any]]:
    """Return the output of every operation of the model, by name; only the last for a subclassed model."""
    model = network.traced
    operations = getattr(model, "operations", None) or (keras_seam.is_plain_model(model) and model.layers)
    if not operations:
        output = network.forward(state["trainable"], state["frozen"], inputs, training=True)[0]
        return [(f"output of {network.model.name}", output)]
    tensors = [(op.name, op.output) for op in operations if not isinstance(op, keras.layers.InputLayer)]
    probe = keras.Model(model.inputs, [tensor for _, tensor in tensors])
    values = dict(zip(map(id, model.trainable_variables), state["trainable"], strict=True))
    values |= zip(map(id, model.non_trainable_variables), state["frozen"], strict=True)
    trainable = [values[id(v)] for v in probe.trainable_variables]
    frozen = [values[id(v)] for v in probe.non_trainable_variables]
    outputs, _ = probe.stateless_call(trainable, frozen, inputs, training=True)
    flat = [
        (f"output of {tensors[i][0]}", leaf)
        for i in range(len(tensors))
        for leaf in jax.tree.leaves(outputs[i])
    ]
    return flat
