"""The first minutes: what commands cost cold and warm, and on what it is spent; peers beside it.

Cold: with empty caches, so the kernel is built and every program compiled. Warm: again, with what the first
run left. Each run is a process of its own, cold ones and warm ones of all jobs in turn, and medians are told,
since a shared machine makes wall time mean little. Peers run in the interpreter that NORMCAST_BENCH_PYTHON
names, or in this one.
"""

import argparse
import compileall
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.first_jobs import JOBS, Job
from benchmarks.race import ROOT
from benchmarks.table import Row, at_most

ROUNDS = 3  # warm runs of each; one cold
ESTIMATE = re.compile(r"about [\w ]+ on \d+ cores?")
MEASURES = {"cpu": "s CPU", "wall": "s wall", "peak": "GB at peak"}


@dataclass(frozen=True)
class Told:
    """One run: seconds of the processor, of the clock, gigabytes at peak, and of what the first were made.

    said: how long the command said that it would take; empty for one that says nothing.
    """

    cpu: float
    wall: float
    peak: float
    phases: dict[str, float]
    programs: int
    kept: int
    said: str = ""


def run(rest: list[str]) -> list[Row]:
    options = parsed(rest)
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installer leaves it
    chosen = [job for job in JOBS if wanted(job, options)]
    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        rooms = {job.name: prepared(job, Path(folder), options.data) for job in chosen}
        cold = {job.name: measured(job, rooms[job.name], options.quick) for job in chosen if not missing(job)}
        laps = [
            {job.name: measured(job, rooms[job.name], options.quick) for job in chosen if not missing(job)}
            for _ in range(rounds)
        ]
    return [
        row
        for job in chosen
        for row in (
            [Row(job.name, None, "not installed")]
            if missing(job)
            else rows_of(job, cold[job.name], [lap[job.name] for lap in laps], options.quick)
        )
    ]


def parsed(rest: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks first")
    parser.add_argument("--only", nargs="+", default=[], help="jobs whose names begin so: 'forecast 144'")
    parser.add_argument("--data", type=Path, help="folder with ETTh1.csv.gz; else such a table is made")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="warm runs of each")
    parser.add_argument("--quick", action="store_true", help="small jobs alone, few epochs: does it run?")
    options = parser.parse_args(rest)
    refuse_unknown(parser, options.only, [job.name for job in JOBS])
    return options


def refuse_unknown(parser: argparse.ArgumentParser, only: Sequence[str], names: Sequence[str]) -> None:
    """End with an error that lists the names, where what was asked for alone begins none of them."""
    lost = [each for each in only if not any(name.startswith(each) for name in names)]
    if lost:
        parser.error(f"--only {lost[0]!r}: no job begins so; jobs are {', '.join(names)}")


def is_named(name: str, only: Sequence[str]) -> bool:
    """Whether a job is one of those asked for alone, or all were."""
    return not only or name.startswith(tuple(only))


def wanted(job: Job, options: argparse.Namespace) -> bool:
    return is_named(job.name, options.only) and not (options.quick and job.quick is None)


def python_of(job: Job) -> str:
    return os.environ.get("NORMCAST_BENCH_PYTHON", sys.executable) if job.needs else sys.executable


def missing(job: Job) -> bool:
    """Whether a job is a peer that is not installed."""
    if not job.needs:
        return False
    if python_of(job) == sys.executable:
        return find_spec(job.needs) is None
    tried = [python_of(job), "-c", f"import {job.needs}"]
    return subprocess.run(tried, capture_output=True, check=False).returncode != 0


def prepared(job: Job, folder: Path, data: Path | None) -> Path:
    """Return a folder of the job's own, with the files it reads and room for its caches."""
    room = folder / str(len(list(folder.iterdir())))
    room.mkdir()
    if job.files is not None and not missing(job):
        job.files(room, data)
    return room


def measured(job: Job, room: Path, quick: bool) -> Told:
    """Run a job once. Raises RuntimeError, with the last it said, where it failed."""
    out = room / "phases.json"
    out.unlink(missing_ok=True)
    command = [*job.command, *((job.quick or ()) if quick else ())]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    own = {"PYTHONPATH": paths, "KERAS_BACKEND": "jax", "NORMCAST_CACHE": str(room / "cache")}
    own["PYTHONDONTWRITEBYTECODE"] = ""  # what the cold run reads of packages is compiled for the warm ones
    left = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    with (room / "said.txt").open("w") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [python_of(job), "-m", "benchmarks.first_phases", str(out), *command],
            env={**left, **own}, cwd=room, stdout=said, stderr=said,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    words = (room / "said.txt").read_text()
    if status or not out.exists():
        raise RuntimeError(f"{job.name}: ended with {status}: {words[-500:]}")
    found = ESTIMATE.search(words)
    told = json.loads(out.read_text())
    return Told(usage.ru_utime + usage.ru_stime, wall, **told, said=found.group() if found else "")


def rows_of(job: Job, cold: Told, warm: list[Told], quick: bool) -> list[Row]:
    """Return figures and parts of the cold run, and the medians of the warm ones."""
    bars = {} if quick else dict(job.most)
    rows = []
    for when, runs in (("cold", [cold]), ("warm", warm)):
        for name, unit in MEASURES.items():
            value = statistics.median(getattr(told, name) for told in runs)
            least, label = bars.get(f"{when} {name}"), f"{job.name}, {when}"
            said = runs[0].said if name == "wall" else ""
            rows.append(
                Row(label, round(value, 2), unit, said)
                if least is None
                else at_most(label, value, least, unit, said)
            )
        rows += [
            Row(f"  of it {phase}", round(value, 2), "s CPU")
            for phase in cold.phases
            if (value := statistics.median(told.phases[phase] for told in runs)) >= 0.05
        ]
        if not job.needs:
            programs, kept = runs[0].programs, runs[0].kept
            rows.append(Row("  programs", programs, "asked for", f"{kept} from the cache" if kept else ""))
    return rows
