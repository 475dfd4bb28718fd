"""Inputs: whether cases have what a network reads, by name, and in the form that it was fitted on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from normcast.cases.fitted import Fitted
from normcast.check.lookups import lookups, readers
from normcast.check.reading import read
from normcast.data import Cases
from normcast.data.uneven import series_in
from normcast.errors import listed, unknown
from normcast.models.graph.kinds import COMPARISON, LOOKUP

_log = logging.getLogger("normcast")


def refuse_other_names(cases: Cases, model: keras.Model, where: str) -> None:
    """Raise ValueError unless cases have every input of a model, and no other; one fits one of any name."""
    names = [tensor.name for tensor in model.inputs]
    told = f"{where}: model {model.name!r}"
    if len(cases.inputs) == len(names) == 1:
        return
    if not cases.beside:
        each = ", ".join(f"{name!r}: ..." for name in names)
        raise ValueError(
            f"{told} reads {len(names)} inputs, {listed(names, 10)}, but X is one. Give a dict: {{{each}}}."
        )
    foreign = [name for name in cases.inputs if name not in names]
    if foreign:
        raise ValueError(unknown("input", foreign[0], names, where=told))
    lacking = [name for name in names if name not in cases.inputs]
    if lacking:
        raise ValueError(f"{told} reads {listed(lacking, 10)}, which X lacks; inputs are {', '.join(names)}.")


def codes_of(cases: Cases, model: keras.Model) -> tuple[str, ...]:
    """Return the inputs of cases whose whole numbers name something for a model: no scaling fits them.

    Those that are of whole numbers by their Input, and those that an Embedding reads, or another such layer,
    also behind layers that only pass them on.

    >>> net = keras.Sequential([keras.Input((5,)), keras.layers.Embedding(10, 2), keras.layers.LSTM(1)])
    >>> codes_of(Cases.of([[1, 2, 3, 4, 5]] * 3, [0, 1, 2]), net)
    ('past',)
    """
    names = {*lookups(read(model)), *_whole(model)}
    names = {cases.name} if names and not cases.beside else names
    return tuple(name for name in cases.inputs if name in names)


def refuse_codes_among_others(model: keras.Model, where: str) -> None:
    """Raise ValueError for an input that an Embedding reads, and as quantities, to be scaled, others do."""
    for node in read(model).inputs:
        compared = [each for each in readers(node) if each.kind not in COMPARISON]
        looking = [each.name for each in compared if each.kind in LOOKUP]
        others = [each.name for each in compared if each.kind not in LOOKUP]
        if looking and others and node.name not in _whole(model):
            raise ValueError(
                f"{where}: of input {node.name!r} {listed(looking)} looks up whole numbers, which no scaling "
                f"fits, but {listed(others)} reads it as well. Give what is looked up an Input of its own, "
                "or say scaling='none'."
            )


def _whole(model: keras.Model) -> set[str]:
    return {tensor.name for tensor in model.inputs if "int" in tensor.dtype}


def with_fitted_axes(X: Any, fitted: Fitted, where: str) -> Any:
    """Return X, where a dict of several inputs has the series that led as (cases, time, channels).

    Series (time,) that happen to be of one length, as that of one case, are otherwise (cases, columns).
    """
    if not isinstance(X, Mapping) or len(X) < 2 or fitted.name not in X:
        return X
    given = series_in(X[fitted.name], f"{where}: input {fitted.name!r}")
    if isinstance(given, np.ndarray) and given.ndim == 2:
        given = given[:, :, None]
    return {**X, fitted.name: given}


def as_fitted(cases: Cases, fitted: Fitted, where: str) -> Cases:
    """Return cases as the network reads them: uneven series brought to the length that was fitted.

    Raises ValueError for inputs of other names, lengths or channels than those fitted.
    """
    refuse_other_names(cases, fitted.model, where)
    if cases.beside:
        cases = _beside_as_fitted(cases, fitted, where)
        where = f"{where}: input {fitted.name!r}"
    if cases.channels != fitted.channels:
        raise ValueError(
            f"{where}: X has {cases.channels} channels, but the network was fitted on {fitted.channels}."
        )
    if cases.steps > fitted.steps and fitted.is_ragged:
        _log.warning(
            "normcast: %s: of series longer than the %d steps that were fitted the newest are read.",
            where,
            fitted.steps,
        )
        return cases.cut_to(fitted.steps)
    if cases.steps != fitted.steps and not fitted.is_ragged:
        raise ValueError(
            f"{where}: X has {cases.steps} steps, but the network was fitted on {fitted.steps}. Cut the "
            "cases to that length."
        )
    return cases.filled_to(fitted.steps)


def _beside_as_fitted(cases: Cases, fitted: Fitted, where: str) -> Cases:
    """Return the cases with the input as x that was fitted as such; refuse other inputs of other shapes."""
    if cases.lengths is not None and cases.name != fitted.name:
        raise ValueError(
            f"{where}: input {cases.name!r}: series differ in length, but were fitted of one. Bring them to "
            "that length."
        )
    if cases.inputs[fitted.name].ndim < 3:
        raise ValueError(
            f"{where}: input {fitted.name!r}: X is {cases.inputs[fitted.name].shape}, but a series (cases, "
            "time, channels) was fitted. Give one channel as values[:, :, None]."
        )
    cases = cases.led_by(fitted.name)
    for name, shape in fitted.beside.items():
        if cases.beside[name].shape[1:] != shape:
            raise ValueError(
                f"{where}: input {name!r}: X is {cases.beside[name].shape[1:]} for a case, but the network "
                f"was fitted on {shape}."
            )
    return cases
