"""The picture of the floors is the contract's, drawn anew."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docs" / "floors.py"


@pytest.fixture(scope="module")
def floors():
    spec = importlib.util.spec_from_file_location("floors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_up_to_date(floors):
    assert floors.PICTURE.read_text(encoding="utf-8") == floors.picture(), "run `make floors`"


def test_every_room_of_the_source_stands_on_a_floor(floors):
    source = ROOT / "src" / "normcast"
    rooms = {file.parent.name for file in source.glob("*/__init__.py")}
    rooms |= {file.stem for file in source.glob("*.py") if not file.stem.startswith("__")}
    assert {room for floor in floors.floors() for room in floor} == rooms
    assert all(floors.purpose(room) for room in rooms)


def test_jax_may_be_imported_in_three_rooms_and_the_seam_only(floors):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    jax = next(each for each in contracts if each["type"] == "forbidden")
    without = {each.removeprefix("normcast.") for each in jax["source_modules"]}
    assert {room for floor in floors.floors() for room in floor} - without == {
        "engine",
        "jax_seam",
        "kernels",
        "probes",
    }
