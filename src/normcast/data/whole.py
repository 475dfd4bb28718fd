"""Whole: a table read with all that its series lack gathered, and the series that lack something left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from normcast.data import faults, intake
from normcast.data.columns import Columns, choose
from normcast.data.faults import SeriesFault
from normcast.data.repair import DuplicateFault
from normcast.errors import counted

CLOCK = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2})?$")


@dataclass(frozen=True, eq=False)
class Whole:
    """What was read of a table. fields: of the panel, without the series that lack something; fault: the
    first one's refusal, with what all of them lack; many: series that the table has."""

    fields: dict[str, Any]
    fault: SeriesFault | None
    many: int


def read(frame: Any, asked: Columns, policy: intake.Policy, where: str) -> Whole:
    """Read a table; series that cannot be used as they are do not stop the others.

    Raises ValueError where no series can be used, or for what does not lie in single series.
    """
    try:
        fields = _take(frame, asked, policy, where)
        return Whole(fields, None, len(fields["ids"]))
    except SeriesFault as fault:
        table, _ = intake.open_table(frame, where)
        columns, _ = choose(table, asked, where)
        return _others(table, columns, asked, policy, where, fault)


def _take(frame: Any, asked: Columns, policy: intake.Policy, where: str) -> dict[str, Any]:
    fields = intake.take(frame, asked, policy, where)
    return {**fields, "notes": (*fields["notes"], *_uneven_end(fields))}


def _uneven_end(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return a note on series that end before the others."""
    stamps, ids = fields["stamps"], fields["ids"]
    last = fields["time"][fields["offsets"][1:] - 1].view(np.int64)
    early = np.flatnonzero(last < last.max())
    if not len(early) or stamps.kind == "rows":
        return ()
    which = f"{len(early)} of {counted(len(ids), 'series')} end before {stamps.show(int(last.max()))}"
    first = f"the first {ids[early[0]]!r} with {stamps.show(int(last[early[0]]))}"
    return (f"{which}, {first}; each is forecast from its own end",)


def _others(
    table: nw.DataFrame,
    columns: Columns,
    asked: Columns,
    policy: intake.Policy,
    where: str,
    fault: SeriesFault,
) -> Whole:
    """Read the series that a fault does not name, until none of them has one."""
    codes, ids, _ = intake.series_codes(table, columns, where)
    if len(ids) == 1 or not columns.ids:
        raise _with_column(fault, table, columns)
    series, row = np.array(ids, dtype=object)[codes], np.arange(1, len(codes) + 1)
    lacks = list(fault.lacks)
    while True:
        keep = ~np.isin(series[row - 1], [each.name for each in lacks])
        table, row = table.filter(keep.tolist()), row[keep]
        if not len(row):
            raise SeriesFault(faults.refusal(fault.message, lacks, len(ids)), lacks)
        try:
            fields = _take(table.to_native(), asked, policy, where)
            return Whole(fields, SeriesFault(fault.message, lacks), len(ids))
        except SeriesFault as another:
            lacks += [replace(each, row=int(row[each.row - 1]) if each.row else 0) for each in another.lacks]


def _with_column(fault: SeriesFault, table: nw.DataFrame, columns: Columns) -> SeriesFault:
    """Return a refusal of duplicates that names the column which makes stamps unique, if there is one."""
    if not isinstance(fault, DuplicateFault) or columns.time is None:
        return fault
    free = [name for name in table.columns if name not in columns.used]
    name = next(_telling_apart(table, columns.time, free), None)
    if name is None:
        return fault
    said, _, choice = fault.message.partition(" Choose --duplicates ")
    choice = choice.partition(" If the table holds")[0]
    if _is_clock(table[name]):
        hint = f"Column {name!r} is a time of day that makes the stamps unique: join it with {columns.time!r}"
    else:
        hint = (
            f"Column {name!r} makes the stamps unique: it names the series, --id-col {name} (id_col={name!r})"
        )
    return SeriesFault(f"{said} {hint}. If it does not, choose --duplicates {choice}", fault.lacks)


def _telling_apart(table: nw.DataFrame, time: str, free: Iterable[str]) -> Iterator[str]:
    """Yield the columns of text or whole numbers that have each stamp once in each of their values."""
    for name in free:
        kind = table[name].dtype
        if not (kind.is_integer() or kind in (nw.String, nw.Categorical, nw.Enum, nw.Object)):
            continue
        few = _is_clock(table[name]) or table[name].n_unique() <= max(2, len(table) // 3)
        if few and not table[name].is_null().any() and table.select(time, name).is_duplicated().sum() == 0:
            yield name


def _is_clock(column: nw.Series) -> bool:
    """Whether the texts of a column are times of day."""
    seen = [str(each) for each in column.head(20).to_list()]
    return column.dtype in (nw.String, nw.Object) and all(CLOCK.match(each) for each in seen)
