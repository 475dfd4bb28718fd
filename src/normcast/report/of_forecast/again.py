"""The Python that makes the same forecast, from what the forecaster was asked for and what it was given."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from normcast.data import Panel
from normcast.data.table import ENDINGS
from normcast.forecasting import Forecaster
from normcast.forecasting.calls import Call
from normcast.models import Architecture
from normcast.report.code import arguments
from normcast.sheet import differing

IMPORTED = ("Clock", "melted", "read_table", "write_table")
"""Names of `normcast.data` that the code may use."""


@dataclass(frozen=True)
class Files:
    """What was read and written around a forecaster.

    table: path of the table, "" where it is a frame; reading: arguments of `read_table`, and "wide" where its
    column names are times; future: path of the rows ahead, "" where there are none or they are a frame;
    out, save, report: paths that were written, "" where none was; guard_formulas: as in `write_table`.

    >>> Files("sales.csv", reading={"na_values": ["-9999"]}).read("ahead.csv")
    "read_table('ahead.csv', na_values=['-9999'])"
    """

    table: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    future: str = ""
    out: str = ""
    save: str = ""
    report: str = ""
    guard_formulas: bool = False

    def read(self, path: str) -> str:
        """Return Python that reads a table as it was read."""
        how = {name: value for name, value in self.reading.items() if name != "wide" and value}
        read = f"read_table({', '.join([repr(path), *([arguments(how)] if how else [])])})"
        return f"melted({read})" if self.reading.get("wide") else read


def named(source: str) -> str:
    """Return the source if it is the path of a table, else "".

    >>> named("data/sales.csv"), named("sales of three shops")
    ('data/sales.csv', '')
    """
    return source if source.lower().endswith(ENDINGS) else ""


def given_of(forecaster: Forecaster, files: Files, has_future: bool) -> str:
    """Say what the code does not make itself; "" where it makes all."""
    given = []
    if not table_of(forecaster, files):
        given.append("`df` is the table")
    if forecaster.asked.foreign is not None:
        given.append("`model` is the keras model")
    if has_future and not files.future:
        given.append("`futr_df` is the table of the rows ahead")
    return f"Here {' and '.join(given)}." if given else ""


def table_of(forecaster: Forecaster, files: Files) -> str:
    """Return the path of the table, "" where nobody told it."""
    paths = [each.path for each in forecaster.calls_.values() if each.path]
    return files.table or (paths[-1] if paths else "")


def python_of(forecaster: Forecaster, files: Files, has_future: bool = False) -> str:
    """Return Python that does what was done with a forecaster, in the order in which it was done.

    has_future: whether rows ahead were given for the forecast.
    """
    lines = [*_made(forecaster, files), *_called(forecaster), *_ended(forecaster, files, has_future)]
    used = [name for name in IMPORTED if any(re.search(rf"\b{name}\(", line) for line in lines)]
    imports = ["import normcast", *([f"from normcast.data import {', '.join(used)}"] if used else [])]
    return "\n".join([*imports, "", *lines])


def _made(forecaster: Forecaster, files: Files) -> Iterator[str]:
    """Yield what makes the table, the network and the forecaster."""
    path, asked = table_of(forecaster, files), forecaster.asked
    if path:
        yield f"df = {files.read(path)}"
    settings = differing(asked)
    if isinstance(asked.model, Architecture):
        yield f"model = normcast.Architecture.from_json({asked.model.to_json()!r})"
    own = [] if isinstance(asked.model, str) else ["model=model"]
    told = arguments({name: value for name, value in settings.items() if name != "model" or not own})
    yield f"forecaster = normcast.Forecaster({', '.join([told, *own])})"


def _called(forecaster: Forecaster) -> Iterator[str]:
    """Yield the calls that learn, which share how the table is read."""
    calls = forecaster.calls_ or {"fit": Call("", {}, _columns(forecaster))}
    told = {name: _reading(each) for name, each in calls.items()}
    shared = all(each == next(iter(told.values())) for each in told.values()) and any(told.values())
    if shared:
        yield f"table = dict({arguments(next(iter(told.values())))})"
    for name, each in calls.items():
        how = "**table" if shared else arguments(told[name])
        parts = ["df", arguments(each.arguments), how]
        yield f"forecaster.{name}({', '.join(part for part in parts if part)})"
        if name == "cross_validation":
            yield "print(forecaster.backtest_.scoreboard())"


def _reading(made: Call) -> dict[str, Any]:
    """Return how a table was read, less what is so by default and what it is called in messages."""
    usual = {name: each.default for name, each in inspect.signature(Panel.from_frame).parameters.items()}
    return {
        name: _one(value)
        for name, value in made.table.items()
        if name != "where" and value is not None and value != usual.get(name)
    }


def _columns(forecaster: Forecaster) -> dict[str, Any]:
    """Return the columns of what a file kept, where nobody knows what was given."""
    panel = forecaster.panel_
    if panel is None:
        return {}
    own = panel.columns
    columns = {"id_col": own.ids, "time_col": own.time, "target_col": own.targets}
    return {name: value for name, value in {**columns, **forecaster.policies_}.items() if value}


def _one(value: Any) -> Any:
    """Return one name instead of a list of one."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def _ended(forecaster: Forecaster, files: Files, has_future: bool) -> Iterator[str]:
    """Yield what is forecast and written."""
    rows = ""
    if has_future:
        rows = f"futr_df={files.read(files.future) if files.future else 'futr_df'}"
    what = "forecaster.backtest_.table"
    if forecaster.fitted_ is not None:
        what = "forecast"
        yield f"forecast = forecaster.predict({rows})"
    if files.out:
        guarded = ", guard_formulas=True" if files.guard_formulas else ""
        yield f"write_table({what}, {files.out!r}{guarded})"
    if files.save:
        yield f"forecaster.save({files.save!r})"
    if files.report:
        source = table_of(forecaster, files)
        told = "".join(f", {part}" for part in (rows, f"source={source!r}" if source else "") if part)
        yield f"normcast.write_report(forecaster, {files.report!r}{told})"
