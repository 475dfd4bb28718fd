"""The canary of a Study: folds keep the future out; a leak planted in them is found, without training."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from normcast import Panel, Study, canary
from normcast.tasks import ClassifyTask
from normcast.windows.table_scaling import TableScaling
from tests.study.ready import SMALL, small_study, table


def covered(missing: bool) -> pd.DataFrame:
    """A table of one series with covariates."""
    draws = np.random.default_rng(0)
    frame = table().assign(load=draws.normal(size=160), promo=draws.normal(size=160))
    if missing:
        frame.loc[[20, 21, 131, 150], "y"] = np.nan
    return frame


@pytest.mark.parametrize("scaling", ["standard", "robust", "none"])
@pytest.mark.parametrize("missing", ["error", "mask", "seasonal"])
def test_ours_passes(scaling, missing):
    own = {"scaling": scaling, "missing": missing, "hist_exog": ["load"], "futr_exog": ["promo"]}
    frame = covered(missing != "error")
    report = canary(small_study(data=frame, **own), frame, missing=missing)
    assert report.passed, str(report)
    assert report.changed == ("y", "load", "promo")
    assert ("missing" in report.ways) == (missing != "error")
    assert len(report.cutoffs) == 2


def test_a_panel_is_changed_as_it_is():
    for study in (small_study(), small_study(data=Panel.from_frame(table()))):
        report = canary(study)
        assert report.passed
        assert report.ways == ("noise", "scale")


def test_the_window_at_the_cutoff_may_read_what_is_known_ahead():
    frame = covered(False)
    report = canary(small_study(data=frame, futr_exog=["promo"]), frame)
    assert report.passed, str(report)


@pytest.mark.parametrize("data", [None, table()], ids=["panel", "table"])
def test_a_scaling_of_all_rows_leaks(monkeypatch, data):
    own = TableScaling.fit.__func__
    monkeypatch.setattr(
        TableScaling, "fit", classmethod(lambda cls, arrays, rows, kind: own(cls, arrays, arrays.rows, kind))
    )
    report = canary(small_study(), data)
    found = {leak.what: leak for leak in report.leaks}
    assert found["fold 1: past of training"].place.startswith("series 'y', 2024-01-01")
    assert "fold 1: scores on training windows" in found


def cases() -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).normal(size=(60, 10, 2)), np.array(list("aabc") * 15)


def test_tested_cases_change_nothing_learned_from_the_others(monkeypatch):
    study = Study(SMALL, cases(), seeds=2, epochs=1, axes=["recurrent-dropout"])
    report = canary(study)
    assert report.passed, str(report)
    whole = ClassifyTask.fold

    def leaky(task, number, scaling=None):
        x = task.cases.x
        return whole(replace(task, cases=replace(task.cases, x=(x - x.mean()) / x.std())), number, scaling)

    monkeypatch.setattr(ClassifyTask, "fold", leaky)
    report = canary(study)
    assert report.leaks[0].what == "fold 1: past of training"
    assert report.leaks[0].place.startswith("case ")


def test_another_table_is_refused():
    with pytest.raises(ValueError, match="not the one of the study"):
        canary(small_study(), table(seed=1))
    with pytest.raises(TypeError, match="no argument 'mising'"):
        canary(small_study(), table(), mising="last")
