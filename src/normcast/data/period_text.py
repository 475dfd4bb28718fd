"""Period text: weeks, months, quarters, half and fiscal years, such as 2020-W05, 2020M01, Q1-20, 2020H1."""

import re

import numpy as np
import pandas as pd

_LETTERS = {
    "%q": r"[QqTt]|[Qq]uarter |[Qq]tr\.? ?",
    "%{half}": "[HhSs]",
    "%m": "[Mm]",
    "%V": r"[Ww]|[KC]W ?|[Ww]eek |[Ww]k ?",
}
_NUMBERS = {"%q": "[1-4]", "%{half}": "[12]", "%m": r"\d\d?", "%V": r"\d\d?"}
_SORTS = {
    "%q": "quarters",
    r"%\{half\}": "half years",
    "%-?V": "ISO weeks",
    "[Mm]%-?m": "months",
    "FY ?%": "years",
}
_GROUPS = {
    "%Y": r"(?P<year>\d{4})", "%G": r"(?P<year>\d{4})", "%y": r"(?P<year>\d\d)", "%g": r"(?P<year>\d\d)",
    **{code: f"(?P<number>{_NUMBERS[code]})" for code in _NUMBERS},
    "%-m": r"(?P<number>\d\d?)", "%-V": r"(?P<number>\d\d?)",
}  # fmt: skip
_FIELD = re.compile(r"(%-?[YyGgqmV]|%\{half\})")
_MONTHS = {"%q": 3, "%{half}": 6, "%m": 1, "%-m": 1}  # of a period
_SAMPLE = 1000


def _shapes() -> dict[re.Pattern[str], str]:
    """Return what texts look like, with the field that stands for the number of the period.

    Two digits are a year where nothing else is meant by such a text: 80Q1 and 1H80, but not 80W05.
    """
    long, short, between = r"(?P<year>(?:FY ?)?\d{4})", r"(?P<year>(?:FY ?)?\d\d)", "[-/_., ']"
    shapes = {r"(?P<year>FY ?(\d{4}|\d\d))": ""}
    for code, letters in _LETTERS.items():
        number, letter = f"(?P<number>{_NUMBERS[code]})", f"(?:{letters})"
        shapes[f"{long}{between}?{letter}{number}"] = code
        shapes[f"{letter}{number}{between}{{0,2}}{long}"] = code
        if code in ("%q", "%{half}"):
            shapes[f"{number}{letter}{between}?{long}"] = code
            shapes[f"{number}{'[Qq]' if code == '%q' else '[Hh]'}{between}?{short}"] = code
        if code in ("%q", "%V"):
            shapes[f"{letter}{number}{between}{{1,2}}{short}"] = code
    shapes[f"{short}{between}?[Qq](?P<number>[1-4])"] = "%q"
    shapes[f"H(?P<number>[12]){between}{{1,2}}{short}"] = "%{half}"
    return {re.compile(shape): code for shape, code in shapes.items()}


_SHAPES = _shapes()


def form_of(text: str) -> str | None:
    """Return the form of a text that names a period, not a month by its number alone; None for any other.

    >>> form_of("2020-Q1"), form_of("1Q80"), form_of("2020M01"), form_of("2020-W5"), form_of("2020-01")
    ('%Y-Q%q', '%qQ%y', '%YM%m', '%G-W%V', None)
    """
    for shape, code in _SHAPES.items():
        if hit := shape.fullmatch(text):
            digits = re.search(r"\d+$", hit["year"])
            is_short = digits is not None and len(digits[0]) == 2
            year = ("%g" if is_short else "%G") if code == "%V" else "%y" if is_short else "%Y"
            parts = {hit.end("year") - (2 if is_short else 4): (hit.end("year"), year)}
            if code:
                parts[hit.start("number")] = (hit.end("number"), code)
            for start in sorted(parts, reverse=True):
                end, field = parts[start]
                text = text[:start] + field + text[end:]
            return text
    return None


def sort_of(form: str) -> str:
    """Return what a form of `form_of` writes, in words; "" for any other form.

    >>> sort_of("Q%q %Y"), sort_of("FY%Y-Q%q"), sort_of("%Y-%m-%d")
    ('quarters', 'fiscal quarters', '')
    """
    if "%d" in form or "%u" in form:
        return ""
    sort = next((sort for field, sort in _SORTS.items() if re.search(field, form)), "")
    return f"fiscal {sort}" if sort and "FY" in form else sort


def parse(texts: np.ndarray, form: str) -> pd.DatetimeIndex | None:
    """Return the first moment of each period; None if a text is not in the form.

    A fiscal period is counted as if its year were that of the calendar.

    >>> parse(np.array(["2020Q2", "2020Q3"]), "%YQ%q")[0]
    Timestamp('2020-04-01 00:00:00')
    """
    pattern = "".join(_GROUPS.get(part, re.escape(part)) for part in _FIELD.split(form))
    parts = pd.Series(texts, dtype=object).astype(str).str.extract(f"^{pattern}$")
    if parts.isna().any(axis=None):
        return None
    year = parts["year"].astype(np.int64)
    if "%y" in form or "%g" in form:
        year += np.where(year < 69, 2000, 1900)  # as strptime has it
    if "number" not in parts:
        return _months(year * 12)
    number = parts["number"].astype(np.int64)
    size = next((size for field, size in _MONTHS.items() if field in form), None)
    if size is None:
        return _weeks(year.astype(str) + "-" + number.astype(str) + "-1")
    return _months(year * 12 + (number - 1) * size) if number.between(1, 12 // size).all() else None


def _months(count: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex((count.to_numpy() - 1970 * 12).astype("M8[M]").astype("M8[s]"))


def _weeks(days: pd.Series) -> pd.DatetimeIndex | None:
    try:
        return pd.DatetimeIndex(pd.to_datetime(days, format="%G-%V-%u"))
    except ValueError:
        return None


def exact(texts: np.ndarray, index: pd.DatetimeIndex, form: str) -> str:
    """Return the form, or its variant without zeros where that writes the times as these texts.

    >>> exact(np.array(["2018-W1"]), pd.DatetimeIndex(["2018-01-01"]), "%G-W%V")
    '%G-W%-V'
    """
    sample = [str(text) for text in texts[:_SAMPLE]]
    bare = re.sub("%([mV])", r"%-\1", form)
    return bare if write(index[:_SAMPLE], form) != sample == write(index[:_SAMPLE], bare) else form


def write(index: pd.DatetimeIndex, form: str) -> list[str]:
    """Return the period of each time in a form of `form_of`.

    >>> write(pd.DatetimeIndex(["2020-04-01"]), "Q%q %Y")
    ['Q2 2020']
    """
    codes, unique = pd.factorize(index)
    each = pd.DatetimeIndex(unique)
    columns = [_field(each, part) for part in _FIELD.split(form)]
    texts = np.array(["".join(row) for row in zip(*columns, strict=True)], dtype=object)
    return texts[codes].tolist()


def _field(index: pd.DatetimeIndex, part: str) -> list[str]:
    if not _FIELD.fullmatch(part):
        return [part] * len(index)
    weeks = index.isocalendar() if part[-1] in "GgV" else None
    year = index.year if weeks is None else weeks["year"]
    if part in ("%Y", "%G"):
        return [f"{value:04d}" for value in year]
    if part in ("%y", "%g"):
        return [f"{value % 100:02d}" for value in year]
    number = (index.month - 1) // _MONTHS[part] + 1 if weeks is None else weeks["week"]
    return [f"{value:02d}" if part in ("%m", "%V") else str(value) for value in number]
