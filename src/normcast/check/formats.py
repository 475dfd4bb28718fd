"""Findings as text, JSON, SARIF and GitHub annotations. JSON and SARIF are stable: see
docs/check-formats.md."""

from __future__ import annotations

from collections.abc import Sequence
from os import fsencode
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import normcast
from normcast.check.findings import Findings
from normcast.check.lacking import Lacking
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
    findings: Sequence[Finding],
    kind: str = "text",
    *,
    where: str = "model",
    model: Any = None,
    by_option: bool = False,
) -> str:
    """Return findings as text, JSON, SARIF or GitHub annotations.

    What `Findings` know was not checked is told too: no finding alone is no all-clear.

    Parameters
    ----------
    findings : sequence of Finding
        What was found, as `check_model` returns it.
    kind : {"text", "json", "sarif", "github"}, default "text"
        The format; JSON and SARIF are stable.
    where : str, default "model"
        The file or name of the model.
    model : keras.Model, optional
        With it, text shows each fix as a difference of the layers.
    by_option : bool, default False
        Whether text tells facts that are not known as options of the command line.

    Returns
    -------
    str
        The findings, ready to print.

    Raises
    ------
    ValueError
        If there is no such format.

    Examples
    --------
    >>> formatted([], "text")
    'model: no findings.'
    """
    if kind not in FORMATS:
        raise ValueError(unknown("format", kind, FORMATS, where="check"))
    if kind == "json":
        return text(as_json(findings, where), indent=2, sort=False)
    if kind == "sarif":
        return text(as_sarif(findings, where), indent=2, sort=False)
    if kind == "github":
        return as_github(findings, where)
    return as_text(findings, where, model, by_option=by_option)


def as_text(
    findings: Sequence[Finding], where: str = "model", model: Any = None, *, by_option: bool = False
) -> str:
    """Return one block per finding, as ruff prints them, and a last line that counts."""
    wanting = lacking(findings)
    return told(findings, not_checked(findings), where, model, lacking=wanting, by_option=by_option)


def not_checked(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what was not checked, as far as the findings know."""
    return findings.not_checked if isinstance(findings, Findings) else ()


def lacking(findings: Sequence[Finding]) -> tuple[Lacking, ...]:
    """Return what was not looked at for want of facts, as far as the findings know."""
    return findings.lacking if isinstance(findings, Findings) else ()


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
                "line": f.line,
            }
            for f in findings
        ],
        "not_checked": list(not_checked(findings)),
        "lacking": [each.to_dict() for each in lacking(findings)],
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
                "invocations": [_sarif_invocation(findings)],
            }
        ],
    }


def _sarif_invocation(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return how the check went: it fails where something could not be checked, not for want of facts."""
    unread = [("error", f"not checked: {what}") for what in not_checked(findings)]
    wanting = [("note", f"not looked at: {each.words(by_option=True)}") for each in lacking(findings)]
    told = [{"level": level, "message": {"text": words}} for level, words in [*unread, *wanting]]
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
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri(where)}}
    physical |= {"region": {"startLine": finding.line}} if finding.line is not None else {}
    location: dict[str, Any] = {"physicalLocation": physical}
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


def uri(where: str) -> str:
    """Return a path as a URI: relative as it is, absolute with its scheme, what is no plain sign encoded.

    >>> uri("my models/50% #1.keras"), uri("/tmp/a b.keras"), uri("a:b.keras")
    ('my%20models/50%25%20%231.keras', 'file:///tmp/a%20b.keras', 'a%3Ab.keras')
    """
    path = PurePath(where)
    return path.as_uri() if path.is_absolute() else quote(fsencode(path.as_posix()))


def as_github(findings: Sequence[Finding], where: str = "model") -> str:
    """Return findings as GitHub workflow commands, one line each."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}
    lines = []
    for f in findings:
        layers = f"{', '.join(f.layers)}: " if f.layers else ""
        title = _escaped(f"{f.code} {f.rule}", parameter=True)
        line = f",line={f.line}" if f.line is not None else ""
        command = f"::{commands[f.severity]} file={_escaped(where, parameter=True)}{line},title={title}::"
        measured = f" Measured: {f.measured}" if f.measured else ""
        lines.append(command + _escaped(layers + f.message + measured))
    file = _escaped(where, parameter=True)
    lines += [f"::error file={file},title=not checked::{_escaped(what)}" for what in not_checked(findings)]
    wanting = "; ".join(each.words(by_option=True) for each in lacking(findings))
    if wanting:
        lines.append(f"::notice file={file},title=not looked at for want of facts::{_escaped(wanting)}")
    return "\n".join(lines)


def _escaped(text: str, parameter: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if parameter else text
