"""The site: its reference has every public name, and its pictures are those of the record that ships."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from benchmarks.slots import SLOTS, pictures

import normcast
from normcast.check.evidence import read_evidence

DOCS = Path(__file__).parents[1] / "docs"
ROOMS = (
    "candidates", "cases", "check", "data", "engine", "forecasting", "inspect", "layers", "leakage", "models",
    "models.edits", "report", "scoring", "study",
)  # fmt: skip


def referenced():
    """The names that pages of the reference document."""
    texts = [page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md")]
    return set(re.findall(r"^\.\. (?:auto|py:)[a-z]+:: (\S+)", "\n".join(texts), re.MULTILINE))


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_is_in_the_reference(room):
    module = import_module(f"normcast.{room}")
    assert {f"normcast.{room}.{name}" for name in module.__all__} - referenced() == set()


def test_every_name_at_the_top_is_in_the_reference():
    last = {name.rpartition(".")[2] for name in referenced()}
    modules = {"__version__", *normcast._MODULES}
    assert set(normcast.__all__) - modules - last == set()


def test_the_reference_names_nothing_that_is_not_there():
    for name in referenced() - {"normcast.data.datasets"}:
        module, _, last = name.rpartition(".")
        assert hasattr(import_module(module), last), name


def test_the_pictures_of_the_slots_are_those_of_the_record():
    for name, picture in pictures(read_evidence()).items():
        assert (DOCS / "images" / name).read_text(encoding="utf-8") == picture


def test_every_slot_shows_claims_of_the_record():
    known = {claim.name for claim in read_evidence().claims}
    assert {name for slot in SLOTS for name in slot.tried.values()} - known == set()
