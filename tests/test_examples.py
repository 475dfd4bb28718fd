"""The examples run as they stand, each in a process and a folder of its own, and leave what they say."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LEAVES = {
    "template": ["template.normcast", "template.html"],
    "own_compiled_model": ["own_compiled_model.normcast", "own_compiled_model.html"],
    "eeg_subjects": ["eeg_subjects.html", "eeg_study.html"],
    "custom_layer": ["custom_layer.normcast"],
    "panel": ["panel.normcast", "panel.html"],
}


def test_every_example_is_run():
    assert sorted(LEAVES) == sorted(path.stem for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", LEAVES)
def test_an_example_runs_and_leaves_what_it_says(name, tmp_path):
    environment = {word: value for word, value in os.environ.items() if word != "KERAS_BACKEND"}
    command = [sys.executable, "-W", "error::DeprecationWarning:__main__", str(EXAMPLES / f"{name}.py")]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(LEAVES[name])


def test_the_template_is_the_same_network_in_three_ways():
    """Plain Keras, our block and the preset: the same weights by name and shape, and the same outputs."""
    example = runpy.run_path(str(EXAMPLES / "template.py"))
    plain, blocks, declared = (example[name]() for name in ("plain", "blocks", "declared"))
    shapes = [
        [(w.name, tuple(w.shape)) for w in net.weights if w.dtype == "float32"]
        for net in (plain, blocks, declared)
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    x, values = example["X"][:32], [w.numpy() for w in plain.weights if w.dtype == "float32"]
    expected = plain.predict(x, verbose=0)
    for net in (blocks, declared):
        own = iter(values)
        for weight in net.weights:
            if weight.dtype == "float32":
                weight.assign(next(own))
        np.testing.assert_allclose(net.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
