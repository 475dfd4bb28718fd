"""Summary: all numbers of an inspection but those of single cases and units' steps, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.check.formats import as_json
from normcast.inspect import channel_words
from normcast.inspect.inspected import Inspected
from normcast.probes import Channels, GateWeight, Reading, Recurrence, Sight, StepStatistics, Trace

SUMMARY_FORMAT = 1
"""The version of the summary; it changes only when a field changes its meaning or goes."""


def summary(inspection: Inspected) -> dict[str, Any]:
    """Return the summary of an inspection as dictionaries, lists, texts and numbers.

    What is not known is None or an empty list; every field is always there.
    """
    seen = inspection.seen
    broken = seen.first_not_finite
    return {
        "format": SUMMARY_FORMAT,
        "network": seen.model,
        "cases": seen.cases,
        "window": seen.window,
        "training": seen.training,
        "objective": seen.objective,
        "value": seen.value,
        "recurrences": [_recurrence(each, inspection.readings[each.name]) for each in _all(seen.recurrences)],
        "channels": [_channels(inspection, each) for each in _all(seen.channels)],
        "sight": [_sight(each) for each in seen.sight],
        "first_not_finite": broken and dict(zip(("layer", "tensor", "step"), broken, strict=True)),
        "findings": as_json(inspection.findings)["findings"],
        "not_checked": list(inspection.findings.not_checked),
        "passed_over": list(seen.passed_over),
        "notes": list(seen.notes),
    }


def _all(named: dict[str, Any]) -> list[Any]:
    return list(named.values())


def _recurrence(seen: Recurrence, reading: Reading) -> dict[str, Any]:
    memory = reading.memory
    return {
        "name": seen.name,
        "layer": seen.layer,
        "kind": seen.kind,
        "direction": seen.direction,
        "units": seen.units,
        "window": seen.window,
        "gates": list(seen.gates),
        "states": list(seen.states),
        "half_life": reading.half_life,
        "left": reading.left,
        "verdict": reading.verdict,
        "memory": memory,
        "memory_median": float(np.median(memory)) if len(memory) else None,
        "shut": reading.shut,
        "open": reading.open,
        "dead": reading.dead,
        "silent": reading.silent,
        "twins": reading.twins,
        "carried": seen.carried,
        "activations": {name: _trace(each) for name, each in seen.activations.items()},
        "gradients": {name: _trace(each) for name, each in seen.gradients.items()},
        "weights": [_weight(each) for each in seen.weights],
        "statistics": [_statistics(each) for each in seen.statistics],
    }


def _trace(trace: Trace) -> dict[str, Any]:
    """Return one value for each step: what is left of the units are their mean, norm and shares."""
    low, high = (None if each is None else each.mean(axis=1) for each in (trace.low, trace.high))
    return {
        "mean": trace.mean.mean(axis=1),
        "norm": trace.norm,
        "least": trace.least.min(axis=1),
        "most": trace.most.max(axis=1),
        "shut": low,
        "open": high,
        "not_finite": trace.not_finite,
        "cases": trace.count,
    }


def _weight(weight: GateWeight) -> dict[str, Any]:
    return {
        "weight": weight.weight,
        "gate": weight.gate,
        "shape": weight.values.shape,
        "norm": size(weight.values),
        "gradient_norm": None if weight.gradient is None else size(weight.gradient),
        "spectral_radius": weight.spectral_radius,
        "singular_values": weight.singular_values,
    }


def size(values: np.ndarray) -> float:
    """Return the Euclidean norm of all values.

    >>> size(np.array([[3.0], [4.0]]))
    5.0
    """
    return float(np.sqrt(np.sum(np.square(np.asarray(values, "float64")))))


def _statistics(seen: StepStatistics) -> dict[str, Any]:
    return {
        "term": seen.term,
        "mean": seen.mean.mean(axis=1),
        "variance": seen.variance.mean(axis=1),
        "moving_mean": seen.moving_mean.mean(axis=1),
        "moving_variance": seen.moving_variance.mean(axis=1),
    }


def _channels(inspection: Inspected, seen: Channels) -> dict[str, Any]:
    shift, spread = channel_words.running(seen)
    return {
        "name": seen.name,
        "kind": seen.kind,
        "channels": len(seen.writes.mean),
        "receptive_field": inspection.receptive_fields.get(seen.name),
        "dead": channel_words.dead(seen),
        "variance_ratio": channel_words.variance_ratio(seen),
        "running_shift": shift,
        "running_variance_ratio": spread,
        "reads": seen.reads,
        "writes": seen.writes,
    }


def _sight(seen: Sight) -> dict[str, Any]:
    return {
        "input": seen.input,
        "outputs": seen.outputs,
        "slope_by_step": np.abs(seen.slope).mean(axis=1),
        "slope_by_channel": np.abs(seen.slope).mean(axis=0),
    }
