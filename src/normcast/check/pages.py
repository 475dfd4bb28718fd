"""The page of each rule, made from the rule itself: `python -m normcast.check.pages docs/rules` writes
them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import normcast.check.rules  # noqa: F401  (registers the rules)
from normcast.check.evidence import Evidence, read_evidence
from normcast.check.examples import Example
from normcast.check.rule import DISPLAY, RULES, SAFE, Rule

_SAFETY = {
    SAFE: "The fix is safe: `--fix safe` applies it.",
    "unsafe": "The fix changes what the model computes: only `--fix unsafe` "
    "applies it. Measure it on your data.",
    DISPLAY: "There is no automatic fix; what to do depends on more than the graph.",
}


def page(rule: Rule, evidence: Evidence | None = None) -> str:
    """Return a rule's page as Markdown. evidence: what was measured; by default what ships, if anything.

    >>> print(page(RULES["NC039"]).splitlines()[0])
    # dropout-before-bn (NC039)
    """
    what, _, why = rule.words.partition("\n\n")
    off = "" if rule.default else " Off unless selected."
    parts = [
        f"# {rule.slug} ({rule.code})",
        f"Severity: {rule.severity}.{off}",
        f"## What it does\n\n{what}",
        f"## Why is this bad?\n\n{why}",
        f"## Example\n\n{_code(rule.bad)}",
        f"## Use instead\n\n{_capital(rule.hint)}.\n\n{_code(rule.good)}",
        f"## Fix safety\n\n{_SAFETY[rule.safety]}",
    ]
    if rule.needs:
        parts.append(f"## Facts it needs\n\nWithout {_join(rule.needs)} the rule is silent.")
    if rule.exceptions:
        parts.append(f"## Exceptions\n\n{rule.exceptions}")
    record = evidence or read_evidence()
    if record is not None and record.of(rule.slug):
        parts.append(f"## Measured\n\n{record.section(rule.slug)}")
    parts.append("## References\n\n" + "\n".join(f"- {_linked(source)}" for source in rule.sources))
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """Return the page that lists all rules."""
    lines = ["# Rules", "", "| code | rule | severity | fix | what it finds |", "|---|---|---|---|---|"]
    for rule in sorted(RULES.values(), key=lambda r: r.code):
        fix = "" if rule.safety == DISPLAY else rule.safety
        slug = f"[{rule.slug}]({rule.slug}.md)"
        lines.append(f"| {rule.code} | {slug} | {rule.severity} | {fix} | {rule.summary} |")
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> list[Path]:
    """Write all pages; return those that were not up to date."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in all_pages().items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def all_pages() -> dict[str, str]:
    """Return every page by file name."""
    return {"index.md": index()} | {f"{rule.slug}.md": page(rule) for rule in RULES.values()}


def _code(examples: Iterable[Example]) -> str:
    return "\n\n".join(_shown(example) for example in examples)


def _shown(example: Example) -> str:
    code = f"```text\n{example.code()}\n```"
    return f"{code}\n\nThe fix makes of it:\n\n{_shown(example.fixed)}" if example.fixed else code


def _join(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" if " " not in name else name for name in names)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _linked(source: str) -> str:
    import re

    source = re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    return re.sub(r"\b([\w.-]+/[\w.-]+)#(\d+)", r"[\1#\2](https://github.com/\1/issues/\2)", source)


if __name__ == "__main__":
    for path in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rules")):
        print(path)
