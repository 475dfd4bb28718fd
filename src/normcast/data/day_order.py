"""Day order: which of two numbers in a date is the day, by the one reading that gives a regular step."""

import numpy as np
import pandas as pd

from normcast.data.period_text import sort_of
from normcast.data.text_form import plain

Reading = tuple[pd.DatetimeIndex, str]


def told_of(form: str) -> str:
    """Return a note on a format that is not the usual one; "" where the format leaves nothing to tell.

    >>> told_of("%d/%m/%Y"), told_of("%Y-%m-%d"), told_of("Q%q %Y")
    ('day first', '', 'quarters')
    """
    if sort := sort_of(form):
        return sort
    form = plain(form)
    return {"%d": "day first", "%m": "month first"}.get(form[:2], "") if "%d" in form else ""


def settled(
    readings: list[Reading], texts: np.ndarray, day_first: bool | None, where: str
) -> tuple[pd.DatetimeIndex, str, str]:
    """Return the one reading that is asked for, or else the one with a regular step, and what to tell.

    texts: what was read, for the message. Raises ValueError where no single reading is left.
    """
    if day_first is not None:
        start = "%d" if day_first else "%m"
        asked = [each for each in readings if each[1].startswith(start)]
        return *(asked or readings)[0], "day first, as asked" if day_first else "month first, as asked"
    regular = [each for each in readings if is_regular(each[0])]
    if len(regular) == 1:
        return *regular[0], f"{told_of(regular[0][1])}: the only reading with a regular step"
    apart = [index.asi8 != readings[0][0].asi8 for index, _ in readings]
    at = int(np.argmax(np.any(apart, axis=0)))
    both = " or ".join(f"{index[at].day} {index[at]:%B %Y} ({told_of(form)})" for index, form in readings)
    why = "both give a regular step" if regular else "neither gives a regular step"
    raise ValueError(
        f"{where}: {texts[at]!r} can be read as either day first or month first, {both}; {why}, and no row "
        f"settles it. Say which: --dayfirst or --monthfirst (time_col=Clock(day_first=True)), or write the "
        f"dates as year-month-day."
    )


def is_regular(index: pd.DatetimeIndex) -> bool:
    """Whether distinct times stand equally far apart, in time or in whole months.

    >>> is_regular(pd.DatetimeIndex(["2020-01-01", "2020-02-01", "2020-03-01"]))
    True
    """
    ordered = index.sort_values()
    if len(ordered) < 3:
        return False
    if len(np.unique(np.diff(ordered.asi8))) == 1:
        return True
    months = np.diff(ordered.year * 12 + ordered.month)
    return len(np.unique(months)) == 1 and ordered.day.nunique() == 1
