"""A forecaster comes back from its file bit for bit."""

import json
import subprocess
import sys
from copy import copy
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest

import normcast
from normcast.artefact.archive import Archive, as_json
from normcast.data import read_table
from normcast.data.wide_dates import asked_for
from normcast.forecasting.combination import NETWORK, Combination
from normcast.forms import NATIVE, XLA
from normcast.kernels import native
from normcast.loading import load
from normcast.scoring.series_scale import SeriesScale
from tests.forecasting.ready import INPUT_SIZE, SMALL, H, equal, ready, saved, table


def assert_comes_back(forecaster, tmp_path, frame=None):
    loaded = load(saved(forecaster, tmp_path))
    assert equal(forecaster.predict(), loaded.predict())
    if frame is not None:
        assert equal(forecaster.predict(frame), loaded.predict(frame))
    return loaded


@pytest.fixture(scope="module")
def fitted():
    frame = table(n=40, seed=3)
    arguments = {"h": 2, "input_size": 7, "level": (50,), "epochs": 1, "seeds": 2, "minimum": -1.0}
    return normcast.Forecaster(model="conv-lstm", **arguments).fit(frame), frame


def test_a_fitted_forecaster_comes_back_bit_for_bit(fitted, tmp_path):
    forecaster, _ = fitted
    loaded = assert_comes_back(forecaster, tmp_path, table(n=50, ids=("b", "new"), seed=8))
    assert loaded.settings == forecaster.settings
    assert loaded.panel_.ids == forecaster.panel_.ids
    assert loaded.learned_ is None


def test_a_file_says_in_which_form_its_recurrences_were_computed(fitted, tmp_path, monkeypatch):
    form = native.form()
    path = saved(fitted[0], tmp_path)
    assert json.loads(Archive.opened(path).members["manifest.json"])["recurrence"] == form
    monkeypatch.setattr(native, "_settled", [XLA if form == NATIVE else NATIVE])
    loaded, written = load(path), path.read_bytes()
    assert loaded.fitted_.recurrence == form
    assert saved(loaded, tmp_path).read_bytes() == written  # wherever it is written again


def as_format(path, number):
    """Write a file of today as earlier ones were: networks alone, and a word on shrinking; before 4
    corrections alone; before 3 no kind, no body, and scalers with their shape."""
    members = dict(Archive.opened(path).members)
    manifest, scaler, network = (
        json.loads(members[f"{name}.json"]) for name in ("manifest", "scaler", "architecture")
    )
    manifest["format"] = number
    manifest["body"]["settings"]["shrink"] = False
    del manifest["body"]["candidates"], manifest["body"]["fitted"]["combination"]
    del members["candidates.safetensors"]
    if number < 3:
        manifest = {**manifest.pop("body"), **manifest}
        del manifest["kind"]
        for name in ("target", "exog"):
            scaler[name]["shape"] = list(np.shape(scaler[name]["location"]))
    if number == 1:  # "outputs" was called "h", and nothing acted inside a recurrence
        network["build"]["h"] = network["build"].pop("outputs")
        kept = ("units", "cell", "dropout", "recurrent_dropout", "norm")
        each = network["architecture"]["recurrent"]
        network["architecture"]["recurrent"] = [{name: one[name] for name in kept} for one in each]
    members |= {"manifest.json": as_json(manifest), "scaler.json": as_json(scaler)}
    intervals = json.loads(members["conformal.json"])
    corrections = intervals["conformal"] if number < 4 else intervals
    members |= {"architecture.json": as_json(network), "conformal.json": as_json(corrections)}
    path.write_bytes(Archive(members, str(path)).packed())
    return path


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_file_of_an_earlier_format_comes_back_bit_for_bit(fitted, tmp_path, number):
    forecaster, own = copy(fitted[0]), fitted[0].fitted_
    alike = replace(own.intervals, scale=SeriesScale.one(len(own.ids), len(own.quantiles)))
    forecaster.fitted_ = replace(own, intervals=alike)  # as all were before format 4
    loaded = load(as_format(saved(forecaster, tmp_path), number))
    assert equal(forecaster.predict(), loaded.predict())
    assert loaded.settings == forecaster.settings


