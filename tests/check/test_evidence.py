"""Measured evidence on rule pages, and the page and plots made from a record."""

import json
import re
from math import isnan
from xml.etree import ElementTree

import pytest
from benchmarks.evidence_page import image, page, strict, verdict, write
from benchmarks.forest import LEFT, WIDTH, Scale, forest

from normcast.check.evidence import RECORD, Claim, Range, read_evidence
from normcast.check.pages import all_pages
from normcast.check.pages import page as rule_page
from normcast.check.rule import RULES, find_rule

RULE = "bn-before-regression-output"


def effect(dataset, value, low, high, verdict, failed=0):
    return {
        "dataset": dataset, "effect": value, "low": low, "high": high, "p": 0.01, "paired": 10 - failed,
        "failed": failed, "spread": 0.1, "verdict": verdict, "first_failed": 0,
    }  # fmt: skip


def record():
    first = {
        "name": "output-batch-norm", "words": "batch norm <b> output, against none",
        "first": "a", "second": "b",
        "rules": [RULE], "classify": True, "task": "forecast",
        "pooled": {"effect": 0.2, "low": 0.1, "high": 0.3, "between": 0.1, "low_new": 0, "high_new": 1,
                   "datasets": 3},
        "effects": [
            effect("near", 0.2, 0.1, 0.3, "worse"),
            effect("far", 30.0, 20.0, 40.0, "worse", failed=2),
            effect("lost", float("nan"), float("nan"), float("nan"), "undecided", failed=10),
        ],
    }  # fmt: skip
    alone = {**first, "name": "alone", "rules": [], "task": "classify", "effects": first["effects"][:1]}
    alone["pooled"] = {"effect": -0.1, "low": None, "high": None, "datasets": 1}
    none = {**first, "name": "none", "rules": [], "pooled": None}
    return {
        "measured": "2026-01-01", "machine": "a machine", "network": "Conv1D, LSTM, Dense", "versions": {},
        "seeds": 10, "claims": [first, alone, none],
    }  # fmt: skip


@pytest.fixture
def file(tmp_path):
    (tmp_path / "record.json").write_text(json.dumps(record()))
    return tmp_path / "record.json"


@pytest.fixture
def evidence(file):
    return read_evidence(file)


def test_a_rule_page_cites_each_claim_that_names_the_rule(evidence):
    text = rule_page(find_rule(RULE), evidence)
    measured = text.partition("## Measured")[2].partition("## References")[0]
    assert measured.count("\n- ") == 1
    assert "error +20.0 % (95 % interval +10.0 to +30.0 %) over 3 data sets" in measured
    assert "better on 0, worse on 2 of 3; 12 trainings failed" in measured
    assert "10 seeds" in measured
    assert "Conv1D, LSTM, Dense" in measured
    assert "../evidence.md#forecast-output-batch-norm" in measured


def test_a_rule_without_a_claim_and_a_version_without_a_record_show_nothing(evidence, tmp_path):
    assert "Measured" not in rule_page(find_rule("NC001"), evidence)
    assert read_evidence(tmp_path / "absent.json") is None


def test_the_shipped_record_names_rules_that_exist():
    shipped = read_evidence()
    if shipped is None:
        assert not RECORD.exists()
        return
    slugs = {rule.slug for rule in RULES.values()}
    assert {rule for claim in shipped.claims for rule in claim.rules} <= slugs


def test_the_page_has_a_section_with_table_and_plot_per_claim(evidence):
    text = page(evidence)
    assert text.count("\n### ") == 3
    for claim in evidence.claims:
        assert f'<a id="{claim.anchor}"></a>' in text
        assert f"(#{claim.anchor})" in text
        assert f"images/{image(claim)}" in text
    assert "| far | +3,000.0 % | +2,000.0 to +4,000.0 % | 0.01 | 8 | 2 | worse |" in text
    assert f"[{RULE}](rules/{RULE}.md)" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("pooled", "words"),
    [
        (None, "Nothing can be said"),
        (Range(-0.1), "One data set"),
        (Range(-0.1, -0.2, 0.1), "No effect that holds"),
        (Range(-0.1, -0.2, -0.05), "Better on average"),
        (Range(0.1, 0.05, 0.2), "Worse on average"),
    ],
)
def test_the_verdict_is_no_more_than_the_interval_allows(pooled, words):
    assert verdict(Claim("n", "w", (), "forecast", pooled, ())).startswith(words)


def test_a_plot_is_svg_for_light_and_dark_with_the_numbers(evidence):
    for claim in evidence.claims:
        text = forest(claim)
        root = ElementTree.fromstring(text)
        assert root.tag.endswith("svg")
        assert "prefers-color-scheme: dark" in text
        assert "nan" not in text.replace("nance", "")
        words = " ".join(root.itertext())
        assert all(each.dataset in words for each in claim.effects)
        places = [float(x) for x in re.findall(r'(?:x1|x2|cx)="([\d.]+)"', text)]
        assert all(LEFT <= x <= LEFT + WIDTH for x in places)
    assert "+20.0 % (+10.0 to +30.0 %)" in forest(evidence.claims[0])


def test_the_axis_holds_zero_and_has_few_round_ticks():
    for low, high in ((-0.001, 0.002), (0.1, 0.3), (-40.0, 90.0), (-0.3, -0.2), (0.0, 0.0)):
        scale = Scale.of([Range(low), Range(high)])
        assert scale.low <= 0 <= scale.high
        assert 0 in scale.ticks()
        assert 2 <= len(scale.ticks()) <= 7


def test_writing_leaves_page_plots_rule_pages_and_strict_json(file, tmp_path):
    shipped = tmp_path / "shipped.json"
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "images" / "evidence-gone.svg").write_text("old")
    written = write(file, tmp_path, shipped)
    assert {path.name for path in (tmp_path / "docs" / "images").iterdir()} == {
        f"evidence-{task}-{name}.svg"
        for task, name in (("forecast", "output-batch-norm"), ("classify", "alone"), ("forecast", "none"))
    }
    assert tmp_path / "docs" / "evidence.md" in written
    assert {path.name for path in (tmp_path / "docs" / "rules").iterdir()} == set(all_pages())
    json.loads(shipped.read_text(), parse_constant=pytest.fail)
    assert isnan(read_evidence(shipped).claims[0].effects[2].range.effect)
    assert strict([float("inf"), 1.0, "x"]) == [None, 1.0, "x"]
