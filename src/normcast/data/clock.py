"""Clock: how a time column is read where its name alone does not say it, and what is told of the reading."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data import calendar, joined, snap
from normcast.data import stamps as stamps_of
from normcast.data.columns import BETWEEN, ROWS, Columns, choose, find_time, refuse_row_count
from normcast.data.intake import open_table
from normcast.data.stamps import Stamps

_FORM, _SNAP = "read as ", "resampled "
Settle = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Clock:
    """A time column and how to read it; given as `time_col`.

    Parameters
    ----------
    column : str or None, default None
        Its name; found if None.
    day_first : bool or None, default None
        Whether 03/04/2024 is the third of April; found if None.
    resample : str or None, default None
        A frequency that the stamps are snapped to, such as "h".
    by : {"mean", "sum", "last"}, default "mean"
        What is taken of the values of one step where `resample` brings several together.

    Raises
    ------
    ValueError
        For a frequency or a way that is not known.

    Examples
    --------
    >>> table = pd.DataFrame({"ds": ["03/04/2024", "04/04/2024"], "y": [1.0, 2.0]})
    >>> from normcast.data import Panel
    >>> Panel.from_frame(table, time_col=Clock("ds", day_first=True)).freq
    'D'
    """

    column: str | None = None
    day_first: bool | None = None
    resample: str | None = None
    by: str = "mean"

    def __post_init__(self) -> None:
        snap.check(self.resample, self.by)

    @classmethod
    def of(cls, time_col: "str | Clock | None") -> "Clock":
        """Return a column's name as a clock.

        Parameters
        ----------
        time_col : str or Clock or None
            The name of the column; a clock stays as it is.

        Returns
        -------
        Clock
            The column, with nothing said of how to read it.

        Examples
        --------
        >>> Clock.of("ds")
        Clock(column='ds', day_first=None, resample=None, by='mean')
        """
        return time_col if isinstance(time_col, Clock) else cls(time_col)


def ready(
    frame: Any, asked: Columns, clock: Clock, freq: str | int | None, where: str, *, fitted: bool
) -> tuple[Any, Columns, Settle]:
    """Return the table with one time column that intake reads, its columns, and what to put back after.

    fitted: the columns are those of a fitted model's panel, and nothing is guessed.
    Raises ValueError for a table whose time is not understood, TypeError for what is no table.
    """
    table, _ = open_table(frame, where)
    asked, table, notes = _whole(asked, table, where, fitted)
    if asked.time is None and find_time(table, asked, where) is None:
        if not (isinstance(freq, int) or str(freq).isdigit()):
            refuse_row_count(table, choose(table, asked, where)[0], where)
        asked = replace(asked, time=ROWS)
    form, rule = "" if clock.day_first is not None else _kept(asked, _FORM), _kept(asked, _SNAP)
    rule = rule or (f"{clock.resample} {clock.by}" if clock.resample else "")
    if not (form or rule or clock.day_first is not None):
        return _native(table, frame), asked, lambda fields: _told(fields, notes)
    chosen, found = choose(table, asked, where)
    if chosen.time is None:
        raise ValueError(f"{where}: there is no time column to read so. Name it: --time-col (time_col=).")
    counted, stamps = stamps_of.read(table[chosen.time], where, form=form, day_first=clock.day_first)
    if rule:
        table, counted, rule, told = snap.apply(table, chosen, counted, stamps, rule, where)
        chosen = replace(chosen, reading=(f"{_SNAP}{rule}",))
        notes = (*notes, told)
    column = nw.new_series(chosen.time_name, stamps.as_time(counted), backend=table.implementation)
    table = table.with_columns(column)
    return _native(table, frame), chosen, lambda fields: _told(fields, (*found, *notes), stamps)


def _kept(columns: Columns, what: str) -> str:
    return next((each.removeprefix(what) for each in columns.reading if each.startswith(what)), "")


def _native(table: nw.DataFrame, frame: Any) -> Any:
    """Return a table with what its reader noted on the frame that was given."""
    native = table.to_native()
    if isinstance(native, pd.DataFrame) and isinstance(frame, pd.DataFrame):
        native.attrs = {**frame.attrs, **native.attrs}
    return native


def _whole(
    asked: Columns, table: nw.DataFrame, where: str, fitted: bool
) -> tuple[Columns, nw.DataFrame, tuple[str, ...]]:
    """Return the table with its time in one column."""
    if asked.time is None:
        if fitted:
            return replace(asked, time=ROWS), table, ()
        ids = asked.ids or tuple({"unique_id"} & set(table.columns))
        free = [name for name in table.columns if name not in (*asked.targets, *ids)]  # exogenous ones too
        parts = joined.find(table, free, [name for name in ids if name in table.columns])
    else:
        parts = joined.named(asked.time, table.columns)
    if not parts:
        return asked, table, ()
    name = BETWEEN.join(parts)
    told = f"time: columns {', '.join(map(repr, parts[:-1]))} and {parts[-1]!r} are joined as {name!r}"
    return replace(asked, time=name), joined.join(table, parts, where), (told,)


def _told(fields: dict[str, Any], notes: tuple[str, ...], stamps: Stamps | None = None) -> dict[str, Any]:
    """Return a panel's fields with the stamps' own form put back, and notes on how time was understood."""
    stamps = stamps or fields["stamps"]
    columns: Columns = fields["columns"]
    if stamps.own_form:
        others = tuple(each for each in columns.reading if not each.startswith(_FORM))
        columns = replace(columns, reading=(*others, _FORM + stamps.own_form))
    notes = (*notes, *_understood(fields, stamps))
    kept = [each for each in fields["notes"] if each not in notes]
    return {**fields, "columns": columns, "stamps": stamps, "notes": (*notes, *kept)}


def _understood(fields: dict[str, Any], stamps: Stamps) -> tuple[str, ...]:
    if not stamps.told:
        return ()
    time = np.asarray(fields["time"]).view(np.int64)
    first, last = stamps.show(int(time.min())), stamps.show(int(time.max()))
    return (f"time read as {stamps.told}: {first} to {last}",)


def with_season(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a panel's fields with the season of a day in steps of minutes, which no name tells, and a note.

    Where no series has two such days, there is no season.
    """
    step, season = calendar.parse(fields["freq"]), fields["season"]
    if step.kind != "fixed" or step.length >= calendar.HALF_HOUR:
        return fields
    longest, name = int(np.diff(fields["offsets"]).max()), "name one with --season (season=)"
    told = f"season {season}: a day in steps of {step.name}; {name}"
    if season == 1:
        told = f"no season is taken for a step of {step.name}: {name}"
    elif longest < 2 * season:
        day = f"a day has {season} steps of {step.name}"
        told = f"no season is taken: {day}, but the longest series {longest}; {name}"
        season = 1
    return {**fields, "season": season, "notes": (*fields["notes"], told)}