def test_a_loaded_forecaster_fits_again_to_the_same(fitted, tmp_path):
    forecaster, frame = fitted
    again = load(saved(forecaster, tmp_path)).fit(frame)
    assert equal(again.predict(), forecaster.predict())


def test_a_preset_comes_back_under_its_name(tmp_path):
    loaded = assert_comes_back(ready(table(), model="patch-lstm"), tmp_path)
    assert loaded.settings.model == "patch-lstm"


def test_a_network_that_reads_the_calendar_comes_back_with_one_row_of_input(tmp_path):
    months = table(pd.date_range("2000-01-01", periods=12, freq="MS"))
    forecaster = ready(months, model=replace(SMALL, calendar=True, conv=()), input_size=1)
    assert forecaster.fitted_.model.inputs[1].shape == (None, H, 4)
    assert_comes_back(forecaster, tmp_path)


def test_a_polars_table_comes_back_as_polars(tmp_path):
    frame = pl.from_pandas(table()).with_columns(pl.col("ds").cast(pl.Datetime("ms", "Europe/Berlin")))
    assert_comes_back(ready(frame), tmp_path, frame)


def test_a_wide_table_without_stamps_comes_back(tmp_path):
    wide = pd.DataFrame({"oil": np.arange(12.0) ** 2, "gas": np.arange(12.0)[::-1] ** 3})
    assert_comes_back(ready(wide, target_col=["oil", "gas"]), tmp_path)


def test_exogenous_columns_and_known_future_rows_come_back(tmp_path):
    frame = table(n=14, past=1, price=1).assign(size=[1.0] * 14 + [3.0] * 14)
    frame.loc[frame.groupby("unique_id").cumcount() >= 12, ["y"]] = np.nan
    frame["past"] = frame["past"].fillna(0)
    roles = {"hist_exog": ["past"], "futr_exog": ["price"], "stat_exog": ["size"]}
    forecaster = ready(frame, settings=roles)
    loaded = assert_comes_back(forecaster, tmp_path, frame)
    future = table(pd.date_range("2024-01-13", periods=2), n=2, price=1)
    assert equal(forecaster.predict(futr_df=future), loaded.predict(futr_df=future))
    assert not equal(loaded.predict(futr_df=future), loaded.predict())


def test_a_point_forecast_comes_back(tmp_path):
    forecaster = ready(table(), model=keras.Sequential([keras.Input((INPUT_SIZE, 1)), keras.layers.LSTM(H)]))
    object.__setattr__(forecaster.settings, "level", ())
    alone = Combination.alone(NETWORK, np.zeros((H, 1)))
    for name, value in {"quantiles": (), "intervals": None, "combination": alone}.items():
        object.__setattr__(forecaster.fitted_, name, value)
    loaded = assert_comes_back(forecaster, tmp_path)
    assert isinstance(loaded.settings.model, keras.Model)


def test_a_keras_model_with_weights_of_no_axis_comes_back(tmp_path):
    normalised = keras.layers.Normalization()
    normalised.adapt(np.arange(6.0).reshape(3, 2, 1))
    layers = [keras.Input((7, 1)), normalised, keras.layers.LSTM(2), keras.layers.Dense(2)]
    frame = table(n=40, seed=3)
    forecaster = normcast.Forecaster(model=keras.Sequential(layers), h=2, input_size=7, epochs=1, seeds=1)
    assert_comes_back(forecaster.fit(frame), tmp_path, frame)


# ---- the file


def test_the_same_forecaster_makes_the_same_bytes_also_after_loading(model_file, tmp_path):
    load(model_file).save(tmp_path / "again.normcast")
    assert (tmp_path / "again.normcast").read_bytes() == model_file.read_bytes()


def test_a_keras_model_makes_the_same_bytes_at_another_time(tmp_path, monkeypatch):
    network = keras.Sequential([keras.Input((INPUT_SIZE, 1)), keras.layers.Dense(1), keras.layers.LSTM(H)])
    one = saved(ready(table(), model=network), tmp_path).read_bytes()
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 1, 0))
    assert saved(ready(table(), model=network), tmp_path).read_bytes() == one
    assert b"date_saved" not in one


def test_the_file_does_not_grow_with_the_history(tmp_path):
    short, long = (saved(ready(table(n=n)), tmp_path).stat().st_size for n in (12, 500))
    assert abs(long - short) < 100


