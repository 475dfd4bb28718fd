"""Tables of docs/speed.md and docs/trust.md, made from what the benchmarks printed: `python -m
benchmarks.results_pages`."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import measured_page
from benchmarks.table import Row, parsed

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RESULTS = ROOT / "benchmarks" / "results"
SIMULATED = "with --simulated:\n"
HEAD = ["what", "measured", "beside", "asked for"]

Measured = Callable[[dict[str, str]], str]


def measured(record: Mapping[str, str], name: str) -> str:
    """Return the rows of a benchmark and the machine they are of, as Markdown."""
    machine, rows = parsed(record[name])
    return under(machine, measured_page.table(HEAD, [cells(row) for row in rows]))


def cells(row: Row) -> list[str]:
    """Return what a table shows of a row."""
    value = row.unit if row.value is None else f"{row.value:g} {row.unit}".strip()
    return [row.name, value, row.against, f"{row.target}, missed" if row.ok is False else row.target]


def under(machine: str, table: str) -> str:
    """Return a table with its machine below it."""
    return f"{table}\n\n{machine}."


def decisions(record: Mapping[str, str]) -> str:
    """Return how often studies whose truth is known decided wrongly, trained and drawn."""
    machine, trained = parsed(record["truth"])
    drawn = {
        row.name.partition(", of ")[0]: row
        for row in parsed(f"{machine}\n\n{record['truth'].partition(SIMULATED)[2].lstrip()}")[1]
        if row.unit != "x"
    }
    lines = [
        [name, share(row), share(drawn[name]), row.target and "at most 5 %"]
        for row in trained
        if (name := row.name.partition(", of ")[0]) in drawn
    ]
    return under(
        machine, measured_page.table(["what", "200 studies trained", "2,000 drawn", "asked for"], lines)
    )


def share(row: Row) -> str:
    """Return a share in percent."""
    return "" if row.value is None else f"{100 * row.value:.1f} %"


def coverage(record: Mapping[str, str]) -> str:
    """Return which share of synthetic panels lay inside their intervals, and which targets were missed."""
    machine, rows = parsed(record["intervals"])
    panels = dict.fromkeys(row.name.partition(": ")[0] for row in rows)
    values = {row.name: row for row in rows}
    missed = [row for row in rows if row.ok is False]
    lines = [
        [panel, *(f"{values[f'{panel}: inside {level} %'].value:g} %" for level in (80, 95))]
        for panel in panels
    ]
    told = "; ".join(f"{row.name}: {row.value:g} {row.unit}, asked for {row.target}" for row in missed)
    table = measured_page.table(["panel", "inside 80 %", "inside 95 %"], lines)
    return under(machine, f"{table}\n\nTargets that were missed, of {len(rows)} rows: {told or 'none'}")


PAGES: dict[str, dict[str, Measured]] = {
    "speed.md": {
        name: partial(measured, name=name)
        for name in (
            "step",
            "lstm",
            "recurrence",
            "norms",
            "study",
            "inference",
            "memory",
            "scale",
            "inspect",
        )
    },
    "trust.md": {"coverage": coverage, "decisions": decisions},
}


def record() -> dict[str, str]:
    """Return what each benchmark printed, by its name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(RESULTS.glob("*.txt"))}


def write() -> list[Path]:
    """Write the tables into their pages; return the files."""
    for name, parts in PAGES.items():
        page = (DOCS / name).read_text(encoding="utf-8")
        (DOCS / name).write_text(measured_page.filled(page, record(), parts), encoding="utf-8")
    return [DOCS / name for name in PAGES]


if __name__ == "__main__":
    for path in write():
        print(path.relative_to(ROOT))
