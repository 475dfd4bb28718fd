import re

import numpy as np
import pandas as pd
import pytest

from normcast.engine import Batches, Field, Shards, Training, train
from normcast.engine import source as sources
from normcast.engine.order import epoch_order
from normcast.windows.parquet import parquet_shards
from tests.engine.networks import conv_lstm, same, sine_data


def part(data, first, last):
    return Batches(data.inputs, data.target, data.start[first:last], data.series[first:last])


def test_shards_train_as_memory_does_in_the_same_order(monkeypatch):
    data, cuts = sine_data(96), [0, 32, 48, 96]
    loaded = []

    def load(shard):
        loaded.append(shard)
        return part(data, cuts[shard], cuts[shard + 1])

    shards = Shards(load, np.diff(cuts).tolist(), rows=len(data.inputs["past"].values))
    training = Training(batch_size=16, epochs=2)
    streamed = list(train(conv_lstm(), shards, training, seeds=2))
    assert sorted(loaded[1:4]) == sorted(loaded[4:7]) == [0, 1, 2]

    def in_the_shards_order(windows, seed, epoch, shard, visited):
        order = epoch_order(3, 0, epoch, shard=3)
        return np.concatenate(
            [cuts[s] + epoch_order(cuts[s + 1] - cuts[s], seed, epoch, int(s)) for s in order]
        ).astype("int32")

    monkeypatch.setattr(sources, "epoch_order", in_the_shards_order)
    for a, b in zip(streamed, train(conv_lstm(), data, training, seeds=2), strict=True):
        assert same(a.weights, b.weights)
        np.testing.assert_allclose(a.history["loss"], b.history["loss"], rtol=1e-6)


def parquet(folder, lengths, names=None, row_group_size=17):
    names = names or [f"s{i}" for i in range(len(lengths))]
    ids = np.repeat(names, lengths)
    frame = pd.DataFrame({"unique_id": ids, "y": np.arange(len(ids), dtype="float64")})
    frame.to_parquet(folder / "panel.parquet", row_group_size=row_group_size)
    return folder / "panel.parquet"


def test_parquet_shards_hold_every_window_once_and_none_across_series(tmp_path):
    pytest.importorskip("pyarrow")
    lengths = [20, 3, 9, 40, 11]
    shards = parquet_shards(parquet(tmp_path, lengths), input_size=4, h=2, rows_per_shard=30)
    assert len(shards.windows) > 1
    seen = []
    for shard, windows in enumerate(shards.windows):
        data = shards.load(shard)
        assert len(data) == windows
        assert len(data.target.values) <= shards.rows
        inputs, target = data.at(np.arange(windows))
        seen += np.concatenate([inputs["past"], target], axis=1).tolist()
    first = np.cumsum([0, *lengths])
    expected = [
        list(range(a, a + 6)) for s, n in enumerate(lengths) for a in range(first[s], first[s] + n - 5)
    ]
    assert seen == expected
    assert len(shards) == len(expected)


@pytest.mark.parametrize(
    ("lengths", "most", "windows", "rows"),
    [
        ([20, 3, 9, 40, 11], 1000, [60], 83),
        ([20, 3, 9, 40, 11], 32, [19, 35, 6], 40),
        ([20, 3, 9, 40, 11], 31, [15, 4, 35, 6], 40),
        ([20, 3, 9, 40, 11], 1, [15, 4, 35, 6], 40),  # three rows have no window, so no shard
        ([9, 9, 3], 1, [4, 4], 12),
        ([3, 3, 9], 1, [4], 15),
    ],
)
def test_a_shard_ends_before_the_series_that_does_not_fit(tmp_path, lengths, most, windows, rows):
    pytest.importorskip("pyarrow")
    shards = parquet_shards(parquet(tmp_path, lengths), input_size=4, h=2, rows_per_shard=most)
    assert (shards.windows, shards.rows) == (windows, rows)


def test_other_columns_may_be_read_and_a_shard_knows_its_series(tmp_path):
    pyarrow, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"name": ["a"] * 4 + ["b"] * 5, "sales": np.arange(9), "y": np.zeros(9)})
    with pq.ParquetWriter(tmp_path / "sales.parquet", table.schema) as file:
        for each in (table[:6], table[:0], table[6:]):
            file.write_table(each)
    shards = parquet_shards(
        str(tmp_path / "sales.parquet"), input_size=2, h=1, id_col="name", target_col="sales"
    )
    data = shards.load(0)
    inputs, target = data.at(np.arange(len(data)))
    assert inputs["past"].tolist() == [[0, 1], [1, 2], [4, 5], [5, 6], [6, 7]]
    assert target.tolist() == [[2], [3], [6], [7], [8]]
    assert data.series.tolist() == [0, 0, 1, 1, 1]
    assert (data.start.dtype, data.series.dtype) == (np.int32, np.int32)


def test_parquet_shards_step_and_scale(tmp_path):
    pytest.importorskip("pyarrow")
    path = parquet(tmp_path, [12, 12])
    shards = parquet_shards(
        path, input_size=4, h=2, step=3, transform=lambda y, offsets: y - y[offsets[1] - 1]
    )
    inputs, _ = shards.load(0).at(np.arange(len(shards)))
    assert inputs["past"][:, 0].tolist() == [-11, -8, -5, 1, 4, 7]


def test_a_series_in_two_pieces_and_series_too_short_are_named(tmp_path):
    pytest.importorskip("pyarrow")
    path = parquet(tmp_path, [9, 9, 9], ["a", "b", "a"])
    message = f"{path}: series 'a' is not in one piece; sort the file by 'unique_id'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parquet_shards(path, input_size=2, h=1)
    path = parquet(tmp_path, [9, 11])
    message = f"{path}: the longest series has 11 rows, but input_size 10 + h 2 needs 12."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parquet_shards(path, input_size=10, h=2)
    assert len(parquet_shards(path, input_size=9, h=2)) == 1


def test_a_shard_that_has_not_the_windows_it_should_is_refused():
    data = sine_data(40)
    shards = Shards(lambda _: data, [40, 30], rows=200)
    with pytest.raises(ValueError, match="shard 1 has 40 windows"):
        list(train(conv_lstm(), shards, Training(batch_size=16, epochs=1)))


def test_a_field_may_hold_shared_rows():
    values = np.arange(8, dtype="float32")
    assert Field(values, 1, 2).at(np.array([3]), np.array([0])).tolist() == [[4, 5]]
