"""LSTM(64) and a dense head on windows of 168 x 1, batch 128, one core.

NeuralForecast is raced on one series, where it is fastest, and on a panel: it lays out all windows of the
series of a step, 32 unless told otherwise, before it draws a batch of them.
"""

from benchmarks.race import Contestant, race, ratio
from benchmarks.table import Row, at_least

STEPS, BATCH, VISITED = 168, 128, 2560
SHAPE = (VISITED, STEPS, 1, BATCH)
ONE = (1, VISITED + STEPS, STEPS, BATCH, VISITED)
YEAR = (32, 8760, STEPS, BATCH, VISITED)  # 32 series of a year of hours
PANEL, PEER, PEER_PANEL = "engine, panel", "NeuralForecast LSTM", "NeuralForecast LSTM, panel"
TARGETS = {"Keras fit on JAX": 2.0, "PyTorch loop": 1.8, PEER: 4.5}


def run(_: list[str]) -> list[Row]:
    xla = {"NORMCAST_NATIVE": "0"}
    laps = race(
        [
            Contestant("engine", "engine", ("one_lstm", *SHAPE)),
            Contestant("engine, XLA form", "engine", ("one_lstm", *SHAPE), environment=xla),
            Contestant("Keras fit on JAX", "keras_fit", ("one_lstm", *SHAPE)),
            Contestant("PyTorch loop", "torch_loop", ("one_lstm", *SHAPE), peer=True),
            Contestant(PEER, "neuralforecast_lstm", ONE, peer=True),
            Contestant(PANEL, "engine_panel", YEAR),
            Contestant(PEER_PANEL, "neuralforecast_lstm", YEAR, peer=True),
        ],
        rounds=5,
    )
    rows = [
        Row(name, lap and round(lap.cpu, 2), "not installed" if lap is None else "ms CPU a step")
        for name, lap in laps.items()
    ]
    pairs = [("engine", name, target) for name, target in TARGETS.items()]
    pairs.append((PANEL, PEER_PANEL, TARGETS[PEER]))
    return rows + [at_least(ours, ratio(laps, peer, ours), target, peer) for ours, peer, target in pairs]
