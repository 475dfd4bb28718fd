"""The weights of a recurrent layer gate by gate, with their gradients and what their spectra say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from normcast.layers import GRU, LSTM
from normcast.probes import loops


@dataclass(frozen=True, eq=False)
class GateWeight:
    """What one weight holds for one gate.

    Parameters
    ----------
    weight : str
        Which one: "kernel" (features, units), "recurrent" (units, units), "bias" (units,), or of a
        normalization inside the recurrence "recurrent gamma", "cell beta" and so on.
    gate : str
        The gate, "" where it serves all.
    values : array
        Its values, in the shape above.
    gradient : array or None
        The gradient of the objective, in the same shape; None for what is not trained.
    """

    weight: str
    gate: str
    values: np.ndarray
    gradient: np.ndarray | None

    @cached_property
    def singular_values(self) -> np.ndarray:
        """The singular values of a matrix, the largest first.

        Empty for a vector, or where it is not finite.
        """
        if self.values.ndim != 2 or not np.isfinite(self.values).all():
            return np.array([])
        return np.linalg.svd(self.values, compute_uv=False)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """The complex eigenvalues of a square matrix, the largest first; empty for others."""
        shape = self.values.shape
        if len(shape) != 2 or shape[0] != shape[1] or not np.isfinite(self.values).all():
            return np.array([])
        values = np.linalg.eigvals(self.values)
        return values[np.argsort(-np.abs(values), kind="stable")]

    @property
    def spectral_radius(self) -> float:
        """The largest modulus of an eigenvalue; NaN where there is none."""
        return float(np.abs(self.eigenvalues[0])) if len(self.eigenvalues) else float("nan")

    def __repr__(self) -> str:
        return f"GateWeight({self.weight!r}, gate {self.gate!r}, {self.values.shape})"


def gate_weights(
    layer: Any, number: int, gates: tuple[str, ...], gradients: dict[int, Any]
) -> tuple[GateWeight, ...]:
    """Return the weights of a layer's cell of that number, gate by gate. gradients: by the variable's id."""
    found: list[GateWeight] = []
    own = isinstance(layer, (LSTM, GRU))
    units = layer.units if own else getattr(loops.cells_of(layer)[number], "units", 1)
    for name, variable in _variables(layer, number).items():
        values = np.asarray(variable.value if not hasattr(variable, "numpy") else variable.numpy())
        gradient = gradients.get(id(variable))
        split = _blocks(name, gates, values.shape[-1] // units)
        parts = np.split(values, len(split), axis=-1)
        slopes = [None] * len(split) if gradient is None else np.split(gradient, len(split), axis=-1)
        found += [GateWeight(name, *each) for each in zip(split, parts, slopes, strict=True)]
    return tuple(found)


def _blocks(name: str, gates: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return the gates that so many blocks of a weight serve, or "" for one that serves all.

    A GRU that resets before the product normalizes the recurrent term of z and r apart from that of n.
    """
    term = name.split(" ", maxsplit=1)[0]
    by_gate = {
        "candidate": gates[-1:],
        **dict.fromkeys(("kernel", "bias", "input", "recurrent"), gates[:count]),
    }
    return by_gate.get(term) or ("",)


def _variables(layer: Any, number: int) -> dict[str, Any]:
    """Return the variables of a cell by what they are."""
    if not isinstance(layer, (LSTM, GRU)):
        cell = loops.cells_of(layer)[number]
        names = {"kernel": "kernel", "recurrent_kernel": "recurrent", "bias": "bias"}
        found = {word: getattr(cell, name, None) for name, word in names.items()}
        if loops.known_kind(type(cell)) is None:
            return {v.name: v for v in getattr(cell, "weights", ())}
        return {word: variable for word, variable in found.items() if variable is not None}
    found = {"kernel": layer.kernel, "recurrent": layer.recurrent_kernel}
    if layer.bias is not None:
        found["bias"] = layer.bias
    for term, norm in layer.norms.items():
        found[f"{term} gamma"] = norm.gamma
        if norm.beta is not None:
            found[f"{term} beta"] = norm.beta
    return found
