"""How the rows were split, as bars over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from normcast.pages.page import Bar, Timeline
from normcast.pages.words import stamp
from normcast.report.of_forecast.values import SplitPart


def timeline(split: Sequence[SplitPart]) -> Timeline | None:
    """Draw each fold as a row of bars; a long training stretch fades out on the left.

    The axis begins where everything but training takes about half of it, or at the first row, whichever is
    later.

    >>> days = [pd.Timestamp("2015-01-01") + pd.Timedelta(days=d) for d in (0, 79, 80, 99)]
    >>> parts = [SplitPart("fold 1", "train", *days[:2]), SplitPart("fold 1", "test", *days[2:])]
    >>> drawn = timeline(parts)
    >>> drawn.first, drawn.began, drawn.rows[0][1][0].faded
    ('2015-03-03', '2015-01-01', True)
    """
    if not split:
        return None
    end = max(part.last for part in split)
    others = [part.first for part in split if part.part != "train"]
    first = min(part.first for part in split)
    start = max(first, end - 2 * (end - min(others))) if others else first
    step = _least_step(split)
    folds = list(dict.fromkeys(part.fold for part in split))
    rows = tuple((fold, tuple(_bar(p, start, end + step) for p in split if p.fold == fold)) for fold in folds)
    return Timeline(rows, stamp(start), stamp(end), began=stamp(first) if first < start else "")


def _bar(part: SplitPart, start: Any, end: Any) -> Bar:
    left = max(part.first, start)
    share = 100 / _length(end - start)
    ends = min(part.last + (end - start) * 0.004, end)  # a single row is still a mark
    title = f"{part.part}: {stamp(part.first)} to {stamp(part.last)}"
    width = max(_length(ends - left) * share, 0.6)
    return Bar(
        part.part, round(_length(left - start) * share, 2), round(width, 2), title, faded=part.first < start
    )


def _least_step(split: Sequence[SplitPart]) -> Any:
    """Return no time at all, in the type of the stamps' differences."""
    return split[0].first - split[0].first


def _length(span: Any) -> float:
    return float(span / pd.Timedelta(seconds=1)) if isinstance(span, pd.Timedelta) else float(span)
