"""Stamps: the time column as integers, and how to write it again the way the user wrote it."""

import datetime
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data import clock_text, period_text, whole_times

DAY = whole_times.DAY
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, eq=False)
class Stamps:
    """How a time column is written.

    kind: "datetime", "date", "text", "period", "integer", "rows" (there is no time column), or one of the
    numbers of `whole_times`: "yyyymmdd", "digits", "epoch", "excel"; dtype: the column's own type; zone: its
    time zone or None; format: strftime format of text or digits, or the unit of an epoch.
    on_wall: a zone-aware column whose stamps share one time of day, or stand on the slots of a week, is
    counted in wall time, so that they stay where they are over a clock change; others are counted in UTC.
    """

    kind: str
    dtype: Any = None
    zone: Any = None
    format: str = ""
    on_wall: bool = False
    told: str = ""

    @property
    def is_calendar(self) -> bool:
        """Whether the integers are nanoseconds since 1970, not steps."""
        return self.kind not in ("integer", "rows")

    @property
    def own_form(self) -> str:
        """The format of a column that further rows are read in, "" where any usual one will do."""
        is_period = self.kind == "digits" and self.format in whole_times.PERIODS
        return self.format if is_period or (self.kind == "text" and clock_text.is_open(self.format)) else ""

    def as_time(self, counted: np.ndarray) -> np.ndarray:
        """Return int64 counts as the panel's time: datetime64[ns] or int64."""
        return counted.astype(np.int64).view("M8[ns]") if self.is_calendar else counted.astype(np.int64)

    def show(self, counted: int) -> str:
        """Return one stamp as text for a message.

        >>> Stamps("date").show(0)
        '1970-01-01'
        """
        if not self.is_calendar:
            return str(int(counted))
        index = self._index(np.array([counted], dtype=np.int64))
        if period_text.sort_of(self.format):
            return period_text.write(index, self.format)[0]
        stamp = index[0]
        return str(stamp.date()) if stamp == stamp.normalize() and stamp.tz is None else str(stamp)

    def write(self, time: np.ndarray, frame_type: str) -> Any:
        """Return panel time as a column of the user's type (a pandas or polars Series, or an array)."""
        counted = np.asarray(time).view(np.int64)
        if self.kind in ("integer", "rows"):
            return _cast(counted, self.dtype, frame_type)
        if self.kind in whole_times.KINDS:
            return _cast(whole_times.write(counted, self.kind, self.format), self.dtype, frame_type)
        index = self._index(counted)
        if self.kind == "text":
            return _cast(
                np.asarray(clock_text.write(index, self.format), dtype=object), self.dtype, frame_type
            )
        return self._polars(index) if frame_type == "polars" else self._pandas(index)

    def _pandas(self, index: pd.DatetimeIndex) -> pd.Series:
        if self.kind == "period":
            return pd.Series(index.to_period(self.dtype.freq))
        if self.kind == "date" and self.dtype == object:
            return pd.Series(index.date, dtype=object)
        return pd.Series(index).astype(self.dtype)

    def _polars(self, index: pd.DatetimeIndex) -> Any:
        import polars as pl

        naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
        series = pl.Series(naive.as_unit("ns").to_numpy())
        if self.zone is not None:
            series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(str(self.zone))
        return series.cast(self.dtype)

    def _index(self, counted: np.ndarray) -> pd.DatetimeIndex:
        index = pd.DatetimeIndex(counted.view("M8[ns]"))
        if self.zone is None:
            return index
        if not self.on_wall:
            return index.tz_localize("UTC").tz_convert(self.zone)
        # A wall time that the clock skips becomes the first one there is; one that comes twice is the first.
        first = np.ones(len(index), dtype=bool)
        return index.tz_localize(self.zone, ambiguous=first, nonexistent="shift_forward")

    def to_wall(self, utc: np.ndarray) -> np.ndarray:
        """Return nanoseconds of UTC as nanoseconds of wall time in the column's zone."""
        index = pd.DatetimeIndex(utc.view("M8[ns]")).tz_localize("UTC").tz_convert(self.zone)
        return index.tz_localize(None).as_unit("ns").asi8

    def read_alike(self, column: nw.Series, where: str) -> np.ndarray:
        """Return another time column counted like this one.

        Raises ValueError if it is of another sort: integers here and dates there, a zone on one side only.
        """
        counted, other = read(column, where, form=self.own_form)
        if other.is_calendar != self.is_calendar or (other.zone is None) != (self.zone is None):
            raise ValueError(
                f"{where}: time column {column.name!r} is {other.says()}, but the panel's is {self.says()}. "
                f"Write both the same way."
            )
        both_zoned = self.zone is not None and other.zone is not None
        utc = other.to_utc(counted) if both_zoned else counted
        return self.to_wall(utc) if self.on_wall else utc

    def to_utc(self, counted: np.ndarray) -> np.ndarray:
        """Return counts as nanoseconds of UTC."""
        index = self._index(counted)
        return _naive_utc(index).as_unit("ns").asi8

    def says(self) -> str:
        """Return what sort of stamps these are, in words."""
        if not self.is_calendar:
            return "integer steps"
        return "without a time zone" if self.zone is None else f"in time zone {self.zone}"


