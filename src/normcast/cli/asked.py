"""Asked: what options ask of each file that a command reads, which is no argument of what it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def as_asked(parts: Mapping[str, dict[str, Any]], file: object) -> Iterator[None]:
    """Take marks, shape and sheet off the groups of options, and read each file meanwhile so.

    file: the one that the command is about, or several, which must have sheets where one is named.
    """
    table = parts.get("table", {})
    marks, wide = table.pop("na_value", None), table.pop("wide", False)
    sheet = next(filter(None, [own.pop("sheet") for own in parts.values() if "sheet" in own]), None)
    with ExitStack() as stack:
        if marks:
            from normcast.data import markers

            stack.enter_context(markers.asked_for(marks))
        if wide:
            from normcast.data import wide_dates

            stack.enter_context(wide_dates.asked_for(wide))
        if sheet is not None:
            from normcast.data import workbook

            for each in file if isinstance(file, list) else [file] if file is not None else []:
                workbook.refuse_other(str(each), sheet, "--sheet")
            stack.enter_context(workbook.asked_for(sheet))
        yield
