"""Asked: what options ask of each file that a command reads, which is no argument of what it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def as_asked(parts: Mapping[str, dict[str, Any]]) -> Iterator[None]:
    """Take marks, shape and sheet off the groups of options, and read each file meanwhile so."""
    table = parts.get("table", {})
    marks, wide = table.pop("na_value", None), table.pop("wide", False)
    sheets = [own.pop("sheet") for own in parts.values() if "sheet" in own]
    with ExitStack() as stack:
        if marks:
            from normcast.data import markers

            stack.enter_context(markers.asked_for(marks))
        if wide:
            from normcast.data import wide_dates

            stack.enter_context(wide_dates.asked_for(wide))
        if any(sheets):
            from normcast.data import workbook

            stack.enter_context(workbook.asked_for(next(filter(None, sheets))))
        yield
