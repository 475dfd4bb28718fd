"""One recurrent layer: gates, states, gradients, and behind a line each histograms, weights and spectra."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.errors import counted
from normcast.inspect.inspected import Inspected
from normcast.inspect.page.figures import group, raised
from normcast.inspect.page.terms import GATE_TERMS, STATISTICS_TERM
from normcast.inspect.page.weights import weights_table
from normcast.inspect.pictures.names import NAMES
from normcast.inspect.words import remembers, units, verdict
from normcast.pages.page import Group, Section
from normcast.probes import Reading, Recurrence


def layer_section(inspection: Inspected, name: str, number: int) -> Section:
    """Return the section of a recurrent layer; number: its place, which makes the address."""
    seen, reading = inspection.seen.recurrences[name], inspection.readings[name]
    return Section(
        f"layer-{number}",
        f"{name}: {seen.kind}, {counted(seen.units, 'unit')}",
        text=tuple(_text(seen, reading)),
        groups=tuple(_groups(inspection, seen)),
        tables=(weights_table(seen),) if seen.weights else (),
        folded="Weights in numbers",
        terms=tuple(_terms(seen)),
    )


def _text(seen: Recurrence, reading: Reading) -> Iterator[str]:
    yield raised(verdict(seen, reading))
    held = remembers(reading)
    if held:
        yield f"As its gates stand, {held}."
    wrong = units(reading, seen.units)
    if wrong:
        yield f"Units: {'; '.join(wrong)}."
    if seen.direction == "backward":
        yield "It reads the window from its last step to its first: far back for it are the last steps."


def _groups(inspection: Inspected, seen: Recurrence) -> Iterator[Group]:
    name = seen.name
    if seen.gates:
        yield group(inspection, "gates", name, "Gates")
    yield group(inspection, "states", name, "States")
    yield group(inspection, "gradients", name, "Gradients")
    yield group(inspection, "histograms", name, "Histograms of gates and states", folded=True)
    if seen.weights:
        yield group(inspection, "weights", name, "Weights", folded=True)
    if any(each.gradient is not None for each in seen.weights):
        yield group(inspection, "weight gradients", name, "Gradients of the weights", folded=True)
    if any(len(each.eigenvalues) for each in seen.weights if each.weight == "recurrent"):
        yield group(inspection, "spectra", name, "Spectra of the recurrent kernel", folded=True)
    if seen.statistics:
        yield group(inspection, "statistics", name, "Statistics of its normalization, by step", folded=True)


def _terms(seen: Recurrence) -> Iterator[tuple[str, str]]:
    for each in (*seen.gates, *seen.states):
        if each in GATE_TERMS:
            yield NAMES[each], GATE_TERMS[each]
    yield "gradient", GATE_TERMS["gradient"]
    if seen.statistics:
        yield STATISTICS_TERM
