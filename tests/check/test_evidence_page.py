"""From a raw record whose truths are planted to what may be said, the page, the plots and what ships."""

import json
import re
from math import isnan, log
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import numpy as np
import pytest
from benchmarks.evidence_effects import OnData, Paired, paired, seed_spread
from benchmarks.evidence_page import OVERVIEW, image, odds, page, write
from benchmarks.evidence_pool import answered, concluded, corrected, evidence_of, fragile, pool
from benchmarks.evidence_raw import read_raw
from benchmarks.forest import ALL, EDGE, GAP, Scale, forest, overview

from normcast.check.conclusion import REGION
from normcast.check.evidence import read_evidence
from normcast.check.pages import all_pages
from normcast.study.statistics.paired import holm
from tests.check import planted


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return read_raw(planted.write(tmp_path_factory.mktemp("raw")))


@pytest.fixture(scope="module")
def answers(raw):
    return answered(raw)


def read(made):
    with TemporaryDirectory() as folder:
        return read_raw(planted.write(Path(folder), made))


def by_name(answers, name, task="forecast"):
    return next(each for each in answers if (each.claim.task, each.claim.name) == (task, name))


def only(answers, name, task="forecast"):
    return by_name(answers, name, task).studied[0]


@pytest.mark.parametrize(("key", "said"), planted.ANSWERS.items(), ids=str)
def test_each_planted_truth_is_what_is_said(answers, key, said):
    figures = only(answers, key[1], key[0]).result.figures
    assert (figures.conclusion if figures else "not known") == said


def test_claims_of_a_task_without_any_data_set_say_that_none_was_run():
    made = planted.record()
    made["datasets"] = {name: each for name, each in made["datasets"].items() if each["task"] == "forecast"}
    made["arms"] = [each for each in made["arms"] if each["dataset"] in made["datasets"]]
    made["not_measured"] = []
    said = by_name(answered(read(made)), "nothing", "classify").claim
    assert said.sentence == "not measured: no data set of the task was run yet"


def test_effects_are_log_ratios_of_the_means_over_folds_paired_by_seed():
    first = np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 1.0], [np.nan, 1.0]])
    second = np.array([[4.0, 4.0], [2.0, 2.0], [0.5, np.nan], [1.0, 1.0]])
    found = paired(first, second)  # the last two seeds lack a fold in one of the arms
    assert found.seeds == 2
    assert found.effect == pytest.approx(log(2) / 2)
    assert found.error == pytest.approx(np.std([log(2), 0], ddof=1) / np.sqrt(2))
    assert found.high - found.effect == pytest.approx(12.706 * found.error, rel=1e-4)  # t with 1 degree
    assert isnan(paired(first[:1], second[:1]).error)
    assert paired(first * np.nan, second).seeds == 0
    turned = paired(second, first)
    assert turned.effect == pytest.approx(-found.effect)


def test_the_claims_of_one_task_and_both_networks_are_one_family(answers):
    for task in ("forecast", "classify"):
        mine = [s.result.figures for a in answers if a.claim.task == task for s in a.studied]
        mine = [each for each in mine if each is not None]
        assert [each.holm_p for each in mine] == pytest.approx(holm([each.p for each in mine]), nan_ok=True)
    assert len([s for a in answers if a.claim.task == "forecast" for s in a.studied]) == 8


def test_where_an_arm_is_worse_than_the_baseline_the_data_set_is_out_of_that_pool_alone(answers):
    below = only(answers, "below")
    assert set(below.result.left_out) == set(planted.FORECAST[1:])
    assert set(below.result.left_out.values()) == {"the second arm is worse than naive"}
    assert below.result.figures.datasets == 1
    assert below.with_all.datasets == 13
    assert below.with_all.effect > 0.5
    assert only(answers, "better").result.left_out == {}


def test_a_seed_that_failed_is_counted_and_paired_with_none(answers):
    held = {each.dataset: each for each in by_name(answers, "better").studied[1].effects}
    assert held["series-c"].failed == 1
    assert held["series-c"].end.seeds == planted.SEEDS - 1
    assert by_name(answers, "better").studied[1].result.failed == 1


def test_too_few_seeds_leave_a_data_set_out():
    made = planted.record()
    arm = next(a for a in made["arms"] if (a["dataset"], a["arm"]) == ("series-a", "bad"))
    arm["scores"] = [*([None, 0.5] for _ in range(6)), *arm["scores"][6:]]
    arm["early"][0] = [None, arm["early"][0][1]]
    worse = only(answered(read(made)), "worse")
    assert worse.result.left_out == {"series-a": "only 2 seeds on which both finished"}
    assert worse.result.figures.datasets == 11


def test_a_conclusion_that_one_data_set_decides_is_fragile(answers):
    assert only(answers, "fragile").result.fragile == ("series-e",)
    assert only(answers, "better").result.fragile == ()


def test_the_only_data_set_on_its_side_decides_that_effects_differ():
    effects = [*np.linspace(-0.3, -0.01, 12), 0.05]
    found = [OnData(f"set {i}", Paired(y, 0.01, 8)) for i, y in enumerate(effects)]
    key = ("a", "small")
    assert fragile(key, {key: pool([each.end for each in found])}, found)[-1] == "set 12"


