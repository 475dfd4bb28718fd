"""Whatever the task: what trains, what chooses, what calibrates and what is scored are never the same."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Cases, Panel
from normcast.tasks import ClassifyTask, ForecastFold, ForecastTask, Sizes
from normcast.windows.arrays import Arrays

PARTS = ("train", "valid", "test")


@st.composite
def panels(draw, least=40):
    lengths = draw(st.lists(st.integers(least, 90), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    tables = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(n), "y": rng.normal(size=n)})
        for i, n in enumerate(lengths)
    ]
    table = pd.concat(tables, ignore_index=True)
    if draw(st.booleans()):  # rows that nobody observed, where no part is short
        table.loc[table["ds"].isin(rng.integers(1, 20, 3)), "y"] = np.nan
    return Panel.from_frame(table, season=draw(st.integers(1, 7)), missing="mask")


@st.composite
def forecast_tasks(draw):
    h, input_size, folds = (draw(st.integers(1, most)) for most in (3, 8, 3))
    return ForecastTask(draw(panels()), h, input_size, folds)


@st.composite
def classify_tasks(draw):
    n = draw(st.integers(24, 60))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    labels = rng.permutation(np.arange(n) % draw(st.integers(2, 3)))
    groups = draw(st.sampled_from([None, "pairs", "uneven"]))
    ids = {None: None, "pairs": np.arange(n) // 2, "uneven": rng.integers(0, 7, n)}[groups]
    return ClassifyTask(Cases.of(rng.normal(size=(n, 5, 2)), labels, ids), folds=draw(st.integers(1, 6)))


TASKS = {"forecast": forecast_tasks(), "classify": classify_tasks()}


@pytest.mark.parametrize("kind", TASKS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_row_case_or_group_is_in_two_parts_of_a_fold(kind, data):
    task = data.draw(TASKS[kind])
    for number in range(task.folds):
        fold = task.fold(number)
        held = {part: fold.held(part) for part in PARTS}
        assert all(len(rows) for rows in held.values())
        for one, other in combinations(PARTS, 2):
            assert not np.intersect1d(held[one], held[other]).size
            if task.groups is not None:
                assert not np.intersect1d(task.groups[held[one]], task.groups[held[other]]).size
        assert np.isin(fold.held("seen"), held["train"]).all()


@pytest.mark.parametrize("kind", TASKS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_a_part_holds_is_what_its_batches_read_as_targets(kind, data):
    task = data.draw(TASKS[kind])
    fold = task.fold(0)
    for part in PARTS:
        batches = getattr(fold, part)
        if kind == "classify":
            assert np.array_equal(batches.series, fold.held(part))
        else:
            target = batches.target
            rows = batches.start[:, None] + target.offset + np.arange(target.length)
            assert np.array_equal(np.unique(rows), fold.held(part))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), panel=panels(least=60), h=st.integers(1, 3), back=st.integers(0, 5))
def test_before_a_cutoff_train_validation_calibration_and_test_share_no_target(data, panel, h, back):
    rows = panel.lengths - back
    level = data.draw(st.sampled_from([(), (80,), (80, 90)]))
    sizes = Sizes.plan(rows, panel.season, h, level, data.draw(st.integers(1, 8)))
    fold = ForecastFold.before(Arrays.of(panel, h), rows, sizes, h, "standard")
    parts = {name: getattr(fold.split, name) for name in ("train", "valid", "calib", "test")}
    held = {name: np.unique(part.cutoff[:, None] + np.arange(h)) for name, part in parts.items()}
    assert len(held["train"])
    assert len(held["valid"])
    assert bool(len(held["calib"])) == bool(level)
    for one, other in combinations(held, 2):
        assert not np.intersect1d(held[one], held[other]).size
    cutoff = fold.arrays.offsets[:-1] + rows  # flat
    for name, part in parts.items():
        behind = part.cutoff + h > cutoff[part.series]
        assert behind.all() if name == "test" else not behind.any()


@settings(max_examples=15, deadline=None)
@given(panel=panels(least=60), number=st.integers(0, 1))
def test_no_part_reads_a_target_of_a_later_one(panel, number):
    task = ForecastTask(panel, h=2, input_size=5, folds=2)
    windows = task.windows(number)
    for series in range(panel.n_series):
        last = -1
        for part in PARTS:
            mine = windows[part][windows[part].series == series]
            if len(mine):
                assert mine.cutoff.min() > last  # all that is read stands before the first target
                last = int(mine.cutoff.max()) + 1
