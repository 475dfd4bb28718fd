"""What is left out of a fit, and what a reader is told of it; nothing is trained here."""

import io
import sys

import numpy as np
import pytest

from normcast import Forecaster, Panel
from normcast.data.faults import SeriesFault
from normcast.engine import Progress
from normcast.forecasting.backtest import reporting_folds
from normcast.forecasting.settled import Beyond, long_enough, lost, settle
from tests.forecasting.conftest import TINY
from tests.forecasting.test_settled import counts, uneven

MANY = {f"s{k}": 90 for k in range(9)}
ENDS = "end before"  # the note on series that end before others


def asked(**given):
    return Forecaster(h=3, **{"model": TINY, **given}).asked


def settled(given, table, *rest):
    """The levels, the series, and the notes of this alone."""
    settings, panel = settle(asked(**given), Panel.from_frame(table), *rest)
    return tuple(settings.level), panel.ids, tuple(note for note in panel.notes if ENDS not in note)


def test_a_lost_level_is_told_with_the_windows_it_needs_and_those_there_are():
    # 95 % of intervals need 19 windows, 80 % need 4; of n windows the largest level is n / (n + 1).
    assert lost([95.0], 16, "these rows give at most") == (
        "no interval of 95 %, which is a default: calibration needs 19 windows, and these rows give at most "
        "16; the largest level is 94.1 (--level)"
    )
    assert lost([80.0, 95.0], 0, "there are") == (
        "no interval of 80 and 95 %, which is a default: calibration needs 4 and 19 windows, and there are 0"
    )


def test_default_levels_are_those_that_the_rows_support():
    assert settled({}, uneven(a=40)) == ((80, 95), ("a",), ())
    level, _, notes = settled({}, uneven(a=25))
    assert level == (80,)
    assert notes == (lost([95], 16, "these rows give at most"),)
    with pytest.raises(
        ValueError, match="level: 95 needs 19 calibration windows, and these rows give at most 16"
    ):
        settled({"level": (95,)}, uneven(a=25))


def test_short_series_are_refused_or_left_out_with_what_they_need():
    table = uneven(a=90, b=5, c=95)
    with pytest.raises(SeriesFault, match=r"series 'b' has 5 rows, but a padded window needs 6"):
        settled({}, table)
    _, ids, notes = settled({"short": "skip"}, table)
    assert ids == ("a", "c")
    assert notes == ("1 of 3 series left out, as asked (short=skip): 'b' has 5 rows and needs 6",)


def test_rows_behind_the_first_cutoff_are_not_counted():
    table = uneven(a=90, b=20, c=95)
    assert settled({"level": ()}, table)[1] == ("a", "b", "c")
    _, ids, notes = settled({"short": "skip", "level": ()}, table, 15)
    assert ids == ("a", "c")
    assert notes == (
        "1 of 3 series left out, as asked (short=skip): 'b' has 20 rows (5 before the first cutoff) and "
        "needs 6",
    )


def test_padded_windows_are_told_with_what_short_series_do_without():
    padded = "their windows, of 56 rows to read, are padded on the left under a mask"
    assert settled({"level": ()}, uneven(**MANY, z=20))[2] == (
        f"1 of 10 series have fewer than 68 rows: {padded}",
    )
    assert settled({"level": ()}, uneven(**MANY, z=26), 6)[2] == (
        f"1 of 10 series have fewer than 67 rows before the first cutoff: {padded}",
    )
    assert settled({}, uneven(**MANY, z=12))[2] == (
        f"1 of 10 series have fewer than 77 rows: {padded}; 1 without room to hold out only train: their "
        "intervals are the usual ones",
    )
    assert settled({"level": ()}, uneven(**MANY, z=6))[2][0].endswith(
        "under a mask; 1 without room to hold out only train"
    )


def test_counts_are_told_of_only_where_their_lowest_value_is_taken():
    (note,) = settled({}, counts())[2]
    assert "stay at or above 0" in note
    assert settled({"minimum": None}, counts())[2] == ()


def test_what_a_back_test_cannot_support_is_taken_off_a_fit():
    panel = Panel.from_frame(uneven(a=90, b=20, c=95))
    fewer = panel.only(np.array([True, False, True])).noting("b is out")
    beyond = Beyond.between(panel, fewer)
    assert beyond == Beyond(frozenset("b"), ("b is out",))
    left = beyond.taken_off(panel)
    assert (left.ids, left.notes) == (("a", "c"), (*panel.notes, "b is out"))
    alone = Panel.from_frame(uneven(b=20))
    assert beyond.taken_off(alone) is alone
    assert Beyond().taken_off(panel).ids == panel.ids


def test_new_rows_that_are_too_few_are_left_out_unless_all_are():
    panel = Panel.from_frame(uneven(a=9, b=5, c=4))
    some = long_enough(panel, 5)
    assert some.ids == ("a", "b")
    assert "'c' has 4 rows, and the network reads 5" in some.notes[-1]
    assert "1 of 3 series left out" in some.notes[-1]
    assert long_enough(panel, 4) is panel
    assert long_enough(panel, 10) is panel


class Terminal(io.StringIO):
    """Where a line of progress is drawn."""

    def isatty(self):
        """Return that somebody looks."""
        return True


@pytest.mark.parametrize(("wanted", "line"), [(True, "model 2/3  epoch 1/4"), (False, "")])
def test_folds_are_told_of_by_a_line_or_not_at_all(wanted, line, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with reporting_folds(wanted, 3) as report:
        report(1, Progress(1, 4, 0.5, 0.25, 1.0, 1))
    assert line in sys.stderr.getvalue()
    assert bool(line) == bool(sys.stderr.getvalue())


def test_a_function_is_told_of_folds_by_their_number():
    told = []
    with reporting_folds(lambda *each: told.append(each), 3) as report:
        report(1, "now")
    assert told == [(1, "now")]
