"""How it was measured, in plain words, with what a statistician asks for."""

from __future__ import annotations

from normcast.errors import counted
from normcast.pages.page import Section
from normcast.pages.percent import exact, size
from normcast.report.of_study.reading import counted_trials
from normcast.report.of_study.values import StudyReport
from normcast.study.words import seeds_words

FEW_SEEDS = 20
DESIGNS = {
    "decide": "Each placement changes one thing in the network as given, and is trained with ever more "
    "random starts until it is decided.",
    "one_at_a_time": "Each placement changes one thing in the network as given.",
    "factorial": "Every combination of the choices was trained, each as a network of its own.",
    "fractional": "A balanced part of all combinations was trained, chosen so that no effect of one change "
    "can be mistaken for that of two others together.",
    "halving": "In rounds: all placements were trained a little, and only the best of each round went on to "
    "the next, to be trained with more seeds and epochs.",
}


def method_section(report: StudyReport) -> Section:
    """What was compared with what, and how."""
    result = report.result
    return Section(
        "method",
        "How it was measured",
        text=(_what(report), _how(report), _verdicts(report)),
        bullets=(*result.comparison.notes, *_notes(report)),
        terms=_terms(report),
    )


def _decides(report: StudyReport) -> bool:
    """Whether the study looks as it goes."""
    return report.facts.get("design") == "decide"


def _what(report: StudyReport) -> str:
    result, folds = report.result, int(report.facts["folds"])
    design = DESIGNS.get(str(report.facts.get("design")), "")
    return (
        f"{design} Each network was trained from {_starts(report)} (seeds) on "
        f"{counted(folds, 'fold')}: {len(counted_trials(result)):,} trainings count here. A seed fixes the "
        "first weights, as far as networks share them, and the order of the batches: the same seed gives "
        f"every placement the same luck, and differences are taken seed by seed. {_cutting(report, folds)}"
    ).strip()


def _starts(report: StudyReport) -> str:
    return seeds_words(map(len, report.result.seeds_of.values())).replace("seed", "random start")


def _cutting(report: StudyReport, folds: int) -> str:
    if report.is_of_cases:
        return CASES_CUT.get(str(report.facts.get("split")), CASES_CUT["groups"])
    later = "each later fold begins later; " if folds > 1 else ""
    return (
        f"Folds follow time: training, then validation, which chooses the epoch, then test; {later}nothing "
        "is scaled with, stopped by or trained on what it is tested on."
    )


def _how(report: StudyReport) -> str:
    folds = int(report.facts["folds"])
    averaged = (
        "The folds of a seed are averaged first: they share their data, so they are no further evidence, "
        "and the number of seeds is the size of the sample. "
        if folds > 1
        else ""
    )
    if _decides(report):
        return (
            f"{averaged}The change is the mean difference to the network as given on the same seeds, divided "
            "by its mean error there. Its 95 % interval (Fieller's, of a ratio of means) is made so wide "
            "that all intervals of all placements at all looks hold the truth together in 95 of 100 studies. "
            "The scores of a placement with fewer seeds are moved by what the network as given scored on "
            "those seeds above or below its own mean, so that all rows can be compared."
        )
    return (
        f"{averaged}The change is the mean difference to the network as given, divided by its mean error. "
        "Its 95 % interval comes from a bootstrap over seeds (BCa) and is for each placement by "
        f"itself{_narrow(report)}."
    )


def _narrow(report: StudyReport) -> str:
    """A bootstrap of few values knows too little of their spread."""
    few = len(report.result.seeds) < FEW_SEEDS
    return (
        "; of so few seeds it tends to be a little too short, another reason why the test decides"
        if few
        else ""
    )


def _verdicts(report: StudyReport) -> str:
    margin = size(report.result.min_effect)
    tests = len(report.result.comparison.effects)
    if _decides(report):
        return _by_looks(report, margin)
    return (
        f"Better or worse: a paired t test over seeds, corrected by Holm for all {tests} placements, below "
        f"{report.result.comparison.alpha:g}; or a placement that fails more often than the network as "
        f"given. No difference: two one-sided t tests (TOST) place the change within ± {margin}, even "
        "where it is clearly not zero. Everything else is undecided, and all of fewer than three seeds, "
        "which is not the same as no difference."
    )