def test_what_was_not_measured_is_told_with_its_reason(answers):
    assert by_name(answers, "worse").claim.not_measured == ("series-b (small network): the time ran out",)
    asked = by_name(answers, "unasked", "classify")
    assert asked.claim.results == ()
    assert asked.claim.sentence == "not measured: all data sets (small network): no such layer"


def test_an_arm_that_nobody_mentions_was_not_run():
    made = planted.record()
    made["arms"] = [a for a in made["arms"] if (a["dataset"], a["arm"]) != ("series-d", "noisy")]
    claim = by_name(answered(read(made)), "noisy").claim
    assert claim.not_measured == ("series-d (small network): not run",)


def test_a_better_start_is_told_from_a_better_end():
    made = planted.record()
    for arm in made["arms"]:
        if arm["arm"] == "same":
            arm["early"] = (np.array(arm["early"]) * [0.7, 0.8, 1.0]).tolist()
    found = answered(read(made))
    early = only(found, "nothing").result.early
    assert list(early) == ["1", "3", "10"]
    assert early["1"].conclusion == early["3"].conclusion == "better"
    assert early["1"].effect == pytest.approx(log(0.7), abs=0.01)
    assert early["10"].conclusion == "does nothing"
    assert "Starts faster (validation loss after 3 epochs), ends the same." in page(read(made), found)


def test_weights_do_not_go_with_effects_where_the_arms_differ_by_factors(raw, answers):
    assert abs(only(answers, "output-batch-norm").correlation) < 0.5
    assert 0.02 < seed_spread(raw) < 0.05  # planted: 0.03


def test_what_ships_is_small_holds_no_scores_and_comes_back(raw, answers):
    ships = evidence_of(raw, answers)
    text = ships.to_json()
    assert len(text) < 2000 * len(answers)
    assert "scores" not in text
    assert "null" not in json.dumps([c["results"] for c in json.loads(text)["claims"][:3]])


def test_the_page_has_for_each_claim_its_figures_plot_scores_and_rates(raw, answers):
    text = page(raw, answers)
    assert "nan" not in text
    assert text.index(f"images/{OVERVIEW}") < text.index("## Forecasts") < text.index("## Classes")
    for each in answers:
        assert text.count(f'<a id="{each.claim.anchor}"></a>') == 1
        assert f"(#{each.claim.anchor})" in text
        for studied in each.studied:
            assert f"images/{image(each, studied)}" in text
            assert studied.result.figures is None or studied.result.figures.mean in text
    assert "[bn-before-regression-output](rules/bn-before-regression-output.md)" in text
    row = next(line for line in text.splitlines() if line.startswith("| series-b | +1"))
    assert re.search(r"\| 1\.9\d \(!\) \| 0\.7\d* \| 1 \| 0\.01, 0\.003 \| 8 \| 0 \| the second arm", row)
    assert "Left out: series-b (the second arm is worse than naive)" in text
    assert "Fragile: another conclusion would stand without series-e." in text
    assert "| large | at the end | −18." in text
    assert "Not measured: series-b (small network): the time ran out." in text
    assert "| series-a | made up | mase | naive 1, best 0.6 |" in text


def parts(text, kind):
    return [
        each for each in ElementTree.fromstring(text).iter() if each.get("class", "").split(" ")[0] == kind
    ]


def test_a_plot_shows_data_sets_the_mean_further_data_and_the_region(answers):
    for answer in answers:
        for studied in answer.studied:
            text = forest(studied)
            root = ElementTree.fromstring(text)
            assert "nan" not in text
            assert int(root.get("width")) == ALL
            words = " ".join(root.itertext())
            assert all(each.dataset in words for each in studied.effects)
            assert "prefers-color-scheme: dark" in text
            many = studied.result.figures.datasets > 1
            assert ("on further data" in words.partition("</style>")[2] or "on further data" in words) == many
            assert len(parts(text, "same")) == 1
            places = [float(x) for x in re.findall(r'(?:x1|x2|cx)="([-\d.]+)"', text)]
            assert all(0 <= x <= ALL for x in places)


def test_data_sets_that_are_left_out_are_hollow_and_say_why(answers):
    text = forest(only(answers, "below"))
    circles = [each for each in parts(text, "out") if each.tag.endswith("circle")]
    assert len(circles) == 12
    assert "hollow: left out of the pool, the second arm is worse" in " ".join(
        ElementTree.fromstring(text).itertext()
    )
    assert not parts(forest(only(answers, "better")), "out")


def test_the_letters_of_a_plot_are_no_smaller_than_eleven_pixels_on_a_phone(answers):
    smallest = min(map(float, re.findall(r"font(?:-size)?: ([\d.]+)px", forest(only(answers, "better")))))
    assert smallest * (390 - 32) / ALL >= 10.7


