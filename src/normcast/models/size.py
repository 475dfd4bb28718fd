"""Size: how much a network computes."""

from __future__ import annotations

import keras


def multiplications(model: keras.Model) -> float:
    """Return multiplications of one forward pass of one window: each weight once per step it is used at."""
    total = 0.0
    for layer in model.layers:
        shape = getattr(layer.input, "shape", None) if layer.count_params() else None
        steps = shape[1] if shape is not None and len(shape) == 3 else 1
        if isinstance(layer, keras.layers.Conv1D):
            steps = layer.output.shape[1]
        total += layer.count_params() * steps
    return total
