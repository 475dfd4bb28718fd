"""Period text: quarters, months and ISO weeks written as text, such as 2020Q1, 2020M01 and 2020-W05."""

import re

import numpy as np
import pandas as pd

_YEAR, _BETWEEN = r"(?P<year>\d{4})", r"(?P<between>[-\s/_.]?)"
_SHAPES = {
    re.compile(rf"{_YEAR}{_BETWEEN}(?P<letter>[Qq])[1-4]"): "%Y{between}{letter}%q",
    re.compile(rf"(?P<letter>[Qq])[1-4]{_BETWEEN}{_YEAR}"): "{letter}%q{between}%Y",
    re.compile(rf"[1-4](?P<letter>[Qq]){_BETWEEN}{_YEAR}"): "%q{letter}{between}%Y",
    re.compile(rf"{_YEAR}{_BETWEEN}(?P<letter>[Mm])\d\d"): "%Y{between}{letter}%m",
    re.compile(rf"{_YEAR}{_BETWEEN}(?P<letter>[Ww])\d\d"): "%G{between}{letter}%V",
}
_FIELDS = {"%Y": r"(?P<year>\d{4})", "%G": r"(?P<year>\d{4})", "%q": "(?P<q>[1-4])", "%m": r"(?P<m>\d\d)",
           "%V": r"(?P<week>\d\d)"}  # fmt: skip
_SORTS = {"%q": "quarters", "%V": "ISO weeks", "%m": "months"}


def form_of(text: str) -> str | None:
    """Return the form of a text that names a quarter, a month by M, or an ISO week; None for any other.

    >>> form_of("2020-Q1"), form_of("Q1 2020"), form_of("2020M01"), form_of("2020-W05"), form_of("2020-01")
    ('%Y-Q%q', 'Q%q %Y', '%YM%m', '%G-W%V', None)
    """
    for shape, form in _SHAPES.items():
        if hit := shape.fullmatch(text):
            return form.format(between=hit["between"], letter=hit["letter"])
    return None


def sort_of(form: str) -> str:
    """Return what a form of `form_of` writes, in words; "" for any other form.

    >>> sort_of("Q%q %Y"), sort_of("%Y-%m-%d")
    ('quarters', '')
    """
    known = next((sort for field, sort in _SORTS.items() if field in form), "")
    return "" if "%d" in form or (known == "months" and not re.search("[Mm]%m", form)) else known


def parse(texts: np.ndarray, form: str) -> pd.DatetimeIndex | None:
    """Return the first moment of each period; None if a text is not in the form.

    >>> parse(np.array(["2020Q2", "2020Q3"]), "%YQ%q")[0]
    Timestamp('2020-04-01 00:00:00')
    """
    pattern = "".join(_FIELDS.get(part, re.escape(part)) for part in re.split("(%[YGqmV])", form))
    parts = pd.Series(texts, dtype=object).astype(str).str.extract(f"^{pattern}$")
    if parts.isna().any(axis=None):
        return None
    return _weeks(parts) if "week" in parts else _months(parts)


def _months(parts: pd.DataFrame) -> pd.DatetimeIndex | None:
    number = parts.astype(np.int64)
    month = number["m"] - 1 if "m" in number else (number["q"] - 1) * 3
    if not month.between(0, 11).all():
        return None
    months = (number["year"] - 1970) * 12 + month
    return pd.DatetimeIndex(months.to_numpy().astype("M8[M]").astype("M8[s]"))


def _weeks(parts: pd.DataFrame) -> pd.DatetimeIndex | None:
    try:
        return pd.DatetimeIndex(pd.to_datetime(parts["year"] + "-" + parts["week"] + "-1", format="%G-%V-%u"))
    except ValueError:
        return None


def write(index: pd.DatetimeIndex, form: str) -> list[str]:
    """Return the period of each time in a form of `form_of`.

    >>> write(pd.DatetimeIndex(["2020-04-01"]), "Q%q %Y")
    ['Q2 2020']
    """
    codes, unique = pd.factorize(index)
    each = pd.DatetimeIndex(unique)
    texts = each.to_period("Q").strftime(form) if "%q" in form else each.strftime(form)
    return np.asarray(texts, dtype=object)[codes].tolist()
