"""Saved: a fitted forecaster as one file of data, which loading reads without running any code."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import normcast
from normcast.artefact import Archive, as_arrays, as_json, network_members, read_network, read_weights
from normcast.data import Panel
from normcast.files import write_whole
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.settings import POLICIES, Settings
from normcast.machine import versions
from normcast.scoring import Conformal
from normcast.windows import Scaler, waves
from normcast.windows.table_scaling import TableScaling

FORMAT, READ = 2, (1, 2)  # what is written, and what can be read
MANIFEST, PANEL, SCALER, CONFORMAL = "manifest.json", "panel.safetensors", "scaler.json", "conformal.json"


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
    tail = kept.panel.tail(kept.fitted.input_size)
    held = members(kept.settings, kept.fitted, tail, kept.policies)
    write_whole(path, Archive(held, str(path)).packed())


def read(path: str | Path) -> Kept:
    """Return what `write` wrote. No code is run: JSON, arrays, and Keras' archive in safe mode.

    Raises FileNotFoundError, ImportError for a polars table where polars is not installed, and ValueError
    for a file that is broken, cut off, or not a normcast model of a format this version knows.
    """
    archive = Archive.opened(path)
    manifest = checked_manifest(archive)
    panel = read_panel(archive, manifest)
    facts = manifest["fitted"]
    with archive.reading(MANIFEST):
        h, input_size, replicas = (int(facts[name]) for name in ("h", "input_size", "replicas"))
        quantiles = tuple(map(float, facts["quantiles"]))
        if (panel.lengths < input_size).any():
            raise ValueError(f"the network reads {input_size} rows, but a series has {panel.lengths.min()}.")
        build = build_arguments(panel, input_size, h, quantiles, facts["calendar"])
    scaling, conformal = read_scaling(archive, panel), read_conformal(archive, quantiles, h)
    model, architecture = read_network(archive, build)  # last: nothing is built for a file that is broken
    fitted = Fitted(
        ids=panel.ids,
        model=model,
        weights=read_weights(archive, model, replicas),
        scaling=scaling,
        quantiles=quantiles,
        conformal=conformal,
        input_size=input_size,
        h=h,
        minimum=facts["minimum"],
        calendar=bool(facts["calendar"]),
    )
    settings = read_settings(archive, manifest, architecture or model)
    return Kept(settings, fitted, panel, read_policies(archive, manifest))


def members(settings: Settings, fitted: Fitted, tail: Panel, policies: dict[str, Any]) -> dict[str, bytes]:
    """Return the members of the file, the manifest first."""
    values, arrays = tail.to_parts()
    architecture = None if settings.foreign is not None else settings.preset.architecture
    build = build_arguments(tail, fitted.input_size, fitted.h, fitted.quantiles, fitted.calendar)
    plain = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name != "model"}
    manifest = {
        "format": FORMAT,
        "versions": versions(),
        "settings": plain,
        "preset": settings.model if isinstance(settings.model, str) else None,
        "fitted": {
            "input_size": fitted.input_size,
            "h": fitted.h,
            "quantiles": fitted.quantiles,
            "minimum": fitted.minimum,
            "calendar": fitted.calendar,
            "replicas": len(fitted.weights),
        },
        "policies": policies,
        "panel": values,
    }
    return {
        MANIFEST: as_json(manifest),
        **network_members(fitted.model, fitted.weights, architecture, build),
        SCALER: as_json(plain_scaling(fitted.scaling)),
        CONFORMAL: b"null" if fitted.conformal is None else fitted.conformal.to_json().encode(),
        PANEL: as_arrays(arrays),
    }


def build_arguments(
    panel: Panel, input_size: int, h: int, quantiles: tuple[float, ...], calendar: bool
) -> dict[str, Any]:
    """Return the arguments of `Architecture.build` for a panel's columns."""
    futr = panel.futr.shape[1]
    n_waves = waves(panel.time[:1], panel.step).shape[1] if calendar else 0
    return {
        "input_size": input_size,
        "channels": 1 + panel.hist.shape[1] + futr,
        "outputs": h,
        "quantiles": list(quantiles),
        "futr": futr + n_waves,
        "stat": panel.stat.shape[1],
    }