def read(
    column: nw.Series, where: str, *, form: str = "", day_first: bool | None = None
) -> tuple[np.ndarray, Stamps]:
    """Return a time column as int64 counts (nanoseconds or steps), and how it was written.

    form: strftime format that text, or numbers of periods, are tried in first; day_first: settles which of
    two numbers is the day.
    Raises ValueError for an empty stamp, text that is not a time (the first, with its row), mixed time
    zones, a stamp outside the years 1678 to 2261, and a column that holds no time at all.
    """
    where = f"{where}: time column {column.name!r}"
    _refuse_empty(column, where)
    dtype = column.dtype
    if dtype.is_integer() or (dtype.is_float() and _whole(column)):
        return _read_integers(column, form)
    if dtype.is_float() and whole_times.is_excel(column.min(), column.max(), column.name):
        told = "days as Excel counts them"
        native = column.to_native().dtype
        return whole_times.of_excel(column.to_numpy()), Stamps("excel", native, told=told)
    if isinstance(dtype, (nw.Datetime, nw.Date)):
        return _read_datetimes(column, where)
    if isinstance(dtype, (nw.String, nw.Categorical, nw.Enum)):
        return _read_text(column, where, form, day_first)
    if isinstance(dtype, (nw.Object, nw.Unknown)):
        return _read_objects(column, where, form, day_first)
    raise ValueError(
        f"{where} is of type {dtype}: it must hold dates, times or whole numbers. Write them so, "
        "or count the rows of each series as steps: --time-col none (time_col='none')."
    )


def is_time_like(column: nw.Series) -> bool:
    """Whether a column may be taken for the time column without being named."""
    dtype = column.dtype
    if isinstance(dtype, (nw.Datetime, nw.Date)):
        return True
    if dtype.is_integer():
        return not column.is_null().any() and whole_times.dates_of(_integers(column)) is not None
    if isinstance(dtype, nw.Unknown):
        return isinstance(column.to_native().dtype, pd.PeriodDtype)
    if isinstance(dtype, (nw.String, nw.Object)):
        head = column.drop_nulls().head(20).to_list()
        return bool(head) and clock_text.is_time([str(value) for value in head])
    return False


def _refuse_empty(column: nw.Series, where: str) -> None:
    empty = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    if empty.any():
        raise ValueError(f"{where}, row {int(np.argmax(empty.to_numpy())) + 1}: the time stamp is empty.")


def _whole(column: nw.Series) -> bool:
    values = column.to_numpy()
    return bool(np.all(values == np.floor(values)))


def _integers(column: nw.Series) -> np.ndarray:
    return column.cast(nw.Int64).to_numpy().astype(np.int64)


def _read_integers(column: nw.Series, form: str) -> tuple[np.ndarray, Stamps]:
    counted, kind, form, told = whole_times.read(_integers(column), column.name, form)
    return counted, Stamps(kind, column.to_native().dtype, format=form, told=told)


def _read_datetimes(column: nw.Series, where: str) -> tuple[np.ndarray, Stamps]:
    native = column.to_native()
    if column.implementation.is_polars():
        unit = getattr(native.dtype, "time_unit", None)
        values = native.to_physical().to_numpy().astype(np.int64).view(f"M8[{unit or 'D'}]")
        index = pd.DatetimeIndex(values if unit else values.astype("M8[s]"))
        zone = getattr(native.dtype, "time_zone", None)
        return _counted(index, Stamps(_kind(column), native.dtype, zone), where)
    index = pd.DatetimeIndex(native)
    zone = index.tz
    return _counted(_naive_utc(index), Stamps(_kind(column), native.dtype, zone), where)


