"""Outliers: values that no series of theirs comes near, named for the user; the panel keeps them."""

from __future__ import annotations

import numpy as np

from normcast.data.bounds import FAR, Bounds
from normcast.data.rows import Rows
from normcast.errors import counted, listed

NAMED = 5


def outlier_notes(rows: Rows) -> tuple[str, ...]:
    """Return a note for each column with outliers, which names the first of them; see `Bounds`."""
    bounds = Bounds.fit(rows.values, rows.offsets, np.diff(rows.offsets))
    wrong = bounds.outliers(rows.values, rows.offsets)
    columns = np.flatnonzero(wrong.any(axis=0)).tolist()
    return tuple(_note(rows, column, np.flatnonzero(wrong[:, column])) for column in columns)


def _note(rows: Rows, column: int, found: np.ndarray) -> str:
    series = np.searchsorted(rows.offsets, found, side="right") - 1
    named = [
        f"{rows.values[at, column]:.6g} in series {rows.ids[own]!r} ({rows.show(at)})"
        for at, own in zip(found.tolist(), series.tolist(), strict=True)
    ]
    return (
        f"{counted(len(named), 'outlier')} of {rows.names[column]!r}, more than {FAR:g} times as far from "
        f"the median as the rest of the series: {listed(named, most=NAMED)}; training and inputs take the "
        "value one season before instead, scores the value as it is"
    )
