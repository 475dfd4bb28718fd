"""The memory of a look: it does not grow with the cases."""

import json
import os
import subprocess
import sys

import pytest

# Wide enough that what one case's gates, states and their gradients take, 12 tensors of (steps, units), would
# show; the most is read after few cases, and again after many.
CODE = """
import json, resource
import keras, numpy as np
from normcast.layers import LSTM
from normcast.probes import look

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

net = keras.Sequential([keras.Input((STEPS, 2)), LSTM(UNITS), keras.layers.Dense(1)])
x = np.random.default_rng(0).normal(size=(512, STEPS, 2)).astype("float32")
look(net, x[:64])
few = most()
seen = look(net, x)
(one,) = seen.recurrences.values()
print(json.dumps({"grown": most() - few, "kept": len(one.activations["h"].values)}))
"""
STEPS, UNITS, TENSORS = 260, 32, 12


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a process is counted in other units")
def test_eight_times_the_cases_take_hardly_more_memory():
    code = CODE.replace("STEPS", str(STEPS)).replace("UNITS", str(UNITS))
    out = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ}, capture_output=True, text=True, check=True
    )
    told = json.loads(out.stdout.splitlines()[-1])
    all_of_them = 512 * STEPS * UNITS * TENSORS * 4  # bytes, 204 MB
    assert told["grown"] < all_of_them / 2
    assert told["kept"] == 64
