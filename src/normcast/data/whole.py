"""Whole: a table read with all that its series lack gathered, and the series that lack something left out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
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
    fault = _with_column(fault, table, columns)
    if len(ids) == 1 or not columns.ids:
        raise fault
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
    """Return a refusal of duplicates that names the columns which make stamps unique, if there are such."""
    if not isinstance(fault, DuplicateFault) or columns.time is None:
        return fault
    free = [name for name in table.columns if name not in columns.used]
    parts = next(_telling_apart(table, columns, free), ())
    if not parts:
        return fault
    said, _, choice = fault.message.partition(" Choose --duplicates ")
    choice = choice.partition(" If the table holds")[0]
    flags = " ".join(f"--id-col {shlex.quote(each)}" for each in (*columns.ids, *parts))
    names = ", ".join(map(repr, (*columns.ids, *parts)))
    given = f"{flags} (id_col={f'[{names}]' if columns.ids or parts[1:] else names})"
    which = f"Column {parts[0]!r}"
    if _is_clock(table[parts[0]]):
        hint = f"{which} is a time of day that makes the stamps unique: join it with {columns.time!r}"
    elif columns.ids:
        hint = f"{which} beside makes the stamps unique: it names the series too, {given}"
    elif parts[1:]:
        which = f"Columns {' and '.join(map(repr, parts))}"
        hint = f"{which} make the stamps unique: they name the series, {given}"
    else:
        hint = f"{which} makes the stamps unique: it names the series, {given}"
    return SeriesFault(f"{said} {hint}. If it does not, choose --duplicates {choice}", fault.lacks)


def _telling_apart(table: nw.DataFrame, columns: Columns, free: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield the columns of text or whole numbers, alone and then in pairs, that have each stamp of a series
    once in each of their values."""
    few = [name for name in free if _may_name(table, name)]
    alone = [(name,) for name in few]
    pairs = () if columns.ids else combinations([name for name in few if not _is_clock(table[name])], 2)
    for parts in (*alone, *pairs):
        groups = len(table.select(*columns.ids, *parts).unique())
        if len(parts) > 1 and groups > len(table) // 3:
            continue
        if table.select(columns.time_name, *columns.ids, *parts).is_duplicated().sum() == 0:
            yield parts


def _may_name(table: nw.DataFrame, name: str) -> bool:
    column = table[name]
    kind = column.dtype
    if not (kind.is_integer() or kind in (nw.String, nw.Categorical, nw.Enum, nw.Object)):
        return False
    few = _is_clock(column) or column.n_unique() <= max(2, len(table) // 3)
    return few and not column.is_null().any()


def _is_clock(column: nw.Series) -> bool:
    """Whether the texts of a column are times of day."""
    seen = [str(each) for each in column.head(20).to_list()]
    return column.dtype in (nw.String, nw.Object) and all(CLOCK.match(each) for each in seen)
