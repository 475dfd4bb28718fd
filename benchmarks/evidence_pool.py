"""Claims over data sets: pooled, corrected, and what may be concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, log, nan

import numpy as np

from benchmarks.evidence_effects import OnData, Paired, on_data
from benchmarks.evidence_raw import Contrast, Raw
from normcast.check.conclusion import REGION, Figures
from normcast.check.evidence import FORMAT, TASKS, Claim, Evidence, Result
from normcast.study.statistics import Pooled, leave_one_out, pooled
from normcast.study.statistics.interval import FEWEST_SEEDS
from normcast.study.statistics.paired import holm

Key = tuple[str, str]  # claim and network


@dataclass(frozen=True)
class Pool:
    """Effects pooled, and on how many data sets they leave the region of equivalence on either side."""

    found: Pooled
    smaller: int
    larger: int

    @classmethod
    def of(cls, found: Pooled, effects: Sequence[float]) -> Pool:
        """Return the pool of these effects."""
        edge = log(1 + REGION)
        return cls(found, sum(each < -edge for each in effects), sum(each > edge for each in effects))


@dataclass(frozen=True)
class Studied:
    """A claim in one network: what ships of it, and what the page shows beside.

    contrast: as it was asked; effects: by data set; with_all: the figures with the data sets that are left
    out for the baseline's sake; correlation: of the weights of the pool with the effects, NaN for few.
    """

    contrast: Contrast
    result: Result
    effects: tuple[OnData, ...]
    with_all: Figures | None
    correlation: float


@dataclass(frozen=True)
class Answered:
    """A claim of one task: as it ships, and by network."""

    claim: Claim
    studied: tuple[Studied, ...]


def answered(raw: Raw) -> tuple[Answered, ...]:
    """Return every claim of a raw record, the tasks one after the other."""
    return tuple(each for task in TASKS for each in _of_task(raw, task))


def evidence_of(raw: Raw, answers: Sequence[Answered]) -> Evidence:
    """Return what ships."""
    claims = tuple(each.claim for each in answers)
    recipe = raw.recipe["words"].rstrip(".")
    return Evidence(FORMAT, raw.measured, raw.machine, recipe, dict(raw.networks), claims)


def _of_task(raw: Raw, task: str) -> list[Answered]:
    claims = [claim for claim in raw.claims if task in claim.tasks]
    effects = {
        (claim.name, network): tuple(
            on_data(raw, claim, name, network)
            for name, held in raw.datasets.items()
            if held.task == task and raw.has(claim, name, network)
        )
        for claim in claims
        for network in claim.networks
    }
    studied = concluded({key: found for key, found in effects.items() if found}, claims)
    answers = []
    for claim in claims:
        mine = tuple(studied[claim.name, n] for n in claim.networks if (claim.name, n) in studied)
        results = tuple(each.result for each in mine)
        ships = Claim(claim.name, claim.words, claim.rules, task, results, raw.lacking(claim, task))
        answers.append(Answered(ships, mine))
    return answers


def concluded(effects: Mapping[Key, tuple[OnData, ...]], claims: Sequence[Contrast]) -> dict[Key, Studied]:
    """Return the claims of one task, which are one family: Holm corrects over all of them and networks."""
    asked = {claim.name: claim for claim in claims}
    pools = {key: pool([each.end for each in kept(found)]) for key, found in effects.items()}
    end = corrected(pools)
    epochs = next(iter(effects.values()))[0].early if effects else {}
    early = {
        epoch: corrected({key: _early(found, epoch) for key, found in effects.items()}) for epoch in epochs
    }
    studied = {}
    for key, found in effects.items():
        good = kept(found)
        result = Result(
            network=key[1],
            figures=end[key],
            failed=sum(each.failed for each in found),
            left_out={each.dataset: each.out for each in found if each.out},
            fragile=fragile(key, pools, good),
            early={str(epoch): figures for epoch in epochs if (figures := early[epoch][key])},
        )
        full = [each for each in found if each.end.seeds >= FEWEST_SEEDS]
        with_all = corrected(pools | {key: pool([each.end for each in full])})[key]
        studied[key] = Studied(asked[key[0]], result, found, with_all, correlation(good, pools[key]))
    return studied


def kept(found: Sequence[OnData]) -> list[OnData]:
    """Return the data sets that are pooled."""
    return [each for each in found if not each.out]


def pool(effects: Sequence[Paired]) -> Pool | None:
    """Return the pooled effect, None of nothing."""
    good = [each for each in effects if not isnan(each.error)]
    if not good:
        return None
    y = [each.effect for each in good]
    return Pool.of(pooled(y, [each.pooled_error for each in good]), y)


def _early(found: Sequence[OnData], epoch: int) -> Pool | None:
    return pool([each.early[epoch] for each in kept(found)])


def corrected(pools: Mapping[Key, Pool | None]) -> dict[Key, Figures | None]:
    """Return the figures of a family of claims, their p corrected over all that could be pooled."""
    known = {key: found for key, found in pools.items() if found is not None}
    ps = dict(zip(known, holm([each.found.p for each in known.values()]), strict=True)) if known else {}
    return {
        key: None
        if each is None
        else Figures(**vars(each.found), holm_p=float(ps[key]), smaller=each.smaller, larger=each.larger)
        for key, each in pools.items()
    }


def fragile(key: Key, pools: Mapping[Key, Pool | None], good: Sequence[OnData]) -> tuple[str, ...]:
    """Return the data sets without any one of which another conclusion would stand, all else equal."""

    def conclusion(found: Pool | None) -> str:
        figures = corrected({**pools, key: found})[key]
        return "" if figures is None else figures.conclusion

    y = [each.end.effect for each in good]
    rest = leave_one_out(y, [each.end.pooled_error for each in good])
    now = conclusion(pools[key])
    return tuple(
        good[i].dataset
        for i, found in enumerate(rest)
        if conclusion(Pool.of(found, y[:i] + y[i + 1 :])) != now
    )


def correlation(good: Sequence[OnData], found: Pool | None) -> float:
    """Return how far the weights of the pool go with its effects: Pearson's r."""
    if found is None or len(good) < 3:
        return nan
    effects = np.array([each.end.effect for each in good])
    weights = 1 / (np.array([each.end.pooled_error for each in good]) ** 2 + found.found.between**2)
    if np.ptp(effects) == 0 or np.ptp(weights) == 0:
        return nan
    return float(np.corrcoef(effects, weights)[0, 1])
