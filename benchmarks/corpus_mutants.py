"""Mutants of the corpus: each sound network with one fault put in, and whether the rule for it speaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from benchmarks.corpus_facts import facts_of
from benchmarks.corpus_models import build
from normcast.check.checker import check_model

ROOT = Path(__file__).parents[1]


def missed_and_all(path: Path) -> tuple[list[str], int]:
    """Return the faults put into the sound networks of a file that were not found, and the number of all."""
    missed, count = [], 0
    for entry in json.loads(Path(path).read_text())["entries"]:
        if entry["known_good"]:
            for text, is_found in _tried(entry):
                count += 1
                missed += [] if is_found else [f"{entry['id']}: {text}"]
    return missed, count


def _tried(entry: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    sys.path.insert(0, str(ROOT))  # the mutations are those of the tests
    from tests.check.mutants import mutants

    keras.utils.clear_session()
    model, lost = build(entry)
    facts = facts_of(entry, lost)
    for mutant in mutants(model, facts):
        try:
            faulty, known = mutant.made_from(model, facts)
        except Exception:  # a fault that this network has no place for
            continue
        yield str(mutant), any(finding.rule == mutant.rule for finding in check_model(faulty, known))
