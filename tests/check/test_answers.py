"""The page of plain answers: what it says rests on the record that ships, and falls with it."""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.answers_page import PAGE, answered_page, first_sentence, questions, section
from benchmarks.evidence_raw import read_raw

from normcast.check.evidence import read_evidence

ROOT = Path(__file__).parents[2]
QUESTIONS = questions()


def test_the_page_is_what_the_record_says():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == answered_page(read_evidence(), read_raw())


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_an_answer_says_what_it_rests_on_when_not_and_how_it_is_built(question):
    shown = section(question, read_evidence())
    assert question.holds
    for part in (
        "How sure:",
        "When not:",
        "```python",
        ".svg)",
        "evidence.md#",
        first_sentence(question.answer),
    ):
        assert part in shown


def altered(evidence, anchor, **changes):
    """The record with other figures of one claim."""

    def anew(claim):
        results = [replace(each, figures=replace(each.figures, **changes)) for each in claim.results]
        return replace(claim, results=tuple(results))

    claims = [anew(claim) if claim.anchor == anchor else claim for claim in evidence.claims]
    return replace(evidence, claims=tuple(claims))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_an_answer_is_at_odds_with_a_record_of_the_opposite(question):
    ends = {"effect": 0.5, "low": 0.4, "high": 0.6, "low_new": 0.3, "high_new": 0.7}
    worse = {**ends, "holm_p": 0.001, "smaller": 0, "larger": 12}
    turned = {name: -value for name, value in zip(ends, [0.5, 0.6, 0.4, 0.7, 0.3], strict=True)}
    better = {**turned, "holm_p": 0.001, "smaller": 12, "larger": 0}
    for anchor, allowed in question.holds.items():
        assert question.odds(altered(read_evidence(), anchor, **(worse if "better" in allowed else better)))
    for anchor in question.never:
        assert question.odds(altered(read_evidence(), anchor, smaller=1))


def test_a_question_that_rests_on_a_claim_which_is_not_there_is_refused_with_its_name():
    with pytest.raises(ValueError, match="forecast-zoneuot"):
        replace(QUESTIONS[0], holds={"forecast-zoneuot": ["better"]}).odds(read_evidence())
