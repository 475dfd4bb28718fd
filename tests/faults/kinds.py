"""Kinds of long work that may be killed: how each is started, and what must come out of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from normcast.study.store import Store

ROOT = Path(__file__).parents[2]
FORECAST = [
    "forecast", "waves.csv", "--h", "3", "--input-size", "7", "--model", "conv-lstm", "--epochs", "6",
    "--seeds", "2", "--n-windows", "2", "--checkpoint", "kept", "--out", "forecast.csv", "--quiet",
]  # fmt: skip
STUDY = """
import sys
sys.path.insert(0, {root!r})
from tests.study.ready import small_study
small_study("study.db", seeds=4, epochs=4, learning_rate={rate}).run({how})
"""


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    calls: the processes that do it; other: one that trains otherwise; outcome: what they left in a folder.
    """

    name: str
    calls: tuple[tuple[str, ...], ...]
    other: tuple[str, ...]
    outcome: Callable[[Path], dict[Any, Any]]
    victims: str = ""  # beside the processes themselves, those whose command has these words


def started(calls: tuple[tuple[str, ...], ...], folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start processes in a folder."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return [subprocess.Popen(call, cwd=folder, start_new_session=True, **quiet) for call in calls]


def in_python(how: str, rate: float = 0.001) -> tuple[str, ...]:
    """Return the call that runs the small study."""
    return (sys.executable, "-c", STUDY.format(root=str(ROOT), how=how, rate=rate))


def forecast_of(folder: Path) -> dict[Any, Any]:
    """Return the forecasts that were written."""
    file = folder / "forecast.csv"
    return {"forecast": file.read_bytes()} if file.exists() else {}


def trials_of(folder: Path) -> dict[Any, Any]:
    """Return the finished trials of the study by key, but for what depends on the clock."""
    if not (folder / "study.db").exists():
        return {}
    with closing(Store(folder / "study.db")) as store:
        return {trial.key: trial.result for trial in store.trials()}


CLI = (sys.executable, "-m", "normcast")
ALONE, OTHER = in_python("processes=1"), in_python("processes=1", rate=0.01)
KINDS = (
    Kind("forecast with back-test", ((*CLI, *FORECAST),), (*CLI, *FORECAST, "--seed", "9"), forecast_of),
    Kind("study on two workers", (in_python("processes=2"),), OTHER, trials_of, "study/worker.py"),
    Kind("two studies on one store", (ALONE, ALONE), OTHER, trials_of),
    Kind("study on Ray", (in_python("ray='auto'"),), OTHER, trials_of, "ray::trained"),
)


def kill_one(processes: list[subprocess.Popen[bytes]], words: str, draws: random.Random) -> bool:
    """Kill one of the processes, or one that they started, at once; say whether there was one."""
    victims = [process.pid for process in processes if process.poll() is None]
    if words and draws.random() < 0.5:
        victims = started_by(victims, words) or victims
    if victims:
        with suppress(ProcessLookupError):
            os.kill(draws.choice(victims), signal.SIGKILL)
            return True
    return False


def started_by(parents: list[int], words: str) -> list[int]:
    """Return the processes that these started, at any depth, whose command has these words."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [(int(pid), int(parent), told) for pid, parent, told in map(_columns, listed.splitlines())]
    found, waiting = [], list(parents)
    while waiting:
        above = waiting.pop()
        children = [(pid, told) for pid, parent, told in rows if parent == above]
        waiting += [pid for pid, _ in children]
        found += [pid for pid, told in children if words in told]
    return found


def _columns(line: str) -> list[str]:
    return [*line.split(None, 2), ""][:3]


def ended(processes: list[subprocess.Popen[bytes]], seconds: float) -> list[int]:
    """Wait for all, and return their codes; what is left after so many seconds is killed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(process.poll() is None for process in processes):
        time.sleep(0.05)
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return [process.wait() for process in processes]
