"""Step time at (batch, time, channels) = (32, 21, 20), one core: the engine against Keras and PyTorch."""

from benchmarks.race import Contestant, race, ratio
from benchmarks.table import Row, at_least

SHAPE = (4096, 21, 20, 32)  # windows of an epoch, time, channels, batch
XLA = {"NORMCAST_NATIVE": "0"}
MANY = "engine, native, 16 replicas"
TARGETS = {  # against: (network, with the native kernel, with the XLA form)
    ("conv_se_lstm", "Keras fit on JAX"): (3.0, 2.0),
    ("conv_se_lstm", "PyTorch loop"): (4.0, 2.5),
    ("conv_se_lstm", "Keras fit on TensorFlow"): (12.0, 8.0),
    ("conv_se_lstm", "Keras fit on torch"): (45.0, 30.0),
    ("conv_lstm", "Keras fit on JAX"): (2.5, None),
}


def run(_: list[str]) -> list[Row]:
    rows: list[Row] = []
    for network in ("conv_se_lstm", "conv_lstm"):
        few = (512, *SHAPE[1:])  # the slow ones race over fewer steps
        contestants = [
            Contestant("engine, native", "engine", (network, *SHAPE)),
            Contestant(MANY, "engine", (network, *SHAPE, 16)),
            Contestant("engine, XLA form", "engine", (network, *SHAPE), environment=XLA),
            Contestant("Keras fit on JAX", "keras_fit", (network, *SHAPE)),
            Contestant("PyTorch loop", "torch_loop", (network, *SHAPE), peer=True),
        ]
        if network == "conv_se_lstm":
            contestants += [
                Contestant("Keras fit on TensorFlow", "keras_fit", (network, *few), "tensorflow", peer=True),
                Contestant("Keras fit on torch", "keras_fit", (network, *few), "torch", peer=True),
            ]
        laps = race(contestants)
        for name, lap in laps.items():
            unit = "not installed" if lap is None else "ms CPU a step and replica"
            rows.append(Row(f"{network}: {name}", lap and round(lap.cpu, 3), unit))
        for (of, against), (native, xla) in TARGETS.items():
            if of != network:
                continue
            rows.append(at_least(f"{network}, native", ratio(laps, against, MANY), native, against))
            if xla:
                rows.append(
                    at_least(f"{network}, XLA", ratio(laps, against, "engine, XLA form"), xla, against)
                )
    return rows
