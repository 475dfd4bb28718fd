"""TableScaling: how a panel's columns become a network's inputs, learned from the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np

from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.scaling import Scaler, over_rows


@dataclass(frozen=True, eq=False)
class TableScaling:
    """Location and spread of every column: per series for target and exogenous, across series for static.

    kind: "standard", "robust" or "none", for the target; exogenous columns are standardized.
    """

    kind: str
    target: Scaler
    exog: Scaler
    stat_location: np.ndarray
    stat_spread: np.ndarray

    @classmethod
    def fit(cls, arrays: Arrays, rows: np.ndarray, kind: str) -> TableScaling:
        """Learn from the first `rows` rows of each series, and from no other."""
        spread = arrays.stat.std(axis=0)
        return cls(
            kind=kind,
            target=Scaler.fit(arrays.y, arrays.offsets, rows, kind=kind),
            exog=Scaler.fit(arrays.exog, arrays.offsets, rows),
            stat_location=arrays.stat.mean(axis=0),
            stat_spread=np.where(spread > 0, spread, 1.0),
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
        return TableScaling(
            kind=self.kind,
            target=merged(self.target, fresh.target, known),
            exog=merged(self.exog, fresh.exog, known),
            stat_location=self.stat_location,
            stat_spread=self.stat_spread,
        )

    def scaled(self, arrays: Arrays) -> Scaled:
        """Scale all columns at once."""
        lengths = np.diff(arrays.offsets)
        y = standardized(self.target, arrays.y[:, None], lengths)[:, 0]
        past = np.empty((len(y), 1 + arrays.exog.shape[1]), np.float32)
        past[:, 0] = y
        past[:, 1:] = standardized(self.exog, arrays.exog, lengths)
        stat = ((arrays.stat - self.stat_location) / self.stat_spread).astype("float32")
        return Scaled(y, past, stat, self.target, arrays)


def standardized(scaler: Scaler, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return values (N, C) of all series, with so many rows (S,), as `Scaler.apply` scales them."""
    apart = over_rows(np.subtract, values, scaler.location, lengths)
    return over_rows(np.divide, apart, scaler.spread, lengths, out=apart)


def merged(old: Scaler, new: Scaler, known: np.ndarray) -> Scaler:
    """Return the old scale where a series is known (its place), the new one where it is not (-1)."""
    keep = (known >= 0)[:, None]
    return Scaler(
        np.where(keep, old.location[known], new.location), np.where(keep, old.spread[known], new.spread)
    )
