"""The page on gradients says what its record says, and the record can be made."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from benchmarks import gradients, gradients_page
from benchmarks.gradients import RESULTS, VARIANTS, Setting, record, windows
from benchmarks.gradients_page import MEASURED, PAGE, filled, middle, write
from benchmarks.gradients_pictures import PICTURES
from benchmarks.measured_page import BLOCK

NARROW, LARGE = 390, 150_000  # pixels, bytes


@pytest.fixture(scope="module")
def kept():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def test_the_numbers_on_the_page_are_those_of_the_record(kept, page):
    assert filled(page, kept) == page, "run `make pictures`"
    assert [part[1] for part in BLOCK.findall(page)] == list(MEASURED)


def test_a_number_that_changed_is_seen(kept, page):
    changed = json.loads(json.dumps(kept))
    changed["runs"][0]["held_out"][-1] += 10
    assert filled(page, changed) != page


def test_the_record_has_every_network_from_at_least_five_seeds(kept):
    seeds = range(kept["setting"]["seeds"])
    expected = {(task, name, seed) for task, names in VARIANTS.items() for name in names for seed in seeds}
    assert {(run["task"], run["network"], run["seed"]) for run in kept["runs"]} == expected
    assert len(seeds) >= 5


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_on_the_page_and_fits_a_narrow_screen(name, page):
    assert f"(images/gradients-{name}.svg)" in page
    file = PAGE.parent / "images" / f"gradients-{name}.svg"
    drawing = ElementTree.parse(file).getroot()
    assert file.stat().st_size < LARGE
    assert float(drawing.get("width")) <= NARROW


def test_held_out_windows_share_no_day_with_the_others_and_know_no_answer():
    one, two = windows(20), windows(10)
    assert one.y["tomorrow"].shape == (len(one.x), 1)
    assert np.array_equal(one.y["far"][:, 0], one.x[:, 0, 3])
    # A window of 20 days ends with one of 10, and both are asked for the same day after it.
    town = len(one.held) // 2
    assert np.array_equal(one.held[:town, 10:], two.held[10 : 10 + town])
    assert np.array_equal(one.held_y["tomorrow"][:town], two.held_y["tomorrow"][10 : 10 + town])
    assert len(one.x) + len(one.held) + 2 * 20 == 2 * (1461 - 20)  # those over New Year are left out


@pytest.mark.slow
def test_a_short_run_gives_all_that_the_page_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(gradients, "VARIANTS", {"tomorrow": {"tanh": {}}})
    short = record(Setting(window=12, seeds=1, epochs=1, batch_size=512, cases=32), tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text())["runs"] == short["runs"]
    (run,) = short["runs"]
    assert len(run["end"]["training"]) == 4
    assert 0 < run["start"]["training share"] < 10
    assert len(run["statistics"]["ratio"]) == len(run["share"]) == len(run["held_out"]) == 1
    assert np.shape(run["ridges"]) == (1, 12)


def test_a_record_is_taken_up_where_it_ended(tmp_path, monkeypatch):
    made = []

    def measure(task, name, seed, data, setting):
        made.append(seed)
        return {"task": task, "network": name, "seed": seed}

    monkeypatch.setattr(gradients, "measure", measure)
    setting = Setting(window=12, seeds=1)
    record(setting, tmp_path / "one.json")
    first = len(made)
    again = record(Setting(window=12, seeds=2), tmp_path / "one.json")
    assert len(made) == len(again["runs"]) == 2 * first
    assert len(record(Setting(window=13, seeds=1), tmp_path / "one.json")["runs"]) == first


def test_pictures_and_numbers_are_written_beside_the_page(kept, page, tmp_path, monkeypatch):
    monkeypatch.setattr(gradients_page, "PICTURES", {"dropout": PICTURES["dropout"]})
    empty = BLOCK.sub(r"\1\3", page)
    (tmp_path / "page.md").write_text(empty, encoding="utf-8")
    files = write(kept, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page
    assert files == [tmp_path / "images" / "gradients-dropout.svg", tmp_path / "page.md"]
    assert ElementTree.parse(files[0]).getroot().tag.endswith("svg")


def test_a_seed_that_ran_away_is_above_all_others():
    assert middle([1.0, np.nan, 2.0]) == "2 (1 to infinite)"


@pytest.mark.slow
def test_the_code_of_the_page_runs_one_block_after_another(page):
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    assert code.count("epochs=20") == 2
    short = code.replace("epochs=20", "epochs=1").replace("101, 1,", "101, 30,").replace("::40", "::9")
    exec(short, {})
