"""A forecaster does not come back from a file that is broken, or not its own."""

import sys
import zipfile

import keras
import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load as load_arrays

from normcast.artefact.archive import Archive, as_arrays
from normcast.forecasting import saved as artefact
from normcast.loading import load
from tests.forecasting.ready import INPUT_SIZE, H, equal, ready, saved, table
from tests.fuzz.hostile import with_values


def changed(path, name, change):
    """Write a file again with one member changed, or without it."""
    members = dict(Archive.opened(path).members)
    members[name] = change(members[name]) if change else None
    path.write_bytes(Archive({n: c for n, c in members.items() if c is not None}, "test").packed())
    return path


def with_body(change):
    return with_values(lambda manifest: change(manifest["body"]))


def with_array(name, values):
    return lambda content: as_arrays(load_arrays(content) | {name: values})


def test_a_file_cut_off_anywhere_is_refused(model_file):
    raw = model_file.read_bytes()
    for stop in [0, 1, 3, *range(10, len(raw), len(raw) // 40), len(raw) - 1]:
        model_file.write_bytes(raw[:stop])
        with pytest.raises(ValueError, match=r"model\.normcast.*not a whole normcast model"):
            load(model_file)


def test_a_flipped_bit_is_refused_or_does_not_matter(model_file):
    raw, whole = model_file.read_bytes(), load(model_file).predict()
    for at in range(7, len(raw), len(raw) // 30):
        model_file.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
        outcome = loaded_or_error(model_file)
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
def test_a_missing_or_garbled_member_is_named(name, model_file):
    raw = model_file.read_bytes()
    with pytest.raises(ValueError, match=name if name != "architecture.json" else "model.keras"):
        load(changed(model_file, name, None))
    for garbage in (b"", b"[1, 2]", b"{}", b"[" * 100_000, b"\xff" * 64, b"null\0"):
        model_file.write_bytes(raw)
        with pytest.raises(ValueError, match=f"model.normcast: .*{name}"):
            load(changed(model_file, name, lambda _, garbage=garbage: garbage))


def test_another_format_says_which_version_to_install(model_file):
    changed(
        model_file,
        "manifest.json",
        with_values(lambda v: v.update(format=artefact.FORMAT + 1) or v["versions"].update(normcast="9.1")),
    )
    known = artefact.FORMAT
    words = rf"format {known + 1}, written by normcast 9\.1.*knows format {known}.*pip install -U"
    with pytest.raises(ValueError, match=rf"model\.normcast: .*{words}"):
        load(model_file)


def test_another_kind_is_named_with_those_there_are(model_file):
    changed(model_file, "manifest.json", with_values(lambda v: v.update(kind="forecast")))
    with pytest.raises(
        ValueError, match=r"no kind 'forecast'; kinds are forecaster, regressor, classifier\. Did you mean"
    ):
        load(model_file)


BAD_JSON = {
    "a panel without its columns": ("body", lambda v: v["panel"].pop("columns")),
    "unknown settings": ("body", lambda v: v["settings"].update(shell="rm")),
    "an unknown preset": ("body", lambda v: v.update(preset="os.system")),
    "another horizon": ("body", lambda v: v["fitted"].update(h=3)),
    "more input than rows": ("body", lambda v: v["fitted"].update(input_size=5)),
    "no replicas": ("body", lambda v: v["fitted"].update(replicas=0)),
    "text for a number": ("body", lambda v: v["fitted"].update(replicas="x")),
    "another level": ("body", lambda v: v["settings"].update(level=[90])),
    "too few ids": ("body", lambda v: v["panel"].update(ids=["a"])),
    "columns that are not there": ("body", lambda v: v["panel"]["columns"].update(futr_exog=["p"])),
    "an unknown type": ("body", lambda v: v["panel"]["id_values"][0].update(dtype={"polars": "X"})),
    "an unknown frame": ("body", lambda v: v["panel"].update(frame_type="spark")),
    "another network": ("architecture.json", lambda v: v["architecture"]["recurrent"][0].update(units=5)),
    "an unknown layer": ("architecture.json", lambda v: v["architecture"].update(code="import os")),
    "another input": ("architecture.json", lambda v: v["build"].update(channels=2)),
    "a scaler of no series": ("scaler.json", lambda v: v["target"].update(location=[], spread=[])),
    "a scaler with a shape": ("scaler.json", lambda v: v["target"].update(shape=[0, 1])),
    "corrections of other steps": ("conformal.json", lambda v: v["conformal"].update(corrections=[[1.0]])),
    "scales of other series": ("conformal.json", lambda v: v["scale"].update(error=[1.0])),
    "rest of other series": ("conformal.json", lambda v: v.update(still=[True])),
    "widths of other quantiles": ("conformal.json", lambda v: v["scale"].update(width=[[], []])),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change"), BAD_JSON.values(), ids=BAD_JSON)
def test_parts_that_do_not_belong_together_are_refused(name, change, model_file):
    member, changer = ("manifest.json", with_body) if name == "body" else (name, with_values)
    with pytest.raises(ValueError, match=r"(?s)model\.normcast: .*(Save the model again|panel)"):
        load(changed(model_file, member, changer(change)))


def test_a_network_far_larger_than_its_weights_is_refused_before_it_is_built(model_file):
    huge = with_values(lambda v: v["architecture"]["recurrent"][0].update(units=10**6))
    with pytest.raises(ValueError, match=r"weights.safetensors .*needs float32 of shape \(3, 4000000\)"):
        load(changed(model_file, "architecture.json", huge))


def test_a_weight_of_the_wrong_shape_is_named_with_both_shapes(model_file):
    wrong = with_array("1/000/conv_1/kernel", np.zeros((1, 1, 3), "float32"))
    with pytest.raises(
        ValueError, match=r"'1/000' is float32 of shape \(1, 1, 3\).*'conv_1/kernel'.*\(3, 1, 3\)"
    ):
        load(changed(model_file, "weights.safetensors", wrong))


def test_panel_arrays_that_do_not_belong_together_are_refused(model_file):
    for name, values in {
        "offsets": np.array([0, 9, 8]),
        "time": np.zeros(8),
        "y": np.zeros((8, 1)),
        "futr_ahead": np.zeros((2, 1, 1)),
    }.items():
        raw = model_file.read_bytes()
        with pytest.raises(ValueError, match=rf"model\.normcast.*Panel: {name}"):
            load(changed(model_file, "panel.safetensors", with_array(name, values)))
        model_file.write_bytes(raw)


def test_a_compressed_member_is_refused_before_it_is_unpacked(model_file):
    with zipfile.ZipFile(model_file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", bytes(1000))
    with pytest.raises(ValueError, match=r"'notes.txt' is compressed"):
        load(model_file)


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
    model_file, tmp_path, monkeypatch
):
    path = tmp_path / "polars.normcast"
    ready(pl.from_pandas(table())).save(path)
    whole = artefact.find_spec
    monkeypatch.setattr(artefact, "find_spec", lambda name: None if name == "polars" else whole(name))
    with pytest.raises(ImportError, match=r"normcast\[polars\]"):
        load(path)
    monkeypatch.setitem(sys.modules, "polars", None)
    load(model_file).predict()
