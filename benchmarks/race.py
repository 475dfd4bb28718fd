"""Time contestants side by side: each in a process of its own, a lap of each in turn, medians of rounds.

CPU time counts, since a shared machine makes wall time mean little; both are kept. Peers run in the
interpreter that NORMCAST_BENCH_PYTHON names, or in this one. On a GPU, where the processor waits, wall time
counts.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE_CORE = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "NORMCAST_DEVICES": "1",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True)
class Contestant:
    """A name, the function in `benchmarks.contestants` with its arguments, and what it needs to be there."""

    name: str
    function: str
    arguments: tuple[object, ...] = ()
    backend: str = "jax"
    environment: dict[str, str] = field(default_factory=dict)
    peer: bool = False


@dataclass(frozen=True)
class Lap:
    """Medians over the rounds, in milliseconds per step. peak: gigabytes on a GPU, else 0."""

    cpu: float
    wall: float
    peak: float = 0.0


def race(
    contestants: list[Contestant],
    rounds: int = 7,
    settings: Mapping[str, str] = ONE_CORE,
    seconds: float | None = None,
) -> dict[str, Lap | None]:
    """Return the medians by name; None for a contestant that could not start, or not end a lap in time.

    settings: of the environment of all. seconds: after which the race ends with the laps that there are.
    """
    running = {c.name: _started(c, settings) for c in contestants}
    laps: dict[str, list[dict[str, float]]] = {name: [] for name in running}
    with ended_after(seconds, list(running.values())):
        for number in range(rounds + 1):
            for name, process in running.items():
                told = _lap(process)
                if told is not None and number:  # the first lap compiles
                    laps[name].append(told)
    for process in running.values():
        process.kill()
        process.wait()
    return {name: _median(each) for name, each in laps.items()}


@contextmanager
def ended_after(seconds: float | None, processes: list[subprocess.Popen]) -> Iterator[None]:
    """End processes that still run after so many seconds; None lets them run."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, lambda: [process.kill() for process in processes])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _median(laps: list[dict[str, float]]) -> Lap | None:
    if not laps:
        return None
    return Lap(*(statistics.median(lap[kind] for lap in laps) for kind in ("cpu", "wall", "peak")))


def _started(contestant: Contestant, settings: Mapping[str, str]) -> subprocess.Popen:
    python = os.environ.get("NORMCAST_BENCH_PYTHON", sys.executable) if contestant.peer else sys.executable
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, **settings, "KERAS_BACKEND": contestant.backend, "PYTHONPATH": paths}
    call = json.dumps([contestant.function, *contestant.arguments])
    return subprocess.Popen(
        [python, "-m", "benchmarks.contestants", call],
        env={**environment, **contestant.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if "BENCH_DEBUG" not in os.environ else None,
        text=True,
        cwd=ROOT,
    )


def _lap(process: subprocess.Popen) -> dict[str, float] | None:
    if process.stdin is None or process.stdout is None:
        return None
    try:
        process.stdin.write("go\n")
        process.stdin.flush()
    except OSError:
        return None
    line = process.stdout.readline()
    return json.loads(line) if line.startswith("{") else None


def ratio(laps: dict[str, Lap | None], slower: str, faster: str, kind: str = "cpu") -> float | None:
    """Return how many times the time of one the other takes; kind: "cpu" or "wall"."""
    a, b = laps[slower], laps[faster]
    return None if a is None or b is None else getattr(a, kind) / getattr(b, kind)
