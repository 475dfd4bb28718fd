"""Findings as text, JSON, SARIF and GitHub annotations. JSON and SARIF are stable: see
docs/check-formats.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import normcast
from normcast.check.findings import Findings
from normcast.check.pages import page
from normcast.check.rule import KINDS, Finding, Severity
from normcast.check.told import told
from normcast.errors import unknown
from normcast.plain import text

FORMATS = ("text", "json", "sarif", "github")
PAGES = "docs/rules/"
"""Where the pages of the rules stand in the source tree."""
JSON_FORMAT = 1
"""The version of the JSON form; it changes only when a field changes its meaning or goes."""


def formatted(
    findings: Sequence[Finding], kind: str = "text", *, where: str = "model", model: Any = None
) -> str:
    """Return findings as "text", "json", "sarif" or "github".

    where: the file or name of the model; model: with it, text shows each fix as a difference of the layers.
    What `Findings` know was not checked is told too: no finding alone is no all-clear.
    Raises ValueError on another format.

    >>> formatted([], "text")
    'model: no findings.'
    """
    if kind not in FORMATS:
        raise ValueError(unknown("format", kind, FORMATS, where="check"))
    if kind == "json":
        return text(as_json(findings, where), indent=2, sort=False)
    if kind == "sarif":
        return text(as_sarif(findings, where), indent=2, sort=False)
    return as_github(findings, where) if kind == "github" else as_text(findings, where, model)


def as_text(findings: Sequence[Finding], where: str = "model", model: Any = None) -> str:
    """Return one block per finding, as ruff prints them, and a last line that counts."""
    return told(findings, not_checked(findings), where, model)


def not_checked(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what was not checked, as far as the findings know."""
    return findings.not_checked if isinstance(findings, Findings) else ()


def as_json(findings: Sequence[Finding], where: str = "model") -> dict[str, Any]:
    """Return findings as plain data."""
    return {
        "format": JSON_FORMAT,
        "tool": {"name": "normcast", "version": normcast.__version__},
        "model": where,
        "findings": [
            {
                "rule": f.rule,
                "code": f.code,
                "severity": str(f.severity),
                "layers": list(f.layers),
                "message": f.message,
                "hint": f.hint,
                "evidence": f.evidence,
                "fix": [edit.to_dict() for edit in f.fix],
                "safety": f.safety,
                "measured": f.measured or None,
                "sources": list(KINDS[f.code].sources) if f.code in KINDS else [],
                "page": f"{PAGES}{f.rule}.md" if f.code in KINDS else None,
            }
            for f in findings
        ],
        "not_checked": list(not_checked(findings)),
        "counts": {str(s): sum(f.severity == s for f in findings) for s in reversed(Severity)},
    }


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}


def as_sarif(findings: Sequence[Finding], where: str = "model") -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log; layers are logical locations inside the model file."""
    used = sorted({f.code for f in findings})
    driver = {
        "name": "normcast",
        "version": normcast.__version__,
        "rules": [_sarif_rule(code) for code in used if code in KINDS],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "results": [_sarif_result(f, where) for f in findings],
                "invocations": [_sarif_invocation(not_checked(findings))],
            }
        ],
    }


def _sarif_invocation(unread: Sequence[str]) -> dict[str, Any]:
    """Return how the check went: it is successful only where everything was checked."""
    told = [{"level": "error", "message": {"text": f"not checked: {what}"}} for what in unread]
    return {"executionSuccessful": not unread, "toolExecutionNotifications": told}


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = KINDS[code]
    return {
        "id": code,
        "name": rule.slug,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.hint, "markdown": page(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(finding: Finding, where: str) -> dict[str, Any]:
    layers = [{"name": n, "fullyQualifiedName": n, "kind": "object"} for n in finding.layers]
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": where}}}
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{', '.join(finding.layers)}: {finding.message}" if layers else finding.message},
        "locations": [location | ({"logicalLocations": layers} if layers else {})],
        "partialFingerprints": {"normcast/v1": f"{finding.code}:{','.join(finding.layers)}"},
        "properties": {
            "safety": finding.safety,
            "fix": [edit.to_dict() for edit in finding.fix],
            "measured": finding.measured or None,
        },
    }


def as_github(findings: Sequence[Finding], where: str = "model") -> str:
    """Return findings as GitHub workflow commands, one line each."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}
    lines = []
    for f in findings:
        layers = f"{', '.join(f.layers)}: " if f.layers else ""
        title = _escaped(f"{f.code} {f.rule}", parameter=True)
        command = f"::{commands[f.severity]} file={_escaped(where, parameter=True)},title={title}::"
        measured = f" Measured: {f.measured}" if f.measured else ""
        lines.append(command + _escaped(layers + f.message + measured))
    file = _escaped(where, parameter=True)
    lines += [f"::error file={file},title=not checked::{_escaped(what)}" for what in not_checked(findings)]
    return "\n".join(lines)


def _escaped(text: str, parameter: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if parameter else text
