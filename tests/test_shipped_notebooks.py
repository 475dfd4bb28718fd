"""The notebooks of examples/notebooks: made from the tutorials, without outputs, and run on a real kernel."""

import os
import runpy
from pathlib import Path

import pytest

import normcast

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "notebooks"
MAKE = runpy.run_path(str(FOLDER / "make.py"))


def test_every_notebook_is_made_from_a_tutorial():
    assert sorted(MAKE["NAMES"]) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", MAKE["NAMES"])
def test_a_notebook_is_what_its_tutorial_makes(name):
    page = (MAKE["TUTORIALS"] / f"{name}.md").read_text(encoding="utf-8")
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == MAKE["notebook_of"](page, name), "python examples/notebooks/make.py"


@pytest.mark.parametrize("name", MAKE["NAMES"])
def test_a_notebook_is_sound_has_no_outputs_and_leads_to_files_that_are_there(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 3
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
    links = [link for cell in notebook.cells for link in MAKE["LINK"].findall(cell.source)]
    assert links
    assert [link for link in links if not (FOLDER / link.partition("#")[0]).exists()] == []


@pytest.mark.slow  # `make test-docs` runs it
@pytest.mark.parametrize("name", MAKE["NAMES"])
def test_a_notebook_runs_on_a_real_kernel(name, tmp_path):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    kept = {word: value for word, value in os.environ.items() if word != "KERAS_BACKEND"}
    source = str(Path(normcast.__file__).parents[1])
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(cwd=str(tmp_path), env={**kept, "PYTHONPATH": source, "KERAS_HOME": str(tmp_path)})
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any(out.output_type == "stream" for out in shown)
    assert [out for out in shown if out.output_type == "error"] == []
