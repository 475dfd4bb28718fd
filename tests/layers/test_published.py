"""The layers beside code that others published, run as it was published.

NORMCAST_PUBLISHED names a folder that holds, as far as they are to be run: `bnlstm.py` of
jihunchoi/recurrent-batch-normalization-pytorch, and `haste_pytorch/`, the Python files of the source archive
of haste-pytorch (its CPU path). Neither can be installed, and neither is ours to ship.
"""

import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from tests.layers.backends import BACKEND, gradients, numpy

FOLDER = Path(os.environ.get("NORMCAST_PUBLISHED", "nowhere"))
TIME, BATCH, FEATURES, UNITS = 7, 6, 3, 5

needs_torch = pytest.mark.skipif(BACKEND != "torch", reason="the published code is torch's")
needs_haste = pytest.mark.skipif(not (FOLDER / "haste_pytorch").is_dir(), reason="no haste_pytorch")
needs_bnlstm = pytest.mark.skipif(not (FOLDER / "bnlstm.py").is_file(), reason="no bnlstm.py")


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape or (BATCH, TIME, FEATURES)).astype("float32")


def shaken(layer: Any) -> Any:
    """Build the layer and draw all its weights, so that none is 0 or 1."""
    layer.build((BATCH, TIME, FEATURES))
    rng = np.random.default_rng(1)
    for v in layer.trainable_variables:
        v.assign(numpy(v) + rng.uniform(0.05, 0.5, v.shape).astype("float32"))
    return layer


def reordered(array: np.ndarray, order: tuple[int, ...]) -> Any:
    """Return the blocks of columns of a kernel in another order of the gates, as a tensor of torch."""
    import torch

    blocks = np.split(numpy(array), 4, axis=-1)
    return torch.tensor(np.concatenate([blocks[i] for i in order], axis=-1))


def haste() -> Any:
    """Import haste without its compiled half, which only a GPU takes."""
    sys.modules.setdefault("haste_pytorch_lib", types.ModuleType("haste_pytorch_lib"))
    sys.modules.setdefault("haste_pytorch._version", types.SimpleNamespace(__version__="source"))  # type: ignore[arg-type]
    sys.path.insert(0, str(FOLDER))
    try:
        import haste_pytorch
    finally:
        sys.path.remove(str(FOLDER))
    return haste_pytorch