def checked_manifest(archive: Archive) -> dict[str, Any]:
    """Return the manifest; raise ValueError if this is no normcast model, or of an unknown format."""
    if MANIFEST not in archive.members:
        raise ValueError(f"{archive.where}: is a zip, but no normcast model: it has no {MANIFEST}.")
    manifest = archive.json(MANIFEST)
    with archive.reading(MANIFEST):
        written, by = manifest["format"], manifest["versions"]["normcast"]
    if written not in READ:
        raise ValueError(
            f"{archive.where}: has format {written!r}, written by normcast {by}; this normcast "
            f"{normcast.__version__} knows format {FORMAT}. Install a newer one: pip install -U normcast."
        )
    return manifest


def read_settings(archive: Archive, manifest: dict[str, Any], network: Any) -> Settings:
    """Return the settings. network: the architecture or keras model, for where no preset was named."""
    with archive.reading(MANIFEST):
        given: Any = {n: tuple(v) if isinstance(v, list) else v for n, v in manifest["settings"].items()}
        settings = Settings(**given, model=manifest["preset"] or network)
        facts, columns = manifest["fitted"], manifest["panel"]["columns"]
        if [settings.h, list(settings.quantiles)] != [facts["h"], facts["quantiles"]]:
            raise ValueError("h and level in its settings do not go with what was fitted.")
        for name in ("hist_exog", "futr_exog", "stat_exog"):
            if list(getattr(settings, name)) != columns[name]:
                raise ValueError(f"{name} in its settings does not go with the panel's columns.")
        return settings


def read_policies(archive: Archive, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return how new rows are read."""
    with archive.reading(MANIFEST):
        policies = dict(manifest["policies"])
        if not set(policies) <= set(POLICIES):
            raise ValueError(f"policies are {sorted(policies)}, but may be {', '.join(POLICIES)}.")
        return policies


def read_panel(archive: Archive, manifest: dict[str, Any]) -> Panel:
    """Return the last rows of each series."""
    arrays = archive.arrays(PANEL)
    with archive.reading(MANIFEST):
        if manifest["panel"]["frame_type"] == "polars" and find_spec("polars") is None:
            raise ImportError(
                f"{archive.where}: was fitted on a polars table, and polars is not installed. "
                f'Install it: pip install "normcast[polars]".'
            )
        return Panel.from_parts(manifest["panel"], arrays)


def plain_scaling(scaling: TableScaling) -> dict[str, Any]:
    """Return a scaling as values that JSON knows."""
    return {
        "kind": scaling.kind,
        "target": json.loads(scaling.target.to_json()),
        "exog": json.loads(scaling.exog.to_json()),
        "static": {"location": scaling.stat_location.tolist(), "spread": scaling.stat_spread.tolist()},
    }


def read_scaling(archive: Archive, panel: Panel) -> TableScaling:
    """Return the scaling; raise ValueError if it is one for other columns than the panel's."""
    plain = archive.json(SCALER)
    with archive.reading(SCALER):
        target, exog = (Scaler.from_json(json.dumps(plain[name])) for name in ("target", "exog"))
        static = [np.array(plain["static"][name], dtype=np.float64) for name in ("location", "spread")]
        n_exog = panel.hist.shape[1] + panel.futr.shape[1]
        wanted = [(panel.n_series, 1)] * 2 + [(panel.n_series, n_exog)] * 2 + [panel.stat.shape[1:]] * 2
        arrays = [target.location, target.spread, exog.location, exog.spread, *static]
        if [array.shape for array in arrays] != wanted:
            raise ValueError(f"shapes are {[array.shape for array in arrays]}, but need to be {wanted}.")
        return TableScaling(str(plain["kind"]), target, exog, *static)


def read_conformal(archive: Archive, quantiles: tuple[float, ...], h: int) -> Conformal | None:
    """Return the interval corrections, or None; raise ValueError if they are those of other quantiles."""
    if archive.json(CONFORMAL) is None:
        return None
    with archive.reading(CONFORMAL) as content:
        conformal = Conformal.from_json(content.decode())
        if conformal.quantiles != quantiles or conformal.corrections.shape != (len(conformal.levels), h):
            raise ValueError(f"it does not go with quantiles {quantiles} and h {h}.")
        return conformal
