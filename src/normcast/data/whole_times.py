"""Whole times: numbers that stand for a time, as 20240131, 202401, seconds since 1970 or Excel's days."""

import re

import numpy as np
import pandas as pd

KINDS = ("yyyymmdd", "digits", "epoch", "excel")
DAY = 86_400_000_000_000  # nanoseconds
EPOCHS = {"s": 10**9, "ms": 10**6}  # nanoseconds of one
_EPOCH_ENDS = {"s": (10**8, 9_214_646_400), "ms": (10**11, 9_214_646_400_000)}  # 1973 to 2261
_EXCEL_ENDS = (40_000, 60_000)  # 2009 to 2064
_EXCEL_ZERO = 25_569  # 1970-01-01, in days since the last day but one of 1899
_PERIOD = re.compile(
    r"(?:.*[\W_])?(period|month|week|yearmonth|yearweek|yearday|y+m+|y+[wd]+|isoweek|julian|doy|date|monat|kw)",
    re.I,
)
PERIODS = {
    "%Y%m": "months, year first",
    "%G%V": "ISO weeks, year first",
    "%Y%j": "days of the year, year first",
}
_DIGITS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_YEAR = re.compile(
    r"(?:.*[\W_])?(year|years|yr|jahr|jahre|annee|année|anno|año|ano|rok|date|time|ds|ts|period)", re.I
)
_TIME = re.compile(
    r"(?:.*[\W_])?(date|time|datetime|date_time|timestamp|time_?stamp|datum|zeit|zeitpunkt|fecha|ds|ts|epoch|"
    r"unix|unix_?time|day|tag)",
    re.I,
)  # fmt: skip
_DATE = re.compile(r"(?:.*[\W_])?(date|time|datetime|timestamp|datum|zeit|fecha)", re.I)
_COUNTER = re.compile(
    r"(?:.*[\W_])?(t|step|steps|time_?step|time_?idx|time_?index|idx|index|time|period|tick|obs|observation|"
    r"ds|n|nr|no|day|week|month|row)",
    re.I,
)


def read(values: np.ndarray, name: str, form: str = "") -> tuple[np.ndarray, str, str, str]:
    """Return whole numbers as counts, with the kind and the format that write them, and what to tell.

    name: of the column; only one called like a date or time holds Excel's days. form: of months, weeks or
    days of the year, tried first.

    >>> read(np.array([1_704_067_200, 1_704_070_800]), "ts")[1:3]
    ('epoch', 's')
    """
    if not len(values):
        return values, "integer", "", ""
    least, most = int(values.min()), int(values.max())
    if (dates := dates_of(values)) is not None:
        return dates, "yyyymmdd", "", ""
    form = form if form in PERIODS else _form_of(values, least, most, name)
    if form and (times := _parsed(values, form)) is not None:
        return times, "digits", form, PERIODS.get(form, f"numbers such as {least}, year first")
    for unit, (low, high) in _EPOCH_ENDS.items():
        if low <= least and most < high and (unit == "s" or _TIME.fullmatch(name) or _share_rest(values)):
            words = {"s": "seconds", "ms": "milliseconds"}[unit]
            return values * EPOCHS[unit], "epoch", unit, f"{words} since 1970"
    if is_excel(least, most, name):
        return of_excel(values), "excel", "", "days as Excel counts them"
    return values, "integer", "", "years, one after another" if is_years(values, name) else ""


def _share_rest(values: np.ndarray) -> bool:
    return bool(np.all(values % 1000 == values[0] % 1000))


def dates_of(values: np.ndarray) -> np.ndarray | None:
    """Return yyyymmdd integers as nanoseconds, or None if one of them is no date."""
    if not len(values) or values.min() < 1700_01_01 or values.max() > 2260_12_31:
        return None
    return _parsed(values, "%Y%m%d")


def _form_of(values: np.ndarray, least: int, most: int, name: str) -> str:
    """Return the format that numbers of a year and what is within it may be in, "" for none."""
    if form := _DIGITS.get(len(str(least)), ""):
        is_one = (
            len(str(most)) == len(str(least)) and 1900 <= int(str(least)[:4]) <= int(str(most)[:4]) <= 2260
        )
        return form if is_one and _parsed(values[:1000], form) is not None else ""
    return _form_of_periods(values, least, most, name)