def test_the_overview_has_a_row_for_each_claim_and_network(answers):
    text = overview(answers, "all")
    words = " ".join(ElementTree.fromstring(text).itertext())
    assert words.count("layer norm, against none (large)") == 1
    assert text.count(" L") >= 2 * sum(s.result.figures.datasets > 1 for a in answers for s in a.studied)
    assert "not known" in words


@pytest.mark.parametrize(
    "ends", [(-0.001, 0.002), (0.1, 0.3), (-9.0, 9.0), (-0.3, -0.2), (0.0, 0.0), (-1, 0)]
)
def test_the_axis_is_in_logarithms_holds_the_region_and_has_few_round_ticks(ends):
    scale = Scale.of(ends)
    assert -EDGE <= scale.low < -log(1 + REGION)
    assert log(1 + REGION) < scale.high <= EDGE
    ticks = scale.ticks()
    assert 0 in ticks
    assert 2 <= len(ticks) <= 6
    gaps = np.diff([scale.x(log(1 + share)) for share in ticks])
    assert (gaps >= GAP - 0.2).all()
    middle = (scale.low + scale.high) / 2
    assert scale.x(middle) == pytest.approx((scale.x(scale.low) + scale.x(scale.high)) / 2, abs=0.2)


def test_doubling_and_halving_are_equally_far_from_zero():
    scale = Scale(-1, 1)
    assert scale.x(log(2)) - scale.x(0) == pytest.approx(scale.x(0) - scale.x(-log(2)), abs=0.2)
    assert {-0.5, 1} <= set(scale.ticks())


def test_writing_leaves_page_plots_rule_pages_and_what_ships(raw, answers, tmp_path):
    shipped = tmp_path / "shipped.json"
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "images" / "evidence-gone.svg").write_text("old")
    written = write(planted.write(tmp_path), tmp_path, shipped)
    images = {
        OVERVIEW,
        "slots.svg",
        "slots-tall.svg",
        *(image(each, s) for each in answers for s in each.studied),
    }
    assert {path.name for path in (tmp_path / "docs" / "images").iterdir()} == images
    assert tmp_path / "docs" / "evidence.md" in written
    rules = tmp_path / "docs" / "rules"
    assert {path.name for path in rules.iterdir()} == set(all_pages())
    assert "differs from data to data: −" in (rules / f"{planted.RULE}.md").read_text()
    json.loads(shipped.read_text(), parse_constant=pytest.fail)
    held = read_evidence(shipped)
    assert [each.anchor for each in held.claims] == [each.claim.anchor for each in answers]
    assert any(line.startswith("  AT ODDS: dropout-before-bn") for line in odds(held))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda made: made.update(format=1), "format 1, but format 2"),
        (lambda made: made["datasets"]["series-a"].update(reference="x"), "'x' is none of its baselines"),
        (lambda made: made["arms"][0]["scores"][0].__setitem__(0, 0.0), "needs scores above 0"),
        (lambda made: made["recipe"]["early"].append(60), "the recipe names 4 early epochs"),
    ],
)
def test_a_raw_record_that_cannot_be_used_is_refused_with_the_place(spoil, words):
    made = planted.record()
    spoil(made)
    with pytest.raises(ValueError, match=words):
        read(made)


def test_data_sets_on_which_two_ways_did_the_same_do_not_drown_those_on_which_they_differ():
    same, other = Paired(0.0, 0.0, 8), Paired(0.1, 0.02, 8)
    found = pool([same, same, same, other]).found
    assert 0 < found.effect < 0.1
    assert found.low_new < 0 < 0.04 < found.high_new
    assert found.between > 0


def test_nothing_to_pool_is_no_error():
    assert pool([]) is None
    assert corrected({("a", "small"): None}) == {("a", "small"): None}
    assert concluded({}, []) == {}


def test_a_part_that_was_not_run_is_told_of_all_its_claims_and_a_data_set_without_any_on_the_page():
    made = planted.record()
    made["arms"] = [a for a in made["arms"] if (a["dataset"], a["network"]) != ("series-d", "large")]
    made["not_measured"] += [
        {"claim": None, "dataset": "series-d", "network": "large", "why": "no time"},
        {"claim": None, "dataset": "series-z", "network": "small", "why": "no file"},
    ]
    raw = read(made)
    found = answered(raw)
    assert by_name(found, "better").claim.not_measured == ("series-d (large network): no time",)
    assert by_name(found, "noisy").claim.not_measured == ()
    assert "Not measured: series-z (no file)." in page(raw, found)


def test_an_arm_of_which_nothing_finished_leaves_its_data_set_out():
    made = planted.record()
    arm = next(a for a in made["arms"] if (a["dataset"], a["arm"]) == ("series-a", "bad"))
    arm["scores"] = [[None, None]] * planted.SEEDS
    arm["early"] = [[None, None]] * planted.SEEDS
    raw = read(made)
    found = answered(raw)
    assert only(found, "worse").result.left_out == {"series-a": "only 0 seeds on which both finished"}
    assert only(found, "worse").result.failed == planted.SEEDS * planted.FOLDS
    assert "no training finished" in forest(only(found, "worse"))
    assert "nan" not in page(raw, found)
