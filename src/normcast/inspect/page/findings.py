"""What is worth mending: the findings with their fixes, and how to measure them."""

from __future__ import annotations

from shlex import quote

from normcast.check.rule import TO_MEASURE, Finding
from normcast.inspect.page.values import InspectionReport
from normcast.pages.page import Section

PYTHON = """\
import normcast

study = normcast.Study(model, (x, y), placements=inspection.findings.fixes)
print(study.run())"""


def findings_section(report: InspectionReport) -> Section | None:
    """Return each finding with what to do; none where nothing was found and nothing left unlooked at."""
    found = report.inspection.findings
    if not found and not found.not_checked:
        return None
    return Section(
        "findings",
        "Worth mending",
        text=() if found else ("Nothing was found where it was checked.",),
        terms=tuple(map(_told, found)),
        bullets=tuple(f"Not checked: {each}" for each in found.not_checked),
        code=_code(report) if any(each.fix for each in found) else (),
    )


def _told(finding: Finding) -> tuple[str, str]:
    """Return what a finding is called and where, and what was seen, what to do and what that did."""
    where = f" in {', '.join(finding.layers)}" if finding.layers else ""
    said = finding.message.rstrip(".")
    hint = finding.hint.partition(TO_MEASURE)[0]  # the command stands below, with its files
    fix = f" As edits ({finding.safety}): {'; '.join(map(str, finding.fix))}." if finding.fix else ""
    measured = f" Measured: {finding.measured}" if finding.measured else ""
    return (
        f"{finding.code} {finding.rule}{where} ({finding.severity})",
        f"{said}. To do: {hint}.{fix}{measured}",
    )


def _code(report: InspectionReport) -> tuple[tuple[str, str], ...]:
    """How to measure whether the fixes help: on the command line where files are known, and in Python."""
    python = ("Measure the fixes, in Python; y is what is told of x", PYTHON)
    if not (report.source and report.data):
        return (python,)
    call = f"normcast check {quote(report.source)} --data {quote(report.data)} --run --measure"
    return ("Measure the fixes", call), python
