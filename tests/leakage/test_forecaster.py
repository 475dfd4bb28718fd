"""The canary of a Forecaster: ours pass in every form; a leak planted in it is found."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster, canary
from normcast.windows.table_scaling import TableScaling
from tests.forecasting.conftest import TINY, waves
from tests.short import every

SMALL = {"h": 3, "input_size": 7, "model": TINY, "epochs": 1, "seeds": 1, "level": (80,)}
COVARIATES = {
    "none": {},
    "hist": {"hist_exog": ["load"]},
    "futr": {"futr_exog": ["promo"]},
    "all": {"hist_exog": ["load"], "futr_exog": ["promo"], "stat_exog": ["area"]},
}


def table(missing: bool = False) -> pd.DataFrame:
    """Two series with covariates; some targets are missing where asked for."""
    frame, draws = waves(rows=90), np.random.default_rng(1)
    frame["load"] = draws.normal(size=len(frame))
    frame["promo"] = draws.integers(0, 2, len(frame)).astype(float)
    frame["area"] = frame["unique_id"].map({"s0": 1.0, "s1": 5.0})
    if missing:
        frame.loc[[20, 21, 84, 150], "y"] = np.nan
    return frame


GRID = [
    (model, refit, scaling, missing, covariates)
    for model in (TINY, "patch-lstm", "conv-lstm")
    for refit in (False, True)
    for scaling in ("standard", "robust", "none")
    for missing in ("mask", "error", "last", "seasonal", "zero")
    for covariates in COVARIATES
]
# Of 360 every 23rd: 102 of the 113 pairs of two options stand in them. The short form has one.
SPREAD = [(*GRID[0][:3], "mask", "all"), *GRID[7::23]]


@pytest.mark.parametrize(
    ("model", "refit", "scaling", "missing", "covariates"),
    every(len(SPREAD), SPREAD),
    ids=lambda value: value if isinstance(value, str) else str(value)[:12],
)
def test_ours_passes(model, refit, scaling, missing, covariates):
    own = {**SMALL, "model": model, "scaling": scaling, **COVARIATES[covariates]}
    report = canary(
        Forecaster(**own),
        table(missing != "error"),
        missing=missing,
        refit=refit,
        n_windows=3 if refit else 2,
    )
    assert report.passed, str(report)
    assert report.ways == (
        ("noise", "scale", "missing", "end") if missing != "error" else ("noise", "scale", "end")
    )
    assert len(report.changed) == 1 + sum(map(len, COVARIATES[covariates].values())) - (covariates == "all")
    assert not any("no forecast" in note for note in report.notes)


def test_ours_passes_with_series_that_are_shorter_than_the_input():
    short = [table().iloc[:rows].assign(unique_id=f"short{rows}") for rows in (18, 16)]
    forecaster = Forecaster(**{**SMALL, "input_size": 12}, **COVARIATES["futr"])
    frame = pd.concat([table(), *short])
    report = canary(forecaster, frame, refit=True, n_windows=3)
    assert report.passed, str(report)
    assert report.ways == ("noise", "scale", "end")
    assert not any("then refused" in note or "no forecast" in note for note in report.notes)
    assert "padded" in forecaster.panel(frame).notes[-1]


@pytest.mark.parametrize("short", ["a0", "zz"])
def test_a_series_that_is_left_out_is_left_as_it_is(short):
    own = table().query("unique_id == 's0'").head(8).assign(unique_id=short)
    frame = pd.concat([own, table()] if short == "a0" else [table(), own], ignore_index=True)
    report = canary(Forecaster(**SMALL, short="skip"), frame)
    assert report.passed, str(report)
    assert report.ways == ("noise", "scale", "end")
    assert not any("no forecast" in note for note in report.notes)


class Smoothed(Forecaster):
    """A forecaster that smooths its table, forth and back, before it looks at it."""

    def panel(self, df, **table):
        smooth = df.groupby("unique_id")["y"].transform(
            lambda y: y.rolling(5, center=True, min_periods=1).mean()
        )
        return super().panel(df.assign(y=smooth), **table)


def test_a_table_that_is_smoothed_from_both_sides_leaks():
    report = canary(Smoothed(**SMALL), table(), ways="scale")
    found = {leak.what: leak for leak in report.leaks}
    assert not report.passed
    assert "forecast normcast" in found
    assert found["scaled rows"].place == "series 's0', 2024-03-20, column 'y'"
    assert report.cutoffs == ("2024-03-21",)


def test_a_scaling_of_all_rows_leaks(monkeypatch):
    own = TableScaling.fit.__func__
    monkeypatch.setattr(
        TableScaling, "fit", classmethod(lambda cls, arrays, rows, kind: own(cls, arrays, arrays.rows, kind))
    )
    report = canary(Forecaster(**SMALL), table(), ways="scale")
    assert "scaling.target.location" in {leak.what for leak in report.leaks}


def test_the_forecaster_stays_as_it_was():
    forecaster = Forecaster(**SMALL)
    with pytest.raises(ValueError, match="n_windows is 1"):
        canary(forecaster, table(), n_windows=1)
    with pytest.raises(TypeError, match="unknown argument 'time_cl'"):
        canary(forecaster, table(), time_cl="ds")
    assert forecaster.backtest_ is None
