"""Inference from frame to frame: 10,000 series, one LSTM(64) on 96 values, 24 ahead; one core, then all."""

import os

from benchmarks.race import Contestant, race, ratio
from benchmarks.table import Row, at_least

SERIES, ROWS, INPUT_SIZE, H = 10_000, 120, 96, 24
OURS, PEER = "Forecaster.predict", "NeuralForecast.predict"
CORES = str(os.cpu_count())
ALL_CORES = {"XLA_FLAGS": "", "NORMCAST_DEVICES": CORES, "OMP_NUM_THREADS": CORES}


def run(rest: list[str]) -> list[Row]:
    size = (int(rest[0]) if rest else SERIES, ROWS, INPUT_SIZE, H)
    rows = []
    for where, environment, kind in (("one core", {}, "cpu"), ("all cores", ALL_CORES, "wall")):
        laps = race(
            [
                Contestant(OURS, "forecaster", size, environment=environment),
                Contestant(PEER, "neuralforecast_predict", size, environment=environment, peer=True),
            ],
            rounds=5,
        )
        for name, lap in laps.items():
            value = lap and round(vars(lap)[kind] / 1e3, 2)
            rows.append(Row(f"{name}, {where}: {kind}", value, "s" if lap else "not installed"))
        rows.append(at_least(f"{OURS}, {where}: {kind}", ratio(laps, PEER, OURS, kind), 5.0, PEER))
    return rows
