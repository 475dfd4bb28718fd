"""The sentence that answers a study's question, and what must be known beside it."""

from __future__ import annotations

from math import isfinite

from normcast.errors import counted, listed
from normcast.pages.page import Opening
from normcast.pages.percent import interval, percent, size, whole
from normcast.pages.words import decimals, number
from normcast.report.of_study.reading import (
    best_first,
    fewest_seeds,
    mean_scores,
    other_metrics,
    still_learning,
    tied_with,
    typical_detectable,
)
from normcast.report.of_study.values import StudyReport
from normcast.report.of_study.words import metric_name, p_value, score
from normcast.study import BASELINE
from normcast.study.answer import counted_verdicts
from normcast.study.statistics import Effect, SeedCheck, enough_seeds


def judge_study(report: StudyReport) -> Opening:
    """Answer where things go in this network, with the evidence in the next sentence."""
    result = report.result
    better = best_first(result.effects("better"))
    points = (_tally(report), *_other_winners(report, better), _reach(report), *_careful(report))
    if better:
        return Opening("yes", _won(report, better[0]), _evidence(report, better[0]), points)
    if not result.effects("undecided"):
        return Opening("no", _settled(report), _meaning(report), points)
    return Opening("open", _open(report), _meaning(report), points)


def _won(report: StudyReport, best: Effect) -> str:
    error = metric_name(report.result.metric) if report.classifies else "error"
    lead = "Yes, this helps" if report.result.crossed else "Yes, one change helps"
    return (
        f"{lead}: {best.name}. The {error} on data that training never saw falls by {size(best.effect)} "
        f"(95 % interval {_fall(best)}, {counted(best.paired, 'seed')})."
    )


def _fall(effect: Effect) -> str:
    """The interval of a fall, the small end first: a fall has no sign."""
    if not effect.high < 0:
        return interval(effect.low, effect.high)
    return interval(-effect.high, -effect.low).replace("+", "")


def _evidence(report: StudyReport, best: Effect) -> str:
    result = report.result
    given = mean_scores(result, result.metric)
    places = max(decimals([best.score]), decimals([given[BASELINE]]))
    metric = metric_name(result.metric)
    now, before = (number(each, places) for each in (best.score, given[BASELINE]))
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
    """For classes, the share of wrong cases, which everyone can read."""
    if not report.classifies or "error" not in other_metrics(report.result):
        return ""
    wrong = {each: score("error", share, 1) for each, share in mean_scores(report.result, "error").items()}
    return f", {wrong[name]} of the cases wrong instead of {wrong[BASELINE]}"


def _settled(report: StudyReport) -> str:
    effects = report.result.comparison.effects
    if len(report.result.effects("no difference")) == len(effects):
        return (
            f"No placement beats the network as given: {'it' if len(effects) == 1 else 'each'} makes no "
            f"difference beyond {size(report.result.min_effect)}. Leave it as it is."
        )
    return "No placement beats the network as given. Leave it as it is."


def _open(report: StudyReport) -> str:
    check = _check(report)
    if not check.can_decide:
        return (
            "Not decided: no placement beats the network as given beyond the noise, but "
            f"{counted(check.n_seeds, 'seed')} for {counted(check.n_placements, 'placement')} could hardly "
            "show it."
        )
    return "No placement beats the network as given beyond the noise. Nothing here says to change it."


def _meaning(report: StudyReport) -> str:
    result = report.result
    score = mean_scores(result, result.metric)[BASELINE]
    return (
        f"The network as given has {metric_name(result.metric)} {number(score, decimals([score]))}, mean "
        f"of {counted(len(result.seeds), 'random start')}; lower is better. Beyond the noise means: more "
        "than different random starts of the same network differ."
    )


def _tally(report: StudyReport) -> str:
    parts = counted_verdicts(report.result)
    total = counted(len(report.result.comparison.effects), "placement")
    return f"Of {total} measured against the network as given: {listed(parts, most=4)}.{_worst(report)}"


def _worst(report: StudyReport) -> str:
    worse = [each for each in report.result.effects("worse") if isfinite(each.effect)]
    if not worse:
        return ""
    worst = max(worse, key=lambda each: each.effect)
    return f" Worst: {worst.name} ({percent(worst.effect)})."


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


def _check(report: StudyReport) -> SeedCheck:
    return enough_seeds(len(report.result.seeds), len(report.result.comparison.effects))


def _reach(report: StudyReport) -> str:
    """What this number of seeds could decide, in percent of the error."""
    result, check = report.result, _check(report)
    seeds, effects = counted(len(result.seeds), "seed"), result.comparison.effects
    found = typical_detectable(effects)
    undecided = [each.more_seeds for each in result.effects("undecided") if each.more_seeds]
    more = f" {_more(undecided, len(result.effects('undecided')))}" if result.effects("undecided") else ""
    if not check.can_decide:
        least = fewest_seeds(len(effects))
        return (
            f"{seeds} cannot decide about {counted(len(effects), 'placement')}: use at least {least} "
            f"(--add-seeds {least - len(result.seeds)})."
        )
    if not isfinite(found):
        return f"What {seeds} could have found is not known: too few trainings finished.{more}"
    return (
        f"{seeds} can decide, but not everything: of a typical placement here, a difference of "
        f"{size(found)} is found four times out of five, a smaller one less often.{more}"
    )


def _more(known: list[int], undecided: int) -> str:
    near = [each for each in known if each <= 20]
    if not near:
        who = "The one undecided" if undecided == 1 else f"Each of the {undecided} undecided"
        return f"{who} would need more than 20 further seeds, or more than can be told."
    which = "The one undecided" if undecided == 1 else f"{len(near)} of the {undecided} undecided"
    return f"{which} would probably be decided by 20 more seeds or fewer (the nearest by {min(near)})."


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
