"""Training on many series: peak memory with 10^8 values, cost of a window from 10 to 100,000 series."""

import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.race import ONE_CORE, ROOT
from benchmarks.table import Row, at_most

LENGTH, INPUT_SIZE, H = 1000, 96, 24


def run(rest: list[str]) -> list[Row]:
    series = int(rest[0]) if rest else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        write(path, series)
        big = trained("parquet", str(path))
        held = trained("arrays", str(series))
        few = trained("arrays", "10")
    return [
        at_most(f"{series:,} series x {LENGTH:,}, from Parquet", big["gigabytes"], 1.6, "GB at peak"),
        at_most(f"{series:,} series x {LENGTH:,}, from arrays", held["gigabytes"], 1.6, "GB at peak"),
        Row("windows trained from Parquet", big["windows"], "windows"),
        Row("CPU time of a window, 10 series", round(few["microseconds"], 2), "us"),
        at_most(
            f"CPU time of a window, {series:,} series",
            held["microseconds"] / few["microseconds"],
            1.1,
            "x",
            "10",
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
    import resource
    import time

    import keras

    from benchmarks.networks import conv_lstm
    from normcast.engine import Training, parquet_shards, train

    if source == "parquet":
        data = parquet_shards(argument, input_size=INPUT_SIZE, h=H, step=INPUT_SIZE + H)
        visited = len(data)
    else:
        data, visited = arrays(int(argument)), 16_384
    layers = conv_lstm(INPUT_SIZE, 1).layers[:-1]
    model = keras.Sequential(
        [keras.Input((INPUT_SIZE,)), keras.layers.Reshape((INPUT_SIZE, 1)), *layers, keras.layers.Dense(H)]
    )
    laps: list[float] = []
    training = Training(batch_size=256, epochs=1 if source == "parquet" else 8, epoch_windows=visited)
    list(train(model, data, training, progress=lambda _: laps.append(time.process_time())))
    best = min(b - a for a, b in pairwise(laps))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"gigabytes": peak, "microseconds": 1e6 * best / visited, "windows": len(data)}))


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
