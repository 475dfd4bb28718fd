"""What a norm, recurrent dropout and zoneout cost in a training step, against our plain LSTM."""

import json

from benchmarks.race import Contestant, race
from benchmarks.table import Row, at_most

SHAPES = {
    "(96, 128, 8, 64)": (128, 96, 8, 64, 20),
    "(24, 32, 8, 16)": (32, 24, 8, 16, 200),
    "(96, 32, 8, 32)": (32, 96, 8, 32, 40),
}
KINDS: dict[
    str, tuple[dict, float | None, float | None]
] = {  # name: (arguments, most at the large shape, most at the small ones)
    'norm="layer"': ({"norm": "layer"}, 1.3, 2.0),
    'norm="batch"': ({"norm": "batch"}, 1.5, 2.0),
    "recurrent dropout, tied": ({"recurrent_dropout": 0.2, "recurrent_dropout_kind": "tied"}, 1.15, 1.4),
    "recurrent dropout, a mask per gate": ({"recurrent_dropout": 0.2}, None, None),
    "zoneout": ({"zoneout": [0.1, 0.1]}, 1.15, 1.4),
}


def run(_: list[str]) -> list[Row]:
    rows: list[Row] = []
    for shape, sizes in SHAPES.items():
        contestants = [Contestant("plain", "norm", ("{}", *sizes))]
        contestants += [
            Contestant(name, "norm", (json.dumps(kind[0]), *sizes)) for name, kind in KINDS.items()
        ]
        laps = race(contestants, rounds=9)
        plain = laps.pop("plain")
        rows.append(Row(f"plain {shape}", plain and round(plain.cpu, 2), "ms CPU a step"))
        for name, lap in laps.items():
            if lap is None or plain is None:
                rows.append(Row(f"{name} {shape}", None, "did not run"))
                continue
            what, value = f"{name} {shape}", lap.cpu / plain.cpu
            target = KINDS[name][1 if shape.startswith("(96, 128") else 2]
            rows.append(
                at_most(what, value, target, "x plain") if target else Row(what, round(value, 3), "x plain")
            )
    return rows
