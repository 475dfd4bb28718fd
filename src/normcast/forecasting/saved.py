"""Saved: a fitted forecaster as one file of data, which loading reads without running any code."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from normcast.artefact import (
    Archive,
    Manifest,
    as_arrays,
    as_json,
    manifest_member,
    network_members,
    read_manifest,
    read_network,
    read_weights,
    refuse_newer,
)
from normcast.candidates import FittedCandidate
from normcast.candidates.kept import candidate_parts, from_candidate_parts
from normcast.data import Panel
from normcast.files import write_whole
from normcast.forecasting.combination import NETWORK, Combination
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.saved_scaling import SCALER, plain_scaling, read_scaling
from normcast.forecasting.settings import POLICIES, Settings
from normcast.models.revival import Classes
from normcast.plain import Plain
from normcast.scoring import Conformal, SeriesIntervals
from normcast.scoring.series_scale import SeriesScale
from normcast.windows import waves

# Format 2 says outputs for h in the network; 3 names its kind, and its scalers lack the shape; 4 has
# intervals of each series; in 5 windows may be padded; in 6 candidates forecast beside or without networks.
KIND, FORMAT = "forecaster", 6
MANIFEST, PANEL, CONFORMAL = "manifest.json", "panel.safetensors", "conformal.json"
CANDIDATES = "candidates.safetensors"


@dataclass(frozen=True)
class Facts(Plain):
    """What the manifest tells of what was fitted."""

    added: ClassVar = ("least", "combination")

    input_size: int
    h: int
    quantiles: tuple[float, ...]
    minimum: float | None
    calendar: bool
    replicas: int
    least: int | None = None
    combination: Combination | None = None


@dataclass(frozen=True)
class Body(Plain):
    """What the manifest tells of a forecaster.

    preset: the name of what forecasts, if it was given by name; candidates: those that forecast, by name.
    """

    added: ClassVar = ("candidates",)

    settings: dict[str, Any]
    preset: str | None
    fitted: Facts
    policies: dict[str, Any]
    panel: dict[str, Any]
    candidates: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Kept:
    """What a file holds of a fitted forecaster; panel: the rows it forecasts from, by default."""

    settings: Settings
    fitted: Fitted
    panel: Panel
    policies: dict[str, Any]


def write(kept: Kept, path: str | Path) -> None:
    """Write a fitted forecaster to one file, whole or not at all; see `read`.

    The file keeps what a forecast needs: settings, network, weights, scaling, interval corrections, and the
    last rows of each series. The same forecaster makes the same bytes.
    Raises ValueError for what a file cannot keep, OSError where it cannot be written.
    """
    tail = kept.fitted.tail(kept.panel)
    held = members(kept.settings, kept.fitted, tail, kept.policies)
    write_whole(path, Archive(held, str(path)).packed())


def read(archive: Archive, own: Classes | None = None) -> Kept:
    """Return what `write` wrote. No code is run: JSON, arrays, and Keras' archive in safe mode.

    own: classes of the user's that a keras model may need, by name.

    Raises ImportError for a polars table where polars is not installed, and ValueError for a file that is
    broken, cut off, or not a forecaster of a format this version knows.
    """
    manifest = read_manifest(archive)
    refuse_newer(manifest, FORMAT, archive.where)
    with archive.reading(MANIFEST):
        body = Body.from_dict(manifest.body, f"{archive.where}: {MANIFEST}")
    panel, facts = read_panel(archive, body), body.fitted
    with archive.reading(MANIFEST):
        least = facts.input_size if facts.least is None else facts.least
        if facts.replicas and (panel.lengths < least).any():
            raise ValueError(f"the network reads {least} rows, but a series has {panel.lengths.min()}.")
        build = build_arguments(panel, facts)
    scaling = read_scaling(archive, manifest, panel)
    intervals = read_intervals(archive, manifest, facts, panel)
    combination, candidates = read_combination(archive, body, panel)
    # Last, so that nothing is built for a file that is broken.
    model, architecture = read_network(archive, build, own) if facts.replicas else (None, None)
    fitted = Fitted(
        ids=panel.ids,
        model=model,
        weights=() if model is None else read_weights(archive, model, facts.replicas),
        candidates=candidates,
        combination=combination,
        scaling=scaling,
        quantiles=facts.quantiles,
        intervals=intervals,
        input_size=facts.input_size,
        h=facts.h,
        minimum=facts.minimum,
        calendar=facts.calendar,
        least=facts.least,
        recurrence=manifest.recurrence,
    )
    settings = read_settings(archive, body, architecture or model)
    return Kept(settings, fitted, panel, read_policies(archive, body))


def members(settings: Settings, fitted: Fitted, tail: Panel, policies: dict[str, Any]) -> dict[str, bytes]:
    """Return the members of the file, the manifest first."""
    values, arrays = tail.to_parts()
    architecture = None if settings.foreign is not None else settings.preset.architecture
    plain = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name != "model"}
    facts = Facts(
        input_size=fitted.input_size,
        h=fitted.h,
        quantiles=fitted.quantiles,
        minimum=fitted.minimum,
        calendar=fitted.calendar,
        replicas=len(fitted.weights),
        least=fitted.least,
        combination=fitted.combination,
    )
    plain_candidates, learned = candidate_parts(fitted.candidates)
    preset = settings.model if isinstance(settings.model, str) else None
    body = Body(plain, preset, facts, policies, values, plain_candidates)
    build = build_arguments(tail, facts)
    network = (
        {} if fitted.model is None else network_members(fitted.model, fitted.weights, architecture, build)
    )
    return {
        MANIFEST: as_json(manifest_member(KIND, FORMAT, body.to_dict(), fitted.recurrence)),
        **network,
        CANDIDATES: as_arrays(learned),
        SCALER: as_json(plain_scaling(fitted.scaling)),
        CONFORMAL: as_json(fitted.intervals and fitted.intervals.to_dict()),
        PANEL: as_arrays(arrays),
    }


def build_arguments(panel: Panel, facts: Facts) -> dict[str, Any]:
    """Return the arguments of `Architecture.build` for a panel's columns."""
    futr = panel.futr.shape[1]
    n_waves = waves(panel.time[:1], panel.step).shape[1] if facts.calendar else 0
    return {
        "input_size": facts.input_size,
        "channels": 1 + panel.hist.shape[1] + futr,
        "outputs": facts.h,
        "quantiles": list(facts.quantiles),
        "futr": futr + n_waves,
        "stat": panel.stat.shape[1],
        **({} if facts.least is None else {"padded": True}),  # files of earlier formats do not say it
    }


