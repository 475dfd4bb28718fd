"""The benchmark for a GPU: it runs without one where asked, keeps its time, and says what it left out."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from benchmarks import gpu, gpu_equality, gpu_races, launches
from benchmarks.race import Contestant, ended_after, race
from benchmarks.table import Row

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "gpu.sh"
BASH = shutil.which("bash")
of_the_script = pytest.mark.skipif(BASH is None, reason="the script is one of bash")


def test_the_quick_form_measures_a_step_a_norm_and_equality_without_a_gpu(tmp_path):
    rows = {row.name: row for row in gpu.run(["--quick", "--cpu", "--out", str(tmp_path / "a" / "r.json")])}
    record = json.loads((tmp_path / "a" / "r.json").read_text())
    assert record["device"]["platform"] == "cpu"
    assert record["left_out"] == []
    assert [row["name"] for row in record["rows"]] == list(rows)
    assert rows["layer LSTM"].value <= gpu_equality.LAYERS
    times = [row for row in rows.values() if row.unit.startswith("ms")]
    assert len(times) == 5
    assert all(row.value > 0 for row in times)


def test_without_a_gpu_it_says_so_and_ends_with_an_error(monkeypatch):
    found = {"platform": "cpu", "name": "cpu", "devices": 1, "memory": 0.0}
    monkeypatch.setattr(gpu, "device", lambda: found)
    monkeypatch.setattr(gpu, "timed", lambda *_: pytest.fail("it measured"))
    with pytest.raises(SystemExit, match="finds no GPU here, but 'cpu'"):
        gpu.run([])


def test_a_case_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(SystemExit, match="no case begins so; cases are equality, conv-se-lstm, batch 32"):
        gpu.run(["--cpu", "--only", "studies"])


def test_every_group_of_a_gpu_has_contestants_that_are_there():
    from benchmarks import contestants, networks

    found = [each for group in gpu_races.groups(quick=False) for each in group.contestants]
    assert {4096, 256, 32} <= {size for each in found for size in each.arguments if isinstance(size, int)}
    for each in found:
        assert hasattr(contestants, each.function)
        if each.function != "norm":
            assert hasattr(networks, str(each.arguments[0]))
    for group in gpu_races.groups(quick=False):
        assert group.against in {each.name for each in group.contestants}


def test_what_has_no_time_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(gpu, "LEAST", 5.0)
    given = []

    def case(seconds):
        given.append(seconds)
        return [Row("done", 1.0, "s"), Row("ended", None, "not in time")]

    rows, left_out = gpu.timed([("a", 3.0, case), ("b", 1.0, case)], seconds=12.0)
    assert given[0] == pytest.approx(9.0, abs=0.5)  # three of four parts
    assert given[1] == pytest.approx(12.0, abs=0.5)  # what the first did not use
    assert (len(rows), left_out) == (4, ["ended", "ended"])
    assert gpu.timed([("a", 1.0, case)], seconds=4.0) == ([], ["a"])


def test_a_race_ends_in_its_time_with_the_laps_that_there_are():
    slow = [Contestant("slow", "engine", ("one_lstm", 640, 168, 1, 128))]
    assert race(slow, rounds=1, settings={}, seconds=0.2) == {"slow": None}
    with subprocess.Popen(["sleep", "60"]) as process, ended_after(0.1, [process]):
        assert process.wait() != 0


def test_what_is_apart_is_told_by_the_worst_of_a_thing():
    one = {"layer A/0": np.array([1.0, 2.0]), "layer A/1": np.array([0.0]), "layer B/0": np.array([np.nan])}
    other = {"layer A/0": np.array([1.0, 4.0]), "layer A/1": np.array([1.0]), "layer B/0": np.array([1.0])}
    assert gpu_equality.apart(one, other) == {"layer A": 1.0, "layer B": float("inf")}


def said(*arguments, path=os.environ["PATH"]):
    return subprocess.run(
        [BASH, str(SCRIPT), *arguments], env={"PATH": path}, capture_output=True, text=True, check=False
    )


@of_the_script
def test_the_script_is_bash_and_its_help_names_every_option():
    assert subprocess.run([BASH, "-n", str(SCRIPT)], check=False).returncode == 0
    told = said("--help").stdout
    taken = set(re.findall(r"--[a-z-]+", re.search(r"while .*?done\n\[ -n", SCRIPT.read_text(), re.S)[0]))
    assert taken <= set(re.findall(r"--[a-z-]+", told)) | {"--help"}
    assert {"--out", "--only", "--cuda", "--seconds", "--cpu", "--dry-run"} <= taken


@of_the_script
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a FOLDER"),
        (("a", "b"), "one FOLDER"),
        (("a", "--seconds", "x"), "whole number"),
        (("a", "--out"), "wants a value"),
        (("a", "--tpu"), "no option --tpu"),
        (("a",), "no NVIDIA GPU"),
    ],
)
def test_the_script_refuses_what_it_cannot_do(arguments, words):
    told = said(*arguments, path="")
    assert told.returncode == 2
    assert words in told.stderr


@of_the_script
@pytest.mark.parametrize(
    ("driver", "more", "extra"),
    [("575.51.03", (), "cuda12"), ("580.65.06", (), "cuda13"), ("580.65.06", ("--cuda", "12"), "cuda12")],
)
def test_the_script_takes_the_cuda_that_the_driver_has(tmp_path, driver, more, extra):
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f"#!{BASH}\necho {driver}\n")
    smi.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    told = said(str(tmp_path / "env"), *more, "--dry-run", path=path).stdout
    assert f"--constraint constraints.txt .[{extra}]" in told
    assert f"{tmp_path}/env/venv/bin/python -m benchmarks gpu --seconds 470" in told


@of_the_script
def test_the_script_hands_on_only_options_that_the_benchmark_has(tmp_path):
    told = said(str(tmp_path), "--cpu", "--out", "r.json", "--only", "LSTM", "--dry-run").stdout.splitlines()[
        1
    ]
    options = gpu.parsed(told.partition(" gpu ")[2].split())
    assert (options.quick, options.cpu, options.seconds) == (True, True, 470)
    assert options.only == "LSTM"
    assert options.out == Path.cwd() / "r.json"


COMPILED = """
%inner (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]) parameter(0)
  %x = f32[4]{0} get-tuple-element(%p), index=1
  %dot = f32[4]{0} fusion(%x), kind=kCustom, calls=%product
  %next = s32[] fusion(%i), kind=kLoop, calls=%add
  ROOT %t = (s32[], f32[4]) tuple(%next, %dot)
}

%step (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %loop = (s32[], f32[4]) while(%p), condition=%c, body=%inner, backend_config={"known_trip_count":{"n":"21"}}
  %copy = f32[4]{0} copy(%x)
  ROOT %t = (s32[], f32[4]) tuple(%next, %copy)
}

ENTRY %main (p: f32[4]) -> f32[4] {
  %before = f32[4]{0} fusion(%p), kind=kLoop, calls=%add
  ROOT %all = (s32[], f32[4]) while(%before), condition=%c, body=%step
}
"""


def test_kernels_of_a_training_step_are_counted_as_often_as_its_own_loops_run():
    assert launches.counted(COMPILED) == 21 * 2 + 1


def test_without_the_plugin_for_cuda_nothing_is_counted(monkeypatch):
    monkeypatch.setattr(launches, "find_spec", lambda _: None)
    (row,) = launches.run([])
    assert row.value is None
    assert "cuda12" in row.unit
