"""Cases guided by coverage: `python -m tests.fuzz.guided --cases 100000 [DOOR ...]`; code 1 if one failed.

atheris changes bytes and keeps what takes a new branch of our parsers. Each door stands in a process of its
own, so that a crash is seen, and has so many cases, or the less the more one costs. A failure is any error
but ours (`campaign.OURS`), one without words, more than 5 s of the processor or 30 s of the clock, or 4 GB.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

KEPT = Path(".guided")
"""Where inputs that failed are kept."""

DOORS = "tests.fuzz.doors"


@dataclass(frozen=True)
class Outcome:
    """What came of one door.

    came: (kind, outcome, count); failure: "" or what was raised; failing: the input.
    """

    cases: int
    came: list[tuple[str, str, int]]
    failure: str
    failing: bytes = b""


def guided(name: str, cases: int, module: str = DOORS) -> Outcome:
    """Return what came of so many cases at one door. module: whose DOORS it is one of."""
    with TemporaryDirectory() as folder:
        call = [sys.executable, "-m", "tests.fuzz.instrumented", module, name, str(cases), folder]
        ended = subprocess.run(call, capture_output=True, check=False)
        outcome = Path(folder) / "outcome.json"
        kept = [*Path(folder).glob("failing"), *Path(folder).glob("died-*")]
        failing = kept[0].read_bytes() if kept else b""
        if not outcome.exists():
            said = ended.stderr.decode(errors="replace")[-3000:]
            return Outcome(0, [], f"the process ended with {ended.returncode}:\n{said}", failing)
        return Outcome(**json.loads(outcome.read_text()), failing=failing)


def told(name: str, outcome: Outcome, seconds: float) -> str:
    """Return a line for a door, and what failed."""
    came = ", ".join(f"{count:,} {what}" for _, what, count in outcome.came) or "nothing read or refused"
    line = f"{name}: {outcome.cases:,} cases, {came}, {seconds:.0f} s"
    if not outcome.failure:
        return line
    KEPT.mkdir(exist_ok=True)
    kept = KEPT / f"{name}-{time.time_ns()}".replace(" ", "-").replace(",", "")
    kept.write_bytes(outcome.failing)
    again = f"python -m tests.fuzz.guided {shlex.quote(name)} --again {kept}"
    return f"{line}\nFAILED\n{outcome.failure}{len(outcome.failing):,} bytes; again: {again}"


def main() -> int:
    """Run the doors that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="of the cheapest door")
    parser.add_argument("--again", type=Path, help="an input that failed at the door, without atheris")
    parser.add_argument("doors", nargs="*")
    given = parser.parse_args()
    if given.again:
        door = import_module(DOORS).DOORS[given.doors[0]]
        list(door.starts())
        door.enter(given.again.read_bytes())
        return 0
    if find_spec("atheris") is None:
        print("tests.fuzz.guided: skipped, since atheris is not installed; it has builds for Linux alone.")
        return 0
    failed = 0
    for name in given.doors or import_module(DOORS).DOORS:
        began = time.monotonic()
        outcome = guided(name, given.cases)
        print(told(name, outcome, time.monotonic() - began), flush=True)
        failed += bool(outcome.failure)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
