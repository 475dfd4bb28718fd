"""A layer of ours leaves the machine as any other: what is exported needs no normcast where it runs."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM, ConvBlock

layers = pytest.mark.parametrize(
    "layer", [lambda: LSTM(4, norm="layer"), lambda: GRU(4)], ids=["lstm", "gru"]
)


def network(layer):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8, 3)), ConvBlock(4, 3), layer(), keras.layers.Dense(1)])


def batches():
    for batch in (1, 5):
        yield np.random.default_rng(batch).normal(size=(batch, 8, 3)).astype("float32")


@layers
@pytest.mark.skipif(
    keras.backend.backend() not in ("jax", "tensorflow"), reason="Keras has it on JAX and TensorFlow"
)
def test_a_saved_model_computes_the_same_for_any_batch(layer, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    net = network(layer)
    net.export(tmp_path / "out", format="tf_saved_model", verbose=False)
    served = tensorflow.saved_model.load(tmp_path / "out")
    for x in batches():
        # The kernel and XLA's program round differently, more so the longer the lanes of the processor.
        np.testing.assert_allclose(served.serve(x), net(x), atol=1e-5)


@layers
def test_an_onnx_file_computes_the_same_for_any_batch(layer, tmp_path):
    pytest.importorskip(
        {"jax": "jax2onnx", "tensorflow": "tf2onnx", "torch": "onnxscript"}[keras.backend.backend()]
    )
    runtime = pytest.importorskip("onnxruntime")
    net = network(layer)
    expected = [keras.ops.convert_to_numpy(net(x)) for x in batches()]
    net.export(tmp_path / "net.onnx", format="onnx", verbose=False)
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    for x, y in zip(batches(), expected, strict=True):
        (found,) = session.run(None, {session.get_inputs()[0].name: x})
        np.testing.assert_allclose(found, y, atol=2e-5)  # its own float32, in front of a norm over four units


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the extra is for JAX")
def test_the_page_on_networks_exports_with_what_the_extra_brings(tmp_path, monkeypatch):
    pytest.importorskip("jax2onnx")
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    (code,) = [each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "export(" in each]
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert (tmp_path / "net.onnx").stat().st_size > 0
