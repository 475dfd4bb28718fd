"""What grows with the data, and how: processor time, peak memory and report at three sizes of each job.

Each size is a process of its own. Its time is that of the work: importing, building the kernel, tracing,
lowering and compiling are left out, which no row makes longer.
"""

import argparse
import compileall
import tempfile
from itertools import pairwise
from pathlib import Path

from benchmarks.first import Told, is_named, measured, refuse_unknown
from benchmarks.first_jobs import Job
from benchmarks.race import ROOT
from benchmarks.scale_jobs import JOBS, Growth
from benchmarks.table import Row, at_most

ONCE = ("kernel", "compiling", "lowering", "tracing", "imports")


def run(rest: list[str]) -> list[Row]:
    options = parsed(rest)
    compileall.compile_dir(ROOT / "src", quiet=1)
    chosen = [job for job in JOBS if is_named(job.name, options.only)]
    return [row for job in chosen for row in rows_of(job, options.quick, options.most)]


def parsed(rest: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale")
    parser.add_argument("--only", nargs="+", default=[], help="jobs whose names begin so: 'check'")
    parser.add_argument("--most", type=int, default=10**9, help="leave out sizes above it")
    parser.add_argument("--quick", action="store_true", help="one small size of each: does it run?")
    options = parser.parse_args(rest)
    refuse_unknown(parser, options.only, [job.name for job in JOBS])
    return options


def rows_of(job: Growth, quick: bool, most: int) -> list[Row]:
    """Return the figures of each size, with bars at the largest, and what each further one cost."""
    sizes = (job.quick,) if quick else tuple(size for size in job.sizes if size <= most)
    told = {size: at(job, size) for size in sizes}
    rows = [row for size, (each, report) in told.items() for row in figures(job, size, each, report)]
    return rows + [further(job, *pair, told) for pair in pairwise(sizes)]


def at(job: Growth, size: int) -> tuple[Told, float | None]:
    """Run a job at one size; return what it cost, and the megabytes of its report."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        job.files(size, room)
        told = measured(Job(f"{job.name}, {size:,}", job.command(size)), room, quick=False)
        report = room / "report.html"
        return told, report.stat().st_size / 1e6 if report.exists() else None


def work(told: Told) -> float:
    """Return the seconds that grow."""
    return told.cpu - sum(told.phases[phase] for phase in ONCE)


def figures(job: Growth, size: int, told: Told, report: float | None) -> list[Row]:
    name, largest = f"{job.name}, {size:,}", size == job.sizes[-1]
    rows = [Row(name, round(work(told), 2), "s CPU", f"{told.cpu:.1f} with what is done once")]
    rows += [bounded(name, told.peak, job.gigabytes if largest else None, "GB at peak")]
    if report is not None:
        rows += [bounded(name, report, job.megabytes if largest else None, "MB of report")]
    return rows


def bounded(name: str, value: float, most: float | None, unit: str) -> Row:
    return Row(name, round(value, 3), unit) if most is None else at_most(name, value, most, unit)


def further(job: Growth, few: int, many: int, told: dict[int, tuple[Told, float | None]]) -> Row:
    """Return what each further row, series, trial or layer cost between two sizes."""
    cost = (work(told[many][0]) - work(told[few][0])) / (many - few)
    return Row(f"{job.name}, {few:,} to {many:,}", round(1e3 * cost, 4), f"ms CPU a {job.each}")
