"""The pages of the layers: every layer has one, it says what it must, and its example runs."""

import doctest
import inspect
from pathlib import Path

import keras
import pytest

from normcast import layers
from tests.layers.backends import BACKEND

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "layers"
PAGES = [page for page in sorted(FOLDER.glob("*.md")) if page.stem not in ("README", "differences")]
HEADINGS = ("Equation", "Arguments", "Shapes", "Cost", "hen to use", "Example", "Source")
PUBLIC = [name for name in layers.__all__ if inspect.isclass(getattr(layers, name)) and name != "Part"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_every_part(page: Path) -> None:
    headings = [line for line in page.read_text().splitlines() if line.startswith("#")]
    for wanted in HEADINGS:
        assert any(wanted in heading for heading in headings), wanted


@pytest.mark.skipif(BACKEND != "jax", reason="an example is read on one backend")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_example_of_the_page_runs(page: Path) -> None:
    found = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_layer_is_on_a_page_with_its_own_arguments(name: str) -> None:
    pages = [
        page.read_text() for page in PAGES if f"`{name}`" in page.read_text() or page.stem == name.lower()
    ]
    text = "".join(page.read_text() for page in PAGES)
    assert pages or f"# {name}" in text
    same_in_keras = inspect.signature(getattr(keras.layers, name, object).__init__).parameters
    of_any_layer = inspect.signature(keras.Layer.__init__).parameters
    for argument in inspect.signature(getattr(layers, name).__init__).parameters:
        if argument not in (*of_any_layer, *same_in_keras):
            assert f"`{argument}`" in text or argument in ("zero_output_for_mask", "implementation"), argument


def test_table_of_pages_links_to_all_of_them() -> None:
    listed = (FOLDER / "README.md").read_text()
    for page in FOLDER.glob("*.md"):
        assert page.stem == "README" or f"({page.name})" in listed
