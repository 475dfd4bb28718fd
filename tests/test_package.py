"""The package's face: what importing it costs and which backend it chooses."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import normcast


def run_python(code: str, **env: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def test_importing_normcast_imports_nothing_heavy():
    heavy = "('jax', 'keras', 'pandas', 'numpy', 'altair', 'scipy', 'polars')"
    assert run_python(f"import sys, normcast; print([m for m in {heavy} if m in sys.modules])") == "[]"


def backend_with(tmp_path, content: str | None) -> str:
    if content is not None:
        (tmp_path / "keras.json").write_text(content)
    code = "import os; del os.environ['KERAS_BACKEND']; import normcast; print(os.environ['KERAS_BACKEND'])"
    return run_python(code, KERAS_HOME=str(tmp_path), KERAS_BACKEND="unset")


def test_jax_is_the_backend_where_nobody_chose_one(tmp_path):
    assert backend_with(tmp_path, None) == "jax"


def test_a_keras_json_that_names_an_absent_backend_is_nobodys_choice(tmp_path):
    assert backend_with(tmp_path, json.dumps({"backend": "no_such_backend"})) == "jax"


def test_a_broken_keras_json_is_nobodys_choice(tmp_path):
    assert backend_with(tmp_path, "{") == "jax"


def test_a_command_runs_on_jax_whatever_keras_json_names(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "numpy"}')  # a backend of Keras that is always there
    environment = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": ""}
    chosen = "print(os.environ['KERAS_BACKEND'])"
    assert run_python(f"import os, normcast; {chosen}", **environment) == "numpy"
    command = "import os, sys, normcast.cli\nsys.argv = ['normcast', '--version']\n"
    ended = f"try: normcast.cli.main()\nexcept SystemExit: {chosen}"
    assert run_python(command + ended, **environment).splitlines()[-1] == "jax"


def test_an_unknown_public_name_raises():
    assert not hasattr(normcast, "Forcaster")


def test_the_face_shows_what_people_need_and_every_name_is_there():
    shown = [name for name in dir(normcast) if not name.startswith("_")]
    needed = {
        "check_model",
        "fix_model",
        "Study",
        "Forecaster",
        "load",
        "layers",
        "check",
        "write_report",
        "datasets",
    }
    assert needed <= set(shown)
    assert len(shown) <= 30
    for name in shown:
        assert getattr(normcast, name) is not None
    assert callable(normcast.check_model)
    assert normcast.check.check_model is normcast.check_model


def test_the_oldest_versions_that_are_tested_are_those_that_the_package_allows():
    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [
        *project["dependencies"],
        *(each for name in ("parquet", "polars", "test") for each in extras[name]),
    ]
    lowest = dict(re.match(r"([\w-]+)>=([\d.]+)", each).groups() for each in asked)
    lines = (root / "constraints-lowest.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pinned == {**lowest, "jaxlib": lowest["jax"]}


@pytest.mark.parametrize("name", ["jax", "keras"])
def test_what_we_use_the_private_parts_of_is_bound_from_above(name):
    root = Path(__file__).parent.parent
    asked = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    (bound,) = [each for each in asked if each.startswith(f"{name}>")]
    assert re.search(r",<[\d.]+$", bound)
