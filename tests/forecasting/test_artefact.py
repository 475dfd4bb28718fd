"""A forecaster comes back from its file bit for bit, and from a broken file not at all."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors.numpy import load as load_arrays

import normcast
from normcast.forecasting import artefact, load
from normcast.forecasting.archive import Archive, as_arrays, as_json
from tests.forecasting.ready import INPUT_SIZE, SMALL, H, ready, table


def equal(one, other) -> bool:
    """Whether two frames are the same to the last bit and type."""
    if isinstance(one, pl.DataFrame):
        return one.schema == other.schema and one.equals(other)
    return list(one.dtypes) == list(other.dtypes) and one.equals(other)


def saved(forecaster, tmp_path):
    path = tmp_path / "model.normcast"
    forecaster.save(path)
    return path


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


@pytest.fixture
def small(tmp_path):
    return saved(ready(table()), tmp_path)


# ---- what comes back


def test_a_fitted_forecaster_comes_back_bit_for_bit(fitted, tmp_path):
    forecaster, _ = fitted
    loaded = assert_comes_back(forecaster, tmp_path, table(n=50, ids=("b", "new"), seed=8))
    assert loaded.settings == forecaster.settings
    assert loaded.panel_.ids == forecaster.panel_.ids
    assert loaded.fold_ is None


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
    for name, value in {"quantiles": (), "conformal": None}.items():
        object.__setattr__(forecaster.fitted_, name, value)
    loaded = assert_comes_back(forecaster, tmp_path)
    assert isinstance(loaded.settings.model, keras.Model)


# ---- the file


def test_the_same_forecaster_makes_the_same_bytes_also_after_loading(small, tmp_path):
    load(small).save(tmp_path / "again.normcast")
    assert (tmp_path / "again.normcast").read_bytes() == small.read_bytes()


def test_a_keras_model_makes_the_same_bytes_at_another_time(tmp_path, monkeypatch):
    network = keras.Sequential([keras.Input((INPUT_SIZE, 1)), keras.layers.Dense(1), keras.layers.LSTM(H)])
    one = saved(ready(table(), model=network), tmp_path).read_bytes()
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 1, 0))
    assert saved(ready(table(), model=network), tmp_path).read_bytes() == one
    assert b"date_saved" not in one


def test_the_file_does_not_grow_with_the_history(tmp_path):
    short, long = (saved(ready(table(n=n)), tmp_path).stat().st_size for n in (12, 500))
    assert abs(long - short) < 100


def test_loading_in_a_fresh_process_warns_of_nothing_and_forecasts_the_same(small):
    code = (
        "import sys, normcast; table = normcast.load(sys.argv[1]).predict();"
        "print([value.hex() for value in table['normcast']], 'polars' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(small)], capture_output=True, text=True, check=False
    )
    here = [value.hex() for value in load(small).predict()["normcast"]]
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


# ---- broken files


def changed(path, name, change):
    """Write a file again with one member changed, or without it."""
    members = dict(Archive.opened(path).members)
    members[name] = change(members[name]) if change else None
    path.write_bytes(Archive({n: c for n, c in members.items() if c is not None}, "test").packed())
    return path


def with_json(change):
    def changer(content):
        values = json.loads(content)
        change(values)
        return as_json(values)

    return changer


def with_array(name, values):
    return lambda content: as_arrays(load_arrays(content) | {name: values})


def test_a_file_cut_off_anywhere_is_refused(small):
    raw = small.read_bytes()
    for stop in [0, 1, 3, *range(10, len(raw), len(raw) // 40), len(raw) - 1]:
        small.write_bytes(raw[:stop])
        with pytest.raises(ValueError, match=r"model\.normcast.*not a whole normcast model"):
            load(small)


def test_a_flipped_bit_is_refused_or_does_not_matter(small):
    raw, whole = small.read_bytes(), load(small).predict()
    for at in range(7, len(raw), len(raw) // 30):
        small.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
        outcome = loaded_or_error(small)
        assert "model.normcast" in str(outcome) if isinstance(outcome, ValueError) else equal(outcome, whole)


def loaded_or_error(path):
    try:
        return load(path).predict()
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "architecture.json",
        "weights.safetensors",
        "scaler.json",
        "conformal.json",
        "panel.safetensors",
    ],
)
def test_a_missing_or_garbled_member_is_named(name, small):
    raw = small.read_bytes()
    with pytest.raises(ValueError, match=name if name != "architecture.json" else "model.keras"):
        load(changed(small, name, None))
    for garbage in (b"", b"[1, 2]", b"{}", b"[" * 100_000, b"\xff" * 64, b"null\0"):
        small.write_bytes(raw)
        with pytest.raises(ValueError, match=f"model.normcast: .*{name}"):
            load(changed(small, name, lambda _, garbage=garbage: garbage))


def test_another_format_says_which_version_to_install(small):
    changed(
        small,
        "manifest.json",
        with_json(lambda v: v.update(format=2) or v["versions"].update(normcast="9.1")),
    )
    with pytest.raises(
        ValueError, match=r"format 2, written by normcast 9\.1.*knows format 1.*pip install -U"
    ):
        load(small)


BAD_JSON = {
    "a panel without its columns": ("manifest.json", lambda v: v["panel"].pop("columns")),
    "unknown settings": ("manifest.json", lambda v: v["settings"].update(shell="rm")),
    "an unknown preset": ("manifest.json", lambda v: v.update(preset="os.system")),
    "another horizon": ("manifest.json", lambda v: v["fitted"].update(h=3)),
    "more input than rows": ("manifest.json", lambda v: v["fitted"].update(input_size=5)),
    "no replicas": ("manifest.json", lambda v: v["fitted"].update(replicas=0)),
    "text for a number": ("manifest.json", lambda v: v["fitted"].update(replicas="x")),
    "another level": ("manifest.json", lambda v: v["settings"].update(level=[90])),
    "too few ids": ("manifest.json", lambda v: v["panel"].update(ids=["a"])),
    "columns that are not there": ("manifest.json", lambda v: v["panel"]["columns"].update(futr_exog=["p"])),
    "an unknown type": ("manifest.json", lambda v: v["panel"]["id_values"][0].update(dtype={"polars": "X"})),
    "an unknown frame": ("manifest.json", lambda v: v["panel"].update(frame_type="spark")),
    "another network": ("architecture.json", lambda v: v["architecture"]["recurrent"][0].update(units=5)),
    "an unknown layer": ("architecture.json", lambda v: v["architecture"].update(code="import os")),
    "another input": ("architecture.json", lambda v: v["build"].update(channels=2)),
    "a scaler of one series": ("scaler.json", lambda v: v.update(target={**v["exog"], "shape": [0, 1]})),
    "corrections of other steps": ("conformal.json", lambda v: v.update(corrections=[[1.0]])),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change"), BAD_JSON.values(), ids=BAD_JSON)
def test_parts_that_do_not_belong_together_are_refused(name, change, small):
    with pytest.raises(ValueError, match=r"model\.normcast: .*(Save the model again|panel)"):
        load(changed(small, name, with_json(change)))


def test_a_network_far_larger_than_its_weights_is_refused_before_it_is_built(small):
    huge = with_json(lambda v: v["architecture"]["recurrent"][0].update(units=10**6))
    with pytest.raises(ValueError, match=r"architecture.json .* declares at least 3000000000009 weights"):
        load(changed(small, "architecture.json", huge))


def test_a_weight_of_the_wrong_shape_is_named_with_both_shapes(small):
    wrong = with_array("1/000/conv_1/kernel", np.zeros((1, 1, 3), "float32"))
    with pytest.raises(
        ValueError, match=r"'1/000' is float32 of shape \(1, 1, 3\).*'conv_1/kernel'.*\(3, 1, 3\)"
    ):
        load(changed(small, "weights.safetensors", wrong))


def test_panel_arrays_that_do_not_belong_together_are_refused(small):
    for name, values in {
        "offsets": np.array([0, 9, 8]),
        "time": np.zeros(8),
        "y": np.zeros((8, 1)),
        "futr_ahead": np.zeros((2, 1, 1)),
    }.items():
        raw = small.read_bytes()
        with pytest.raises(ValueError, match=rf"model\.normcast.*Panel: {name}"):
            load(changed(small, "panel.safetensors", with_array(name, values)))
        small.write_bytes(raw)


def test_a_compressed_member_is_refused_before_it_is_unpacked(small):
    with zipfile.ZipFile(small, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", bytes(1000))
    with pytest.raises(ValueError, match=r"'notes.txt' is compressed"):
        load(small)


def test_a_saved_keras_model_with_code_is_refused_and_nothing_runs(tmp_path):
    network = keras.Sequential([keras.Input((INPUT_SIZE, 1)), keras.layers.LSTM(H)])
    path = saved(ready(table(), model=network), tmp_path)
    doubled = keras.layers.Lambda(lambda x: 2 * x[:, :2, 0], output_shape=(2,))
    keras.Sequential([keras.Input((INPUT_SIZE, 1)), doubled]).save(tmp_path / "evil.keras")
    with pytest.raises(ValueError, match=r"(?s)model\.normcast.*without running code"):
        load(changed(path, "model.keras", lambda _: (tmp_path / "evil.keras").read_bytes()))


def test_no_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load(tmp_path / "absent.normcast")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load(tmp_path)


def test_a_polars_model_without_polars_names_the_extra_and_a_pandas_model_needs_none(
    small, tmp_path, monkeypatch
):
    path = tmp_path / "polars.normcast"
    ready(pl.from_pandas(table())).save(path)
    whole = artefact.find_spec
    monkeypatch.setattr(artefact, "find_spec", lambda name: None if name == "polars" else whole(name))
    with pytest.raises(ImportError, match=r"normcast\[polars\]"):
        load(path)
    monkeypatch.setitem(sys.modules, "polars", None)
    load(small).predict()


def test_the_architecture_stands_in_the_file_also_for_a_preset(tmp_path):
    path = saved(ready(table(), model="conv-lstm"), tmp_path)
    content = Archive.opened(path).json("architecture.json")
    assert content["architecture"]["conv"][0]["filters"] == 10
    assert load(saved(ready(table()), tmp_path)).settings.model == SMALL
