"""Beside: how the files that stand beside a model are read, as the options of `data_options` say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from normcast.cli.case_input import NAMED, TASKS, names_of, refuse_table_options
from normcast.cli.options import refuse_given
from normcast.data import workbook
from normcast.data.case_file import is_of_cases
from normcast.errors import one_of

COLUMNS = ("id_col", "time_col", "target_col")
POLICIES = {"duplicates": "duplicates", "na_value": "na_values"}
"""What `Panel.from_frame` calls options of tables to forecast."""
ARRAYS = ("x", "y", "layout")
LAYOUTS = ("channels_last", "channels_first")


def options_of(files: Sequence[Path], reading: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Return the options of `Given.read`, those alone that were given; reading: as typed.

    Raises ValueError for options without a file, and for such as the files have no use for.
    """
    where = f"normcast {command}"
    task = reading.get("task") or "auto"
    one_of(where, "task", task, TASKS)
    one_of(where, "layout", reading.get("layout"), LAYOUTS, optional=True)
    if not files:
        _refuse_without_file(reading, where, command)
        return {}
    tables = [file for file in files if not is_of_cases(file)]
    others = [file for file in files if file not in tables]
    columns = {name: given for name in COLUMNS if (given := reading.get(name))}
    arrays = {name: given for name in ARRAYS if (given := reading.get(name))}
    policies = {own: given for name, own in POLICIES.items() if (given := reading.get(name))}
    told: dict[str, Any] = {"layout": arrays.get("layout"), "sheet": workbook.asked()}
    if others:
        told["arrays"] = names_of(others[0], arrays if tables else {**arrays, **columns})
    found = {name: value for name, value in told.items() if value}
    if task in NAMED or not tables:
        refuse_table_options({name: reading.get(name) for name in POLICIES}, files[0])
    if tables and task in NAMED:
        own = {name: given for name, given in arrays.items() if name == "y" or not others}
        return {**found, "names": names_of(tables[0], {**columns, **own})}
    if tables and not others:
        refuse_given(arrays, tables[0], "is a table to forecast; --task classify or regress reads cases")
    return {**found, **columns, **policies} if tables else found


def _refuse_without_file(reading: Mapping[str, Any], where: str, command: str) -> None:
    told = {**reading, "task": reading.get("task", "auto") != "auto", "sheet": workbook.asked()}
    for name, value in told.items():
        if value:
            place = "with --data" if command == "check" else "behind the model"
            raise ValueError(
                f"{where}: --{name.replace('_', '-')} says how a file is read, but none is given. Give the "
                f"file {place}, or leave the option out."
            )
