"""Compare what a look gives with the loops of the papers, in float64: gradients, gates and states.

On JAX in a process of its own, since JAX must be started in float64.
"""

import sys

import keras
import numpy as np

from normcast.probes import look
from tests.probes.branches import ALL, MASKS, loss_of, network
from tests.probes.textbook import agree, states_of


def compare(names: list[str], mask: str, training: bool) -> int:
    """Hold the layers of those names side by side against their loops; return how many derivatives."""
    model, x, layers = network(names, mask)
    seen = look(model, x, training=training)
    valid = None if mask == "none" else MASKS[mask]
    for layer in layers.values():
        _, _, kept = states_of(layer, x.astype("float64"), None, valid, training=training)
        for name, trace in seen.recurrences[layer.name].activations.items():
            there = np.isfinite(trace.values)
            assert there.all(axis=2).sum() == MASKS[mask].sum()
            np.testing.assert_allclose(
                trace.values[there], kept[name][there], atol=1e-6, err_msg=f"{layer.name} {name}"
            )
    return agree(seen, loss_of(model, x, layers, mask, training))


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    names = sys.argv[3].split(",") if len(sys.argv) > 3 else list(ALL)
    print(compare(names, sys.argv[1], sys.argv[2] == "training"), "derivatives agree")
