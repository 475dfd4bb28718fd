"""What a look shows of the gates of one recurrence: saturated or closed ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.examples import L, chain
from normcast.check.rule import WARNING, Found
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
from normcast.check.symptom import symptom
from normcast.pages.percent import exact, whole
from normcast.probes import Reading, Recurrence
from normcast.probes.reading import KEEPS
from normcast.probes.trace import SQUASHED, Trace

CLOSED_STEPS, CLOSED_UNITS = 0.95, 0.25
SATURATED = 0.5
GATES = {**KEEPS, "i": "input gate", "o": "output gate"}
KARPATHY = "Karpathy, Johnson & Li 2015, Visualizing and Understanding Recurrent Networks, arXiv:1506.02078"


@symptom(
    103,
    "saturated-gates",
    WARNING,
    hint="scale the inputs; smaller weights; layer normalization in the recurrence",
    remedy="layer normalization in the recurrence",
    sources=[
        f"{KARPATHY}: how often gates are saturated",
        "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
        "networks, PMLR 9",
    ],
    exceptions="The candidates g and n do not count. Silent where values are not finite.",
    tried=(
        "of 40 healthy networks on scaled inputs, fresh and trained, none had more than 1 %; inputs 100 "
        "times too large made it 63 to 65 %, 1,000 times 96 %"
    ),
    bad=[chain((12, 2), L.LSTM(4), L.Dense(1), times=500)],
    good=[chain((12, 2), L.LSTM(4), L.Dense(1))],
)
def saturated(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """More than half of the values of a layer's gates are below 0.01 or above 0.99.

    A sigmoid there passes less than 4 % of the gradient that it passes at 0.5, so the gate hardly learns, and
    it decides as a switch does, not as a weight. Inputs that nobody has scaled are the common reason.

    The bound is half of all gate values of the layer.
    """
    shares = [share for gate, share in reading.saturated.items() if gate not in SQUASHED]
    share = float(np.mean(shares)) if shares else 0.0
    if share > SATURATED:
        words = f"{whole(share)} of the gate values are below 0.01 or above 0.99"
        yield place.found(words, remedies.normalized(place.node), share=share)


@symptom(
    111,
    "gates-closed",
    WARNING,
    hint="a larger bias of that gate at the start, scaled inputs, normalization in the recurrence",
    remedy="layer normalization in the recurrence",
    sources=[
        "Gers et al. 2000, Learning to forget, doi:10.1162/089976600300015015",
        "Jozefowicz et al. 2015, An Empirical Exploration of Recurrent Network Architectures, PMLR 37: the "
        "forget bias of 1",
        KARPATHY,
    ],
    exceptions=(
        "Reset gates do not count: closed ones are how a GRU starts anew. Silent where values are not finite."
    ),
    tried=(
        "no healthy network was told; a planted forget bias of −5 closed the gate in 92 % of the units, an "
        "input bias of −7 in all"
    ),
)
def closed_gates(seen: Recurrence, place: Place) -> Iterator[Found]:
    """A gate is closed, below 0.01, nearly always for many units of a layer.

    A unit that never reads, never keeps what it had or never says anything is lost to the layer, and a closed
    gate gets next to no gradient that could open it.

    The bound is a quarter of the units, each in 95 % of all steps and cases: some units of a sound network
    close a gate for good reasons.
    """
    for gate in (gate for gate in seen.gates if gate in GATES):
        share = float(np.mean(shut_share(seen.activations[gate]) >= CLOSED_STEPS))
        if share >= CLOSED_UNITS:
            words = f"{whole(share)} of {GATES[gate]}s closed in {exact(CLOSED_STEPS)} of steps"
            yield place.found(words, remedies.normalized(place.node), gate=gate, share=share)


def shut_share(gate: Trace) -> np.ndarray:
    """Return in which share of all cases and steps each unit's gate is shut, (unit,)."""
    reached = gate.count > 0
    if gate.low is None or not reached.any():
        return np.zeros(gate.units)
    return np.average(gate.low[reached], axis=0, weights=gate.count[reached])
