"""Tables of docs/speed.md, made from what the benchmarks printed: `python -m benchmarks.speed_page`."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import measured_page
from benchmarks.table import parsed

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "speed.md"
RESULTS = ROOT / "benchmarks" / "results"
BENCHMARKS = ("step", "lstm", "recurrence", "norms", "study", "inference", "memory", "inspect")
HEAD = ["what", "measured", "beside", "asked for"]


def measured(record: Mapping[str, str], name: str) -> str:
    """Return the machine of a benchmark and its rows, as Markdown."""
    machine, rows = parsed(record[name])
    lines = [
        [
            row.name,
            f"{row.value:g} {row.unit}" if row.value is not None else row.unit,
            row.against,
            f"{row.target}{'' if row.ok or not row.target else ', missed'}",
        ]
        for row in rows
    ]
    return f"{measured_page.table(HEAD, lines)}\n\n{machine}."


MEASURED: dict[str, Callable[[dict[str, str]], str]] = {
    name: partial(measured, name=name) for name in BENCHMARKS
}


def record() -> dict[str, str]:
    """Return what each benchmark printed, by its name."""
    return {name: (RESULTS / f"{name}.txt").read_text(encoding="utf-8") for name in BENCHMARKS}


def write() -> Path:
    """Write the tables into the page; return its file."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(measured_page.filled(page, record(), MEASURED), encoding="utf-8")
    return PAGE


if __name__ == "__main__":
    print(write().relative_to(ROOT))
