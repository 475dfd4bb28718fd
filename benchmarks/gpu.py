"""On one GPU, within a time that is given: equality with the processor, steps against Keras, a study, memory.

Cases run in the order of what they tell. Each has a share of the time that is left, and what had no time is
in the record as left out. `bash benchmarks/gpu.sh FOLDER` makes an environment and calls this.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import demo, gpu_equality
from benchmarks.gpu_races import Group, groups
from benchmarks.race import ROOT
from benchmarks.table import Row, machine

SECONDS, ROUNDS = 420.0, 5
LEAST = 10.0  # seconds with which it is worth to begin a case
# Contestants stand side by side on one device, so none may take all of its memory before it needs it.
SETTINGS = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
FOUND = """
import json, jax
device = jax.devices()[0]
told = {"platform": device.platform, "name": device.device_kind, "devices": jax.device_count()}
print(json.dumps(told | {"memory": (device.memory_stats() or {}).get("bytes_limit", 0) / 1e9}))
"""
Case = tuple[str, float, Callable[[float], list[Row]]]  # its name, its share of the time, and what runs it


def run(rest: list[str]) -> list[Row]:
    began = time.monotonic()
    options = parsed(rest)
    found = device()
    if found["platform"] != "gpu" and not options.cpu:
        raise SystemExit(
            f"benchmarks gpu: JAX finds no GPU here, but {found['name']!r}. On a machine with an NVIDIA GPU "
            "run `bash benchmarks/gpu.sh FOLDER`, or install JAX's build for it: pip install '.[cuda12]'. "
            "--cpu runs on what there is."
        )
    chosen = [case for case in cases(options.quick) if case[0].startswith(options.only)]
    if not chosen:
        names = ", ".join(name for name, _, _ in cases(options.quick))
        raise SystemExit(f"benchmarks gpu: --only {options.only!r}: no case begins so; cases are {names}.")
    rows, left_out = timed(chosen, options.seconds - (time.monotonic() - began))
    record = {
        "device": found,
        "driver": driver(),
        "machine": machine(),
        "seconds": round(time.monotonic() - began, 1),
        "rows": [vars(row) for row in rows],
        "left_out": left_out,
    }
    out = options.out or ROOT / "benchmarks" / "results" / f"gpu-{slug(found['name'])}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    print(f"written: {out}", *(f"left out: {name}" for name in left_out), sep="\n", file=sys.stderr)
    return rows


def parsed(rest: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu")
    parser.add_argument("--out", type=Path, help="the record; benchmarks/results/gpu-NAME.json by default")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all together")
    parser.add_argument("--only", default="", help="the cases whose names begin so: 'study'")
    parser.add_argument("--quick", action="store_true", help="small sizes alone: does it run?")
    parser.add_argument("--cpu", action="store_true", help="also where there is no GPU")
    return parser.parse_args(rest)


def device() -> dict[str, Any]:
    """Return what JAX finds, asked in another process: this one must not hold the device."""
    env = {**os.environ, **SETTINGS}
    out = subprocess.run([sys.executable, "-c", FOUND], env=env, capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def driver() -> str:
    """Return the version of NVIDIA's driver, "" where there is none."""
    try:
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\n")[0].strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def slug(name: str) -> str:
    """Return a name as part of a file's.

    >>> slug("NVIDIA H100 80GB HBM3")
    'nvidia-h100-80gb-hbm3'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def cases(quick: bool) -> list[Case]:
    """Return all cases, those that tell the most first."""
    rounds = 1 if quick else ROUNDS

    def racing(group: Group) -> Case:
        return group.name, group.share, lambda seconds: group.rows(SETTINGS, rounds, seconds)

    races = [racing(group) for group in groups(quick)]
    equality: Case = (
        "equality",
        5.0,
        lambda seconds: gpu_equality.rows(SETTINGS, seconds, 1 if quick else 99),
    )
    if quick:
        return [equality, *races]
    study: Case = (
        "study demo", 6.0, lambda seconds: demo.measured("study demo", ["study", "demo"], limit=seconds)
    )  # fmt: skip
    return [equality, *races[:2], study, *races[2:]]


def timed(cases: list[Case], seconds: float) -> tuple[list[Row], list[str]]:
    """Run cases, each in its share of the time that is left; return rows, and the names of what had none."""
    end, rows, left_out = time.monotonic() + seconds, [], []
    for place, (name, share, case) in enumerate(cases):
        left = end - time.monotonic()
        own = left * share / sum(each[1] for each in cases[place:])
        if own < LEAST:
            left_out.append(name)
            continue
        told = case(own)
        rows += told
        left_out += [row.name for row in told if row.value is None]
    return rows, left_out
