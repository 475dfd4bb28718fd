"""Rolling: where the origins of a back-test stand, and what was learned at which of them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast import Forecaster, Panel
from normcast.forecasting.borders import rows_to
from normcast.forecasting.rolling import Rolling
from normcast.tasks import Sizes
from tests.forecasting.conftest import waves

H = 3
HOURS = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200, freq="h"), "y": np.arange(200.0) % 24})


def late(rows: int, ends: int = 0) -> pd.DataFrame:
    """A series that begins so many rows after the others, and ends so many before them."""
    return waves(1).iloc[rows : 160 - ends].assign(unique_id="late")


def backtested(frame, small, **rolling):
    forecaster = Forecaster(**{**small, **rolling.pop("own", {})})
    forecaster.cross_validation(frame, progress=False, **rolling)
    return forecaster.backtest_


def test_training_ends_at_one_border_and_origins_begin_behind_the_other(frame, small):
    scored = backtested(frame, small, train_end=100, valid_end="2024-05-19", step_size=2, refit=False)
    (learned,) = scored.folds
    split, first = learned.fold.split, learned.fold.arrays.offsets[:-1]
    for s in (0, 1):
        targets = {
            name: getattr(split, name).cutoff[getattr(split, name).series == s] - first[s]
            for name in ("train", "valid", "calib")
        }
        assert targets["train"].max() + H == 100
        assert targets["valid"].min() == 100
        assert targets["valid"].max() + H == targets["calib"].min()
        assert targets["calib"].max() + H == 140
    assert scored.frame["cutoff"].min() == pd.Timestamp("2024-05-19")
    behind = (scored.frame["cutoff"].drop_duplicates() - pd.Timestamp("2024-05-19")).dt.days
    assert behind.tolist() == list(range(0, 18, 2))


def test_a_later_fit_moves_both_borders(frame, small):
    rolling = {"n_windows": 5, "step_size": 4, "refit": 2, "own": {"seeds": 1, "epochs": 1}}
    scored = backtested(frame, small, train_end=100, valid_end=120, **rolling)
    assert [fold.rows.tolist() for fold in scored.folds] == [[120, 120], [128, 128], [136, 136]]
    assert {fold.sizes for fold in scored.folds} == {Sizes(14, n_valid=8, n_calib=8)}


def test_each_cutoff_is_forecast_by_the_last_fit_before_it(frame, small):
    rolling = {"n_windows": 4, "step_size": 3, "own": {"seeds": 1, "level": ()}}
    second, once = (backtested(frame, small, **rolling, refit=refit).frame for refit in (2, False))
    same = [
        np.allclose(*(each.loc[each["cutoff"] == cutoff, "ridge"] for each in (second, once)))
        for cutoff in np.sort(once["cutoff"].unique())
    ]
    assert same == [True, True, False, False]


def test_windows_that_one_fit_serves_are_forecast_together_as_alone(frame, small):
    rolling = {"valid_end": 130, "refit": False, "own": {"seeds": 1}}
    together = backtested(frame, small, **rolling, step_size=1).frame
    some = backtested(frame, small, **rolling, step_size=27, n_windows=2).frame
    both = some.merge(together, on=["unique_id", "ds", "cutoff", "y"], suffixes=("", " together"))
    assert len(both) == 2 * 2 * H
    assert len(together) == 28 * 2 * H
    for name in some.columns.difference(["unique_id", "ds", "cutoff", "y"]):
        # float32 sums of another number of windows are ordered otherwise
        np.testing.assert_allclose(both[name], both[f"{name} together"], rtol=1e-5)


def test_a_border_is_a_stamp_in_any_form_or_a_count_of_rows():
    stamp = pd.Timestamp("2024-01-02 05:00")
    for end in (30, np.int64(30), "2024-01-02 05:00", stamp, stamp.to_pydatetime(), stamp.to_datetime64()):
        assert rows_to(Panel.from_frame(HOURS), end, "valid_end").tolist() == [30]
    assert rows_to(Panel.from_frame(pl.from_pandas(HOURS)), str(stamp), "valid_end").tolist() == [30]
    zoned = Panel.from_frame(HOURS.assign(ds=HOURS["ds"].dt.tz_localize("Europe/Rome")))
    assert rows_to(zoned, stamp.tz_localize("Europe/Rome"), "valid_end").tolist() == [30]


def test_where_the_time_column_counts_a_whole_number_is_a_stamp():
    years = Panel.from_frame(
        pd.DataFrame({"year": range(1950, 2020), "y": np.arange(70.0) % 7}), time_col="year"
    )
    assert rows_to(years, 1959, "valid_end").tolist() == [10]
    steps = Panel.from_frame(pd.DataFrame({"ds": range(100, 900, 10), "y": np.arange(80.0) % 7}), freq=10)
    assert rows_to(steps, 190, "valid_end").tolist() == [10]


def test_a_stamp_is_counted_in_the_rows_of_each_series():
    panel = Panel.from_frame(pd.concat([waves(1), late(20)]))
    assert (
        rows_to(panel, "2024-02-09", "valid_end").tolist() == [40, 20][:: 1 if panel.ids[0] == "s0" else -1]
    )


@pytest.mark.parametrize(
    ("rolling", "words"),
    [
        ({"train_end": 90}, "train_end 90 is given without valid_end"),
        ({"train_end": 120, "valid_end": 100}, r"train_end 120 \(row 120 .* does not stand before"),
        ({"train_end": "2024-04-09", "valid_end": 100}, "does not stand before"),
        ({"valid_end": "2025-01-01"}, r"valid_end 2025-01-01: series 's0' has 160 rows, .*not h=3 behind"),
        ({"valid_end": 158}, "not h=3 behind valid_end"),
        ({"valid_end": "2023-12-31"}, "none up to valid_end"),
        ({"train_end": "2023-12-31", "valid_end": 90}, "none up to train_end"),
        ({"valid_end": "2024-02-01 12:00"}, "has 2024-02-01 and then 2024-02-02"),
        ({"valid_end": "soon"}, "'soon' is not a time"),
        ({"valid_end": 0}, "cross_validation: valid_end must be a whole number of at least 1"),
        ({"valid_end": pd.Timestamp("2024-05-01", tz="UTC")}, "in time zone UTC"),
        ({"valid_end": 100, "n_windows": 30, "step_size": 2}, "need 61 rows behind valid_end 100.*has 60"),
        ({"train_end": 96, "valid_end": 100}, "4 rows lie between them.*need 6 at least"),
        ({"refit": 0}, "cross_validation: refit must be a whole number of at least 1, but is 0"),
        ({"n_windows": 2.5}, "n_windows must be a whole number"),
    ],
)
def test_borders_that_cannot_be_are_refused_with_what_is_wrong(frame, small, rolling, words):
    with pytest.raises(ValueError, match=words):
        Forecaster(**small).cross_validation(frame, progress=False, **rolling)


def test_series_without_room_for_the_borders_are_left_out_where_asked(frame, small):
    uneven = pd.concat([frame, late(0, ends=40)])
    borders = {"train_end": "2024-04-09", "valid_end": "2024-04-29", "step_size": 10, "refit": False}
    with pytest.raises(ValueError, match=r"series 'late' has 120 rows.*short='skip'"):
        Forecaster(**small).cross_validation(uneven, progress=False, **borders)
    panel = backtested(uneven, small, own={"short": "skip"}, **borders).panel
    assert panel.ids == ("s0", "s1")
    assert "1 of 3 series left out" in panel.notes[-1]


def test_a_stamp_and_a_count_that_leave_uneven_rows_are_refused(frame, small):
    borders = {"train_end": 90, "valid_end": "2024-04-29", "progress": False}
    with pytest.raises(ValueError, match=r"'s0' has 30 rows, and 'late' has 20.*both borders as stamps"):
        Forecaster(**small).cross_validation(pd.concat([frame, late(10)]), **borders)


def test_origins_spread_behind_a_border_unless_a_step_is_given():
    panel = Panel.from_frame(waves(1))
    assert Rolling(valid_end=100).origins(panel, H).ravel().tolist() == [100, 128, 156]
    assert Rolling(valid_end=150, step_size=2).origins(panel, H).ravel().tolist() == [150, 152, 154, 156]
    assert Rolling(n_windows=2, step_size=5).origins(panel, H).ravel().tolist() == [152, 157]


def weeks(*rows):
    """A panel of weekly waves of so many rows each."""
    return Panel.from_frame(pd.concat([waves(1, n).assign(unique_id=f"{k}") for k, n in enumerate(rows)]))


def test_cutoffs_are_spread_over_the_usual_series_and_short_ones_keep_a_window():
    equal, one_short = weeks(2000, 2000, 2000), weeks(2000, 2000, 160, 2000)
    assert Rolling().origins(equal, H)[:, 0].tolist() == [1801, 1899, 1997]
    assert Rolling().told(equal, H) == ()
    assert Rolling().spacing(one_short, H) == (3, (160 - H - 2 * H) // 2)
    assert Rolling().origins(one_short, H)[0].min() == 2 * H + 1  # rounded down
    note = Rolling().within(one_short, H, "error").notes[-1]
    assert "cutoffs stand 75 rows apart, not 98" in note
    assert Rolling(step_size=5).told(one_short, H) == ()


def test_a_series_that_no_spacing_would_let_train_does_not_hold_the_cutoffs_together():
    panel = weeks(2000, 2000, 3 * H + 2 * H - 1)
    assert Rolling().spacing(panel, H) == Rolling().spacing(weeks(2000, 2000), H)
    assert Rolling().told(panel, H) == ()


def test_a_network_that_is_named_forecasts_alone(frame, small):
    (fold,) = backtested(frame, small, n_windows=1).folds
    assert fold.fitted.combination.weights == {"network": 1.0}
    for ours, trained in zip(fold.fitted.weights, fold.trained, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(ours, trained.weights, strict=True))


def test_standardized_scores_are_those_of_values_scaled_by_the_training_rows(frame, small):
    scored = backtested(frame, small, train_end=100, valid_end=120, n_windows=2)
    table, place = scored.frame, frame.groupby("unique_id").cumcount()
    spread = table["unique_id"].map(frame[place < 100].groupby("unique_id")["y"].std(ddof=0))
    error = (table["ridge"] - table["y"]) / spread
    found = scored.standardized().loc["ridge"]
    assert found["mse"] == pytest.approx((error**2).mean())
    assert found["mae"] == pytest.approx(error.abs().mean())


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_short_series_that_only_trains_is_standardized_by_its_rows_before_the_cutoff(place, small):
    own = {**small, "epochs": 1, "seeds": 1, "level": ()}
    frame = pd.concat([waves(1, 14).assign(unique_id="a" if place == "first" else "z"), waves(2)])
    scored = backtested(frame, small, own=own, n_windows=2)
    (first, *_), table = scored.folds, scored.frame
    assert first.sizes.holds_out(first.rows, H).tolist() == [
        name.startswith("s") for name in scored.panel.ids
    ]
    rows = dict(zip(scored.panel.ids, first.sizes.trained(first.rows, H), strict=True))
    trained = frame[frame.groupby("unique_id").cumcount() < frame["unique_id"].map(rows)]
    spread = table["unique_id"].map(trained.groupby("unique_id")["y"].std(ddof=0))
    found = scored.standardized().loc["ridge", "mae"]
    assert found == pytest.approx(((table["ridge"] - table["y"]).abs() / spread).mean())
