"""The sentence that answers a study's question, and what must be known beside it."""

from __future__ import annotations

from math import isfinite

from normcast.errors import counted, listed
from normcast.pages.page import Opening
from normcast.pages.percent import percent, size, whole
from normcast.pages.words import decimals, number
from normcast.report.of_study.reading import best_first, still_learning, tied_with, typical_detectable
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE
from normcast.study.answer import beside, lead, reach_words, tally
from normcast.study.statistics import Effect
from normcast.study.words import metric_name, p_value, score


def judge_study(report: StudyReport) -> Opening:
    """Answer where things go in this network, with the evidence in the next sentence."""
    result = report.result
    better = best_first(result.effects("better"))
    others = (*_other_winners(report, better), *_reach(report), beside(result), *_careful(report))
    points = (tally(result), *(each for each in others if each))
    if better:
        return Opening("yes", lead(result), _evidence(report, better[0]), points)
    return Opening("open" if result.effects("undecided") else "no", lead(result), _meaning(report), points)


def _evidence(report: StudyReport, best: Effect) -> str:
    result = report.result
    given = result.mean_scores(result.metric)
    places = max(decimals([given[best.name]]), decimals([given[BASELINE]]))
    metric = metric_name(result.metric)
    now, before = (number(each, places) for each in (given[best.name], given[BASELINE]))
    tried = counted(len(result.comparison.effects), "placement")
    return (
        f"{_edits(report, best.name)}{metric[0].upper()}{metric[1:]} {now} instead of "
        f"{before}{_second_metric(report, best.name)}, lower is better; it was lower from "
        f"{best.seeds_better} of {counted(best.paired, 'random start')}. If it made no difference, luck "
        f"would seldom show this much (p {_relation(best.holm_p)}, corrected for {tried})."
    )


def _edits(report: StudyReport, name: str) -> str:
    """What the change is, where it can be said in a line."""
    words = str(report.result.placement(name)).removeprefix(f"{name}: ")
    return f"In the network: {words}. " if len(words) <= 110 else ""


def _relation(p: float) -> str:
    words = p_value(p)
    return words if words.startswith("<") else f"= {words}"


def _second_metric(report: StudyReport, name: str) -> str:
    """For classes, the share of wrong cases, which everyone can read; for labels, of wrong labels."""
    metric, what = report.wrong
    if not report.classifies or metric not in report.result.metrics:
        return ""
    wrong = {each: score(metric, share, 1) for each, share in report.result.mean_scores(metric).items()}
    return f", {wrong[name]} of the {what} wrong instead of {wrong[BASELINE]}"


def _meaning(report: StudyReport) -> str:
    result = report.result
    score = result.mean_scores(result.metric)[BASELINE]
    return (
        f"The network as given has {metric_name(result.metric)} {number(score, decimals([score]))}, mean "
        f"of {counted(len(result.seeds_of[BASELINE]), 'random start')}; lower is better. Beyond the noise "
        "means: more than different random starts of the same network differ."
    )


def _other_winners(report: StudyReport, better: list[Effect]) -> list[str]:
    """Say whether the best is clearly the best of those that are better."""
    if len(better) < 2:
        return []
    others = [f"{each.name} ({percent(each.effect)})" for each in better[1:]]
    tied = [each.name for each in better[1:] if each.name in tied_with(report.result, better[0].name)]
    who = (
        "the other"
        if len(others) == 1
        else "the others"
        if len(tied) == len(others)
        else f"{len(tied)} of them"
    )
    which = f" Which of them is the best is not decided: the ranking cannot tell the first from {who}."
    return [f"Also better: {listed(others)}.{which if tied else ''}"]


def _reach(report: StudyReport) -> list[str]:
    """What this number of seeds could have shown, and what it takes to see more."""
    said = [reach_words(report.result)]
    found = typical_detectable(report.result.comparison.effects)
    if isfinite(found) and not report.result.looks:
        seeds = counted(len(report.result.seeds), "seed")
        said.append(
            f"Of a typical placement here, {seeds} find a difference of {size(found)} four times out of "
            "five, a smaller one less often."
        )
    return [each for each in said if each]


def _careful(report: StudyReport) -> list[str]:
    share, found = still_learning(report.result), []
    if share > 0.5:
        found.append(
            f"Careful: {whole(share)} of the trainings of the network as given were still getting "
            f"better in their last epoch ({report.result.epochs}). What is measured here is as much who "
            "learns fast as who ends well; train longer (--epochs) before you rely on it."
        )
    if report.result.unfinished:
        found.append(f"Without a finished seed, and so left out: {listed(report.result.unfinished, 5)}.")
    return found
