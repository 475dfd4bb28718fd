"""Probe: a copy of a model, and a few windows to try it on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.models.edits import apply
from normcast.probes import Look, Looker, Objective, Programs

WINDOWS, STEPS = 32, 150


@dataclass(eq=False)
class Probe:
    """A copy of a model with a few windows to try it on, and what is known of its task."""

    model: Any
    x: Any
    y: Any
    loss: Any
    net: Net
    facts: Facts = field(default_factory=Facts)

    @cached_property
    def look(self) -> Look:
        """What goes on inside the model on these windows, in training mode as `fit` runs it."""
        programs = Programs(self.model, Objective(self.model, self.y, self.loss), None, training=True)
        return Looker(programs).look(self.x, self.y, WINDOWS)

    @property
    def layers(self) -> list[Node]:
        """Each layer once, though it be called several times."""
        seen: dict[int, Node] = {}
        for node in self.net.nodes:
            seen.setdefault(id(node.layer), node)
        return list(seen.values())

    @cached_property
    def losses(self) -> list[float]:
        """The loss at each step of a training on these windows only."""
        model = apply(self.model, [])
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss=self.loss)
        return [float(np.ravel(model.train_on_batch(self.x, self.y))[0]) for _ in range(STEPS)]

    def outputs(self, nodes: list[Node]) -> list[np.ndarray]:
        """Return what layers give for the windows at inference."""
        alone = not isinstance(self.x, (list, tuple, dict))
        starts = self.model.inputs[0] if alone else self.model.inputs  # or Keras warns of another structure
        part = keras.Model(starts, [node.layer.output for node in nodes])
        values = part(self.x, training=False)
        values = values if isinstance(values, (list, tuple)) else [values]
        return [np.array(keras.ops.convert_to_numpy(v)) for v in values]
