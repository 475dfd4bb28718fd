"""Files that try to take the memory or the clock: what each costs until it is refused."""

import os
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.table import Row, at_most

SECONDS, MEGABYTES = 2.0, 500.0


def run(rest: list[str]) -> list[Row]:
    del rest
    from tests.fuzz.refusal import refusal

    costs = {}
    with TemporaryDirectory() as folder, chdir(folder):
        for name, content, open_ in _files(Path(folder)):
            Path(name).write_bytes(content)
            costs[name] = refusal(lambda: open_(name))  # noqa: B023
            os.remove(name)
    slowest = max(costs, key=lambda name: costs[name].seconds)
    largest = max(costs, key=lambda name: costs[name].megabytes)
    return [
        *(Row(name, round(cost.seconds, 3), "s CPU") for name, cost in costs.items()),
        at_most(f"slowest of {len(costs)}, {slowest}", costs[slowest].seconds, SECONDS, "s CPU"),
        at_most(f"largest of {len(costs)}, {largest}", costs[largest].megabytes, MEGABYTES, "MiB"),
    ]


def _files(folder: Path) -> Iterator[tuple[str, bytes, Callable[[str], Any]]]:
    """Yield the name, the bytes and the door of each; what a door loads the first time is loaded before."""
    from tests.forecasting.ready import ready, saved, table
    from tests.fuzz import bombs, hostile

    from normcast import load
    from normcast.artefact import read_keras_file
    from normcast.data import read_npz, read_table
    from normcast.data.case_file import read_case_file

    path = saved(ready(table()), folder)
    load(path)
    whole = path.read_bytes()
    for name, damaged in hostile.ARTEFACTS.items():
        yield f"{name}.normcast".replace(" ", "-"), damaged(whole), load
    for name, made in hostile.NETWORKS.items():
        parts = folder / f"parts of {name}"
        parts.mkdir()
        yield name, made(parts), read_keras_file
    for name, packed in bombs.CASES.items():
        yield f"{name}.npz".replace(" ", "-"), packed(), read_npz
    for name, packed in bombs.CASE_FILES.items():
        yield name, packed(), read_case_file
    for name, packed in (bombs.TABLES | bombs.BOOKS).items():
        yield name, packed(), read_table
