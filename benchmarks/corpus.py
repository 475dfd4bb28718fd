"""How well `check` does on labelled networks: `python -m benchmarks corpus FILE`.

The file says by its own "policy" what counts: labels must be reported, any other error or warning that is not
listed as debatable is a false alarm, and so is anything under "must_not".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from benchmarks.corpus_facts import facts_of
from benchmarks.corpus_models import build
from benchmarks.corpus_mutants import missed_and_all
from normcast.check.checker import check_model
from normcast.check.rule import Finding, Severity


@dataclass
class Score:
    """What came of one entry: labels found and missed, false alarms, other advice, processor seconds."""

    id: str
    known_good: bool
    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    correct: int = 0
    seconds: float = 0.0
    error: str = ""


def score_entry(entry: dict[str, Any], default_off: Iterable[str] = ()) -> Score:
    """Build an entry's model, check it, and compare with the labels."""
    score = Score(entry["id"], bool(entry["known_good"]))
    keras.utils.clear_session()
    try:
        model, lost = build(entry)
    except Exception as problem:
        score.error = f"{type(problem).__name__}: {str(problem).splitlines()[0]}"
        score.missed = [label["rule"] for label in entry["labels"]]
        return score
    start = time.process_time()
    findings = check_model(model, facts_of(entry, lost))
    score.seconds = time.process_time() - start
    labels = [label for label in entry["labels"] if label["rule"] not in set(default_off)]
    for finding in findings:
        _judge(finding, entry, labels, score)
    for label in labels:
        hit = any(_matches(finding, label) for finding in findings)
        (score.found if hit else score.missed).append(label["rule"])
    return score


def _judge(finding: Finding, entry: dict[str, Any], labels: list[dict[str, Any]], score: Score) -> None:
    text = f"{finding.rule}({', '.join(finding.layers)})"
    if any(_matches(finding, label) for label in labels):
        score.correct += 1
    elif finding.rule in entry.get("must_not", ()):
        score.false.append(text)
    elif any(_matches(finding, item) for item in map(_item, entry.get("debatable", ()))):
        return
    elif finding.severity >= Severity.WARNING:
        score.false.append(text)
    else:
        score.advice.append(text)


def _item(debatable: Any) -> dict[str, Any]:
    return {"rule": debatable} if isinstance(debatable, str) else debatable


def _matches(finding: Finding, label: dict[str, Any]) -> bool:
    layers = set(label.get("layers") or ())
    return finding.rule == label["rule"] and (not layers or bool(layers & set(finding.layers)))


def score_file(path: Path) -> list[Score]:
    """Score every entry of a corpus file."""
    corpus = json.loads(Path(path).read_text())
    off = corpus.get("policy", {}).get("default_off", ())
    return [score_entry(entry, off) for entry in corpus["entries"]]


def deep_seconds(layers: int = 200) -> float:
    """Return the processor seconds that a check of a network of so many layers takes."""
    x = start = keras.Input((32, 8))
    for i in range(layers // 4):
        y = keras.layers.Conv1D(8, 3, padding="causal", dilation_rate=2 ** (i % 4))(x)
        y = keras.layers.Dropout(0.1)(keras.layers.BatchNormalization()(y))
        x = keras.layers.Add()([x, y])
    model = keras.Model(start, keras.layers.Dense(1)(keras.layers.LSTM(8)(x)))
    begin = time.process_time()
    check_model(model)
    return time.process_time() - begin


def rows(scores: list[Score], mutants: tuple[list[str], int]) -> list[dict[str, Any]]:
    """Return the figures of a scored corpus in the form all benchmarks share.

    mutants: those that were missed, and the number of all.
    """
    good = [s for s in scores if s.known_good]
    faulty = [s for s in scores if not s.known_good]
    correct, false = sum(s.correct for s in scores), sum(len(s.false) for s in scores)
    labels = sum(len(s.found) + len(s.missed) for s in scores)
    figures = [
        ("known-good models with a false alarm", sum(bool(s.false) for s in good), "models", 0, "<="),
        (
            "faulty models with a correct finding",
            _share(sum(bool(s.found) for s in faulty), len(faulty)),
            "share",
            0.9,
            ">=",
        ),
        ("precision", _share(correct, correct + false), "share", 0.95, ">="),
        ("recall of labels", _share(sum(len(s.found) for s in scores), labels), "share", 0.9, ">="),
        (
            "recall of faults put into sound models",
            _share(mutants[1] - len(mutants[0]), mutants[1]),
            "share",
            0.98,
            ">=",
        ),
        ("models that could not be built", sum(bool(s.error) for s in scores), "models", 0, "<="),
        ("advice outside the labels", sum(len(s.advice) for s in scores), "findings", None, ""),
        ("slowest check", max((s.seconds for s in scores), default=0.0), "s", 1.0, "<="),
        ("check of 200 layers", deep_seconds(), "s", 1.0, "<="),
    ]
    return [
        {
            "name": name,
            "value": round(value, 4),
            "unit": unit,
            "against": "the labels of the file",
            "target": target,
            "ok": None if target is None else (value <= target if sign == "<=" else value >= target),
        }
        for name, value, unit, target, sign in figures
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def table(scores: list[Score], figures: list[dict[str, Any]]) -> str:
    """Return the scores as text: what was missed or wrong, then the figures."""
    lines = []
    for score in scores:
        notes = [f"missed {', '.join(score.missed)}"] if score.missed else []
        notes += [f"false alarm {', '.join(score.false)}"] if score.false else []
        notes += [f"advice {', '.join(score.advice)}"] if score.advice else []
        notes += [f"not built: {score.error}"] if score.error else []
        lines += [f"{score.id}: {'; '.join(notes)}"] if notes else []
    for row in figures:
        mark = {True: "ok", False: "MISSED", None: ""}[row["ok"]]
        lines.append(f"{row['name']:<40} {row['value']:>8} {row['unit']:<9} target {row['target']} {mark}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Score the corpus file named first; `--json` prints the figures as data."""
    files = [a for a in arguments if not a.startswith("--")]
    if not files:
        print("usage: python -m benchmarks corpus FILE [--json]")
        return 2
    scores, mutants = score_file(Path(files[0])), missed_and_all(Path(files[0]))
    figures = rows(scores, mutants)
    text = "\n".join([*(f"not found: {each}" for each in mutants[0]), table(scores, figures)])
    print(json.dumps(figures, indent=1) if "--json" in arguments else text)
    return 0 if all(row["ok"] is not False for row in figures) else 1
