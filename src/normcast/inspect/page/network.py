"""The network: its ribbon, a table of its recurrent layers, and how far back it looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from normcast.errors import listed
from normcast.inspect import pictures
from normcast.inspect.inspected import Inspected
from normcast.inspect.page.figures import about, raised
from normcast.inspect.page.terms import LAYER_TERMS, SIGHT_TERMS
from normcast.inspect.words import ends, figure, share
from normcast.pages.page import Cell, Section, Table
from normcast.probes import Reading, Recurrence

HEAD = (
    "layer",
    "verdict",
    "half-life, steps",
    "left at the far end",
    "|dL/dh|, oldest step",
    "newest step",
    "memory, steps",
    "saturated",
    "dead units",
)


def network_section(inspection: Inspected, drawn: Sequence[str]) -> Section:
    """The whole network from left to right, and its recurrent layers in numbers."""
    seen = inspection.seen
    rows = tuple(_row(each, inspection.readings[name]) for name, each in seen.recurrences.items())
    chart = pictures.ribbon(inspection)
    said = f"{pictures.sentence(inspection, 'ribbon')} {about(chart)}"
    more = (
        f"Of {len(rows)} recurrent layers these are drawn one by one, since they have findings or forget "
        f"fastest: {listed(drawn, len(drawn))}. The picture and the table have all."
    )
    return Section(
        "network",
        "The network",
        text=(said, more) if len(rows) > len(drawn) else (said,),
        figures=pictures.figures(chart),
        tables=(Table("Recurrent layers", HEAD, rows),) if rows else (),
        terms=LAYER_TERMS if rows else (),
    )


def _row(seen: Recurrence, reading: Reading) -> tuple[Cell, ...]:
    first, last = ends(seen)
    memory = float(np.median(reading.memory)) if len(reading.memory) else float("nan")
    return (
        Cell(seen.name, number=False),
        Cell(reading.verdict, number=False),
        *(Cell(raised(figure(each))) for each in (reading.half_life, reading.left, first, last, memory)),
        Cell(_saturated(reading), number=False),
        Cell(f"{len(reading.dead)} of {seen.units}"),
    )


def _saturated(reading: Reading) -> str:
    """Return which share of each gate's values is saturated, for gates where some are."""
    if not reading.saturated or reading.verdict == "not known":
        return "–"
    parts = [f"{gate} {share(value)}" for gate, value in reading.saturated.items() if value]
    return ", ".join(parts).replace(" %", "\N{NO-BREAK SPACE}%") or "none"


def sight_section(inspection: Inspected) -> Section | None:
    """How far back the network looks; none for one whose inputs have no steps."""
    if not inspection.seen.sight:
        return None
    chart = pictures.sight(inspection)
    return Section(
        "sight",
        "How far back the network looks",
        text=(f"{pictures.sentence(inspection, 'sight')} {about(chart)}",),
        figures=pictures.figures(chart),
        terms=SIGHT_TERMS,
    )