def _kind(column: nw.Series) -> str:
    return "date" if isinstance(column.dtype, nw.Date) else "datetime"


def _naive_utc(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return index if index.tz is None else index.tz_convert("UTC").tz_localize(None)


def _counted(utc: pd.DatetimeIndex, stamps: Stamps, where: str) -> tuple[np.ndarray, Stamps]:
    """Return stamps in UTC (or without a zone) as counts, in wall time where all share one time of day."""
    _refuse_outside(utc, where)
    counted = utc.asi8 * (10**9 // _PER_SECOND[utc.unit])  # cannot overflow within these years
    if stamps.zone is None or not len(counted):
        return counted, stamps
    wall = stamps.to_wall(counted)
    if np.all(wall % DAY == wall[0] % DAY):
        return wall, replace(stamps, on_wall=True)
    return counted, stamps


def _refuse_outside(utc: pd.DatetimeIndex, where: str) -> None:
    """Raise for the first stamp outside the years that nanoseconds can count."""
    first, end = (
        int(np.datetime64(day, "s").astype(np.int64)) * _PER_SECOND[utc.unit]
        for day in ("1678-01-01", "2262-01-01")
    )
    values = utc.asi8
    if not len(values) or (values.min() >= first and values.max() < end):
        return
    row = int(np.argmax((values < first) | (values >= end)))
    raise ValueError(
        f"{where}, row {row + 1}: {utc.to_numpy()[row].astype('M8[s]')} is outside the years 1678 to 2261. "
        f"If it stands for 'unknown', take the row out; otherwise use integer steps."
    )


def _read_text(column: nw.Series, where: str, form: str, day_first: bool | None) -> tuple[np.ndarray, Stamps]:
    native = column.to_native()
    values = column.to_numpy() if column.implementation.is_polars() else native
    codes, unique = pd.factorize(values)
    texts = np.asarray(unique, dtype=object)
    index, text_format, told = clock_text.read(texts, codes, where, form, day_first)
    stamps = Stamps("text", native.dtype, index.tz, text_format, told=told)
    counted, stamps = _counted(_naive_utc(index), stamps, where)
    return counted[codes], stamps


def _read_objects(
    column: nw.Series, where: str, form: str, day_first: bool | None
) -> tuple[np.ndarray, Stamps]:
    native = column.to_native()
    if isinstance(getattr(native, "dtype", None), pd.PeriodDtype):
        return _counted(pd.DatetimeIndex(native.dt.to_timestamp()), Stamps("period", native.dtype), where)
    values = list(native)
    if all(isinstance(value, str) for value in values):
        return _read_text(column, where, form, day_first)
    _refuse_mixture(values, where)
    index = pd.DatetimeIndex(pd.to_datetime(values))
    dates_only = not any(hasattr(value, "hour") for value in values)
    stamps = Stamps("date", object) if dates_only else Stamps("datetime", index.dtype, index.tz)
    return _counted(_naive_utc(index), stamps, where)


def _refuse_mixture(values: list, where: str) -> None:
    """Raise for the first Python value that is no date or time, or is in another time zone than the first."""
    for row, value in enumerate(values, start=1):
        if not isinstance(value, (datetime.date, np.datetime64)):
            raise ValueError(
                f"{where}, row {row}: {value!r} is not a time stamp. Give dates or times throughout."
            )
        zone, first = (getattr(each, "tzinfo", None) for each in (value, values[0]))
        if str(zone) != str(first):
            raise ValueError(
                f"{where}, row {row}: mixed time zones, {zone or 'none'} after {first or 'none'}. "
                f"Bring all stamps into one zone, for example UTC."
            )


def _cast(values: np.ndarray, dtype: Any, frame_type: str) -> Any:
    if frame_type == "polars":
        import polars as pl

        column = pl.Series(values.tolist() if values.dtype == object else values)
        return column if dtype is None else column.cast(dtype)
    series = pd.Series(values)
    return series if dtype is None or isinstance(dtype, pd.CategoricalDtype) else series.astype(dtype)
