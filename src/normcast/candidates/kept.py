"""Kept: fitted candidates as plain values and arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from normcast.candidates.candidate import FittedCandidate
from normcast.candidates.drift import Drift
from normcast.candidates.ridge import Ridge
from normcast.candidates.seasonal_drift import SeasonalDrift
from normcast.candidates.seasonal_naive import SeasonalNaive
from normcast.candidates.theta import Theta
from normcast.errors import unknown

SHORTEST = 1000  # rows that a season may have in any case: series may be shorter than one
KINDS: dict[str, Any] = {kind.__name__: kind for kind in (Drift, Ridge, SeasonalDrift, SeasonalNaive, Theta)}


def candidate_parts(
    candidates: Mapping[str, FittedCandidate],
) -> tuple[dict[str, dict[str, Any]], dict[str, np.ndarray]]:
    """Return plain values of each candidate by its name, and arrays by "name/field".

    Raises ValueError for a candidate of the user's own.

    >>> candidate_parts({"seasonal_naive": SeasonalNaive(7)})
    ({'seasonal_naive': {'kind': 'SeasonalNaive', 'season': 7}}, {})
    """
    plain: dict[str, dict[str, Any]] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, each in candidates.items():
        if type(each) not in KINDS.values():
            raise ValueError(
                f"save: candidate {name!r} is of your own class {type(each).__name__}, which a file cannot "
                "keep: loading runs no code. With reads = None it stands beside and takes no part."
            )
        values = {field.name: getattr(each, field.name) for field in fields(each)}  # type: ignore[arg-type]
        arrays |= {f"{name}/{of}": value for of, value in values.items() if isinstance(value, np.ndarray)}
        rest = {of: value for of, value in values.items() if not isinstance(value, np.ndarray)}
        plain[name] = {"kind": type(each).__name__, **rest}
    return plain, arrays


def from_candidate_parts(
    plain: Mapping[str, Mapping[str, Any]], arrays: Mapping[str, np.ndarray], h: int, rows: int
) -> dict[str, FittedCandidate]:
    """Return candidates from what `candidate_parts` wrote, for forecasts of h rows.

    rows: of the longest series that the file keeps, which no long season exceeds.
    Raises ValueError for unknown kinds, and for values and arrays that are not those of a kind.
    """
    found = {name: _read(name, dict(values), arrays, h, rows) for name, values in plain.items()}
    many = sum(isinstance(each, Ridge) for each in found.values()) * 2
    if len(arrays) != many:
        raise ValueError(f"it holds {len(arrays)} arrays, but its candidates have {many}.")
    return found


def _read(
    name: str, values: dict[str, Any], arrays: Mapping[str, np.ndarray], h: int, rows: int
) -> FittedCandidate:
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(unknown("kind", str(kind), KINDS, where=f"candidate {name!r}"))
    if kind == "Ridge":
        return _read_ridge(name, values, arrays, h)
    declared = [field.name for field in fields(KINDS[kind])]
    if sorted(values) != sorted(declared):
        raise ValueError(f"candidate {name!r}: has {sorted(values)}, but needs {sorted(declared)}.")
    for of, value in values.items():
        most = max(rows, SHORTEST)
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"candidate {name!r}: {of} is {value!r}, but must be within 1 and {most} rows.")
    return KINDS[kind](**values)


def _read_ridge(name: str, values: dict[str, Any], arrays: Mapping[str, np.ndarray], h: int) -> Ridge:
    if set(values) != {"penalty"} or not isinstance(values["penalty"], float):
        raise ValueError(f"candidate {name!r}: has {values}, but needs a penalty.")
    weights, intercept = (arrays.get(f"{name}/{of}") for of in ("weights", "intercept"))
    if weights is None or intercept is None:
        raise ValueError(f"candidate {name!r}: its weights or intercept are missing.")
    if weights.ndim != 2 or not len(weights) or weights.shape[1:] != (h,) or intercept.shape != (h,):
        shapes = f"{weights.shape} and {intercept.shape}"
        raise ValueError(f"candidate {name!r}: weights and intercept have shapes {shapes}, but h is {h}.")
    both = weights, intercept
    if not all(each.dtype == np.float64 and np.isfinite(each).all() for each in both):
        raise ValueError(f"candidate {name!r}: its weights are no finite numbers in double precision.")
    return Ridge(weights, intercept, values["penalty"])
