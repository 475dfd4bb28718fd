"""Long tables: cases that stand row by row in a CSV or Parquet file, told apart by an id column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import narwhals as nw
import numpy as np

from normcast.data.case_arrays import CaseArrays, stacked
from normcast.data.columns import Columns, require
from normcast.data.intake import open_table
from normcast.data.npz import NAMES
from normcast.data.ordered import Ordered, channel_names, channel_values, refuse_missing, told_values
from normcast.data.table import read_table
from normcast.errors import listed, unknown

LONG_NAMES = {
    "id": (
        "id", "case", "case_id", "case_ids", "series_id", "sample", "sample_id", "trial", "trial_id",
        "instance", "instance_id", "unique_id", "sequence", "sequence_id", "window_id", "segment_id",
        "recording", "recording_id",
    ),
    "time": (
        "time", "t", "ds", "times", "timestamp", "timestamps", "datetime", "date", "step", "time_step",
        "timestep", "frame",
    ),
    "y": (*(name for name in NAMES["y"] if name != "y"), "class", "y"),
    "groups": NAMES["groups"],
}  # fmt: skip
"""What columns are called by the part they play, in lower case. y comes last: it may also be an axis."""

OPTIONS = {"id": "--id-col", "time": "--time-col", "y": "--y", "groups": "--groups"}
"""What names a column on the command line."""


def read_long(path: str | Path, names: Mapping[str, str] | None = None, needs_y: bool = True) -> CaseArrays:
    """Return the cases of a long .csv, .csv.gz or .parquet file: x, y, ids, and groups where there are any.

    A row is one step of one case. names: the columns id (of the case), y, time and groups, where they are
    called otherwise than in `LONG_NAMES`, in upper or lower case; all other columns of numbers are channels.
    needs_y: whether it is an error that there is no y.
    Cases stand in the order in which they first appear, their rows in the order of time where there is one.
    Raises what `read_table` raises, and ValueError for columns that are not there or not clear, a case of two
    labels or groups, two rows of one time, and values that are missing.
    """
    where = str(path)
    table, _ = open_table(read_table(path), where)
    parts = _parts(table, names or {}, needs_y, where)
    rows = Ordered.of(table, Columns(ids=(parts["id"],), time=parts.get("time")), where)
    channels = channel_names(table, tuple(parts.values()), where)
    values = channel_values(table, channels, rows, where)
    refuse_missing(values, channels, rows, np.ones(len(values), dtype=bool), where)
    x = stacked(np.split(values.astype(np.float32), rows.offsets[1:-1]))
    untold = not needs_y and "y" in parts and bool(table[parts["y"]].is_null().any())
    own = ("groups",) if untold else ("y", "groups")
    told = {part: _of_case(table, part, parts[part], rows, where) for part in parts if part in own}
    notes = (*_notes(table, parts, channels), *rows.notes)
    if untold:
        notes = (*notes, f"column {parts['y']!r} has empty cells: nothing of it is read")
    return CaseArrays({"x": x, "ids": rows.ids, **told}, notes, layout="channels_last")


def _parts(table: nw.DataFrame, names: Mapping[str, str], needs_y: bool, where: str) -> dict[str, str]:
    """Return the column of each part there is."""
    for part, name in names.items():
        if part not in LONG_NAMES:
            raise ValueError(unknown("part", part, LONG_NAMES, where=where))
        require(name, table.columns, where)
    found = dict(names)
    for part in LONG_NAMES:
        free = [name for name in table.columns if name not in found.values()]
        own = () if part in found else _likely(free, part)
        if len(own) > 1:
            raise ValueError(
                f"{where}: columns {' and '.join(own)} may each be {part}; which is meant is not clear. Name "
                f"it, as in names={{{part!r}: {own[0]!r}}} or {OPTIONS[part]} {own[0]}; columns are "
                f"{', '.join(table.columns)}."
            )
        if own:
            found[part] = own[0]
    absent = [part for part in ("id", "y")[: 1 + needs_y] if part not in found]
    if absent:
        words = {"id": "of the case (id)", "y": "of what is told of it (y)"}
        raise ValueError(
            f"{where}: no column {' and no column '.join(words[part] for part in absent)} was found; columns "
            f"are {', '.join(table.columns)}. Name them, as in names={{'id': '...', 'y': '...'}} or "
            "--id-col ... --y ..."
        )
    if len(set(found.values())) < len(found):
        raise ValueError(f"{where}: names are {found}, but each column plays one part. Name each once.")
    return found


def _likely(free: list[str], part: str) -> list[str]:
    """Return the columns that may play a part: one of its own name, else all likely ones, y at last."""
    exact = [name for name in free if name.lower() == part]
    likely = [name for name in free if name.lower() in LONG_NAMES[part] and name.lower() != part]
    return likely or exact if part == "y" else exact or likely


def _of_case(table: nw.DataFrame, part: str, name: str, rows: Ordered, where: str) -> np.ndarray:
    """Return what a column says of each case, (cases,); raises ValueError where it changes within one."""
    values = told_values(table, name, rows, where)
    firsts = values[rows.offsets[:-1]]
    other = values != np.repeat(firsts, rows.lengths)
    if other.any():
        at = int(np.argmax(other))
        case = int(np.searchsorted(rows.offsets, at, side="right")) - 1
        raise ValueError(
            f"{where}: case {rows.names[case]!r} has both {firsts[case]} and {values[at]} in column {name!r} "
            f"(row {rows.row[at] + 1}), which must be the same in all rows of a case. Mend it, or name "
            f"another column, as in names={{{part!r}: '...'}} or {OPTIONS[part]} ..."
        )
    return firsts


def _notes(table: nw.DataFrame, parts: Mapping[str, str], channels: tuple[str, ...]) -> Iterator[str]:
    for part, name in parts.items():
        if name.lower() != part:
            yield f"column {name!r} is taken as {part}"
    yield f"channels: {listed(channels, 10)}"
    unused = [name for name in table.columns if name not in (*parts.values(), *channels)]
    if unused:
        yield f"not used: {listed([repr(name) for name in unused])}"
