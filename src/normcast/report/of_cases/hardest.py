"""The cases that the network is most wrong about, drawn as series."""

from __future__ import annotations

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import listed
from normcast.pages.page import Figure, Section
from normcast.pages.words import decimals, number
from normcast.report.of_cases.lanes import draw_lanes
from normcast.report.of_cases.reading import MOST_OUTPUTS, flat, losses
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import short
from normcast.scoring import THRESHOLD

MOST, MOST_CHANNELS = 6, 4


def hardest(evaluation: Evaluation) -> np.ndarray:
    """Return places among the tested cases, the most wrong first, at most 6.

    Of classes those told wrongly, by the probability that the right one got; of labels those with one told
    wrongly, by how sure these were, together; of numbers by the |error|, each number in units of its spread.
    """
    values, wrong = evaluation.told[OURS].values, losses(evaluation)
    if evaluation.tells_labels:
        error = np.abs(values - evaluation.actual)
        wrong = np.where((values > THRESHOLD) != evaluation.actual, error, 0).sum(axis=1)
    elif evaluation.classes is not None:
        right = np.searchsorted(evaluation.classes, evaluation.actual)
        wrong = wrong * (1 - values[np.arange(len(right)), right])
    else:
        spread = flat(evaluation.actual).std(axis=0)
        error = np.abs(flat(values) - flat(evaluation.actual))
        wrong = (error / np.where(spread > 0, spread, 1)).mean(axis=1)
    order = np.argsort(-wrong, kind="stable")[:MOST]
    return order[wrong[order] > 0]


def hardest_section(report: CaseReport) -> Section:
    """Up to six cases, with what was told and what came."""
    evaluation = report.evaluation
    found = hardest(evaluation)
    if not len(found):
        text = "The network told every tested case rightly."
        return Section("hardest", "Where it is most wrong", text=(text,))
    by = "by the error, each number in units of its spread"
    if report.classifies:
        by = "by the probability that the class that came got"
    if evaluation.tells_labels:
        by = "by how sure it was of what it told wrongly, all labels together"
    text = f"The {len(found)} tested cases it is most wrong about, {by}. Cases are numbered from 0, as given."
    if not report.classifies and len(found) == 1:
        text = text.replace("1 tested cases", "tested case")
    if evaluation.cases.channels > MOST_CHANNELS:
        text += f" Of {evaluation.cases.channels} channels, the {MOST_CHANNELS} that vary most in the case."
    return Section(
        "hardest",
        "Where it is most wrong",
        text=(text,),
        figures=tuple(_figure(evaluation, int(place)) for place in found),
    )


def _figure(evaluation: Evaluation, place: int) -> Figure:
    case = int(evaluation.tested[place])
    values = series_of(evaluation, case)
    channels = channels_of(values)
    names = [f"channel {k}" for k in channels]
    where = [f"fold\N{NO-BREAK SPACE}{evaluation.fold[place] + 1}"]
    if evaluation.groups is not None:
        where.insert(0, f"group {short(evaluation.groups[place])}")
    note = f"{_told(evaluation, place)} · {', '.join(where)}"
    return Figure(f"Case {case}", draw_lanes(values[:, channels], names, f"Series of case {case}"), note)


def series_of(evaluation: Evaluation, case: int) -> np.ndarray:
    """Return a case as it was given, (its steps, channels), without the zeros before a shorter one."""
    cases = evaluation.cases
    steps = cases.steps if cases.lengths is None else int(cases.lengths[case])
    return cases.x[case, cases.steps - steps :]


def channels_of(values: np.ndarray) -> list[int]:
    """Return the channels that are drawn: all, or the 4 with the largest spread, in their order.

    >>> channels_of(np.eye(3)), channels_of(np.array([[0, 0, 0, 0, 0, 0], [1, 9, 0, 8, 7, 6]]))
    ([0, 1, 2], [1, 3, 4, 5])
    """
    count = values.shape[1]
    if count <= MOST_CHANNELS:
        return list(range(count))
    return sorted(np.argsort(-values.std(axis=0), kind="stable")[:MOST_CHANNELS].tolist())


def _told(evaluation: Evaluation, place: int) -> str:
    values, actual = evaluation.told[OURS].values[place], evaluation.actual[place]
    if evaluation.classes is not None and evaluation.tells_labels:
        held = [_names(evaluation.classes, which) for which in (values > THRESHOLD, actual)]
        return f"told {held[0]}, came {held[1]}"
    if evaluation.classes is not None:
        told, right = int(values.argmax()), int(np.searchsorted(evaluation.classes, actual))
        names = [short(evaluation.classes[k]) for k in (told, right)]
        chances = [f"{100 * values[k]:.0f} %" for k in (told, right)]
        return f"told {names[0]} ({chances[0]}), came {names[1]} ({chances[1]})"
    more = ", …" if np.size(actual) > MOST_OUTPUTS else ""
    texts = [
        ", ".join(number(v, decimals([v])) for v in np.ravel(each)[:MOST_OUTPUTS])
        for each in (values, actual)
    ]
    return f"told {texts[0]}{more}; came {texts[1]}{more}"


def _names(labels: np.ndarray, which: np.ndarray) -> str:
    """Return the labels that hold, or are told to, in words.

    >>> labels = np.array(["rain", "wind"])
    >>> _names(labels, np.array([True, True])), _names(labels, np.array([False, False]))
    ('rain and wind', 'none')
    """
    return listed([short(each) for each in labels[which]], MOST_OUTPUTS) or "none"
