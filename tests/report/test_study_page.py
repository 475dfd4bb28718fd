"""What the page of a study holds, for every kind of study."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from normcast.pages.html import html as as_html
from normcast.report import StudyReport, render, write_report
from normcast.report.of_study.bands import draw_bands
from normcast.report.of_study.curves import band_of, limits_of, notable
from normcast.report.of_study.factors import factor_effects
from normcast.report.of_study.forest import domain, forest_of
from normcast.report.of_study.ranking import ladder_of
from normcast.report.of_study.reading import best_first
from normcast.report.of_study.rounds import rounds_of
from normcast.report.of_study.sections import study_page
from normcast.report.of_study.tables import cost_table, evidence_table, scores_table
from normcast.study import BASELINE, StudyResult
from tests.report import study_demo as demo
from tests.report.test_page import read, words

KINDS = {
    "plain": demo.study,
    "classify": demo.classify,
    "factorial": demo.factorial,
    "fractional": demo.fractional,
    "halving": demo.halving,
    "decide": demo.deciding,
    "decide, without a look": lambda: demo.study(seeds=3, design="decide", **{"first seed": 0}),
    "one seed": lambda: demo.study(seeds=1),
    "identical": lambda: demo.study(dict.fromkeys(demo.TRUTH, (1.0, 0.0))),
    "zero": lambda: demo.study(dict.fromkeys(demo.TRUTH, (1.0, 0.0)), min_effect=0.0),
    "failed": lambda: demo.study(failing=[(demo.WORSE, s) for s in range(8)] + [(demo.NOISY, 0)]),
    "baseline failed": lambda: demo.study(failing=[(BASELINE, 2)]),
    "user's own": demo.removing,
}


@pytest.fixture(scope="module")
def result():
    return demo.study()


@pytest.fixture(scope="module")
def page(result):
    return render(StudyReport(result, source="weather.csv"))


def sections(result):
    return {section.key: section for section in study_page(StudyReport(result)).sections}


def rows(forest):
    return {row.name: row for _, group in forest.groups for row in group}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_study_gives_a_whole_page(kind):
    html = render(StudyReport(KINDS[kind]()))
    reader = read(html)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "iframe", "img", "object", "use"}
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(b - a <= 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    text = words(html)
    assert not re.search(r"\bnan\b|\binf\b|None\b|Traceback|-0\.0 ", text)
    order = ["network", "effects", "ranking", "learning", "cost", "method", "settings", "again"]
    assert [each for each in ids if each in order] == order
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", html)) - {"zero", "from", "to"}
    style = re.search(r"(?s)<style>(.*?)</style>", html)[1]
    for colours in re.findall(r"(?s):root \{(.*?)\}", style)[:2]:
        assert used <= set(re.findall(r"--([a-z0-9-]+):", colours))


def test_the_same_values_give_the_same_page_also_out_of_a_store(result, page, tmp_path):
    assert render(StudyReport(demo.study(), source="weather.csv")) == page
    demo.keep(result, tmp_path / "study.db")
    again = write_report(StudyResult.read(tmp_path / "study.db"), tmp_path / "s.html", source="weather.csv")
    assert again.read_text(encoding="utf-8") == page


def test_a_study_page_does_not_load_the_forecaster_nor_a_forecast_page_the_study():
    code = (
        "import sys, normcast.report; "
        "print([m for m in ('forecasting', 'study') if 'normcast.' + m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_names_are_printed_and_never_run(result):
    evil = '<script>alert("x")</script>'
    named = tuple(
        replace(each, name=evil) if each.name == demo.BETTER else each for each in result.placements
    )
    trials = tuple(replace(t, placement=evil) if t.placement == demo.BETTER else t for t in result.trials)
    facts = {**result.facts, "target": evil, "network": evil}
    html = render(StudyReport(StudyResult(facts, named, {}, trials), source=evil, command=evil))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8
    read(html)


def test_every_placement_stands_in_the_forest_at_its_effect(result):
    forest = forest_of(StudyReport(result))
    low, high = domain(result.comparison.effects, result.min_effect)
    at = lambda effect: 100 * (effect - low) / (high - low)  # noqa: E731
    found = rows(forest)
    assert found.keys() == {each.name for each in result.placements}
    for effect in result.comparison.effects:
        row = found[effect.name]
        assert (row.at, row.low, row.high) == pytest.approx(
            (at(effect.effect), at(effect.low), at(effect.high)), abs=0.01
        )
        assert row.mark.name == effect.verdict
        assert float(row.cells[0].removesuffix(" %").replace("−", "-")) == pytest.approx(
            100 * effect.effect, abs=0.051
        )
    assert forest.zero == pytest.approx(at(0), abs=0.01)
    assert forest.band == pytest.approx((at(-0.01), at(0.01)), abs=0.01)
    assert forest.groups[0][0] == "Normalization between layers"


def test_verdicts_differ_in_shape_not_in_colour_alone(result):
    marks = [row.mark for row in rows(forest_of(StudyReport(result))).values()]
    assert len({mark.name for mark in marks}) == len({mark.path for mark in marks}) == 4


def test_one_effect_far_off_does_not_squeeze_the_others():
    result = demo.many(30)
    found = rows(forest_of(StudyReport(result)))
    far = found[result.placements[-1].name]
    assert far.beyond == ("right",)
    assert far.at <= 100
    others = [row.at for name, row in found.items() if name != far.name]
    assert max(others) - min(others) > 40


def test_within_a_group_the_best_stands_first():
    for _, group in forest_of(StudyReport(demo.many(30))).groups:
        places = [row.at for row in group]
        assert places == sorted(places)


def test_eighty_placements_make_a_page_of_less_than_a_megabyte():
    html = render(StudyReport(demo.many(78)))
    assert len(html) < 1_000_000
    assert html.count('class="verdict') == 78
    read(html)


def test_a_placement_that_never_finished_says_so_where_its_bar_would_be():
    result = KINDS["failed"]()
    row = rows(forest_of(StudyReport(result)))[demo.WORSE]
    assert (row.at, row.text) == (None, "finished on none of 8 seeds")
    assert row.cells[2].endswith("(failing)")
    cost = {each[0].text: each for each in cost_table(StudyReport(result)).rows}
    assert cost[demo.WORSE][2].text == "50 %"  # of the trainings: the other fold did finish
    assert cost[demo.BETTER][2].text == "0 %"


def test_the_ranking_shows_each_group_as_one_bar(result):
    ladder = ladder_of(result.ranking)
    assert [name for name, _, _ in ladder.rows] == list(result.ranking.names)
    for k, clique in enumerate(result.ranking.cliques):
        assert {name for name, _, member in ladder.rows if member[k]} == set(clique)
    html = render(StudyReport(result))
    assert html.count('class="tie in"') == sum(map(len, result.ranking.cliques))


def test_a_curve_is_the_median_over_seeds_of_the_mean_over_folds(result):
    low, middle, high = band_of(result, demo.NOISY)
    seeds = [
        np.mean(
            [t.history["val_loss"] for t in result.trials if (t.placement, t.seed) == (demo.NOISY, s)], axis=0
        )
        for s in range(8)
    ]
    assert middle == pytest.approx(np.median(seeds, axis=0))
    assert high == pytest.approx(np.quantile(seeds, 0.75, axis=0))
    assert (low <= middle).all()


def test_a_band_lies_between_its_ends_and_breaks_where_a_loss_ran_away():
    low, high = np.array([1.0, 1.0, np.inf, 1.0]), np.array([3.0, 2.0, np.inf, 1.0])
    svg = draw_bands([((low, (low + high) / 2, high), "ours")], (1.0, 3.0), "losses")
    area = re.search(r'<path d="([^"]*)" fill="var\(--ours\)"', svg)[1]
    assert area == "M40,8 144,84 144,160 40,160ZM352,160 352,160Z"
    assert 'd="M40,84 144,122M352,160" fill="none"' in svg


def test_a_training_that_stopped_early_is_drawn_on_with_its_last_loss(result):
    short = replace(result.trials[0], history={"val_loss": [9.0, 8.0]})
    cut = StudyResult(result.facts, result.placements, {}, (short, *result.trials[1:]))
    rest = [t.history["val_loss"] for t in cut.trials if t.placement == BASELINE and t.seed == 0][1]
    one = StudyResult(cut.facts, cut.placements, {}, tuple(t for t in cut.trials if t.seed == 0))
    assert band_of(one, BASELINE)[1][-1] == pytest.approx((8.0 + rest[-1]) / 2)


def test_the_best_three_and_the_worst_two_are_drawn_and_the_others_folded():
    result = demo.many(12)
    ranked = best_first(result.comparison.effects)
    assert notable(ranked) == [*ranked[:3], *ranked[-2:]]
    assert notable(ranked[:4]) == ranked[:4]
    learning = sections(result)["learning"]
    assert [each.title for each in learning.figures] == [each.name for each in notable(ranked)]
    assert len(learning.more) == 7
    assert learning.more_title == "The other 7 placements"


def test_losses_that_ran_away_do_not_stretch_the_axis():
    calm = (np.array([2.0, 1.0, 0.5]),) * 3
    wild = (np.array([2.0, np.inf, 1e9]), np.array([2.0, np.inf, 1e9]), np.array([2.0, np.inf, 1e9]))
    low, high = limits_of([calm] * 40 + [wild])
    assert (low, high < 3) == (0.5, True)


def test_stability_counts_epochs_to_the_loss_of_the_same_fold():
    result = demo.study()
    harder = tuple(
        replace(t, history={"val_loss": [10 * v for v in t.history["val_loss"]]}) if t.fold else t
        for t in result.trials
    )
    shifted = StudyResult(result.facts, result.placements, result.parameters, harder)
    ours, theirs = (
        each.stability().set_index("placement")["epochs_to_baseline"] for each in (result, shifted)
    )
    assert ours[BASELINE] == theirs[BASELINE] == 6
    assert ours[demo.BETTER] < 6
    assert np.isnan(ours[demo.WORSE])


def test_the_tests_and_scores_are_there_in_numbers(result):
    tests = {row[0].text: [cell.text for cell in row] for row in evidence_table(StudyReport(result)).rows}
    effect = result.comparison.of(demo.NOISY)
    assert tests[demo.NOISY][2:5] == [f"{p:.3f}" for p in (effect.p, effect.holm_p, effect.wilcoxon_p)]
    scores = {row[0].text: row for row in scores_table(StudyReport(demo.classify())).rows}
    assert scores[BASELINE][2].text.endswith(" %")
    assert [name for name, row in scores.items() if row[1].best] == [demo.BETTER]


def test_a_factorial_tells_what_each_change_does_over_all_combinations():
    report = StudyReport(demo.factorial())
    effects = factor_effects(report)
    assert effects[demo.BETTER,].effect == pytest.approx(-0.1, abs=0.02)
    assert effects[demo.WORSE,].effect == pytest.approx(0.2, abs=0.02)
    found = sections(demo.factorial())
    assert found["factors"].tables[0].rows[0][0].text in (demo.BETTER, demo.WORSE)
    assert "−" in found["network"].figures[0].svg


def test_halving_lists_who_left_and_when():
    result = demo.halving()
    assert [len(trials) for _, trials in rounds_of(StudyReport(result))] == [5, 3]
    rounds = sections(result)["rounds"]
    assert {row[0].text for row in rounds.tables[1].rows} == {demo.WORSE, demo.SAME}
    assert {row[1].text for row in rounds.tables[1].rows} == {"1"}
    assert any("somewhat flattered" in each for each in rounds.bullets)
    assert not sections(demo.halving(fresh=True))["rounds"].bullets
    assert "rounds" not in sections(demo.study())


def test_a_study_cut_short_counts_the_seeds_that_all_have_and_names_who_has_none(result):
    kept = tuple(t for t in result.trials if t.placement != demo.NOISY or (t.seed, t.fold) == (0, 0))
    kept = tuple(t for t in kept if t.placement != demo.SAME or t.seed < 6)
    text = words(render(StudyReport(StudyResult(result.facts, result.placements, result.parameters, kept))))
    assert "3 placements · 6 seeds × 2 folds" in text
    assert f"Without a finished seed, and so left out: {demo.NOISY}." in text
    assert "13 trainings of seeds that not all placements have finished do not count yet." in text


def test_settings_data_versions_and_machine_are_printed(result):
    tables = {
        t.caption: {row[0].text: row[1].text for row in t.rows} for t in sections(result)["settings"].tables
    }
    assert tables["Data"]["rows"] == "2,922"
    assert tables["Training"]["optimizer"] == "adam"
    assert tables["Versions and machine"]["keras"] == "3.15.1"
    assert tables["Study"]["seeds"] == "8: 0 to 7"
    assert tables["Study"]["CPU time, all trainings"] == "2 min 40 s"


def test_the_notes_of_the_comparison_are_on_the_page():
    result = KINDS["baseline failed"]()
    assert result.comparison.notes[0] in sections(result)["method"].bullets
    assert json.loads(result.facts["training"])["epochs"] == 6


def test_a_label_at_the_edge_of_the_axis_is_not_cut(result):
    report = StudyReport(result)
    (forest,) = [each.forest for each in study_page(report).sections if each.forest is not None]
    edge = replace(forest, ticks=((1.3, "−40 %"), (50.0, "0 %"), (98.0, "+40 %")))
    page = study_page(report)
    sections = tuple(replace(s, forest=edge) if s.forest is not None else s for s in page.sections)
    drawn = as_html(replace(page, sections=sections))
    for label, anchor in (("−40", "start"), ("0", "middle"), ("+40", "end")):
        assert re.search(rf'text-anchor="{anchor}"[^>]*>{re.escape(label)}\s%<', drawn)


def test_a_study_that_decides_shows_its_looks_and_how_intervals_shrank():
    result = demo.deciding()
    page = sections(result)
    looks = page["looks"]
    drawn = {figure.title: figure for figure in (*looks.figures, *looks.more)}
    assert set(drawn) == {each.name for each in demo.PLACEMENTS}
    for name, figure in drawn.items():
        assert figure.svg.count('stroke-width="2.4"') == sum(name in look.active for look in result.looks)
        assert figure.note == f"{result.comparison.of(name).verdict} after {len(result.seeds_of[name])} seeds"
    assert [row[0].text for row in looks.tables[0].rows] == ["5", "8", "12"]
    at = {row[0].text: row[7].text for row in evidence_table(StudyReport(result)).rows}
    assert at[demo.WORSE] == "5 (look 1)"
    assert at[demo.NOISY] == "12 (open)"
    assert "looks" not in sections(demo.study())


def test_a_study_that_decides_says_how_and_goes_on_to_its_next_look():
    page = render(StudyReport(demo.deciding(), source="weather.csv"))
    told = words(page)
    assert "5 to 12 seeds" in told
    assert "Who looks again and again finds something by luck" in told
    more = demo.deciding().comparison.of(demo.NOISY).more_seeds
    assert f"--add-seeds {more}" in told
    assert "a bar may miss the line" not in told  # its intervals leave out zero just where its tests decide
    assert "a bar may miss the line" in words(render(StudyReport(demo.study())))
