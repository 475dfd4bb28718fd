"""Export: the trials of a store as a table, or its effects as the record that rule pages cite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from normcast.data import write_table
from normcast.files import write_whole
from normcast.plain import parsed, text
from normcast.study.answer import lead
from normcast.study.placement import BASELINE
from normcast.study.recurrences import recurrences
from normcast.study.result import StudyResult
from normcast.study.store import Store
from normcast.study.trial import RECURRENCE


def export(
    store: Store | str | Path, out: str | Path, *, evidence: bool = False, guard_formulas: bool = False
) -> None:
    """Write a store's trials (.csv, .csv.gz, .parquet, .json), or its evidence (.json).

    guard_formulas: in a CSV, mark texts that a spreadsheet would run, see `write_table`.
    Raises ValueError for another ending, OSError where the file cannot be written.
    """
    result, out = StudyResult.read(store), Path(out)
    if out.suffix == ".json":
        plain = evidence_of(result) if evidence else result.trial_table().to_dict("records")
        write_whole(out, text(plain, indent=1, sort=False) + "\n")
        return
    if evidence:
        raise ValueError(f"{out}: evidence is written as JSON; give a name such as evidence.json.")
    write_table(result.trial_table(), out, guard_formulas=guard_formulas)


def evidence_of(result: StudyResult) -> dict[str, Any]:
    """Return what a rule's page cites: data, network, and per placement its effect and how sure it is."""
    facts = {name: value for name, value in result.facts.items() if name not in ("model", "training")}
    known, made = next(iter(result.final)).versions, recurrences(result.final)
    versions = {name: which for name, which in known.items() if name != RECURRENCE}
    return {
        **facts,
        "answer": lead(result),
        "training": parsed(result.facts["training"], "training"),
        "seeds": len(result.seeds),
        "versions": {**versions, "recurrences": made} if made else versions,
        "baseline": {"name": BASELINE, result.metric: result.comparison.baseline_score},
        "more_seeds": result.reach.more_seeds,
        "reach": result.reach.to_dict(),
        "effects": [
            {
                "placement": effect.name,
                "edits": str(result.placement(effect.name)),
                **{name: getattr(effect, name) for name in EFFECT},
            }
            for effect in result.comparison.effects
        ],
    }


EFFECT = ("effect", "low", "high", "p", "holm_p", "wilcoxon_p", "spread", "paired", "failed", "verdict")