def _form_of_periods(values: np.ndarray, least: int, most: int, name: str) -> str:
    """Return the format of numbers such as 202401 (months), 202405 (ISO weeks) or 2024031 (days), or "".

    Those of one year alone may as well be a count: the column must be called like a period then.
    """
    size = 1000 if least >= 10**6 else 100
    part, (first, last) = values % size, (least // size, most // size)
    if not 1700 <= first <= last <= 2260 or (first == last and not _PERIOD.fullmatch(name)):
        return ""
    if least < most and part.min() == part.max():
        return ""  # a count by hundreds
    return "%Y%j" if size == 1000 else "%Y%m" if part.max() <= 12 else "%G%V"


def _parsed(values: np.ndarray, form: str) -> np.ndarray | None:
    codes, unique = pd.factorize(values)
    texts = pd.Index(unique).astype(str)
    if form == "%G%V":
        texts, form = texts + "1", "%G%V%u"
    dates = pd.to_datetime(texts, format=form, errors="coerce")
    return None if dates.isna().any() else dates.as_unit("ns").asi8[codes]


def is_excel(least: float, most: float, name: str) -> bool:
    """Whether numbers from `least` to `most` in a column of this name are days as Excel counts them."""
    return _EXCEL_ENDS[0] <= least and most <= _EXCEL_ENDS[1] and _DATE.fullmatch(name) is not None


def of_excel(values: np.ndarray) -> np.ndarray:
    """Return Excel's days as nanoseconds since 1970, to the nearest millisecond; to the nearest minute where
    all are within half a second of one, as those of five decimals are."""
    days = np.floor(values).astype(np.int64)
    exact = (values - days) * 86_400_000  # milliseconds
    minutes = np.round(exact / 60_000) * 60_000
    whole = np.abs(exact - minutes).max(initial=0) <= 500
    rest = np.round(minutes if whole else exact).astype(np.int64)
    return (days - _EXCEL_ZERO) * DAY + rest * 10**6


def to_excel(counted: np.ndarray) -> np.ndarray:
    """Return nanoseconds since 1970 as Excel's days: whole numbers where all are midnights."""
    days, rest = np.divmod(counted, DAY)
    return days + _EXCEL_ZERO + rest / DAY if rest.any() else days + _EXCEL_ZERO


def is_years(values: np.ndarray, name: str) -> bool:
    """Whether whole numbers are years one after another, in a column that is called like one.

    >>> is_years(np.array([1930, 1931, 1932]), "Year"), is_years(np.array([1930, 1931]), "price")
    (True, False)
    """
    if not len(values) or values.min() < 1500 or values.max() > 2200 or not _YEAR.fullmatch(name):
        return False
    return bool(np.all(np.diff(np.unique(values)) == 1))


def is_counter(values: np.ndarray, name: str) -> bool:
    """Whether whole numbers count steps of one, in a column that is called like a counter.

    >>> is_counter(np.array([1, 2, 3, 1, 2, 3]), "t"), is_counter(np.array([1, 3, 9]), "t")
    (True, False)
    """
    if not len(values) or not _COUNTER.fullmatch(name):
        return False
    unique = np.unique(values)
    return len(unique) > 1 and unique[0] in (0, 1) and bool(np.all(np.diff(unique) == 1))


def is_time(values: np.ndarray, name: str) -> bool:
    """Whether whole numbers may be taken for time unnamed: years, a counter, or what `read` knows.

    >>> is_time(np.array([1_704_067_200, 1_704_070_800]), "ts"), is_time(np.array([3, 5]), "price")
    (True, False)
    """
    if is_years(values, name) or is_counter(values, name):
        return True
    rises = len(values) > 2 and bool(np.all(np.diff(values) > 0))
    return read(values, name)[1] not in ("integer", "yyyymmdd") and (rises or is_called_time(name))


def is_called_time(name: str) -> bool:
    """Whether a column is called like a time.

    >>> is_called_time("start_time"), is_called_time("ts"), is_called_time("price")
    (True, True, False)
    """
    return _TIME.fullmatch(name) is not None or _YEAR.fullmatch(name) is not None


def write(counted: np.ndarray, kind: str, form: str) -> np.ndarray:
    """Return nanoseconds since 1970 as the numbers of a kind in `KINDS`.

    >>> write(np.array([0]), "yyyymmdd", ""), write(np.array([5 * 10**9]), "epoch", "s")
    (array([19700101]), array([5]))
    """
    if kind == "epoch":
        return counted // EPOCHS[form]
    if kind == "excel":
        return to_excel(counted)
    index = pd.DatetimeIndex(counted.view("M8[ns]"))
    return index.strftime(form or "%Y%m%d").to_numpy().astype(np.int64)
