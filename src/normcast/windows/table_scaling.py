"""TableScaling: how a panel's columns become a network's inputs, learned from the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Shaped

from normcast.data.bounds import Bounds
from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.scaling import Scaler, over_rows
from normcast.windows.windows import PerSeries

Learned = TypeVar("Learned", Scaler, Bounds)


@dataclass(frozen=True, eq=False)
class TableScaling:
    """Location and spread of every column: per series for target and exogenous, across series for static.

    kind: "standard", "robust" or "none", for the target; exogenous columns are standardized. target_bounds,
    exog_bounds: beyond them a value is an outlier, which neither scales nor is scaled.
    """

    kind: str
    target: Scaler
    exog: Scaler
    stat_location: Float[np.ndarray, " stat"]
    stat_spread: Float[np.ndarray, " stat"]
    target_bounds: Bounds
    exog_bounds: Bounds

    @classmethod
    def fit(cls, arrays: Arrays, rows: PerSeries, kind: str) -> TableScaling:
        """Learn from the first `rows` rows of each series, and from no other."""
        spread = arrays.stat.std(axis=0)
        target_bounds = Bounds.fit(arrays.y[:, None], arrays.offsets, rows)
        exog_bounds = Bounds.fit(arrays.exog, arrays.offsets, rows)
        clean = without_outliers(arrays, target_bounds, exog_bounds)
        return cls(
            kind=kind,
            target=Scaler.fit(clean.y, arrays.offsets, rows, kind=kind),
            exog=Scaler.fit(clean.exog, arrays.offsets, rows),
            stat_location=arrays.stat.mean(axis=0),
            stat_spread=np.where(spread > 0, spread, 1.0),
            target_bounds=target_bounds,
            exog_bounds=exog_bounds,
        )

    def matched(self, ids: tuple[str, ...], arrays: Arrays) -> TableScaling:
        """Return the scaling for the series of other arrays.

        ids: the series this was learned from. Those among them keep their scale, so that a forecast does not
        jump when rows are added; others are scaled from all their rows.
        """
        if arrays.ids == ids:
            return self
        place = {name: number for number, name in enumerate(ids)}
        known = np.fromiter(map(place.get, arrays.ids, repeat(-1)), np.int64, len(arrays.ids))
        fresh = TableScaling.fit(arrays, arrays.rows, self.kind)
        return replace(
            self,
            target=merged(self.target, fresh.target, known),
            exog=merged(self.exog, fresh.exog, known),
            target_bounds=merged(self.target_bounds, fresh.target_bounds, known),
            exog_bounds=merged(self.exog_bounds, fresh.exog_bounds, known),
        )

    def cleaned(self, arrays: Arrays) -> Arrays:
        """Return the columns with earlier values in place of outliers; themselves where there are none."""
        return without_outliers(arrays, self.target_bounds, self.exog_bounds)

    def scaled(self, arrays: Arrays) -> Scaled:
        """Scale all columns at once."""
        arrays = self.cleaned(arrays)
        lengths = np.diff(arrays.offsets)
        y = standardized(self.target, arrays.y[:, None], lengths)[:, 0]
        past = np.empty((len(y), 1 + arrays.exog.shape[1]), np.float32)
        past[:, 0] = y
        past[:, 1:] = standardized(self.exog, arrays.exog, lengths)
        stat = ((arrays.stat - self.stat_location) / self.stat_spread).astype("float32")
        return Scaled(y, past, stat, self.target, arrays)


def without_outliers(arrays: Arrays, target: Bounds, exog: Bounds) -> Arrays:
    """Return the columns with earlier values in place of outliers; themselves where there are none."""
    y = target.cleaned(arrays.y[:, None], arrays.offsets, arrays.season)[:, 0]
    return replace(arrays, y=y, exog=exog.cleaned(arrays.exog, arrays.offsets, arrays.season))


def standardized(
    scaler: Scaler, values: Float[np.ndarray, "rows channels"], lengths: PerSeries
) -> Float[np.ndarray, "rows channels"]:
    """Return values (N, C) of all series, with so many rows (S,), as `Scaler.apply` scales them."""
    apart = over_rows(np.subtract, values, scaler.location, lengths)
    return over_rows(np.divide, apart, scaler.spread, lengths, out=apart)


def merged(old: Learned, new: Learned, known: PerSeries) -> Learned:
    """Return what was learned of a series that is known (its place), and anew where it is not (-1)."""

    def each(name: str) -> Shaped[np.ndarray, "series *axes"]:
        ours, fresh = getattr(old, name), getattr(new, name)
        return np.where((known >= 0).reshape(-1, *(1,) * (fresh.ndim - 1)), ours[known], fresh)

    return replace(new, **{field.name: each(field.name) for field in fields(new)})
