"""What a look shows of one recurrence: its gradient, its gates, its units, its batch statistics."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.rule import Finding
from normcast.check.seen.gates import closed_gates, saturated
from normcast.check.seen.gradient import exploding, vanishing
from normcast.check.seen.place import Place
from normcast.check.seen.statistics import statistics_apart
from normcast.check.seen.units import dead_units, silent_units, twin_units
from normcast.probes import Recurrence, read


def of_recurrence(seen: Recurrence, place: Place) -> Iterator[Finding]:
    """Yield what a recurrence shows; nothing where its values are not finite, which is a finding itself."""
    if any(trace.not_finite.any() for trace in (*seen.activations.values(), *seen.gradients.values())):
        return
    reading = read(seen)
    for sees in (vanishing, exploding, saturated):
        yield from sees(seen, reading, place)
    yield from closed_gates(seen, place)
    for sees in (dead_units, silent_units, twin_units):
        yield from sees(seen, reading, place)
    yield from statistics_apart(seen, place)
