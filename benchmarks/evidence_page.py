"""The page of evidence, made from the record: `python -m benchmarks.evidence_page [RECORD]`.

Also writes the plots, what ships with the library, and the rule pages that cite it.
"""

import json
import sys
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from benchmarks.forest import forest
from normcast.check.evidence import RECORD, TASKS, Claim, Evidence, OnData, read_evidence
from normcast.check.pages import write_pages
from normcast.pages.percent import interval, percent

ROOT = Path(__file__).parents[1]
INTRO = """# Evidence: what normalization and dropout did on public data

Each claim compares two ways to arrange one small network that else stays the same: {network}. Both were
trained from the same {seeds} seeds, on the same windows in the same order, on each data set, and scored on
rows that neither had seen. **A change below zero means that the first-named way has the smaller error** (MASE
of forecasts, log loss of classes).

On one data set, *better* and *worse* are verdicts of a paired t test over seeds at 5 %; *no difference* means
shown to be within 1 %; *undecided* means that so many seeds cannot tell. All data sets together are a
random-effects mean, with the interval of that mean: what holds on average, not on yours.
`normcast check MODEL.keras --data FILE --measure` and `normcast study` measure it there.

Measured {measured} on {machine}. To repeat it: `python -m benchmarks evidence --data DIR`, then
`python -m benchmarks.evidence_page`. [Statistics of a study](study-statistics.md) has the methods,
[batch norm or layer norm for EEG](evidence-eeg.md) three more recordings.
"""


def page(evidence: Evidence) -> str:
    """Return the page as Markdown."""
    how = {k: getattr(evidence, k) for k in ("network", "seeds", "measured", "machine")}
    parts = [INTRO.format(**how), overview(evidence)]
    for task, words in TASKS.items():
        claims = [claim for claim in evidence.claims if claim.task == task]
        parts += [f"## {words}"] * bool(claims) + [section(claim) for claim in claims]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def overview(evidence: Evidence) -> str:
    """Return the table of all claims."""
    lines = ["| claim | | change | better, worse, of |", "|---|---|---|---|"]
    for claim in evidence.claims:
        change = "" if claim.pooled is None else str(claim.pooled)
        counts = f"{claim.count('better')}, {claim.count('worse')}, {len(claim.effects)}"
        lines.append(f"| [{claim.words}](#{claim.anchor}) | {claim.task} | {change} | {counts} |")
    return "\n".join(lines)


def section(claim: Claim) -> str:
    """Return one claim: heading, verdict, plot, table."""
    rules = ", ".join(f"[{rule}](rules/{rule}.md)" for rule in claim.rules)
    parts = [
        f'<a id="{claim.anchor}"></a>\n\n### {claim.words[0].upper()}{claim.words[1:]}',
        verdict(claim) + (f" Rules: {rules}." if rules else ""),
        f"![{claim.words}: {claim.sentence}](images/{image(claim)})",
        table(claim.effects),
    ]
    return "\n\n".join(parts)


def verdict(claim: Claim) -> str:
    """Return the sentence on what may be concluded."""
    if claim.pooled is None:
        return f"Nothing can be said over all data sets: {claim.sentence}."
    if isnan(claim.pooled.low):
        return f"One data set says nothing of others: {claim.sentence}."
    if not claim.pooled.is_clear:
        return f"No effect that holds over these data sets: {claim.sentence}."
    return f"{'Better' if claim.pooled.effect < 0 else 'Worse'} on average: {claim.sentence}."


def table(effects: tuple[OnData, ...]) -> str:
    """Return the effects by data set."""
    lines = [
        "| data set | change | 95 % interval | p | seeds | failed | verdict |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for each in effects:
        found = each.range
        change = "" if isnan(found.effect) else percent(found.effect)
        ends = "" if isnan(found.low) else interval(found.low, found.high)
        p = "" if isnan(each.p) else f"{each.p:.2g}"
        cells = (each.dataset, change, ends, p, each.paired, each.failed, each.verdict)
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def image(claim: Claim) -> str:
    """Return the name of the file that holds the plot."""
    return f"evidence-{claim.anchor}.svg"


def strict(tree: Any) -> Any:
    """Return plain data with null in place of numbers that JSON does not have."""
    if isinstance(tree, dict):
        return {key: strict(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [strict(value) for value in tree]
    return None if isinstance(tree, float) and not isfinite(tree) else tree


def write(record: Path, root: Path = ROOT, shipped: Path = RECORD) -> list[Path]:
    """Write page, plots, the shipped record and the rule pages below `root`; return the files."""
    shipped.write_text(json.dumps(strict(json.loads(record.read_text())), indent=1) + "\n", encoding="utf-8")
    read_evidence.cache_clear()
    evidence = read_evidence(shipped)
    assert evidence is not None
    images = root / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    texts = {images / image(claim): forest(claim) for claim in evidence.claims}
    texts[root / "docs" / "evidence.md"] = page(evidence)
    for old in set(images.glob("evidence-*.svg")) - set(texts):
        old.unlink()
    for file, content in texts.items():
        file.write_text(content, encoding="utf-8")
    return [shipped, *texts, *write_pages(root / "docs" / "rules")]


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    for path in write(given):
        print(path)
