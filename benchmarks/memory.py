"""Training on many series: peak memory with 10^8 values, cost of a window from 10 to 100,000 series."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.race import ONE_CORE, ROOT, Contestant, race
from benchmarks.table import Row, at_most

LENGTH, INPUT_SIZE, H = 1000, 96, 24
VISITED = 8192  # windows of an epoch, drawn from all


def run(rest: list[str]) -> list[Row]:
    series = int(rest[0]) if rest else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        write(path, series)
        streamed = trained("parquet", str(path))
    held = trained("arrays", str(series))
    panels = {
        f"{count:,} series": Contestant(f"{count:,} series", "panel", (count,)) for count in (10, series)
    }
    few, many = race(list(panels.values()), rounds=9).values()
    name = f"{series:,} series x {LENGTH:,}"
    return [
        at_most(f"{name}, from Parquet", streamed["gigabytes"], 1.6, "GB at peak"),
        at_most(f"{name}, from arrays", held["gigabytes"], 1.6, "GB at peak"),
        Row("windows trained from Parquet", streamed["windows"], "windows"),
        Row("a step of 256 windows, 10 series", few and round(few.cpu, 2), "ms CPU"),
        at_most(
            f"the same, {series:,} series", many.cpu / few.cpu if few and many else 9.9, 1.1, "x", "10 series"
        ),
    ]


def write(path: Path, series: int) -> None:
    """Write the panel, a thousand series a row group, so that the writer needs little memory itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(0)
    schema = pa.schema([("unique_id", pa.int32()), ("y", pa.float32())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, series, 1000):
            count = min(1000, series - first)
            ids = np.repeat(np.arange(first, first + count, dtype=np.int32), LENGTH)
            y = draw.normal(size=count * LENGTH).astype("float32")
            writer.write_table(pa.table({"unique_id": ids, "y": y}, schema=schema))


def trained(source: str, argument: str) -> dict[str, float]:
    """Train in a process of its own, so that its peak is its own."""
    code = f"from benchmarks.memory import child; child({source!r}, {argument!r})"
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **ONE_CORE, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(out.stdout.splitlines()[-1])


def child(source: str, argument: str) -> None:
    """Train one epoch and print the peak."""
    import resource

    from normcast.engine import Training, train
    from normcast.windows.parquet import parquet_shards

    if source == "parquet":
        data = parquet_shards(argument, input_size=INPUT_SIZE, h=H, step=INPUT_SIZE + H)
    else:
        data = arrays(int(argument))
    visited = len(data) if source == "parquet" else VISITED
    list(train(network(), data, Training(batch_size=256, epochs=1, epoch_windows=visited)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"gigabytes": peak, "windows": len(data)}))


def network() -> "keras.Model":  # noqa: F821
    import keras

    from benchmarks.networks import conv_lstm

    past = keras.Input((INPUT_SIZE,))
    reshaped = keras.layers.Reshape((INPUT_SIZE, 1))
    return keras.Sequential([past, reshaped, *conv_lstm(INPUT_SIZE, 1).layers[:-1], keras.layers.Dense(H)])


def arrays(series: int) -> "Batches":  # noqa: F821
    """Every series' windows, one step apart by H; few series get windows one row apart, and repeat."""
    from normcast.engine import Batches, Field

    values = np.random.default_rng(0).standard_normal(series * LENGTH, dtype="float32")
    step = 1 if series < 1000 else H
    first = np.arange(0, LENGTH - INPUT_SIZE - H + 1, step, dtype=np.int32)
    start = (np.arange(series, dtype=np.int32)[:, None] * LENGTH + first).ravel()
    index = np.repeat(np.arange(series, dtype=np.int32), len(first))
    most = 200_000
    if len(start) < most:
        start, index = np.resize(start, most), np.resize(index, most)
    return Batches({"past": Field(values, 0, INPUT_SIZE)}, Field(values, INPUT_SIZE, H), start, index)
