"""The answer that the page opens with: whether gradients reach the oldest step, layer by layer."""

from __future__ import annotations

from normcast.check.rule import WARNING
from normcast.check.told import severities
from normcast.inspect.inspected import Inspected
from normcast.inspect.page.figures import raised
from normcast.inspect.words import figure, forgets, remembers, verdict
from normcast.pages.page import Opening

MOST = 8
LITTLE = 0.01  # of the gradient is left, where not all steps teach alike
BAD = ("vanishing", "exploding", "not known")
MEANINGS = {
    "vanishing": (
        "Of what the end of the window says, {left} reaches its beginning: the layer can hardly learn from "
        "steps that lie far back."
    ),
    "exploding": (
        "What the end of the window says is {left} times as large at its beginning: steps that lie far back "
        "throw the weights about."
    ),
    "healthy": "Of what the end of the window says, {left} reaches its beginning: all steps can teach.",
    "little": (
        "Of what the end of the window says, {left} reaches its beginning: steps that lie far back teach "
        "little, but are not lost."
    ),
}


def opening(inspection: Inspected) -> Opening:
    """Return the verdict on the network, the worst layer first, and a sentence on each other one."""
    seen, readings = inspection.seen, inspection.readings
    found = (f"Findings: {severities(inspection.findings)}.",) if inspection.findings else ()
    if seen.first_not_finite is not None:
        name, tensor, step = seen.first_not_finite
        answer = f"{name} is not finite: {tensor} from step {step} on."
        detail = "What is told of it below is of the values that are."
        return Opening("no", answer, detail, (*_points(inspection), *found))
    if not readings:
        answer = "No recurrent layer: there are no steps to look into."
        return Opening("open", answer, "Convolutions and normalizations are shown.", found)
    worst = min(readings, key=lambda name: (readings[name].verdict not in BAD, readings[name].half_life))
    grave = bool(inspection.findings.at_least(WARNING))
    bad = readings[worst].verdict in BAD
    tone = "no" if bad and grave else "open" if bad or grave else "yes"
    answer = f"{worst} {forgets(seen.recurrences[worst], readings[worst])}: {readings[worst].verdict}."
    return Opening(tone, answer, _meaning(inspection, worst), (*_points(inspection, worst), *found))


def _meaning(inspection: Inspected, name: str) -> str:
    """Say what that means for learning."""
    reading = inspection.readings[name]
    is_little = reading.verdict == "healthy" and reading.left < LITTLE
    told = MEANINGS.get("little" if is_little else reading.verdict, "").format(
        left=raised(figure(reading.left))
    )
    held = remembers(reading)
    return f"{told} As its gates stand, {held}." if held else told


def _points(inspection: Inspected, worst: str = "") -> tuple[str, ...]:
    seen, readings = inspection.seen.recurrences, inspection.readings
    told = [raised(verdict(each, readings[name])) for name, each in seen.items() if name != worst]
    more = len(told) - MOST
    return (*told[:MOST], f"{more} more layers are in the table.") if more > 0 else tuple(told)
