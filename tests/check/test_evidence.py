"""What rule pages cite of the record that ships, and whether they agree with it."""

import json
from dataclasses import replace
from math import log, nan

import pytest

from normcast.check import check_model
from normcast.check.conclusion import REGION, Conclusion, Figures, change
from normcast.check.evidence import FORMAT, MEASURE, Claim, Evidence, Result, read_evidence
from normcast.check.pages import page
from normcast.check.rule import ADVICE, RULES, WARNING, find_rule
from normcast.check.says import Says
from normcast.check.support import support, supported

RULE = "bn-before-regression-output"
DIFFERS = Figures(0.05, -0.1, 0.2, 0.3, 0.9, 0.25, 0.1, 0.5, -0.5, 0.6, 13, smaller=5, larger=7)
NOTHING = Figures(0.001, -0.005, 0.007, 0.3, 0.9, 0.0, 0.0, 0.01, -0.01, 0.012, 13, smaller=0, larger=0)
WORSE = Figures(0.2, 0.15, 0.25, 1e-6, 1e-5, 0.03, 0.01, 0.06, 0.1, 0.3, 13, smaller=0, larger=13)
BETTER = Figures(-0.2, -0.25, -0.15, 1e-6, 1e-5, 0.03, 0.01, 0.06, -0.3, -0.1, 13, smaller=13, larger=0)
ALONE = Figures(0.2, nan, nan, nan, nan, nan, nan, nan, nan, nan, 1, smaller=0, larger=1)


def result(figures, network="small", **more):
    return Result(
        **{"network": network, "figures": figures, "failed": 0, "left_out": {}, "fragile": (), "early": {}}
        | more
    )


def claim(name, *results, rules=(RULE,), words="batch norm there, against none", lacking=()):
    return Claim(name, words, rules, "forecast", results, lacking)


def evidence(*claims):
    return Evidence(FORMAT, "2026-01-02", "a machine", "until it stops", {"small": "Conv1D, LSTM"}, claims)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (NOTHING, "does nothing"),
        (replace(NOTHING, p=1e-9, holm_p=1e-9), "does nothing"),  # clear, and too small to matter
        (replace(NOTHING, low_new=-0.1), "does nothing on average"),
        (DIFFERS, "differs from data to data"),
        (replace(DIFFERS, low=0.01, holm_p=0.01), "differs from data to data"),
        (replace(DIFFERS, between_low=0.0), "not known"),
        (replace(DIFFERS, smaller=0), "not known"),  # only the tail of a normal lies on that side
        (replace(DIFFERS, smaller=0, low=0.01, holm_p=0.01), "worse on average"),
        (WORSE, "worse"),
        (BETTER, "better"),
        (replace(BETTER, high_new=0.01), "better on average"),
        (replace(WORSE, holm_p=0.06), "not known"),
        (ALONE, "not known"),
    ],
)
def test_the_words_are_no_more_than_the_figures_allow(figures, said):
    assert figures.conclusion == said
    assert figures.words.startswith(said)


@pytest.mark.parametrize("ends", [(-1.01, 0), (0, 1.01)])
def test_the_region_of_equivalence_is_two_percent_as_a_ratio_either_way(ends):
    inside = replace(NOTHING, low_new=-log(1 + REGION), high_new=log(1 + REGION))
    assert inside.conclusion == "does nothing"
    low, high = (end * log(1 + REGION) for end in ends)
    assert (
        replace(inside, low_new=low or inside.low_new, high_new=high or inside.high_new).conclusion
        != "does nothing"
    )


def test_one_data_set_beyond_the_region_leaves_nothing_on_average_only():
    assert NOTHING.conclusion is Conclusion.NOTHING
    assert replace(NOTHING, larger=1).conclusion is Conclusion.NOTHING_ON_AVERAGE


def test_where_it_differs_the_words_say_from_where_to_where():
    assert DIFFERS.words == "differs from data to data: −39.3 to +82.2 %"
    assert replace(DIFFERS, holm_p=0.01).words.endswith(", larger on average")
    assert change(log(2)) == pytest.approx(1)


def test_what_holds_of_one_arm_is_turned_round_for_the_other():
    for said in Conclusion:
        assert said.flipped.flipped is said
        assert said.flipped.is_better == said.is_worse
    assert Conclusion.WORSE_ON_AVERAGE.flipped is Conclusion.BETTER_ON_AVERAGE


def test_a_rule_page_cites_each_claim_that_names_the_rule_and_how_to_measure():
    found = result(DIFFERS, failed=2, left_out={"far": "worse than naive"}, fragile=("near",))
    held = evidence(claim("output-batch-norm", found), claim("other", result(WORSE), rules=()))
    measured = page(find_rule(RULE), held).partition("## Measured")[2].partition("## References")[0]
    assert measured.count("\n- ") == 1
    for words in (
        "differs from data to data: −39.3 to +82.2 %: error +5.1 % (−9.5 to +22.1 %) on average over 13",
        "smaller by more than 2 % on 5, larger on 7; 1 data set left out; 2 trainings failed; fragile",
        "../evidence.md#forecast-output-batch-norm",
        f"measure it on yours: `{MEASURE}`",
        "small: Conv1D, LSTM. Training: until it stops.",
    ):
        assert words in measured


def test_where_the_record_decides_the_page_asks_for_no_measurement():
    assert MEASURE not in evidence(claim("output-batch-norm", result(WORSE))).section(RULE)
    assert "−25.9 to −9.5 % expected on further data" in evidence(claim("a", result(BETTER))).section(RULE)


