"""Whole: one broken series never stops the others, and a refusal names all that are broken."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel
from normcast.data.counts import are_counts, lowest
from tests.data.frames import daily, two


def broken() -> pd.DataFrame:
    """Four series of six days: a is whole, b lacks values, c a stamp, d has no value."""
    parts = [daily(6).assign(unique_id=name, y=lambda t, k=k: t["y"] + k) for k, name in enumerate("abcd")]
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[[8, 10], "y"] = np.nan
    frame.loc[18:, "y"] = np.nan
    return frame.drop(index=14)


@pytest.mark.parametrize("of", [lambda frame: frame, pl.from_pandas])
def test_broken_series_are_left_out_and_noted_with_their_rows_in_the_table(of):
    panel = Panel.from_frame(of(broken()), short="skip")
    assert panel.ids == ("a",)
    assert panel.y.tolist() == [1, 2, 3, 4, 5, 6]
    (note,) = panel.notes
    assert note.startswith("3 of 4 series left out")
    for said in ("'b' has 2 rows with a missing value (2024-01-03), row 9", "'c' has 1 gap", "row 18"):
        assert said in note


def test_a_refusal_names_all_broken_series_and_the_way_on():
    with pytest.raises(ValueError, match=r"'c', row 15 .*3 of 4 series.*'b' has.*'d' has no.*--short skip"):
        Panel.from_frame(broken())


def test_one_series_alone_is_refused_as_it_was_and_cannot_be_left_out():
    alone = daily(6).assign(y=[1, 2, np.nan, 4, 5, 6])
    for short in ("error", "skip"):
        with pytest.raises(ValueError, match=r"row 3 .*the value is missing") as refused:
            Panel.from_frame(alone, short=short)
        assert "--short" not in str(refused.value)


def test_all_series_broken_leave_nothing_to_go_on_with():
    with pytest.raises(ValueError, match="2 of 2 series cannot be used"):
        Panel.from_frame(two().assign(y=np.nan), short="skip")


def test_a_word_that_is_no_policy_for_short_series_is_answered():
    with pytest.raises(ValueError, match=r"'skp'.*Did you mean 'skip'"):
        Panel.from_frame(daily(), short="skp")


def test_duplicates_name_the_column_that_tells_the_series_apart():
    table = two().rename(columns={"unique_id": "shop"}).assign(price=1.5)
    with pytest.raises(ValueError, match=r"Column 'shop' makes the stamps unique.*--id-col shop"):
        Panel.from_frame(table, target_col="y")


def test_duplicates_name_two_columns_that_tell_the_series_apart_and_the_one_that_lacks():
    parts = [daily(12).assign(shop=shop, item=item) for shop in "AB" for item in (1, 2)]
    table = pd.concat(parts, ignore_index=True)
    both = r"Columns 'shop' and 'item' make.*--id-col shop --id-col item \(id_col=\['shop', 'item'\]\)"
    with pytest.raises(ValueError, match=both):
        Panel.from_frame(table, target_col="y")
    with pytest.raises(ValueError, match=r"Column 'item' beside makes.*--id-col shop --id-col item"):
        Panel.from_frame(table, target_col="y", id_col="shop")
    assert Panel.from_frame(table, target_col="y", id_col=["shop", "item"]).n_series == 4


def test_a_time_of_day_is_no_name_of_series():
    table = pd.concat([daily(6).assign(clock="08:00"), daily(6).assign(clock="20:00")])
    with pytest.raises(ValueError, match="Column 'clock' is a time of day"):
        Panel.from_frame(table, target_col="y", time_col="ds")


def test_series_that_end_early_are_told_once_with_their_count():
    (note,) = Panel.from_frame(two()).notes
    assert note.startswith("1 of 2 series end before 2024-01-08, the first 'a' with 2024-01-05")


def test_values_that_are_left_out_are_not_told_as_filled():
    table = daily(10)
    table.loc[:3, "y"], table.loc[6, "y"] = np.nan, np.nan
    notes = Panel.from_frame(table, missing="mask").notes
    assert [note.split()[0] for note in notes] == ["1", "4"]
    assert "1 missing values" in notes[0]
    assert "4 rows before the first value" in notes[1]


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        ([0, 4, 7], 0),  # counts
        ([3, 4, 12], 0),  # small whole numbers
        ([300, 401], None),  # whole, but far from 0
        ([-1, 0, 2], None),
        ([0.5, 4.25], None),  # amounts
        ([0, 0, 4.25], 0),  # amounts that are often 0
        ([0] + [4.5] * 30, None),  # and seldom
        ([], None),
    ],
)
def test_what_cannot_be_negative_is_seen_in_the_values(values, bound):
    assert lowest(np.array(values, dtype=float)) == bound


def test_counts_that_are_scaled_are_none():
    assert not are_counts(np.array([0, 4, 7]) / 3)
