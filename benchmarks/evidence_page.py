"""The page of evidence, made from the raw record: `python -m benchmarks.evidence_page [RECORD]`.

Also writes the plots, what ships with the library, and the rule pages that cite it; prints the files, and
what the record says of the severity and the words of rules.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import normcast.check.rules  # noqa: F401  (registers the rules)
from benchmarks.evidence_method import claim_note, method
from benchmarks.evidence_pool import Answered, Studied, answered, evidence_of
from benchmarks.evidence_raw import RAW, Raw, read_raw
from benchmarks.evidence_tables import data_table, datasets_table, figures_table, overview_table
from benchmarks.forest import forest, overview
from benchmarks.slots import pictures
from normcast.check.evidence import RECORD, TASKS, Evidence, read_evidence
from normcast.check.pages import write_pages
from normcast.check.rule import RULES
from normcast.check.support import support

ROOT = Path(__file__).parents[1]
OVERVIEW = "evidence-overview.svg"
TITLE = "all claims: the mean over data sets, its interval, and where further data are expected"


def page(raw: Raw, answers: Sequence[Answered]) -> str:
    """Return the page as Markdown."""
    parts = [method(raw, answers), "## All claims", f"![{TITLE}](images/{OVERVIEW})", overview_table(answers)]
    for task, words in TASKS.items():
        mine = [each for each in answers if each.claim.task == task]
        parts += [f"## {words}", datasets_table(raw, task)] * bool(mine)
        parts += [section(each) for each in mine]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def section(answer: Answered) -> str:
    """Return one claim: heading, conclusion, plots, tables."""
    claim = answer.claim
    rules = ", ".join(f"[{rule}](rules/{rule}.md)" for rule in claim.rules)
    parts = [
        f'<a id="{claim.anchor}"></a>\n\n### {claim.words[0].upper()}{claim.words[1:]}',
        f"{claim.sentence[0].upper()}{claim.sentence[1:]}." + (f" Rules: {rules}." if rules else ""),
    ]
    parts += [figures_table(answer.studied)] * bool(answer.studied)
    for each in answer.studied:
        note = claim_note(each)
        parts += [f"![{each.contrast.words}: {each.result.sentence}](images/{image(answer, each)})"]
        parts += [note] * bool(note)
        parts.append(data_table(each))
    if claim.not_measured and answer.studied:
        parts.append(f"Not measured: {'; '.join(claim.not_measured)}.")
    return "\n\n".join(parts)


def image(answer: Answered, studied: Studied) -> str:
    """Return the name of the file that holds a plot; that of the first network bears no name of it."""
    is_first = studied is answer.studied[0]
    return f"evidence-{answer.claim.anchor}{'' if is_first else '-' + studied.result.network}.svg"


def odds(evidence: Evidence) -> list[str]:
    """Return for each rule that cites the record its severity, the one supported, and all that is at odds."""
    lines = []
    for rule in RULES.values():
        if evidence.of(rule.slug):
            found = support(rule, evidence)
            grounds = f"; grounds: {rule.grounds}" if rule.grounds else ""
            lines.append(f"{rule}: {rule.severity}, measured errors support {found.severity}{grounds}")
            lines += [f"  AT ODDS: {odd}" for odd in found.odds]
    return lines


def write(record: Path, root: Path = ROOT, shipped: Path = RECORD) -> list[Path]:
    """Write page, plots, the shipped record and the rule pages below `root`; return the files."""
    raw = read_raw(record)
    answers = answered(raw)
    evidence = evidence_of(raw, answers)
    shipped.write_text(evidence.to_json() + "\n", encoding="utf-8")
    read_evidence.cache_clear()
    images = root / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    texts = {images / image(each, one): forest(one) for each in answers for one in each.studied}
    texts[images / OVERVIEW] = overview(answers, TITLE)
    texts |= {images / name: picture for name, picture in pictures(evidence).items()}
    texts[root / "docs" / "evidence.md"] = page(raw, answers)
    for old in set(images.glob("evidence-*.svg")) - set(texts):
        old.unlink()
    for file, content in texts.items():
        file.write_text(content, encoding="utf-8")
    return [shipped, *texts, *write_pages(root / "docs" / "rules", evidence)]


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else RAW):
        print(path)
    held = read_evidence()
    print("\n".join(odds(held) if held else []))
