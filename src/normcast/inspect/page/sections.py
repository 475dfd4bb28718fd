"""The sections of the page of an inspection, in their order."""

from __future__ import annotations

from pathlib import Path

from normcast.errors import counted
from normcast.inspect.inspected import Inspected
from normcast.inspect.page.again import made_section
from normcast.inspect.page.channels import channels_section
from normcast.inspect.page.figures import raised
from normcast.inspect.page.findings import findings_section
from normcast.inspect.page.layer import layer_section
from normcast.inspect.page.network import network_section, sight_section
from normcast.inspect.page.opening import opening
from normcast.inspect.page.training import training_section
from normcast.inspect.page.values import InspectionReport
from normcast.inspect.words import cases, figure
from normcast.pages.page import Page

DRAWN = 8  # recurrent layers that are drawn one by one; picture and table of the network have all


def inspection_page(report: InspectionReport) -> Page:
    """Compose the page of an inspection; a section without values is left out."""
    inspection = report.inspection
    drawn = drawn_layers(inspection)
    sections = [
        network_section(inspection, drawn),
        findings_section(report),
        training_section(report.flow),
        *(layer_section(inspection, name, number) for number, name in enumerate(drawn, 1)),
        sight_section(inspection),
        channels_section(inspection),
        made_section(report),
    ]
    kept = tuple(section for section in sections if section is not None)
    return Page(_title(report), "", _facts(report), opening(inspection), kept)


def drawn_layers(inspection: Inspected, most: int = DRAWN) -> list[str]:
    """Return the recurrent layers to draw one by one, in the order of the network: if there are more, those
    with findings first, then those whose gradients vanish or explode, then those that forget fastest.
    """
    seen, readings = inspection.seen.recurrences, inspection.readings
    wrong = {layer for finding in inspection.findings for layer in finding.layers}

    def place(name: str) -> tuple[bool, bool, float]:
        half_life = readings[name].half_life
        sound = name not in wrong and seen[name].layer not in wrong
        return sound, readings[name].verdict == "healthy", half_life if half_life >= 0 else -1.0

    kept = sorted(seen, key=place)[:most]
    return [name for name in seen if name in kept]


def _title(report: InspectionReport) -> str:
    if report.title:
        return report.title
    name = Path(report.source).name if report.source else report.inspection.seen.model
    return f"What goes on inside {name}"


def _facts(report: InspectionReport) -> str:
    seen = report.inspection.seen
    parts = [
        cases(seen, report.given),
        counted(len(seen.recurrences), "recurrent layer"),
        f"{len(seen.channels)} other layers looked into" if seen.channels else "",
        "training mode" if seen.training else "inference mode",
        f"gradients of {seen.objective}, {raised(figure(seen.value))}",
    ]
    return " · ".join(part for part in parts if part)
