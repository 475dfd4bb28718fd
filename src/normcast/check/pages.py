"""The page of each rule and symptom, made from itself: `python -m normcast.check.pages docs/rules` writes
them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import normcast.check.rules  # noqa: F401  (registers the rules)
from normcast.check.evidence import Evidence, read_evidence
from normcast.check.examples import Example
from normcast.check.rule import DISPLAY, KINDS, RULES, SAFE, Kind, Rule
from normcast.check.symptom import MEASURE, SYMPTOMS, Symptom

_SAFETY = {
    SAFE: "The fix is safe: a trained model predicts the same after it. `--fix safe` applies it.",
    "unsafe": "The fix changes what a trained model predicts, or how it trains: only `--fix unsafe` "
    "applies it. Measure it on your data.",
    DISPLAY: "There is no automatic fix; what to do depends on more than the graph.",
}

_TRIED = "../check-formats.md#where-the-bounds-come-from"

_READ = """What `normcast check` and `normcast.check_model` look for; [the guide](../check.md) says how
to read a finding, choose rules and silence them. A fix is `safe` if a trained model predicts the same
after it, else `unsafe`: measure it. Where there is none, what to do depends on more than the graph.
"""

_SEEN = """## What running a model shows

`normcast check --run` sees it, and most of it an inspection too. It is selected, ignored and silenced as
rules are; how severe it is depends, of some, on how much is concerned.
"""


def page(kind: Kind, evidence: Evidence | None = None) -> str:
    """Return a rule's page, or a symptom's, as Markdown.

    evidence: what was measured; by default what ships, if anything.

    >>> print(page(RULES["NC039"]).splitlines()[0])
    # dropout-before-bn (NC039)
    """
    parts = [f"# {kind}"]
    parts += _of_rule(RULES[kind.code]) if kind.code in RULES else _of_symptom(SYMPTOMS[kind.code])
    if kind.exceptions and kind.code not in RULES:
        parts.append(f"## Exceptions\n\n{kind.exceptions}")
    record = evidence or read_evidence()
    if record is not None and record.of(kind.slug):
        parts.append(f"## Measured\n\n{record.section(kind.slug)}")
    parts.append("## References\n\n" + "\n".join(f"- {_linked(source)}" for source in kind.sources))
    return "\n\n".join(parts) + "\n"


def _of_rule(rule: Rule) -> list[str]:
    what, _, why = rule.words.partition("\n\n")
    off = "" if rule.default else " Off unless selected."
    grounds = f": {rule.grounds}" if rule.grounds else ""
    needs = f"## Facts it needs\n\nWithout {_join(rule.needs)} the rule is silent."
    return [
        f"Severity: {rule.severity}{grounds}.{off}",
        f"## What it does\n\n{what}",
        f"## Why is this bad?\n\n{why}",
        f"## Example\n\n{_code(rule.bad)}",
        "\n\n".join([f"## Use instead\n\n{_capital(rule.hint)}.", *map(_shown, _remedies(rule))]),
        f"## Fix safety\n\n{_SAFETY[rule.safety]}",
        *([needs] if rule.needs else []),
        *_left_alone(rule),
    ]


def _remedies(rule: Rule) -> Sequence[Example]:
    """Return the examples of what to do: those of a rule with a fix stand behind its bad ones already."""
    return () if any(example.fixed for example in rule.bad) else rule.good[:1]


def _left_alone(rule: Rule) -> list[str]:
    rest = rule.good[len(_remedies(rule)) :]
    parts = [rule.exceptions] if rule.exceptions else []
    parts += ["It says nothing of these:", *map(_shown, rest)] if rest else []
    return ["\n\n".join(["## Exceptions", *parts])] if parts else []


def _of_symptom(symptom: Symptom) -> list[str]:
    what, why, bound = symptom.words.split("\n\n")
    by = "`check --run` and an inspection see it" if symptom.inspected else "`check --run` sees it"
    tried = f"{_capital(symptom.tried)}. [How it was tried]({_TRIED})." if symptom.tried else ""
    return [
        f"Severity: {symptom.severity}, usually. It shows when the model runs: {by}.",
        f"## What shows\n\n{what}",
        f"## Why is this bad?\n\n{why}",
        *([f"## Example\n\n{_code(symptom.bad)}"] if symptom.bad else []),
        f"## What to do\n\n{_capital(symptom.hint)}.",
        *([f"## Use instead\n\n{_code(symptom.good)}"] if symptom.good else []),
        f"## Fix safety\n\n{_remedy(symptom)}",
        f"## Bound\n\n{bound}",
        *([f"## Tried\n\n{tried}"] if tried else []),
    ]


def _remedy(symptom: Symptom) -> str:
    if not symptom.remedy:
        return _SAFETY[symptom.safety]
    return (
        f"Edits: {symptom.remedy}. They change what the model computes, so measure them on your data: "
        f"`{MEASURE}`."
    )


def index() -> str:
    """Return the page that lists all rules and symptoms."""
    rules, seen = _table(RULES.values(), "rule", "it finds"), _table(SYMPTOMS.values(), "symptom", "shows")
    return f"# Rules\n\n{_READ}\n{rules}\n{_SEEN}\n{seen}"


def _table(kinds: Iterable[Kind], name: str, does: str) -> str:
    lines = [f"| code | {name} | severity | fix | what {does} |", "|---|---|---|---|---|"]
    for kind in sorted(kinds, key=lambda each: each.code):
        fix = "" if kind.safety == DISPLAY else kind.safety
        lines.append(
            f"| {kind.code} | [{kind.slug}]({kind.slug}.md) | {kind.severity} | {fix} | {kind.summary} |"
        )
    return "\n".join(lines) + "\n"


def write_pages(folder: Path, evidence: Evidence | None = None) -> list[Path]:
    """Write all pages; return those that were not up to date. evidence: by default what ships."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in all_pages(evidence).items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def all_pages(evidence: Evidence | None = None) -> dict[str, str]:
    """Return every page by file name."""
    return {"index.md": index()} | {f"{kind.slug}.md": page(kind, evidence) for kind in KINDS.values()}


def _code(examples: Iterable[Example]) -> str:
    return "\n\n".join(_shown(example) for example in examples)


def _shown(example: Example) -> str:
    code = f"```text\n{example.code()}\n```"
    return f"{code}\n\nThe fix makes of it:\n\n{_shown(example.fixed)}" if example.fixed else code


def _join(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" if " " not in name else name for name in names)


def _capital(text: str) -> str:
    """Return a sentence with a capital, unless it begins with code.

    >>> _capital("scale the inputs"), _capital("`use_bias=False`")
    ('Scale the inputs', '`use_bias=False`')
    """
    return text[0].upper() + text[1:]


def _linked(source: str) -> str:
    import re

    source = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    return re.sub(r"\b([\w.-]+/[\w.-]+)#(\d+)", r"[\1#\2](https://github.com/\1/issues/\2)", source)


if __name__ == "__main__":
    for path in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rules")):
        print(path)
