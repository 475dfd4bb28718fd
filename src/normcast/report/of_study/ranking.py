"""The ranking: who is how often in front, and who cannot be told apart."""

from __future__ import annotations

from normcast.errors import counted
from normcast.pages.page import Ladder, Section
from normcast.pages.words import number
from normcast.report.of_study.values import StudyReport
from normcast.study.statistics import Ranking
from normcast.study.words import p_value


def ranking_section(report: StudyReport) -> Section:
    """All placements and the network as given, by their mean rank over seeds."""
    ranking = report.result.ranking
    text = f"{_text(ranking)}{SHARED if report.result.looks else ''}"
    return Section("ranking", "Ranking", text=(text,), ladder=ladder_of(ranking))


SHARED = (
    " Placements stopped as they were decided, so only the seeds that all of them have are ranked: see the "
    "plot above for what more seeds told."
)


def _text(ranking: Ranking) -> str:
    groups = (
        "Those that share a bar cannot be told apart by these seeds."
        if len(ranking.cliques) > 1
        else "All share one bar: these seeds cannot tell them apart."
    )
    return (
        "With each seed all networks were put in order, 1 for the lowest error; the number is the mean of "
        f"{counted(ranking.seeds, 'such order')}. {groups} It takes a distance of "
        f"{number(ranking.critical_difference, 1)} ranks (Nemenyi's critical difference; Friedman's test "
        f"that any differ: p {'' if ranking.friedman_p < 0.001 else '= '}{p_value(ranking.friedman_p)}). "
        "The ranking asks how often, not how much. One that shares a bar with the network as given may "
        "still be better in the plot above: to tell all pairs apart takes more than to compare each with "
        "one."
    )


def ladder_of(ranking: Ranking) -> Ladder:
    """Return the rows, best first, with one flag per group of those that are not told apart."""
    rows = tuple(
        (name, (number(rank, 2),), tuple(name in clique for clique in ranking.cliques))
        for name, rank in zip(ranking.names, ranking.ranks, strict=True)
    )
    return Ladder("Mean rank over seeds, 1 is best", ("network", "mean rank"), rows, len(ranking.cliques))
