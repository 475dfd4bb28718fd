"""Shards of a Parquet file: whole series, as many as fit into so many rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from normcast.engine import Batches, Field, Shards
from normcast.windows.windows import Offsets, PerSeries, count_windows, sliding

Transform = Callable[[Float[np.ndarray, " rows"], Offsets], Float[np.ndarray, " rows"]]


def parquet_shards(
    path: Path | str,
    *,
    input_size: int,
    h: int,
    step: int = 1,
    id_col: str = "unique_id",
    target_col: str = "y",
    rows_per_shard: int = 4_000_000,
    transform: Transform | None = None,
) -> Shards:
    """Return the windows of a Parquet file as shards, read one ahead, in bounded memory.

    The file holds one series after another, each in time order. A series is never cut: a shard may have more
    than rows_per_shard rows if one series has. Series shorter than input_size + h have no windows.

    Parameters
    ----------
    path : path
        The file.
    input_size : int
        Rows that a window reads.
    h : int
        Rows that a window forecasts.
    step : int, default 1
        Rows from one window to the next.
    id_col : str, default "unique_id"
        The column that names the series.
    target_col : str, default "y"
        The column that is forecast; it is read as float32.
    rows_per_shard : int, default 4_000_000
        How many rows are held at a time.
    transform : callable or None, default None
        Scales a shard's values: takes values (rows,) and offsets (series + 1,), and returns values.

    Returns
    -------
    Shards
        What `normcast.engine.train` takes; its one input is called "past".

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the series are not in one piece, or none is long enough.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> file = Path(tempfile.mkdtemp()) / "loads.parquet"
    >>> pd.DataFrame({"unique_id": "a", "y": np.arange(20.0)}).to_parquet(file)
    >>> len(parquet_shards(file, input_size=7, h=2))
    12
    """
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError("parquet_shards needs pyarrow: pip install 'normcast[parquet]'.") from error
    file = pq.ParquetFile(path)
    offsets = _offsets(file, id_col, path)
    lengths = np.diff(offsets)
    counts = count_windows(lengths - input_size, h, step)
    if not counts.any():
        raise ValueError(
            f"{path}: the longest series has {lengths.max()} rows, but input_size {input_size} + h {h} needs "
            f"{input_size + h}."
        )
    cuts = _cuts(offsets, counts, rows_per_shard)
    reading = _Reading(str(path), target_col, offsets, cuts, input_size, h, step, transform)
    windows = [int(counts[a:b].sum()) for a, b in pairwise(cuts)]
    rows = max(int(offsets[b] - offsets[a]) for a, b in pairwise(cuts))
    return Shards(partial(_shard, reading), windows, rows)


@dataclass(frozen=True, eq=False)
class _Reading:
    path: str
    target_col: str
    offsets: Offsets
    cuts: Sequence[int]
    input_size: int
    h: int
    step: int
    transform: Transform | None


def _offsets(file: Any, id_col: str, path: Path | str) -> Offsets:
    """Return where each series starts, by one pass over the ids alone."""
    starts: list[int] = []
    seen: set[Any] = set()
    last, row = None, 0
    for group in range(file.num_row_groups):
        ids = file.read_row_group(group, columns=[id_col]).column(0).combine_chunks().dictionary_encode()
        codes, names = ids.indices.to_numpy(), ids.dictionary.to_pylist()
        for place in [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist()] if len(codes) else []:
            name = names[codes[place]]
            if name == last:
                continue
            if name in seen:
                raise ValueError(f"{path}: series {name!r} is not in one piece; sort the file by {id_col!r}.")
            seen.add(name)
            starts.append(row + place)
            last = name
        row += len(codes)
    return np.array([*starts, row], np.int64)


def _cuts(offsets: Offsets, counts: PerSeries, most: int) -> list[int]:
    """Return which series begin a shard; every shard has windows."""
    cuts = [0]
    for series in range(1, len(counts)):
        is_full = offsets[series + 1] - offsets[cuts[-1]] > most
        if is_full and counts[cuts[-1] : series].any() and counts[series:].any():
            cuts.append(series)
    return [*cuts, len(counts)]


def _shard(reading: _Reading, shard: int) -> Batches:
    first, last = reading.cuts[shard], reading.cuts[shard + 1]
    offsets = reading.offsets[first : last + 1]
    values = _rows(reading.path, reading.target_col, int(offsets[0]), int(offsets[-1]))
    offsets = offsets - offsets[0]
    if reading.transform is not None:
        values = reading.transform(values, offsets)
    begin = np.full(len(offsets) - 1, reading.input_size)
    windows = sliding(offsets, begin, np.diff(offsets), reading.input_size, reading.h, reading.step)
    past = Field(values, 0, reading.input_size)
    target = Field(values, reading.input_size, reading.h)
    return Batches({"past": past}, target, windows.start.astype(np.int32), windows.series)


def _rows(path: str, column: str, first: int, last: int) -> Float[np.ndarray, " rows"]:
    """Read rows first to last of one column as float32, touching only the row groups they lie in."""
    import pyarrow.parquet as pq

    file, row = pq.ParquetFile(path), 0
    out = np.empty(last - first, np.float32)
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if row < last and row + count > first:
            low, high = max(first, row), min(last, row + count)
            values = file.read_row_group(group, columns=[column]).column(0)
            out[low - first : high - first] = values.slice(low - row, high - low).to_numpy()
        row += count
    return out