def test_loading_in_a_fresh_process_warns_of_nothing_and_forecasts_the_same(model_file):
    code = (
        "import sys, normcast; table = normcast.load(sys.argv[1]).predict();"
        "print([value.hex() for value in table['normcast']], 'polars' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(model_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    here = [value.hex() for value in load(model_file).predict()["normcast"]]
    assert (ran.stdout.strip(), ran.stderr) == (f"{here} False", "")


def test_new_rows_are_read_by_the_policies_of_fit_unless_told_otherwise(tmp_path):
    table = pd.DataFrame({"ds": range(60), "y": [float(step % 6) for step in range(60)]})
    table.loc[[20, 55], "y"] = np.nan
    fitted = normcast.Forecaster(h=2, input_size=6, level=(), model="conv-lstm", epochs=1, seeds=1)
    fitted.fit(table, missing="last").save(tmp_path / "m.normcast")
    loaded = load(tmp_path / "m.normcast")
    assert loaded.predict(table).equals(fitted.predict())
    with pytest.raises(ValueError, match="missing"):
        loaded.predict(table, missing="error")
    with pytest.raises(TypeError, match="Did you mean 'missing'"):
        loaded.predict(table, mising="error")


def test_saving_before_fit_raises(tmp_path):
    with pytest.raises(RuntimeError, match="before fit"):
        normcast.Forecaster(h=1).save(tmp_path / "x.normcast")


def test_a_lambda_layer_is_refused_when_it_is_saved(tmp_path):
    doubled = keras.layers.Lambda(lambda x: 2 * x[:, :2, 0], output_shape=(2,))
    with pytest.raises(ValueError, match=r"(?s)without running code.*Lambda"):
        saved(ready(table(), model=keras.Sequential([keras.Input((INPUT_SIZE, 1)), doubled])), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_architecture_stands_in_the_file_also_for_a_preset(tmp_path):
    path = saved(ready(table(), model="conv-lstm"), tmp_path)
    content = Archive.opened(path).json("architecture.json")
    assert content["architecture"]["conv"][0]["filters"] == 10
    assert load(saved(ready(table()), tmp_path)).settings.model == SMALL


def test_new_files_are_read_with_the_marks_the_shape_and_the_decimal_sign_of_the_fit(tmp_path):
    months = [f"{year}-{month:02}" for year in range(2015, 2020) for month in range(1, 13)]
    cells = [f"{1 + step % 6}.{step:03},5" for step in range(60)]
    cells[20] = "none"
    wide, new = tmp_path / "wide.csv", tmp_path / "new.csv"
    wide.write_text(";".join(["shop", *months]) + "\n" + ";".join(["a", *cells]) + "\n")
    new.write_text(wide.read_text().replace(",5", ""))  # alone 1.059 would be 1 and a fraction
    fitted = normcast.Forecaster(h=2, input_size=6, level=(), model="conv-lstm", epochs=1, seeds=1)
    with asked_for(True):
        table = read_table(wide, na_values="none")
    fitted.fit(table, id_col="shop", missing="last").save(tmp_path / "m.normcast")
    loaded = load(tmp_path / "m.normcast")
    assert loaded.predict(wide).equals(fitted.predict())
    panel = loaded.reread(new)
    assert panel.y[-1] == 6059
    assert any("1 cell 'none' read as missing, as when it was fitted" in note for note in panel.notes)
    with pytest.raises(ValueError, match="no column 'time'"):
        loaded.reread(new, wide=False)


def test_marks_of_a_frame_are_kept_with_the_model_until_others_are_given(tmp_path):
    table = pd.DataFrame({"ds": range(60), "y": [float(step % 6) for step in range(60)]})
    table.loc[[20, 55], "y"] = -99.0
    fitted = normcast.Forecaster(h=2, input_size=6, level=(), model="conv-lstm", epochs=1, seeds=1)
    fitted.fit(table, na_values=-99, missing="last").save(tmp_path / "m.normcast")
    loaded = load(tmp_path / "m.normcast")
    assert loaded.predict(table).equals(fitted.predict())
    assert loaded.reread(table, na_values="none").y.min() == -99