def _by_looks(report: StudyReport, margin: str) -> str:
    """The rule of a study that decides as it goes, in plain words."""
    result = report.result
    return (
        "Who looks again and again finds something by luck in the end. So each look may spend only a part "
        f"of the {exact(result.comparison.alpha)} that a study may err: an eighth at the first, a quarter of "
        "what is left at each one after, all together never more, however long it goes on; and every one of "
        f"the {len(result.comparison.effects)} placements gets an equal share of each part. Better or worse: "
        "a paired t test over seeds at that level; or a placement that fails more often "
        "than the network as given. No difference: two one-sided t tests (TOST) at that level place the "
        f"change within ± {margin}. What is decided stays decided and trains no further, so that what is "
        "left gets the time; what the seeds that there may be would hardly decide is set aside. Everything "
        "else is undecided, which is not the same as no difference."
    )


def _notes(report: StudyReport) -> list[str]:
    result, found = report.result, []
    better = len(result.effects("better"))
    tests = len(result.comparison.effects)
    if better and tests > 1:
        found.append(
            "The best of many looks better than it is, since luck helped to choose it: expect somewhat "
            "less than its measured effect."
        )
    waiting = len(result.final) - len(counted_trials(result))
    if waiting:
        found.append(
            f"{counted(waiting, 'training')} of seeds that not all placements have finished do not count yet."
        )
    found.append(
        "Seeds sample random starts, not data: what holds here holds for this network on these data, and "
        "may not on others."
    )
    if not _decides(report) and any(e.verdict == "no difference" for e in result.comparison.effects):
        found.append(
            "The tests of no difference are each at their own level, not corrected for their number."
        )
    return found


def _terms(report: StudyReport) -> tuple[tuple[str, str], ...]:
    margin = size(report.result.min_effect)
    metric = METRIC_TERMS.get(report.result.metric)
    others = [METRIC_TERMS[name] for name in ("mae", "rmse", "error", "wrong_labels") if _has(report, name)]
    return (*([metric] if metric else []), *others, *_fixed(margin, _decides(report)))


def _has(report: StudyReport, name: str) -> bool:
    return name != report.result.metric and any(name in trial.metrics for trial in report.result.final)


CASES_CUT = {
    "chance": "Each fold tests on cases that its training never saw, of which all parts have even shares.",
    "groups": "Each fold tests on cases that its training never saw, and no group is in two parts.",
    "time": (
        "Folds follow time: training, then validation, which chooses the epoch, then test, on later cases "
        "each time; cases that share rows with the next part are left out."
    ),
}
METRIC_TERMS = {
    "mase": (
        "MASE",
        "Mean absolute error divided by the error of repeating the last season, in the rows before. No "
        "unit; below 1 is a smaller error than that.",
    ),
    "mae": ("MAE", "Mean absolute error, here in standard deviations of each series, or of each target."),
    "rmse": ("RMSE", "Root of the mean squared error, in the same unit; large misses weigh more."),
    "log_loss": (
        "log loss",
        "How surprised the network is by the true class, or by whether each label holds, the mean over cases "
        "and labels; 0 is never wrong and always sure. It sees more than the share that is wrong.",
    ),
    "error": ("wrong cases", "Share of the cases in which the most probable class is not the true one."),
    "wrong_labels": ("wrong labels", "Share of the labels that are told to hold and do not, or the reverse."),
}


def _fixed(margin: str, looked: bool) -> tuple[tuple[str, str], ...]:
    together = "all intervals of all looks and placements together" if looked else "one interval at a time"
    tried = "many placements and having looked many times" if looked else "many placements"
    correction = "the correction" if looked else "Holm's correction"
    return (
        ("as given", "The network without any change; what everything is compared with."),
        ("placement", "One way to change the network: where normalization, dropout or pooling goes."),
        ("seed", "A random start. Two seeds of the same network end with different errors."),
        (
            "95 % interval",
            f"Made so that in 95 of 100 such studies it holds the true mean change; {together}.",
        ),
        (
            "p",
            "How often luck alone would give a difference at least as large, if there were none. Small "
            "means: luck is no good explanation.",
        ),
        (
            "corrected p",
            f"The same after {correction} for having tried {tried}: of all verdicts better or worse that "
            "it gives in one study, the chance that even one is luck is at most 5 %.",
        ),
        (
            "Wilcoxon p",
            "A second test, by signed ranks of the differences; shown beside, uncorrected, decides nothing.",
        ),
        (
            "equivalence p",
            f"Small means that the change is shown to be within ± {margin}: no difference that matters.",
        ),
        (
            "spread of the change",
            "Standard deviation, from seed to seed, of the difference to the network as given.",
        ),
        (
            "could be found",
            "The smallest true change that so many seeds find four times out of five, at the strictest "
            "step of the correction.",
        ),
        ("more seeds", "About how many more would decide, if effect and spread are what they seem to be."),
    )
