"""The gallery is whole and small, and its reports need nothing from elsewhere."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
REPORT, PICTURE, ALL = 300_000, 150_000, 2_000_000  # bytes


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_script_makes_is_there_and_small_and_on_the_page(gallery):
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    files = {each.name: each.stat().st_size for each in gallery.FOLDER.iterdir()}
    assert sorted(files) == sorted(f"{name}.{kind}" for name in gallery.REPORTS for kind in ("html", "png"))
    assert [name for name in files if f"(gallery/{name})" not in page] == []
    assert [
        name for name, size in files.items() if size > (REPORT if name.endswith("html") else PICTURE)
    ] == []
    assert sum(files.values()) < ALL


@pytest.mark.parametrize("name", ["forecast", "cases", "study", "inspect"])
def test_a_report_of_the_gallery_loads_nothing_and_names_no_folder_of_its_maker(gallery, name):
    text = (gallery.FOLDER / f"{name}.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"", text) == []
    assert not re.search(r"/(?:tmp|home|root|Users)/", text)


def test_the_cases_of_the_gallery_are_of_one_year_and_city_each(gallery):
    table = gallery.quarters()
    assert table["year"].nunique() == 8
    assert set(table["quarter"]) == {"Q1", "Q2", "Q3", "Q4"}
