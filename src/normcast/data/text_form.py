"""Text form: the format that writes times exactly as their texts came, digits without a zero included."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

_OWN = re.compile(r"(%-[mdHI]|%[1-9]f|%P)")  # 1 for 01, so many digits of a second, am for AM
_ISO = re.compile(
    r"\d{4}(?P<between>[-/.])\d\d?(?P<day>(?P=between)\d\d?)?"
    r"((?P<t>[T ])\d\d?(?P<minute>:\d\d)?(?P<second>:\d\d)?([.](?P<rest>\d{1,9}))?)?"
)
_SAMPLE = 1000


def plain(form: str) -> str:
    """Return a form with the fields alone that strptime knows, which reads the same texts.

    >>> plain("%-d.%-m.%Y %H:%M:%S.%3f")
    '%d.%m.%Y %H:%M:%S.%f'
    """
    return re.sub(r"%[1-9]f", "%f", form.replace("%-", "%").replace("%P", "%p"))


def like(text: str) -> str | None:
    """Return the form of a text that begins with the year, None for any other.

    >>> like("2024-01-31T18:00:00.000"), like("2024/1/31"), like("31.1.2024")
    ('%Y-%m-%dT%H:%M:%S.%3f', '%Y/%m/%d', None)
    """
    hit = _ISO.fullmatch(text)
    if hit is None:
        return None
    day = f"{hit['between']}%d" if hit["day"] else ""
    clock = f"{hit['t']}%H" if hit["t"] else ""
    clock += ":%M" * bool(hit["minute"]) + ":%S" * bool(hit["second"])
    return f"%Y{hit['between']}%m{day}{clock}" + (f".%{len(hit['rest'])}f" if hit["rest"] else "")


def exact(texts: np.ndarray, index: pd.DatetimeIndex, form: str) -> str | None:
    """Return the variant of a form that writes the times as these texts, None if none does.

    >>> exact(np.array(["1/9/24 8:00 am"]), pd.DatetimeIndex(["2024-01-09 08:00"]), "%m/%d/%y %I:%M %p")
    '%-m/%-d/%y %-I:%M %P'
    """
    sample, times = [str(text) for text in texts[:_SAMPLE]], index[:_SAMPLE]
    return next((each for each in _variants(form) if write(times, each) == sample), None)


def _variants(form: str) -> Iterator[str]:
    for halves in (form, form.replace("%p", "%P")):
        yield halves
        for fields in ("mdHI", "md", "HI"):
            yield re.sub(f"%([{fields}])", r"%-\1", halves)


def write(index: pd.DatetimeIndex, form: str) -> list[str]:
    """Return times as text.

    >>> write(pd.DatetimeIndex(["2024-02-09"]), "%-d.%-m.%Y")
    ['9.2.2024']
    """
    parts = [part for part in _OWN.split(form) if part]
    if len(parts) == 1 and not _OWN.fullmatch(form):
        return index.strftime(form).tolist()
    columns = [_own(index, part) if _OWN.fullmatch(part) else index.strftime(part).tolist() for part in parts]
    return ["".join(row) for row in zip(*columns, strict=True)]


def _own(index: pd.DatetimeIndex, field: str) -> list[str]:
    if field == "%P":
        return [half.lower() for half in index.strftime("%p")]
    if field.endswith("f"):
        nanoseconds = index.microsecond * 1000 + index.nanosecond
        return [f"{each:09d}"[: int(field[1])] for each in nanoseconds]
    parts = {"%-m": index.month, "%-d": index.day, "%-H": index.hour, "%-I": (index.hour - 1) % 12 + 1}
    return [str(each) for each in parts[field]]
