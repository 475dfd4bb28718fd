"""The product end to end: time and peak memory of the demo, and of a seven-series hourly panel."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.race import ended_after
from benchmarks.table import Row, at_most

HOURLY = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks demo")
    parser.add_argument("--data", type=Path, help="folder with ETTh1.csv.gz, for the hourly panel")
    data = parser.parse_args(rest).data
    rows = measured("demo", ["demo"], most_seconds=180)
    if data is None or not (data / "ETTh1.csv.gz").exists():
        return [*rows, Row("hourly panel: give --data DIR with ETTh1.csv.gz", None, "")]
    targets = [each for name in HOURLY for each in ("--target-col", name)]
    table = [str(data / "ETTh1.csv.gz"), "--time-col", "date", *targets]
    return rows + measured(
        "7 hourly series, input 168, h 24", ["forecast", *table, "--h", "24", "--input-size", "168"]
    )


def measured(
    name: str, arguments: list[str], most_seconds: float | None = None, limit: float | None = None
) -> list[Row]:
    """Run a command in a folder of its own; return its wall time, processor time and peak memory.

    limit: seconds after which it is ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-c", "from normcast.__main__ import main; main()", *arguments, "--quiet"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=os.environ)
        with ended_after(limit, [process]):
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    if status:
        return [Row(f"{name}: failed with status {status}", None, "")]
    spent = usage.ru_utime + usage.ru_stime
    seconds = Row(f"{name}, wall time", round(wall, 1), "s")
    if most_seconds is not None:
        seconds = at_most(f"{name}, wall time", round(wall, 1), most_seconds, "s")
    # Linux counts kilobytes, macOS bytes.
    peak = usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return [
        seconds,
        Row(f"{name}, processor time", round(spent, 1), "s"),
        Row(f"{name}, peak memory", round(peak, 2), "GB"),
    ]