def read_settings(archive: Archive, body: Body, network: Any) -> Settings:
    """Return the settings. network: the architecture or keras model, for where no preset was named."""
    with archive.reading(MANIFEST):
        given: Any = {n: tuple(v) if isinstance(v, list) else v for n, v in body.settings.items()}
        given.pop("shrink", None)  # of earlier formats
        settings = Settings(**given, model=body.preset or network)
        facts, columns = body.fitted, body.panel["columns"]
        if [settings.h, settings.quantiles] != [facts.h, facts.quantiles]:
            raise ValueError("h and level in its settings do not go with what was fitted.")
        for name in ("hist_exog", "futr_exog", "stat_exog"):
            if list(getattr(settings, name)) != columns[name]:
                raise ValueError(f"{name} in its settings does not go with the panel's columns.")
        return settings


def read_combination(
    archive: Archive, body: Body, panel: Panel
) -> tuple[Combination, dict[str, FittedCandidate]]:
    """Return what a forecast is made of; a file of earlier formats has networks alone."""
    facts, many = body.fitted, max(1, len(body.fitted.quantiles))
    if facts.combination is None and facts.replicas:
        return Combination.alone(NETWORK, np.zeros((facts.h, many))), {}
    arrays, rows = archive.arrays(CANDIDATES), int(panel.lengths.max())
    with archive.reading(CANDIDATES):
        if facts.combination is None:
            raise ValueError("it holds neither a network nor a combination.")
        candidates = from_candidate_parts(body.candidates, arrays, facts.h, rows)
        facts.combination.check(set(candidates), panel.n_series, (facts.h, many), facts.replicas > 0)
    return facts.combination, candidates


def read_policies(archive: Archive, body: Body) -> dict[str, Any]:
    """Return how new rows are read."""
    with archive.reading(MANIFEST):
        policies = body.policies
        if not set(policies) <= set(POLICIES):
            raise ValueError(f"policies are {sorted(policies)}, but may be {', '.join(POLICIES)}.")
        return policies


def read_panel(archive: Archive, body: Body) -> Panel:
    """Return the last rows of each series."""
    arrays = archive.arrays(PANEL)
    with archive.reading(MANIFEST):
        if body.panel["frame_type"] == "polars" and find_spec("polars") is None:
            raise ImportError(
                f"{archive.where}: was fitted on a polars table, and polars is not installed. "
                f'Install it: pip install "normcast[polars]".'
            )
        return Panel.from_parts(body.panel, arrays)


def read_intervals(
    archive: Archive, manifest: Manifest, facts: Facts, panel: Panel
) -> SeriesIntervals | None:
    """Return the intervals, or None; raise ValueError if they are those of other quantiles or series."""
    plain = archive.json(CONFORMAL)
    if plain is None:
        return None
    where = f"{archive.where}: {CONFORMAL}"
    with archive.reading(CONFORMAL):
        if manifest.format < 4:  # all series alike
            scale, still = (
                SeriesScale.one(panel.n_series, len(facts.quantiles)),
                (False,) * panel.n_series,
            )
            found = SeriesIntervals(Conformal.from_dict(plain, where), scale, still)
        else:
            found = SeriesIntervals.from_dict(plain, where)
        conformal, sizes = found.conformal, [len(found.scale.error), len(found.scale.width), len(found.still)]
        shape = (len(conformal.levels), facts.h)
        if conformal.quantiles != facts.quantiles or conformal.corrections.shape != shape:
            raise ValueError(f"it does not go with quantiles {facts.quantiles} and h {facts.h}.")
        if sizes != [panel.n_series] * 3 or found.scale.width.shape[1] != len(facts.quantiles) // 2:
            raise ValueError(f"it is of {sizes} series, but the panel has {panel.n_series}.")
        return found