def put(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, parameter in theirs.items():
            parameter.copy_(ours[name] if isinstance(ours[name], torch.Tensor) else torch.tensor(ours[name]))


def beside(theirs: Any, x: np.ndarray, weigh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return their output, and the gradient of sum(weigh * output) by x; (batch, time, ...)."""
    import torch

    x = torch.tensor(x, requires_grad=True)
    output = theirs(x)
    (by_x,) = torch.autograd.grad((output * torch.tensor(weigh)).sum(), x)
    return output.detach().numpy(), by_x.numpy()


@needs_torch
@needs_haste
@pytest.mark.parametrize("zoneout", [0.0, 0.3])
def test_layer_norm_lstm_is_that_of_haste(zoneout: float) -> None:
    layer = shaken(LSTM(UNITS, norm="layer", zoneout=(zoneout, 0.0), return_sequences=True))
    theirs = haste().LayerNormLSTM(FEATURES, UNITS, batch_first=True, zoneout=zoneout).eval()
    order = (0, 2, 1, 3)  # theirs: i, g, f, o
    norms = layer.norms
    scales = [reordered(norms[term].gamma, order) for term in ("input", "recurrent")]
    put(
        dict(theirs.named_parameters()),
        {
            "kernel": reordered(layer.kernel, order),
            "recurrent_kernel": reordered(layer.recurrent_kernel, order),
            "bias": reordered(layer.bias, order),
            "gamma": np.stack([s.numpy() for s in scales]),
            "gamma_h": numpy(norms["cell"].gamma),
            "beta_h": numpy(norms["cell"].beta),
        },
    )
    x, weigh = data(), data(BATCH, TIME, UNITS, seed=3)
    expected, by_x = beside(lambda v: theirs(v)[0], x, weigh)
    np.testing.assert_allclose(numpy(layer(x)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(gradients(layer, x, weigh)[0], by_x, rtol=1e-3, atol=1e-4)


@needs_torch
@needs_haste
@pytest.mark.parametrize("zoneout", [0.0, 0.3])
def test_layer_norm_gru_is_that_of_haste(zoneout: float) -> None:
    layer = shaken(GRU(UNITS, norm="layer", zoneout=zoneout, return_sequences=True))
    theirs = haste().LayerNormGRU(FEATURES, UNITS, batch_first=True, zoneout=zoneout).eval()
    bias = numpy(layer.bias)
    put(
        dict(theirs.named_parameters()),
        {
            "kernel": numpy(layer.kernel),
            "recurrent_kernel": numpy(layer.recurrent_kernel),
            "bias": bias[0],
            "recurrent_bias": bias[1],
            "gamma": np.stack([numpy(layer.norms[term].gamma) for term in ("input", "recurrent")]),
        },
    )
    x, weigh = data(), data(BATCH, TIME, UNITS, seed=3)
    expected, by_x = beside(lambda v: theirs(v)[0], x, weigh)
    np.testing.assert_allclose(numpy(layer(x)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(gradients(layer, x, weigh)[0], by_x, rtol=1e-3, atol=1e-4)


def bnlstm_cell() -> Any:
    """Return their cell under the names that torch has since given to what it calls."""
    text = (FOLDER / "bnlstm.py").read_text()
    text = text.replace("split_size=", "split_size_or_sections=")
    text = text.replace("init.orthogonal(", "init.orthogonal_(").replace("init.constant(", "init.constant_(")
    held: dict[str, Any] = {}
    exec(compile(text, "bnlstm.py", "exec"), held)
    return held["BNLSTMCell"](FEATURES, UNITS, TIME)


@needs_torch
@needs_bnlstm
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_lstm_is_that_of_jihunchoi(training: bool) -> None:
    import torch

    layer = shaken(LSTM(UNITS, norm="batch", momentum=0.0, return_sequences=True))
    cell = bnlstm_cell()
    order = (1, 0, 3, 2)  # theirs: f, i, o, g
    shift = torch.zeros(4 * UNITS)
    put(
        dict(cell.named_parameters()),
        {
            "weight_ih": reordered(layer.kernel, order),
            "weight_hh": reordered(layer.recurrent_kernel, order),
            "bias": reordered(layer.bias, order),
            "bn_ih.weight": reordered(layer.norms["input"].gamma, order),
            "bn_hh.weight": reordered(layer.norms["recurrent"].gamma, order),
            "bn_c.weight": numpy(layer.norms["cell"].gamma),
            "bn_ih.bias": shift,
            "bn_hh.bias": shift,
            "bn_c.bias": numpy(layer.norms["cell"].beta),
        },
    )
    for norm in (cell.bn_ih, cell.bn_hh, cell.bn_c):
        norm.momentum = 1.0

    def run(x: Any) -> Any:
        states, outputs = (torch.zeros(BATCH, UNITS), torch.zeros(BATCH, UNITS)), []
        for t in range(TIME):
            states = cell(input_=x[:, t], hx=states, time=t)
            outputs.append(states[0])
        return torch.stack(outputs, dim=1)

    x, weigh = data(), data(BATCH, TIME, UNITS, seed=3)
    if not training:
        layer(x, training=True)
        run(torch.tensor(x))
        for t in range(TIME):  # torch keeps the variance of a sample, n - 1; ours is the one that trained
            for norm in (cell.bn_ih, cell.bn_hh, cell.bn_c):
                getattr(norm, f"running_var_{t}").mul_((BATCH - 1) / BATCH)
        cell.eval()
    expected, by_x = beside(run, x, weigh)
    got = numpy(layer(x, training=training))
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)
    found = gradients(layer, x, weigh, training=training)[0]
    np.testing.assert_allclose(found, by_x, rtol=1e-2, atol=1e-3)
    for t in range(TIME if training else 0):
        mean = getattr(cell.bn_c, f"running_mean_{t}").numpy()
        np.testing.assert_allclose(numpy(layer.norms["cell"].moving_mean)[t], mean, rtol=1e-3, atol=1e-5)
