"""Told: findings as text, as ruff prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from normcast.check.lacking import Lacking
from normcast.check.rule import SAFE, TO_MEASURE, UNSAFE, Finding, Severity
from normcast.models.edits import Edit
from normcast.models.edits.change import edited
from normcast.models.graph import brief_spec, wiring_of

NAMES = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.ADVICE: ("piece of advice", "pieces of advice"),
}


def told(
    findings: Sequence[Finding],
    unread: Sequence[str] = (),
    where: str = "model",
    model: Any = None,
    most: int | None = None,
    lacking: Sequence[Lacking] = (),
    by_option: bool = False,
) -> str:
    """Return one block per finding, what was not checked, and a last line that counts.

    where: the file or name of the model; model: with it, each fix is shown as a difference of the layers;
    most: of how many findings, None for all; lacking: what was not looked at for want of facts, told by their
    names, or by_option as the command line takes them.
    """
    not_checked = [f"{where}: not checked: {what}" for what in unread]
    wanting = wanted(lacking, where, by_option)
    if not findings:
        return "\n".join([*(not_checked or [f"{where}: no findings."]), *wanting])
    blocks = [_block(finding, where, model) for finding in findings[:most]]
    blocks += [f"... and {len(findings) - len(blocks)} more"] if len(blocks) < len(findings) else []
    last = f"Found {severities(findings)}.{_fixable(findings)}"
    return "\n".join([*blocks, *not_checked, *wanting, "", last])


def wanted(lacking: Sequence[Lacking], where: str, by_option: bool = False) -> list[str]:
    """Return the line that says what was not looked at for want of facts; none where there is nothing."""
    parts = "; ".join(each.words(by_option) for each in lacking)
    return [f"{where}: not looked at for want of facts: {parts}."] if parts else []


def severities(findings: Sequence[Finding]) -> str:
    """Return how many findings of each severity there are, in words."""
    count = Counter(finding.severity for finding in findings)
    return ", ".join(f"{count[s]} {names[count[s] != 1]}" for s, names in NAMES.items() if count[s])


def _fixable(findings: Sequence[Finding]) -> str:
    safe = sum(finding.safety == SAFE for finding in findings)
    unsafe = sum(finding.safety == UNSAFE for finding in findings)
    fixes = [f"{n} with --fix {kind}" for n, kind in ((safe, "safe"), (safe + unsafe, "unsafe")) if n]
    return f" Fixable: {', '.join(fixes)}." if fixes else ""


def _block(finding: Finding, where: str, model: Any) -> str:
    line = [] if finding.line is None else [str(finding.line)]
    place = ":".join([where, *line, *([", ".join(finding.layers)] if finding.layers else [])])
    lines = [f"{place}: {finding.code} {finding.rule} [{finding.severity}] {finding.message}"]
    measured = [f"    measured: {finding.measured}"] if finding.measured else []
    call = finding.hint.partition(TO_MEASURE)[2]
    if not finding.fix:
        return "\n".join([*lines, f"    help: {finding.hint}", *measured])
    edits = "; ".join(str(edit) for edit in finding.fix)
    lines.append(f"    {finding.safety} fix: {edits}")
    lines += [f"      {line}" for line in summary_diff(model, finding.fix)]
    lines += [f"    to measure it: {call}"] if call and not measured else []
    return "\n".join(lines + measured)


def summary_diff(model: Any, edits: Sequence[Edit]) -> list[str]:
    """Return the lines of the model's layers that the edits take away (-) and add (+), without building
    it."""
    if model is None:
        return []
    try:
        wiring = wiring_of(model)
        before, after = _summary(wiring), _summary(edited(wiring, edits))
    except Exception:  # a model without a graph has no summary to compare
        return []
    lines = []
    for tag, a, b, c, d in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag != "equal":
            lines += [f"- {line}" for line in before[a:b]] + [f"+ {line}" for line in after[c:d]]
    return lines


def _summary(wiring: Any, prefix: str = "") -> list[str]:
    lines = []
    for name, part in wiring.parts.items():
        if part.inner is not None:
            lines += _summary(part.inner, f"{prefix}{name}/")
        elif not part.is_input:
            lines.append(f"{prefix}{name}: {brief_spec(part.spec)}")
    return lines
