"""Accuracy on public data: rolling origins, the long-horizon protocol and M4 hourly; see docs/accuracy.md.

Prints a table, and writes a record of what was measured, from which `python -m benchmarks.accuracy_page`
makes the tables of that page.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import long_horizon, m4, rolling_origins
from benchmarks.forecast_sets import SETS
from benchmarks.table import Row, machine
from normcast.errors import unknown

Found = Iterator[tuple[str, dict[str, Any]]]


def run(rest: list[str]) -> list[Row]:
    options = asked(rest)
    own = {name: getattr(options, name) for name in ("model", "seeds", "input_size")}
    own = {name: value for name, value in own.items() if value is not None}
    rows: list[Row] = []
    for part in options.part:
        for name, found in PARTS[part](options, own):
            named = " ".join([name, *(f"{key}={value}" for key, value in own.items())])
            keep(options.out, part, named, {**found, **when()})
            rows += rows_of(named, found)
    return rows


def asked(rest: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument(
        "--part", type=split, default=["origins"], help="one or several of " + ", ".join(PARTS)
    )
    parser.add_argument("--dataset", type=split, help="names of sets, or files of the long-horizon form")
    parser.add_argument(
        "--horizon", type=split, help="rows to forecast, in place of the set's: one or several"
    )
    parser.add_argument("--input-size", type=int, help="rows the models read, in place of the default")
    parser.add_argument("--seeds", type=int, help="networks to train, in place of the default")
    parser.add_argument("--model", help="what Forecaster(model=) is given, in place of the default")
    parser.add_argument(
        "--baselines", action="store_true", help="AutoTheta, AutoETS and MSTL beside, on short sets"
    )
    parser.add_argument("--out", type=Path, help="the record to write; what else it has stays")
    options = parser.parse_args(rest)
    for part in set(options.part) - set(PARTS):
        parser.error(unknown("part", part, PARTS))
    for name in set(options.dataset or ()) - set(SETS) if "origins" in options.part else ():
        parser.error(unknown("data set", name, SETS, where="rolling origins"))
    if options.baselines and find_spec("statsforecast") is None:
        parser.error("--baselines needs statsforecast: pip install statsforecast")
    return options


def split(words: str) -> list[str]:
    """Return what stands between commas."""
    return words.split(",")


def of_origins(options: argparse.Namespace, own: dict[str, Any]) -> Found:
    """Yield what was measured on each set from rolling origins."""
    for name in options.dataset or SETS:
        one = SETS[name]
        for h in options.horizon or [one.h]:
            own_h = replace(one, h=int(h))
            named = name if options.horizon is None else f"{name} h={h}"
            yield named, rolling_origins.measured(own_h, options.data, own, options.baselines)


def of_long(options: argparse.Namespace, own: dict[str, Any]) -> Found:
    """Yield what was measured over all windows of the test part."""
    for name in options.dataset or long_horizon.HORIZONS:
        for h in options.horizon or long_horizon.HORIZONS.get(name, long_horizon.USUAL):
            yield f"{Path(name).name}-{h}", long_horizon.measured(name, options.data, {**own, "h": int(h)})


def of_m4(options: argparse.Namespace, own: dict[str, Any]) -> Found:
    """Yield what was measured on M4 hourly."""
    yield "hourly", m4.measured(options.data, own)


PARTS: dict[str, Callable[[argparse.Namespace, dict[str, Any]], Found]] = {
    "origins": of_origins,
    "long": of_long,
    "m4": of_m4,
}


def keep(record: Path | None, part: str, name: str, found: dict[str, Any]) -> None:
    """Write one result into the record at once, so that a run that is broken off loses no other."""
    if record is None:
        return
    whole = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    whole.setdefault(part, {})[name] = found
    record.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def when() -> dict[str, str]:
    """Return what else it depends on: day, machine and versions."""
    return {"measured": date.today().isoformat(), "machine": machine(), "normcast": version("normcast")}


def rows_of(name: str, found: dict[str, Any]) -> list[Row]:
    """Return one result as rows of the printed table."""
    rows = [Row(f"{name}: CPU", found["cpu_seconds"], "s")]
    for model, scores in found["models"].items():
        rows += [Row(f"{name}: {model}, {metric}", value, "") for metric, value in scores.items()]
    return rows
