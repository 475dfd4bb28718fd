"""Values: the numeric columns of a table as float64, refused by name where they are not numbers."""

import re
import shlex
from collections import Counter

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data.number_text import unit_of

_LOOK = 1000  # cells
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d{1,3}(\.\d{3})*,\d+\s*|\s*[-+]?\d+,\d+\s*")


def numbers(column: nw.Series, where: str, part: str = "column", first_row: int | None = None) -> np.ndarray:
    """Return a column as (N,) float64: booleans as 0 and 1, missing values as NaN.

    part: what the column is for, as in "target column"; first_row: the line of the first row in its file,
    where that is known. Raises ValueError for text, dates and whatever else
    is no number, with the first such value and its row.

    >>> import pandas as pd
    >>> numbers(nw.from_native(pd.Series([True, None, False], name="open"), series_only=True), "shop.csv")
    array([ 1., nan,  0.])
    """
    where = f"{where}: {part} {column.name!r}"
    native = column.to_native()
    dtype = column.dtype
    if dtype.is_numeric() or isinstance(dtype, nw.Boolean):
        if column.implementation.is_polars():
            return column.cast(nw.Float64).to_numpy().astype(np.float64)
        return native.to_numpy(dtype=np.float64, na_value=np.nan)
    if dtype.is_temporal():
        raise ValueError(f"{where} holds times ({dtype}), not numbers. Name a numeric column.")
    return _from_objects(native.to_list(), where, first_row)


def is_mostly_numbers(column: nw.Series) -> bool:
    """Whether more than half of the texts of a column are numbers.

    >>> import pandas as pd
    >>> is_mostly_numbers(nw.from_native(pd.Series(["1.5", "2", "missing"]), series_only=True))
    True
    """
    if column.dtype != nw.String:
        return False
    texts = column.drop_nulls().to_list()
    sample = texts[:: max(1, len(texts) // _LOOK)]
    return 2 * sum(unit_of(text) is not None for text in sample) > len(sample)


def _from_objects(values: list, where: str, first_row: int | None) -> np.ndarray:
    """Return Python values as numbers; None is missing."""
    series = pd.Series(values, dtype=object)
    missing = series.isna().to_numpy()
    is_text = np.array([isinstance(value, (str, complex)) for value in values], dtype=bool)
    converted = pd.to_numeric(series.where(~is_text & ~missing, None), errors="coerce")
    bad = ~missing & (is_text | converted.isna().to_numpy())
    if not bad.any():
        return converted.to_numpy(dtype=np.float64, na_value=np.nan)
    as_text = pd.to_numeric(series, errors="coerce").isna().to_numpy()
    first = _first_odd(values, bad, bad & as_text)
    line = "" if first_row is None else f" (line {first_row + first} of the file)"
    raise ValueError(
        f"{where} is not numeric: row {first + 1} holds {values[first]!r}{line}. "
        f"{_advice(values, first, bad & as_text)}"
    )


def _first_odd(values: list, bad: np.ndarray, as_text: np.ndarray) -> int:
    """Return the first value that is no number, or is in another unit than most of the column."""
    unit = _usual_unit(values)
    if unit:
        odd = (at for at in np.flatnonzero(bad) if unit_of(str(values[at])) != unit)
        return int(next(odd, np.argmax(bad)))
    return int(np.argmax(as_text)) if as_text.any() else int(np.argmax(bad))


def _usual_unit(values: list) -> str:
    """Return the unit that most texts of a column are in, "" for none."""
    units = Counter(unit_of(each) for each in values if isinstance(each, str))
    return units.most_common(1)[0][0] or "" if units else ""


def _advice(values: list, first: int, bad: np.ndarray) -> str:
    value = values[first]
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        return (
            "It looks like a decimal comma: write 1.5 for 1,5, or read it with pandas.read_csv(decimal=',')."
        )
    unit, own = _usual_unit(values), unit_of(value) if isinstance(value, str) else None
    if unit and own is not None:
        mine = f"is in {own!r}" if own else "has no unit"
        return (
            f"It {mine}, others of the column are in {unit!r}, and a unit is read where each cell has the "
            "same. Bring them to one unit, or write the numbers alone."
        )
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?[\d.]*\d[\d.]*([eE][-+]?\d+)?\s*", value):
        return "The column is text: make it numbers first."
    advice = "Turn it into numbers, leave it out, or leave the cell empty and choose --missing (missing=)."
    if isinstance(value, str) and 2 * bad.sum() < len(values):
        mark = shlex.quote(value.strip())
        advice += f" If it marks a missing value, read it with --na-value {mark} (na_values=)."
    return advice
