"""Columns: which column of a table plays which part, named by the user or found."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import narwhals as nw
import pandas as pd

from normcast.data import stamps, whole_times
from normcast.data.clock_text import words_hint
from normcast.data.reading import AS_IT_IS, Reading
from normcast.data.values import is_mostly_numbers
from normcast.data.wide_dates import TIME, VALUE, hint
from normcast.errors import closest, listed, unknown

# What other libraries call the three columns; a name from one of them is answered with the one that is there.
_SYNONYMS = (
    ("unique_id", "item_id", "series_id", "ts_id", "store_id", "id", "series", "group", "group_ids"),
    ("ds", "timestamp", "datetime", "date", "time", "time_idx", "ts", "index"),
    ("y", "target", "value", "values", "label", "sales"),
)

NAMED = 12  # columns that a message names at most
BETWEEN = " + "
"""Between the columns that are joined to one of time, in its name."""

ROWS = "none"
"""Asked for in place of a time column: the rows of each series are counted."""


@dataclass(frozen=True)
class Columns:
    """The user's column names by the part they play.

    Parameters
    ----------
    ids : tuple of str, default ()
        Columns that name the series, joined with "/" where there are several; () when the table has none.
    time : str or None, default None
        The column of time stamps; None when the rows are taken as integer steps.
    targets : tuple of str, default ()
        What is to be forecast; more than one in a wide table, each one series.
    hist_exog : tuple of str, default ()
        Columns known up to now.
    futr_exog : tuple of str, default ()
        Columns known ahead.
    stat_exog : tuple of str, default ()
        Columns of one value per series.
    reading : tuple of str, default ()
        How the time column is read where that cannot be told from every table; see `Clock`.
    cells : Reading, default as it is
        The same of all cells.

    Examples
    --------
    >>> Columns(ids=("location",), time="date", targets=("wind",)).id_names
    ('location',)
    """

    ids: tuple[str, ...] = ()
    time: str | None = None
    targets: tuple[str, ...] = ()
    hist_exog: tuple[str, ...] = ()
    futr_exog: tuple[str, ...] = ()
    stat_exog: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    cells: Reading = AS_IT_IS

    @property
    def is_wide(self) -> bool:
        """Whether each of several target columns is a series of its own."""
        return len(self.targets) > 1

    @property
    def id_names(self) -> tuple[str, ...]:
        """Names of the id columns in what comes out: the user's, "unique_id" for a wide table, or none."""
        return ("unique_id",) if self.is_wide else self.ids

    @property
    def time_name(self) -> str:
        """Name of the time column in what comes out: the user's, or "ds" where rows are integer steps."""
        return self.time or "ds"

    @property
    def target_name(self) -> str:
        """Name of the target column in what comes out: the user's, or "y" for a wide table."""
        return "y" if self.is_wide else self.targets[0]

    @property
    def used(self) -> tuple[str, ...]:
        """Every column the panel reads."""
        time = (self.time,) if self.time else ()
        return (*self.ids, *time, *self.targets, *self.hist_exog, *self.futr_exog, *self.stat_exog)

    def to_dict(self) -> dict[str, Any]:
        """Return the columns as plain values, ready for JSON.

        Returns
        -------
        dict
            Each part by its name.

        Examples
        --------
        >>> Columns.from_dict(Columns(targets=("y",)).to_dict()) == Columns(targets=("y",))
        True
        """
        return asdict(self) | {"cells": self.cells.to_dict()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Columns":
        """Return the columns that `to_dict` wrote, also after JSON made lists of the tuples.

        Parameters
        ----------
        plain : dict
            Each part by its name.

        Returns
        -------
        Columns
            Equal to those that were written.
        """
        parts: Any = {part: tuple(v) if isinstance(v, list) else v for part, v in plain.items()}
        cells = Reading.from_dict(parts.pop("cells", AS_IT_IS.to_dict()), "columns: cells")
        return cls(**parts, cells=cells)


def names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return one name, several, or none as a tuple.

    >>> names("y"), names(None), names(["a", "b"])
    (('y',), (), ('a', 'b'))
    """
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def choose(table: nw.DataFrame, asked: Columns, where: str) -> tuple[Columns, tuple[str, ...]]:
    """Complete the columns that were asked for, and say which ones were found.

    Unnamed ones are Nixtla's unique_id, ds, y where present, else the single time-like and the single numeric
    column; in a table that was wide all text names the series, and its times and values are taken. Raises
    ValueError for a name that is not there, a name used twice, or when there is no single choice.
    """
    counts_rows = asked.time == ROWS and ROWS not in table.columns
    asked = replace(asked, time=None) if counts_rows else asked
    for name in asked.used:
        require(name, table.columns, where)
    ids = asked.ids or _usual_ids(table, asked)
    time = None if counts_rows else asked.time or find_time(table, replace(asked, ids=ids), where)
    targets = asked.targets or _find_target(table, replace(asked, ids=ids, time=time), where)
    chosen = replace(asked, ids=ids, time=time, targets=targets)
    _refuse_double_use(chosen, where)
    return chosen, _say(chosen, asked)


def _usual_ids(table: nw.DataFrame, asked: Columns) -> tuple[str, ...]:
    """Return what names the series where nobody says: of a table that was wide, its text."""
    if "unique_id" in table.columns:
        return ("unique_id",)
    if not asked.cells.wide:
        return ()
    free = [name for name in table.columns if name not in (*asked.used, TIME)]
    return tuple(name for name in free if table[name].dtype == nw.String)


def require(name: str, columns: Sequence[str], where: str) -> None:
    """Raise ValueError, with the columns there are, if `name` is not one of them."""
    if name in columns:
        return
    message = unknown("column", name, columns, where=where)
    if closest(name, columns) is None and (meant := _synonym(name, columns)):
        message += f" Did you mean {meant!r}?"
    raise ValueError(message)


def _synonym(name: str, columns: Sequence[str]) -> str | None:
    group = next((words for words in _SYNONYMS if name.lower() in words), ())
    return next((column for column in columns if column.lower() in group), None)


def find_time(table: nw.DataFrame, asked: Columns, where: str) -> str | None:
    """Return the single column that looks like time, else the single one of numbers that may be; or None.

    Raises ValueError where several do.
    """
    free = [name for name in table.columns if name not in asked.used]
    if "ds" in free:
        return "ds"
    if asked.cells.wide and TIME in free:
        return TIME
    ids = [name for name in asked.ids if name in table.columns]
    found = [name for name in free if stamps.is_time_like(table[name])]
    found = found or [name for name in free if _counts_time(table, name, ids)]
    if len(found) > 1:
        raise ValueError(
            f"{where}: several columns look like time: {', '.join(found)}. Name one: --time-col (time_col=)."
        )
    return found[0] if found else None


def _counts_time(table: nw.DataFrame, name: str, ids: list[str]) -> bool:
    """Whether numbers may be taken for time by their name and values, and none stands twice in a series."""
    column = table[name]
    if not column.dtype.is_numeric() or name in ("y", "Unnamed: 0") or column.is_null().any():
        return False
    if not _is_whole_time(column):
        return False
    return not pd.DataFrame({each: table[each].to_list() for each in (*ids, name)}).duplicated().any()


def _is_whole_time(column: nw.Series) -> bool:
    values = column.to_numpy()
    if column.dtype.is_float() and not (values % 1 == 0).all():
        return whole_times.is_excel(values.min(), values.max(), column.name)
    return column.dtype.is_integer() and whole_times.is_time(values.astype("int64"), column.name)


def refuse_row_count(table: nw.DataFrame, chosen: Columns, where: str) -> None:
    """Raise ValueError where rows would be counted though another column might be the time."""
    free = [name for name in table.columns if name not in chosen.used and not name.startswith("Unnamed: ")]
    likely = [name for name in free if whole_times.is_called_time(name) or _might_be_time(table[name])]
    likely.sort(key=lambda name: not whole_times.is_called_time(name))
    if not likely:
        return
    shown = f"{likely[0]!r} (it begins with {table[likely[0]].to_list()[0]!r})"
    more = f"; others are {', '.join(likely[1:])}" if likely[1:] else ""
    words = words_hint(str(table[likely[0]].to_list()[0]))
    raise ValueError(
        f"{where}: no time column was understood, and {shown} might be it{more}. Name the time: --time-col "
        f"{likely[0]!r} (time_col=), with stamps such as 2024-01-31, 2024-01-31 18:00, 2024Q1 or 2024-W05; "
        f"or count the rows of each series as steps: --time-col none (time_col='none').{words}"
    )


def _might_be_time(column: nw.Series) -> bool:
    if column.dtype.is_numeric():
        values = column.drop_nulls()
        return len(values) > 2 and bool((values.diff().drop_nulls() > 0).all())
    if isinstance(column.dtype, nw.Boolean):
        return False
    return column.n_unique() > 1


def _find_target(table: nw.DataFrame, asked: Columns, where: str) -> tuple[str, ...]:
    parts = () if asked.time is None else asked.time.split(BETWEEN)
    free = [name for name in table.columns if name not in asked.used and name not in parts]
    if "y" in free:
        return ("y",)
    if asked.cells.wide and VALUE in free:
        return (VALUE,)
    found = [name for name in free if table[name].dtype.is_numeric() and not name.startswith("Unnamed: ")]
    if not found and len(likely := [name for name in free if is_mostly_numbers(table[name])]) == 1:
        return (likely[0],)  # its first cell that is no number is refused by name
    if len(found) != 1:
        exog = ", ".join((*asked.hist_exog, *asked.futr_exog, *asked.stat_exog))
        left = f"no numeric column left{f' beside the exogenous {exog}' if exog else ''}"
        wide = hint(found)
        most = 3 if wide else NAMED
        what = f"several numeric columns: {listed(found, most)}" if found else left
        raise ValueError(
            f"{where}: no target column was named, and there is no single choice: {what}; "
            f"columns are {listed(table.columns, most)}. Name it: --target-col (target_col=).{wide}"
        )
    return (found[0],)


def _refuse_double_use(chosen: Columns, where: str) -> None:
    if chosen.is_wide and chosen.ids:
        raise ValueError(
            f"{where}: id column {chosen.ids[0]!r} and {len(chosen.targets)} target columns are "
            "given together. "
            f"Several target columns are one series each: name one target column, or no id column."
        )
    seen: set[str] = set()
    for name in chosen.used:
        if name in seen:
            raise ValueError(f"{where}: column {name!r} is named for two parts; name it once.")
        seen.add(name)


def _say(chosen: Columns, asked: Columns) -> tuple[str, ...]:
    """Notes for what was taken without being asked for and is not a Nixtla name."""
    notes = []
    if chosen.ids and not asked.ids and chosen.ids != ("unique_id",):
        notes.append(f"series named by: {', '.join(chosen.ids)}")
    if chosen.time is None:
        notes.append("no time column: rows are taken as the integer steps 1, 2, 3, ...")
    elif not asked.time and chosen.time != "ds":
        why = "what the columns were called" if chosen.cells.wide else "the only one that looks like time"
        notes.append(f"time column: {chosen.time!r}, {why}")
    if not asked.targets and chosen.targets != ("y",):
        why = "what stood below the times" if chosen.cells.wide else "the only numeric one"
        notes.append(f"target column: {chosen.targets[0]!r}, {why}")
    return tuple(notes)
