"""A notebook on a real kernel: what its cells show, while they work and when they are done."""

import os
from pathlib import Path
from textwrap import dedent

import pytest

import normcast

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

CELLS = {
    "Forecaster": """
        import numpy as np, pandas as pd, keras, normcast
        from normcast.models import Architecture, Recurrent
        network = Architecture(recurrent=(Recurrent(units=3),))
        stamps = pd.date_range("2024-01-01", periods=80)
        table = pd.DataFrame({"ds": stamps, "y": np.sin(np.arange(80.0))})
        normcast.Forecaster(h=2, model=network, input_size=7, level=(50,), seeds=1, epochs=2).fit(table)
    """,
    "Regressor": """
        x = np.random.default_rng(0).normal(size=(40, 8, 1))
        normcast.Regressor(network, seeds=1, epochs=2).fit(x, x[:, -1, 0])
    """,
    "StudyResult": """
        axes = ["recurrent-dropout"]
        normcast.Study(network, (x, x[:, -1, 0]), axes=axes, seeds=2, epochs=1).run(processes=1)
    """,
    "Findings": """
        layers = [keras.layers.Conv1D(4, 3), keras.layers.Dropout(0.2), keras.layers.BatchNormalization()]
        normcast.check_model(keras.Sequential([keras.Input((8, 3)), *layers, keras.layers.LSTM(4)]))
    """,
    "quiet": "fitted = normcast.Regressor(network, seeds=1, epochs=2).fit(x, x[:, -1, 0], progress=False)",
}
TRAINS = ("Forecaster", "Regressor", "StudyResult")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The outputs of each cell as the notebook keeps them, and the lines that were drawn while it worked."""
    drawn = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, number):
            if message["msg_type"] == "update_display_data":
                drawn.append((number, message["content"]["data"]["text/plain"]))
            return super().process_message(message, cell, number)

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(dedent(text).strip()) for text in CELLS.values()]
    folder = str(tmp_path_factory.mktemp("notebook"))
    source = {**os.environ, "PYTHONPATH": str(Path(normcast.__file__).parents[1])}
    Client(notebook, timeout=120, kernel_name="python3").execute(cwd=folder, env=source)
    nbformat.validate(notebook)
    return {
        name: (cell.outputs, [line for at, line in drawn if at == place])
        for place, (name, cell) in enumerate(zip(CELLS, notebook.cells, strict=True))
    }


def result_of(outputs):
    """What the cell's last line gave."""
    (result,) = [each for each in outputs if each.output_type == "execute_result"]
    return result.data


@pytest.mark.parametrize("name", [name for name in CELLS if name != "quiet"])
def test_what_a_cell_gives_is_a_short_text_and_a_table(cells, name):
    data = result_of(cells[name][0])
    assert data["text/plain"].startswith(name)
    assert len(data["text/plain"]) <= 800
    assert "<table" in data["text/html"]


def test_cells_show_nothing_else_and_no_error(cells):
    for outputs, _ in cells.values():
        assert [each for each in outputs if each.output_type in ("error", "stream")] == []
        shown = [each for each in outputs if each.output_type == "display_data"]
        assert [each.data for each in shown] in ([], [{"text/plain": ""}])


@pytest.mark.parametrize("name", TRAINS)
def test_a_cell_that_trains_draws_a_line_and_takes_it_away(cells, name):
    lines = cells[name][1]
    assert any("epoch" in line or "trainings" in line for line in lines[:-1])
    assert lines[-1] == ""


def test_progress_false_draws_nothing(cells):
    assert cells["quiet"] == ([], [])
