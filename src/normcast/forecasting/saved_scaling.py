"""Saved scaling: what a file keeps of how columns were scaled."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.artefact import Archive, Manifest
from normcast.data import Panel
from normcast.data.bounds import Bounds
from normcast.windows import Scaler
from normcast.windows.table_scaling import TableScaling

SCALER = "scaler.json"


def plain_scaling(scaling: TableScaling) -> dict[str, Any]:
    """Return a scaling as values that JSON knows."""
    return {
        "kind": scaling.kind,
        "target": scaling.target.to_dict(),
        "exog": scaling.exog.to_dict(),
        "static": {"location": scaling.stat_location.tolist(), "spread": scaling.stat_spread.tolist()},
        "bounds": {"target": scaling.target_bounds.to_dict(), "exog": scaling.exog_bounds.to_dict()},
    }


def read_scaling(archive: Archive, manifest: Manifest, panel: Panel) -> TableScaling:
    """Return the scaling; raise ValueError if it is one for other columns than the panel's."""
    plain = archive.json(SCALER)
    with archive.reading(SCALER):
        if manifest.format < 3:
            plain |= {name: _without_shape(plain[name]) for name in ("target", "exog")}
        where = f"{archive.where}: {SCALER}"
        target, exog = (Scaler.from_dict(plain[name], where) for name in ("target", "exog"))
        static = [np.array(plain["static"][name], dtype=np.float64) for name in ("location", "spread")]
        n_exog = panel.hist.shape[1] + panel.futr.shape[1]
        wanted = [(panel.n_series, 1)] * 2 + [(panel.n_series, n_exog)] * 2 + [panel.stat.shape[1:]] * 2
        arrays = [target.location, target.spread, exog.location, exog.spread, *static]
        if [array.shape for array in arrays] != wanted:
            raise ValueError(f"shapes are {[array.shape for array in arrays]}, but need to be {wanted}.")
        location, spread = static
        return TableScaling(
            kind=str(plain["kind"]),
            target=target,
            exog=exog,
            stat_location=location,
            stat_spread=spread,
            target_bounds=read_bounds(plain, "target", target, where),
            exog_bounds=read_bounds(plain, "exog", exog, where),
        )


def read_bounds(plain: Any, name: str, scaler: Scaler, where: str) -> Bounds:
    """Return the bounds that go with a scaler; a file of earlier versions has none."""
    shape = scaler.location.shape
    if "bounds" not in plain:
        return Bounds.none(shape)
    bounds = Bounds.from_dict(plain["bounds"][name], where)
    shapes, wanted = [bounds.centre.shape, bounds.reach.shape, bounds.most.shape], [shape, shape, shape[:1]]
    if shapes != wanted:
        raise ValueError(f"shapes of its bounds are {shapes}, but need to be {wanted}.")
    return bounds


def _without_shape(plain: Any) -> Any:
    return {name: value for name, value in plain.items() if name != "shape"}
