"""Kill each kind of work so many times: `python -m tests.faults --kills 100`; code 1 if anything was lost."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from tests.faults.kinds import KINDS, Kind, ended, kill_one, started

LONGEST = 600.0


def waves() -> pd.DataFrame:
    """Return a table of one noisy weekly wave."""
    draws = np.random.default_rng(0)
    y = np.sin(2 * np.pi * np.arange(150) / 7) + 0.3 * draws.standard_normal(150)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=150), "y": y})


def undisturbed(calls: tuple[tuple[str, ...], ...], kind: Kind) -> tuple[dict[Any, Any], float]:
    """Return what processes leave when nothing happens to them, and how long they take."""
    with prepared() as folder:
        began = time.monotonic()
        codes = ended(started(calls, folder), LONGEST)
        if any(codes):
            raise RuntimeError(f"{kind.name}: ended with {codes} though nothing was killed")
        return kind.outcome(folder), time.monotonic() - began


@contextmanager
def prepared() -> Iterator[Path]:
    """Give a folder with a table."""
    with TemporaryDirectory() as folder:
        waves().to_csv(Path(folder) / "waves.csv", index=False)
        yield Path(folder)


class Campaign:
    """Kills of one kind of work.

    kills: how many; ends: how often it came to its end; lost: how much was gone or not the same then.
    """

    def __init__(self, kind: Kind, draws: random.Random) -> None:
        self.kind, self.draws = kind, draws
        self.kills = self.ends = self.lost = 0
        self.expected, self.seconds = undisturbed(kind.calls, kind)
        if undisturbed((kind.other,), kind)[0] == self.expected:
            raise RuntimeError(f"{kind.name}: its result does not depend on how it is trained")

    def run(self, kills: int) -> None:
        """Kill the work so many times, and let it go on each time, to its end."""
        while self.kills < kills:
            with prepared() as folder:
                while not self._goes_to_its_end(folder, kills):
                    pass

    def _goes_to_its_end(self, folder: Path, kills: int) -> bool:
        before = self.kind.outcome(folder)
        processes = started(self.kind.calls, folder)
        if self.kills < kills:
            time.sleep(self.draws.uniform(0, self.seconds))
            self.kills += kill_one(processes, self.kind.victims, self.draws)
        codes = ended(processes, LONGEST)
        found = self.kind.outcome(folder)
        self.lost += sum(found.get(key) != value for key, value in before.items())
        self.lost += sum(self.expected.get(key) != value for key, value in found.items())
        whole = found.keys() == self.expected.keys()
        self.lost += not any(codes) and not whole
        self.ends += whole
        return whole or not any(codes)


def main() -> None:
    """Run the kinds that are asked for, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds whose name has this")
    given = parser.parse_args()
    total = 0
    for kind in (each for each in KINDS if given.only in each.name):
        began = time.monotonic()
        done = Campaign(kind, random.Random(given.seed))
        done.run(given.kills)
        total += done.lost
        told = f"{done.kills} kills, {done.ends} times to the end, {done.lost} lost or changed"
        print(f"{kind.name}: {told}, {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(bool(total))


if __name__ == "__main__":
    main()