def test_both_networks_are_told_and_what_was_not_measured_says_why():
    both = claim("a", result(WORSE), result(DIFFERS, "large"))
    assert "In the small network worse: " in both.sentence
    assert "In the large network differs" in both.sentence
    assert claim("a", lacking=("all data sets: no time",)).sentence == "not measured: all data sets: no time"
    assert claim("a", result(ALONE)).sentence.startswith("not known: error +22.1 % on one data set")
    assert (
        claim("a", result(None, left_out={"x": "y"})).sentence
        == "not known: nothing to pool; 1 data set left out"
    )


def test_a_rule_without_a_claim_and_a_version_without_a_record_show_nothing(tmp_path):
    assert "Measured" not in page(find_rule("NC001"), evidence(claim("a", result(WORSE))))
    assert read_evidence(tmp_path / "absent.json") is None


def test_a_record_comes_back_as_it_was_written_and_one_of_another_format_is_refused(tmp_path):
    held = evidence(claim("a", result(ALONE), result(DIFFERS, "large", early={"1": WORSE})))
    file = tmp_path / "record.json"
    file.write_text(held.to_json())
    assert str(read_evidence(file)) == str(held)
    for old in ({}, {"format": 3}):
        other = tmp_path / f"other{len(old)}.json"
        other.write_text(json.dumps(old))
        with pytest.raises(ValueError, match="this version reads format 2"):
            read_evidence(other)


# What rules say, against what was measured ------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_no_rule_contradicts_the_record_that_ships(rule):
    shipped = read_evidence()
    assert shipped is not None
    assert support(rule, shipped).odds == ()


def test_the_shipped_record_names_rules_that_exist():
    shipped = read_evidence()
    assert {rule for each in shipped.claims for rule in each.rules} <= {rule.slug for rule in RULES.values()}


@pytest.mark.parametrize("slug", sorted({rule.slug for rule in RULES.values() if rule.says}))
def test_every_rule_that_says_something_is_at_odds_with_a_record_of_the_opposite(slug):
    rule = find_rule(slug)
    opposite = {"nothing": WORSE, "differs": NOTHING, "not better": BETTER, "not worse": WORSE}
    opposite |= {"better": WORSE, "worse": BETTER}
    for says in rule.says:
        if says.says == "silent":
            continue
        figures = opposite[says.says]
        if says.arm == "first":
            figures = BETTER if figures is WORSE else WORSE
        (odd, *_) = support(rule, evidence(claim(says.claim, result(figures), rules=(slug,)))).odds
        assert says.claim in odd
        assert f"says {says.says!r}" in odd


@pytest.mark.parametrize(
    ("said", "contradicted"),
    [
        ("worse", {"better", "nothing", "differs"}),
        ("better", {"worse", "nothing", "differs"}),
        ("nothing", {"better", "worse", "differs"}),
        ("differs", {"better", "worse", "nothing"}),
        ("not better", {"better"}),
        ("not worse", {"worse"}),
        ("silent", set()),
    ],
)
def test_words_are_contradicted_by_what_excludes_them_and_never_by_what_is_not_known(said, contradicted):
    found = {"better": BETTER, "worse": WORSE, "nothing": NOTHING, "differs": DIFFERS, "unknown": ALONE}
    assert {
        name for name, f in found.items() if Says("a", said).is_contradicted(f.conclusion)
    } == contradicted
    turned = {"better": "worse", "worse": "better"}
    first = {name for name, f in found.items() if Says("a", said, arm="first").is_contradicted(f.conclusion)}
    assert first == {turned.get(name, name) for name in contradicted}


def test_a_claim_that_cites_a_rule_which_says_nothing_of_it_is_at_odds():
    (odd,) = support(find_rule(RULE), evidence(claim("new", result(NOTHING)))).odds
    assert "claim 'new' is not among what it says" in odd


def test_only_clear_harm_everywhere_supports_a_warning():
    said = Conclusion
    assert supported((said.WORSE,)) is WARNING
    assert supported((said.WORSE, said.NOT_KNOWN, said.WORSE_ON_AVERAGE)) is WARNING
    for rest in (said.DIFFERS, said.NOTHING, said.BETTER, said.NOTHING_ON_AVERAGE):
        assert supported((said.WORSE, rest)) is ADVICE
    assert supported((said.WORSE_ON_AVERAGE,)) is ADVICE
    assert supported(()) is ADVICE


def test_a_severity_that_the_record_does_not_support_needs_other_grounds():
    rule = replace(find_rule(RULE), says=(Says("a", "worse"),))
    held = evidence(claim("a", result(WORSE)))
    (odd,) = support(rule, held).odds
    assert "severity is advice, but the record supports warning" in odd
    assert support(replace(rule, severity=WARNING), held).odds == ()
    assert support(replace(rule, grounds="it is about speed"), held).odds == ()
    first = replace(rule, says=(Says("a", "worse", arm="first"),))  # what it finds is what the second mends
    assert support(first, evidence(claim("a", result(BETTER)))).severity is WARNING


def test_the_grounds_of_a_severity_stand_on_the_page():
    rule = find_rule("dropout-before-bn")
    assert f"Severity: warning: {rule.grounds}." in page(rule)


def test_a_finding_whose_evidence_is_mixed_says_how_to_measure_it():
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.Input((8, 3)), keras.layers.LSTM(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    model.compile(loss="mse")
    (found,) = [each for each in check_model(model) if each.rule == RULE]
    assert found.hint.endswith(f"; to measure it: {MEASURE}")
    assert f"    to measure it: {MEASURE}" in str(check_model(model))
    assert RULES["NC040"].measure == ""


def test_what_is_said_of_forecasts_is_not_held_to_classes():
    classes = replace(claim("output-batch-norm", result(BETTER)), task="classify")
    assert support(find_rule(RULE), evidence(classes)).odds == ()
    assert support(find_rule(RULE), evidence(claim("output-batch-norm", result(BETTER)))).odds != ()
