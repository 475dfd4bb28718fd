"""What a look shows of one recurrence: its gradient, its gates, its units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.rule import ADVICE, WARNING, Finding, Severity
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
from normcast.check.seen.statistics import of_steps
from normcast.errors import listed
from normcast.pages.percent import exact, whole
from normcast.probes import Reading, Recurrence, read
from normcast.probes.reading import FAINT, KEEPS
from normcast.probes.trace import SQUASHED, Trace

SHORTEST = 8  # steps; over fewer a gradient has no way to go
CLOSED_STEPS, CLOSED_UNITS = 0.95, 0.25
SATURATED = 0.5
MANY = 0.25  # of the units
MOST_NAMED = 8
GATES = {**KEEPS, "i": "input gate", "o": "output gate"}


def of_recurrence(seen: Recurrence, place: Place) -> Iterator[Finding]:
    """Yield what a recurrence shows; nothing where its values are not finite, which is a finding itself."""
    if any(trace.not_finite.any() for trace in (*seen.activations.values(), *seen.gradients.values())):
        return
    reading = read(seen)
    yield from vanishing(seen, reading, place)
    yield from exploding(seen, reading, place)
    yield from saturated(seen, reading, place)
    yield from closed_gates(seen, place)
    yield from units(seen, reading, place)
    yield from of_steps(seen, place)


def vanishing(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Finding]:
    """The gradient vanishes inside a layer: less than 1e-6 of it is left at the oldest of 8 steps or more.

    1e-6: a sum in single precision holds seven digits, so beside the newest steps' part the oldest one's is
    lost. Advice, since it is true of every plain LSTM that starts over some 80 steps or more, and harmless
    where what matters is recent; a warning where half is lost within one step, below which the layer sees
    little but the last step: fresh LSTMs that were tried kept 2.5 to 4.5 steps, fresh GRUs 1.5 to 2.
    """
    if reading.verdict != "vanishing" or seen.window < SHORTEST:
        return
    reach = int(np.sum(seen.carried >= FAINT))
    words = (
        f"half-life of the gradient {reading.half_life:.1f} steps in a window of {seen.window}: {place.name} "
        f"cannot learn what lies more than {reach} steps back"
    )
    yield place.finding(
        109, "gradient-vanishes-inside", WARNING if reading.half_life < 1 else ADVICE, words,
        "normalization inside the recurrence, a shorter window, pooling or strides in front, or attention",
        remedies.normalized(place.node) or remedies.shortened(place.node, reach),
        half_life=reading.half_life, left=reading.left, reach=reach, window=seen.window,
    )  # fmt: skip


def exploding(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Finding]:
    """The gradient explodes inside a layer: it is 1,000 times as large at the oldest step.

    A gradient that is clipped to 1 would leave the newest steps a thousandth. Sixteen networks of tanh or
    with a norm, fresh and trained, stayed below 30.
    """
    if reading.verdict == "exploding" and seen.window >= SHORTEST:
        words = (
            f"the gradient is {reading.left:.1e} times as large at the oldest of {seen.window} steps as at "
            "the newest"
        )
        yield place.finding(
            110, "gradient-explodes-inside", WARNING, words,
            "tanh in the recurrence, normalization inside it, smaller recurrent weights, or clipping",
            remedies.bounded(place.node) or remedies.normalized(place.node),
            left=reading.left, half_life=reading.half_life, window=seen.window,
        )  # fmt: skip


def saturated(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Finding]:
    """More than half of all gate values are below 0.01 or above 0.99; the candidates g and n do not count.

    A saturated sigmoid passes less than 4 % of the gradient that it passes at 0.5. Fresh networks on scaled
    inputs have none, trained ones a few percent.
    """
    shares = [share for gate, share in reading.saturated.items() if gate not in SQUASHED]
    share = float(np.mean(shares)) if shares else 0.0
    if share > SATURATED:
        words = f"{whole(share)} of the gate values are below 0.01 or above 0.99"
        hint = "scale the inputs; smaller weights; layer normalization in the recurrence"
        fix = remedies.normalized(place.node)
        yield place.finding(103, "saturated-gates", WARNING, words, hint, fix, share=share)


def closed_gates(seen: Recurrence, place: Place) -> Iterator[Finding]:
    """A gate is closed (below 0.01) in 95 % of the steps and cases for a quarter of the units or more.

    Some units of a trained network close a gate for good reasons; a quarter of them are lost to the layer.
    Reset gates do not count: closed ones are how a GRU starts anew.
    """
    for gate in (gate for gate in seen.gates if gate in GATES):
        share = float(np.mean(shut_share(seen.activations[gate]) >= CLOSED_STEPS))
        if share >= CLOSED_UNITS:
            words = f"{whole(share)} of {GATES[gate]}s closed in {exact(CLOSED_STEPS)} of steps"
            hint = "a larger bias of that gate at the start, scaled inputs, normalization in the recurrence"
            fix = remedies.normalized(place.node)
            yield place.finding(111, "gates-closed", WARNING, words, hint, fix, gate=gate, share=share)


def shut_share(gate: Trace) -> np.ndarray:
    """Return in which share of all cases and steps each unit's gate is shut, (unit,)."""
    reached = gate.count > 0
    if gate.low is None or not reached.any():
        return np.zeros(gate.units)
    return np.average(gate.low[reached], axis=0, weights=gate.count[reached])


def units(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Finding]:
    """Units that give the layer nothing: dead, silent (no gradient), or the double of another.

    Dead: the output moves by less than a thousandth of the widest unit's range. Twins: correlated by 0.9999
    at least; fresh networks of 16 to 128 units have none. Advice, and a warning from a quarter of the units
    on: width is then not what it seems.
    """
    dead, silent = reading.dead, tuple(u for u in reading.silent if u not in reading.dead)
    doubles = sum(len(group) - 1 for group in reading.twins)
    if dead:
        words, hint = f"{_named(dead)} dead", "tanh in the recurrence, fewer units, smaller weights or inputs"
        fix = remedies.bounded(place.node) or remedies.fewer(place.node, len(dead))
        level = _level(len(dead), seen)
        yield place.finding(112, "dead-recurrent-units", level, words, hint, fix, units=list(dead))
    if silent:
        words, hint = f"{_named(silent)} without a gradient at any step", "see whether they reach the loss"
        fix = remedies.fewer(place.node, len(silent))
        level = _level(len(silent), seen)
        yield place.finding(113, "silent-units", level, words, hint, fix, units=list(silent))
    if doubles:
        words = f"{_named(reading.twins[0])} do the same" + (
            f", and {len(reading.twins) - 1} more groups" if len(reading.twins) > 1 else ""
        )
        symmetric = len(reading.twins[0]) == seen.units
        node = place.node
        fix = remedies.broken_symmetry(node) if symmetric else remedies.fewer(node, doubles)
        hint = "initializers that draw each unit apart" if symmetric else "fewer units"
        groups = [list(group) for group in reading.twins]
        yield place.finding(114, "twin-units", _level(doubles, seen), words, hint, fix, groups=groups)


def _level(count: int, seen: Recurrence) -> Severity:
    return WARNING if count >= MANY * seen.units else ADVICE


def _named(numbers: tuple[int, ...]) -> str:
    names = listed(numbers, MOST_NAMED)
    return f"unit {names}" if len(numbers) == 1 else f"units {names}"
