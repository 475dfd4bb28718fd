"""LSTM(64) and a dense head on windows of 168 x 1, batch 128, one core."""

from benchmarks.race import Contestant, race, ratio
from benchmarks.table import Row, at_least

SHAPE = (2560, 168, 1, 128)
TARGETS = {"Keras fit on JAX": 2.0, "PyTorch loop": 1.8, "NeuralForecast LSTM": 4.5}


def run(_: list[str]) -> list[Row]:
    laps = race(
        [
            Contestant("engine", "engine", ("one_lstm", *SHAPE)),
            Contestant(
                "engine, XLA form", "engine", ("one_lstm", *SHAPE), environment={"NORMCAST_NATIVE": "0"}
            ),
            Contestant("Keras fit on JAX", "keras_fit", ("one_lstm", *SHAPE)),
            Contestant("PyTorch loop", "torch_loop", ("one_lstm", *SHAPE), peer=True),
            Contestant("NeuralForecast LSTM", "neuralforecast_lstm", (SHAPE[0], 168, 128), peer=True),
        ],
        rounds=5,
    )
    rows = [
        Row(name, lap and round(lap.cpu, 2), "not installed" if lap is None else "ms CPU a step")
        for name, lap in laps.items()
    ]
    return rows + [
        at_least("engine", ratio(laps, name, "engine"), target, name) for name, target in TARGETS.items()
    ]
