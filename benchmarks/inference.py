"""Inference, frame in to frame out: 10,000 series, one LSTM(64) on 96 values, 24 ahead, one core."""

from benchmarks.race import Contestant, race, ratio
from benchmarks.table import Row, at_least

SERIES, ROWS, INPUT_SIZE, H = 10_000, 120, 96, 24
OURS, PEER = "Forecaster.predict", "NeuralForecast.predict"


def run(rest: list[str]) -> list[Row]:
    size = (int(rest[0]) if rest else SERIES, ROWS, INPUT_SIZE, H)
    laps = race(
        [
            Contestant(OURS, "forecaster", size),
            Contestant(PEER, "neuralforecast_predict", size, peer=True),
        ],
        rounds=5,
    )
    rows = []
    for name, lap in laps.items():
        for kind in ("cpu", "wall"):
            value = lap and round(vars(lap)[kind] / 1e3, 2)
            rows.append(Row(f"{name}, {size[0]:,} series, {kind}", value, "s" if lap else "not installed"))
    return [*rows, at_least(OURS, ratio(laps, PEER, OURS), 5.0, PEER)]
