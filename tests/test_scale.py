"""The benchmark of what grows runs, and what was laid out whole before is laid out in pieces."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from benchmarks import scale, scale_jobs

from normcast.data import Panel
from normcast.tasks import ForecastFold, Sizes
from normcast.windows.arrays import Arrays
from normcast.windows.waves import waves
from normcast.windows.windows import Windows

MANY, H = 1_000_000, 24


def peak_of(work) -> int:
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def fold_of(rows: int) -> ForecastFold:
    table = pd.DataFrame({"ds": np.arange(rows), "y": np.arange(rows) % 7.0})
    panel = Panel.from_frame(table, season=7)
    return ForecastFold.before(Arrays.of(panel, H), panel.lengths, Sizes(48, 50, 50), H, "standard")


def test_the_least_target_is_that_of_all_windows_and_lays_out_few_at_once():
    fold = fold_of(MANY)
    assert fold.least_target == fold.truth("train").min()  # also keeps `scaled.truth`
    assert peak_of(lambda: fold.least_target) < 8 * MANY  # all windows have 24 times that


def test_the_least_target_passes_over_what_was_not_observed():
    fold = fold_of(500)
    low = int(np.argmin(fold.scaled.truth[:300]))
    fold.scaled.truth[:] = np.nan
    fold.scaled.truth[low + 60] = -3.0
    assert fold.least_target == -3.0


def test_waves_need_little_more_than_they_return():
    time = pd.date_range("2000-01-01", periods=MANY, freq="h").to_numpy()
    assert peak_of(lambda: waves(time, 3.6e12)) < 2.5 * waves(time, 3.6e12).nbytes


def test_counting_what_was_not_observed_takes_them_once_in_four_bytes():
    observed = np.ones(MANY, bool)
    windows = Windows(np.arange(10), np.zeros(10, np.int32), 4, 2)
    assert peak_of(lambda: windows.unobserved(observed)) < 12 * MANY


@pytest.mark.parametrize("name", ["check", "forecasts from a saved model"])
def test_a_job_is_measured_at_its_size(name):
    rows = scale.run(["--quick", "--only", name])
    assert [row.unit for row in rows] == ["s CPU", "GB at peak"]
    assert rows[1].value < 2


def test_a_job_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        scale.run(["--only", "chekc"])
    assert "study with its report" in capsys.readouterr().err


def test_each_job_has_three_sizes_each_ten_times_the_last():
    assert {tuple(np.divide(job.sizes[1:], job.sizes[:-1])) for job in scale_jobs.JOBS} == {(10.0, 10.0)}
