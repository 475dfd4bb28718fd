"""Scores: one number per seed from the folds, and where a seed did not finish."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from normcast.errors import counted

# A difference of scores below this share of their size is rounding, not a difference.
RESOLUTION = 1e-12


def by_seed(where: str, scores: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return each entry's mean over folds per seed, NaN where any of its folds is not finite, and notes.

    scores: name -> (seeds, folds), the same shape for all. Folds share their seed's luck and most of their
    data, so they are averaged and never counted as further evidence. A fold that is not finite for any entry
    and seed cannot be scored: it is left out, and noted.
    Raises ValueError where there is nothing to compare, or shapes differ; where: who asks.

    >>> by_seed("compare", {"given": np.array([[1.0, 3.0], [2.0, np.nan]])})[0]
    {'given': array([ 2., nan])}
    """
    tables = {name: np.asarray(table, dtype=np.float64) for name, table in scores.items()}
    _check_shapes(where, tables)
    stack = np.stack(list(tables.values()))  # (entries, seeds, folds)
    scored = np.isfinite(stack).any(axis=(0, 1))  # (folds,)
    kept = stack[..., scored] if scored.any() else stack
    left_out = stack.shape[2] - kept.shape[2]
    notes = (_left_out(left_out),) if left_out else ()
    finished = np.all(np.isfinite(kept), axis=2)  # (entries, seeds)
    means = np.where(finished, np.where(np.isfinite(kept), kept, 0.0).mean(axis=2), np.nan)
    return dict(zip(tables, means, strict=True)), notes


def _left_out(folds: int) -> str:
    return f"{counted(folds, 'fold')} without any finite score {'is' if folds == 1 else 'are'} left out."


def _check_shapes(where: str, tables: Mapping[str, np.ndarray]) -> None:
    if not tables:
        raise ValueError(f"{where}: scores is empty; it needs one (seeds, folds) array per name.")
    first, shape = next((name, table.shape) for name, table in tables.items())
    for name, table in tables.items():
        if table.ndim != 2 or 0 in table.shape:
            raise ValueError(
                f"{where}: scores of {name!r} have shape {table.shape}, but must be (seeds, folds), each at "
                f"least 1. Give a single fold as scores[:, None]."
            )
        if table.shape != shape:
            raise ValueError(
                f"{where}: scores of {name!r} have shape {table.shape}, those of {first!r} {shape}. Every "
                f"placement needs the same seeds and folds; put NaN where a run did not finish."
            )
