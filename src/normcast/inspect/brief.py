"""Brief: an inspection in a few lines at a prompt, and as one screen in a notebook."""

from __future__ import annotations

import numpy as np

from normcast.check.told import severities
from normcast.inspect import channel_words
from normcast.inspect.inspected import Inspected
from normcast.inspect.words import ends, figure, looked_at
from normcast.probes import Reading, Recurrence
from normcast.sheet import Sheet, Table

HEAD = ("layer", "half-life", "verdict", "|dL/dh| first", "last step", "memory", "dead units")


def brief(inspection: Inspected) -> Sheet:
    """Return what is said of an inspection: a row for each recurrent layer, else what else was seen."""
    seen = inspection.seen
    notes = [*([f"Findings: {severities(inspection.findings)}"] if inspection.findings else []), *seen.notes]
    if seen.recurrences:
        rows = tuple(_row(each, inspection.readings[name]) for name, each in seen.recurrences.items())
        table = Table(HEAD, rows)
    else:
        others = tuple((name, channel_words.told(inspection, name)) for name in seen.channels)
        table = Table(("layer", "what it shows"), others)
    return Sheet("Inspection", f" of {seen.model}: {looked_at(seen)}", notes=notes, table=table)


def _row(seen: Recurrence, reading: Reading) -> tuple[str, ...]:
    memory = figure(float(np.median(reading.memory))) if len(reading.memory) else ""
    first, last = map(figure, ends(seen))
    half_life = f"{figure(reading.half_life)} of {seen.window}"
    dead = f"{len(reading.dead)} of {seen.units}"
    return seen.name, half_life, reading.verdict, first, last, memory, dead
