import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import json, sys
import normcast.engine
import jax
from normcast.engine import Training, predict, train
from tests.engine.networks import conv_lstm, sine_data
training = Training(batch_size=16, epochs=2, seed=0)
out = list(train(conv_lstm(), sine_data(40), training, validation=sine_data(20, seed=1), seeds=3))
facts = [[t.seed, t.history, [float(abs(w).sum()) for w in t.weights], t.status] for t in out]
told = {"devices": jax.device_count(), "replicas": facts}
print(json.dumps(told))
"""


def run(script=SCRIPT, **environment):
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    inherited = {name: value for name, value in os.environ.items() if name != "PJRT_NPROC"}
    settings = {**inherited, "PYTHONPATH": paths, "KERAS_BACKEND": "jax", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.strip().splitlines()[-1])


FORECAST = """
forecast = predict(conv_lstm(), [t.weights for t in out], sine_data(50), batch_size=8)
print(json.dumps({**told, "forecast": forecast.tolist()}))
"""


def test_eight_devices_give_the_same_bits_as_one():
    eight, one = (run(SCRIPT + FORECAST, NORMCAST_DEVICES=count) for count in "81")
    eight, one = result(eight), result(one)
    assert (eight["devices"], one["devices"]) == (8, 1)
    assert eight["replicas"] == one["replicas"]
    assert eight["forecast"] == one["forecast"]
    assert np.shape(eight["forecast"])[:2] == (3, 50)


GATHERED = """
import json
import normcast.engine
import jax, jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
from normcast.engine.devices import batch_mesh
from normcast.kernels import Norm, lstm, lstm_norm, native
def loss(run):
    return lambda x, *weights: (run(x, jnp.zeros((64, 16)), jnp.zeros((64, 16)), *weights)[0] ** 2).sum()
runs = [lstm, lambda *args: lstm_norm(*args, Norm("layer", gamma_x=jnp.ones(64), gamma_h=jnp.ones(64)))]
spread = NamedSharding(batch_mesh(), PartitionSpec("batch"))
x = jax.device_put(jnp.ones((64, 24, 8)), spread)
weights = jnp.ones((8, 64)), jnp.ones((16, 64)), jnp.ones(64)
told = []
for run in runs:
    with native.left_out():
        gradients = jax.jit(jax.grad(loss(run), argnums=(0, 1, 2, 3))).lower(x, *weights)
    told.append([op in gradients.compile().as_text() for op in ("all-gather", "all-reduce")])
print(json.dumps(told))
"""


@pytest.mark.slow
def test_a_spread_batch_stays_where_it_is_and_only_weights_gradients_travel():
    assert result(run(GATHERED, NORMCAST_DEVICES="4")) == [[False, True], [False, True]]


SPREAD = SCRIPT.replace("conv_lstm()", "conv_lstm(random=True)").replace("seeds=3", "seeds=1, spread=SPREAD")


def test_a_batch_spread_over_eight_devices_trains_as_one_device_does():
    spread = run(SPREAD.replace("SPREAD", "'batch'"), NORMCAST_DEVICES="8", NORMCAST_NATIVE="0")
    one = run(SPREAD.replace("SPREAD", "'replica'"), NORMCAST_DEVICES="1", NORMCAST_NATIVE="0")
    (_, history, weights, _), (_, other, others, _) = (
        result(spread)["replicas"][0],
        result(one)["replicas"][0],
    )
    # Sums over the batch are formed in another order; batch statistics and dropout masks are the same.
    assert history["loss"] == pytest.approx(other["loss"], rel=1e-4)
    assert history["val_loss"] == pytest.approx(other["val_loss"], rel=1e-4)
    assert weights == pytest.approx(others, rel=1e-3)


def test_two_processes_train_as_one():
    join = (
        "import os, jax, normcast.engine\n"
        "jax.distributed.initialize('127.0.0.1:' + os.environ['PORT'], 2, int(os.environ['RANK']))\n"
    )
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = [run(join + SCRIPT, NORMCAST_DEVICES="1", PORT=port, RANK=str(rank)) for rank in (0, 1)]
    alone = run(NORMCAST_DEVICES="1")
    first, second = (result(rank) for rank in ranks)
    assert first["devices"] == 2
    assert first["replicas"] == second["replicas"] == result(alone)["replicas"]


THREADS = """
import json, os
from pathlib import Path
import normcast.engine
import jax
jax.block_until_ready(jax.numpy.ones(3))
print(json.dumps([each.read_text() for each in Path("/proc/self/task").glob("*/comm")]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_named_number_of_devices_brings_as_many_threads_for_operations():
    pools = [result(run(THREADS, NORMCAST_DEVICES=count)) for count in "13"]
    assert [sum("XLAEigen" in name for name in pool) for pool in pools] == [1, 3]


def test_a_wrong_number_of_devices_is_named():
    process = run("import normcast.engine", NORMCAST_DEVICES="many")
    _, err = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "NORMCAST_DEVICES is 'many'" in err


def test_another_backend_is_refused_by_name():
    pytest.importorskip("torch")
    process = run("from tests.engine.networks import *; from normcast.engine import *\n"
                  "train(conv_lstm(), sine_data(), Training())", KERAS_BACKEND="torch")  # fmt: skip
    assert "KERAS_BACKEND=jax" in process.communicate(timeout=120)[1]
