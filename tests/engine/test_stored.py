"""Programs that are stored: a later process runs them as they were compiled, and none but its own."""

import json
import os
import subprocess
import sys

import jax
import keras
import pytest

from normcast.engine import stored
from normcast.engine.network import Network
from normcast.engine.stored import Stored
from normcast.engine.training import Training

on_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="programs are stored for the CPU")
SCRIPT = """
import json, jax, keras, numpy as np
from normcast.engine import Batches, Field, Training, predict, train
seen = []
jax.monitoring.register_event_duration_secs_listener(lambda *told, **more: seen.append((*told, more)))
y, starts = np.sin(np.arange(64, dtype="float32")), np.arange(40, dtype="int32")
data = Batches({"past": Field(y, 0, 7)}, Field(y, 7, 1), starts, np.zeros(40, "int32"))
model = keras.Sequential([keras.Input((7,)), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
(told,) = train(model, data, Training(epochs=2), validation=data)
output = predict(model, [told.weights], data).tolist()
names = [more["fun_name"].split("_")[0] for name, _, more in seen if name.endswith("jaxpr_trace_duration")]
print(json.dumps([output, [name for name in names if name in ("local", "forecast")]]))
"""


def ran(folder):
    """What a process of its own forecasts, and which of the engine's programs it traced."""
    left = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    own = {"NORMCAST_CACHE": str(folder), "NORMCAST_NATIVE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=left | own, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@on_cpu
def test_a_later_process_traces_nothing_that_was_stored_whole_and_forecasts_the_same_to_the_bit(tmp_path):
    first, traced = ran(tmp_path)
    assert traced == ["local", "local", "forecast"]  # training, judging
    files = sorted((tmp_path / "programs").glob("*.program"))
    assert len(files) == 3
    files[0].write_bytes(files[0].read_bytes()[:-1])
    again, traced = ran(tmp_path)
    assert len(traced) == 1
    assert again == first


def test_a_loss_or_layer_of_the_users_own_tells_nothing_to_another_process():
    assert Training().is_told
    assert not Training(loss=own_loss).is_told
    for layer in (Own(), keras.layers.Lambda(lambda x: 2 * x)):
        assert not Network(keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])).lasts()
    assert Network(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])).lasts()


def own_loss(y, told):
    return keras.ops.abs(y - told)


class Own(keras.layers.Layer):
    def call(self, x):
        return x


@pytest.mark.parametrize("name", ["XLA_FLAGS", "NORMCAST_SOMETHING"])
def test_a_program_stands_under_all_that_it_depends_on(monkeypatch, name):
    before = Stored("key", (1.0,), {}).name
    assert Stored("key", (1.0,), {}).name == before
    assert Stored("key", (1,), {}).name != before
    assert Stored("other", (1.0,), {}).name != before
    monkeypatch.setenv(name, "--changed")
    assert Stored("key", (1.0,), {}).name != before


def test_where_jax_was_given_a_folder_by_others_nothing_is_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path))
    assert stored.programs_folder() is None


def test_those_used_last_stay(monkeypatch, tmp_path):
    monkeypatch.setattr(stored, "MOST", 2)
    for place in range(4):
        (tmp_path / f"{place}.program").touch()
        os.utime(tmp_path / f"{place}.program", (place, place))
    stored.thin_out(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.program", "3.program"]
