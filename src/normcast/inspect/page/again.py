"""How the page was made: what was looked at, notes, versions, and the command and Python that do it again."""

from __future__ import annotations

from normcast.errors import counted
from normcast.inspect.page.values import InspectionReport
from normcast.inspect.words import figure
from normcast.machine import PACKAGES, versions
from normcast.pages.page import Cell, Section, Table

PYTHON = """\
import normcast

inspection = normcast.inspect_model(model, x{y}{training})
print(inspection)
inspection.report("inspect.html")"""
HOW = (
    "The model's own layers ran on these cases, with a zero added to each state and to what goes into each"
    " gate; the gradients are those with respect to the zeros, so they are exact. The model was left as it"
    " is, bit for bit."
)


def made_section(report: InspectionReport) -> Section:
    """What was looked at and how, and with which versions."""
    seen = report.inspection.seen
    facts = [
        ("model", report.source or seen.model),
        ("cases", f"{seen.cases:,}{f': {report.given}' if report.given else ''}"),
        ("steps of the window", f"{seen.window:,}"),
        ("all values kept of", counted(_kept(report), "case")),
        ("gradients of", f"{seen.objective}, which is {figure(seen.value)}"),
        ("mode", "training: dropout and batch statistics act" if seen.training else "inference"),
    ]
    tables = (
        _pairs("What was looked at", ("what", "value"), facts),
        _pairs("Versions", ("package", "version"), list(versions(PACKAGES).items())),
    )
    return Section(
        "made", "How this was made", text=(HOW,), tables=tables, bullets=seen.notes, code=_code(report)
    )


def _kept(report: InspectionReport) -> int:
    recurrences = report.inspection.seen.recurrences.values()
    traces = (trace for each in recurrences for trace in each.activations.values())
    return max((len(trace.values) for trace in traces), default=0)


def _pairs(caption: str, head: tuple[str, str], pairs: list[tuple[str, str]]) -> Table:
    rows = tuple((Cell(a, number=False), Cell(b, number=False)) for a, b in pairs)
    return Table(caption, head, rows, narrow=True)


def _code(report: InspectionReport) -> tuple[tuple[str, str], ...]:
    seen = report.inspection.seen
    y = "" if seen.objective.startswith("the sum") else ", y"
    here = PYTHON.format(y=y, training=", training=True" if seen.training else "")
    shell = (("Command line", report.command),) if report.command else ()
    return (*shell, ("Python", report.python or here))
