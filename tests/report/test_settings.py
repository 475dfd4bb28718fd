"""What the settings of a forecast's report say was used."""

from dataclasses import replace

import pytest

from normcast.forecasting import Forecaster
from normcast.forms import NATIVE, WORDS, XLA
from normcast.kernels import native
from normcast.report.of_forecast.again import Files, python_of
from normcast.report.of_forecast.reading import forecast_report
from tests.forecasting.conftest import TINY, waves


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    forecaster = Forecaster(3, model=TINY, epochs=1, seeds=1, season=None)
    forecaster.cross_validation(waves(), n_windows=2, refit=False, progress=False)
    return forecaster.fit(waves(rows=160), duplicates="mean", progress=False)


def test_what_was_left_open_is_printed_as_it_was_used(fitted):
    settings = forecast_report(fitted).settings
    assert settings["season"] == "7 (from the step of the stamps)"
    assert settings["freq"] == "D (found)"
    assert settings["input_size"].startswith(f"{fitted.learned_.sizes.input_size} (")
    assert settings["learning_rate"] == "0.001 (as the network says)"
    assert settings["minimum"] == "none (auto)"
    assert settings["target column"] == ("y",)
    assert settings["duplicates"] == "mean"
    assert settings["back-test: n_windows"] == 2
    assert settings["back-test: step_size"] == "13 (spread over the last tenth of the rows)"
    assert settings["back-test: refit"] is False
    assert "auto" not in settings.values()


def test_the_form_of_recurrences_stands_beside_the_versions(fitted, monkeypatch):
    form = native.form()
    assert forecast_report(fitted).versions["recurrences"] == WORDS[form]
    other = replace(fitted.learned_.fitted, recurrence=XLA if form == NATIVE else NATIVE)
    monkeypatch.setattr(fitted, "fitted_", other)  # its folds were trained elsewhere
    assert forecast_report(fitted).versions["recurrences"] == "native kernels, XLA"


def test_a_forecast_without_networks_says_nothing_of_forms(fitted):
    ridge = Forecaster(3, model="ridge", season=None).fit(waves(), progress=False)
    assert "recurrences" not in forecast_report(ridge).versions


def test_an_architecture_is_made_again_by_the_python_of_the_page(fitted):
    room = {"df": waves()}
    code = python_of(fitted, Files())
    exec(code.partition("forecaster.cross_validation")[0], room)
    assert room["forecaster"].asked == fitted.asked
    assert code.index("cross_validation") < code.index(
        "forecaster.fit(df, progress=False, duplicates='mean')"
    )
