"""Rounds of successive halving: who was trained how much, and who left when."""

from __future__ import annotations

import numpy as np

from normcast.errors import counted
from normcast.pages.page import Cell, Section, Table
from normcast.pages.percent import percent
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE, Trial

Round = dict[str, list[Trial]]


def rounds_of(report: StudyReport) -> list[tuple[int, Round]]:
    """Return the epochs of each round, and its trials by placement."""
    found = []
    for each in report.result.rounds:
        trials: Round = {name: [] for name in each["placements"]}
        for trial in report.result.trials:
            if trial.epochs == each["epochs"] and trial.seed in each["seeds"] and trial.placement in trials:
                trials[trial.placement].append(trial)
        found.append((int(each["epochs"]), trials))
    return found


def rounds_section(report: StudyReport) -> Section | None:
    """What each round trained, and those that did not reach the last one."""
    rounds = rounds_of(report)
    if len(rounds) < 2:
        return None
    text = (
        f"The study went in {counted(len(rounds), 'round')}. All verdicts on this page are from the last "
        f"one, on {counted(len(report.result.comparison.effects), 'placement')}; the others were left "
        "behind earlier, on less evidence, so of them it is only known that others looked better."
    )
    return Section(
        "rounds",
        "Rounds",
        text=(text,),
        tables=(_rounds_table(rounds), _dropped_table(report, rounds)),
        bullets=_same_seeds(rounds),
    )


def _rounds_table(rounds: list[tuple[int, Round]]) -> Table:
    rows = tuple(
        (
            Cell(f"round {k + 1}", number=False),
            Cell(str(len(trials))),
            Cell(str(len({t.seed for each in trials.values() for t in each}))),
            Cell(str(epochs)),
            Cell(f"{sum(len(each) for each in trials.values()):,}"),
        )
        for k, (epochs, trials) in enumerate(rounds)
    )
    return Table(
        "What each round trained", ("round", "networks", "seeds", "epochs", "trainings"), rows, narrow=True
    )


def _dropped_table(report: StudyReport, rounds: list[tuple[int, Round]]) -> Table:
    rows = []
    for k, (_, trials) in reversed(list(enumerate(rounds))[:-1]):
        later = set(rounds[k + 1][1])
        gone = {name: mean_change(trials, name, report.result.metric) for name in trials if name not in later}
        for name, change in sorted(gone.items(), key=lambda item: (np.isnan(item[1]), item[1], item[0])):
            rows.append((Cell(name, number=False), Cell(str(k + 1)), Cell(percent(change))))
    return Table(
        "Left behind, the last to leave first",
        ("placement", "after round", "change then"),
        tuple(rows),
        narrow=True,
    )


def mean_change(trials: Round, name: str, metric: str) -> float:
    """Return the mean change against the network as given in one round; NaN where it failed somewhere."""
    means = []
    for each in (name, BASELINE):
        scores = [np.nan if t.failed else t.metrics[metric] for t in trials.get(each, [])]
        means.append(float(np.mean(scores)) if scores else np.nan)
    return means[0] / means[1] - 1 if means[1] else np.nan


def _same_seeds(rounds: list[tuple[int, Round]]) -> tuple[str, ...]:
    *earlier, last = [{t.seed for each in trials.values() for t in each} for _, trials in rounds]
    if not last & set().union(*earlier):
        return ()
    return (
        "The last round used seeds that earlier rounds had used too, so the luck that brought a placement "
        "into the last round may still be with it: its effect there is somewhat flattered.",
    )
