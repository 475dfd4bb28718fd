"""Is the model better than what stands beside it, by how much, and could that be chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from normcast.models import PRESETS
from normcast.pages.page import Opening
from normcast.pages.percent import whole
from normcast.pages.words import decimals, number
from normcast.scoring import Scores, coverages


@dataclass(frozen=True)
class Duel:
    """Our model against one baseline, fold by fold.

    ours, theirs: mean score over series and folds, lower is better. difference: mean over folds of ours minus
    theirs; negative is better. low, high: its 95 % t interval over folds, NaN for a single fold. won: folds
    where ours is lower, of `folds`.

    >>> Duel("ridge", 0.7, 0.8, -0.1, -0.15, -0.05, won=5, folds=5).outcome
    'better'
    """

    baseline: str
    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    won: int
    folds: int

    @property
    def outcome(self) -> str:
        """One of "better", "worse", "open": open where the interval holds zero, or where there is none."""
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "open"

    @property
    def change(self) -> float:
        """Our error relative to the baseline's, as a share; negative is smaller."""
        return self.ours / self.theirs - 1 if self.theirs else float("nan")


def main_metric(scores: Scores) -> str:
    """Return "mase", or "mae" where no series had a scale."""
    mase = scores.overall[scores.overall["metric"] == "mase"]
    return "mase" if len(mase) and mase["value"].notna().all() else "mae"


def compare(scores: Scores, model: str) -> tuple[Duel, ...]:
    """Compare the model with every baseline by the main metric, the best baseline first."""
    metric = main_metric(scores)
    overall = scores.overall[scores.overall["metric"] == metric].set_index("model")["value"]
    folds = scores.by_cutoff[scores.by_cutoff["metric"] == metric]
    table = folds.pivot_table(index="cutoff", columns="model", values="value")
    baselines = overall.drop(model).sort_values(kind="stable").index
    return tuple(_duel(table, overall, model, str(name)) for name in baselines)


def tied(ours: pd.Series, theirs: pd.Series) -> np.ndarray:
    """Return where two scores are the same but for rounding: nearer than one part in ten thousand.

    >>> tied(pd.Series([1.00001, 1.1]), pd.Series([1.0, 1.0])).tolist()
    [True, False]
    """
    return np.isclose(ours, theirs, rtol=1e-4, atol=0)


def _duel(table: pd.DataFrame, overall: pd.Series, model: str, baseline: str) -> Duel:
    differences = (table[model] - table[baseline]).to_numpy()
    differences = np.where(tied(table[model], table[baseline]), 0.0, differences)
    n = len(differences)
    mean = float(differences.mean())
    spread = float(differences.std(ddof=1)) / np.sqrt(n) * stdtrit(n - 1, 0.975) if n > 1 else np.nan
    return Duel(
        baseline=baseline,
        ours=float(overall[model]),
        theirs=float(overall[baseline]),
        difference=mean,
        low=mean - spread,
        high=mean + spread,
        won=int((differences < 0).sum()),
        folds=n,
    )


def judge(scores: Scores | None, model: str) -> Opening:
    """Answer in one sentence, with the evidence in the next."""
    if scores is None:
        return Opening(
            "open", f"Not measured: this run has no back-test, so nothing says how good {model} is here.", ""
        )
    comparisons = compare(scores, model)
    if not comparisons:
        return Opening("open", f"Not measured: no baseline was scored beside {model}.", "")
    best, metric = comparisons[0], main_metric(scores).upper()
    places = decimals([best.ours, best.theirs])
    figures = f"{metric} {number(best.ours, places)} against {number(best.theirs, places)}"
    folds = f"{best.folds} folds" if best.folds != 1 else "a single fold"
    evidence = _evidence(best, model) + _others(comparisons[1:], model)
    detail = f"{figures}, lower is better, mean of {folds}. {evidence}"
    tone = {"better": "yes", "worse": "no", "open": "open"}[best.outcome]
    return Opening(tone, _answer(best, model), detail)


def on_intervals(scores: Scores, model: str) -> str:
    """Say how far to trust the intervals: each level that fails, else the lowest; "" where there are none."""
    levels = sorted(
        float(name.partition("-")[2]) for name in set(scores.folds["metric"]) if "coverage" in name
    )
    found = list(coverages(scores.folds, model, levels))
    told = [each for each in found if not each.holds] or found[:1]
    return "".join(f" {each.words(model)}" for each in told)


def _answer(best: Duel, model: str) -> str:
    size = whole(abs(best.change)) if abs(best.change) >= 0.01 else "less than 1 %"
    side = "below" if best.change < 0 else "above"
    what = "the network alone" if best.baseline in PRESETS else "the best simple baseline"
    rival = f"{best.baseline}, {what}"
    if best.outcome == "better":
        return f"Yes: the error of {model} is {size} below that of {rival}."
    if best.outcome == "worse":
        return f"No: the error of {model} is {size} above that of {rival}. Use {best.baseline} here."
    if best.difference == 0 and not best.low < 0:  # low is NaN for a single fold
        return f"A draw: the error of {model} is that of {rival}."
    if best.folds == 1:
        return f"Not proven: on the one fold tested, the error of {model} is {size} {side} that of {rival}."
    return (
        f"No winner inside the noise: the error of {model} is {size} {side} that of {rival},"
        f" and {best.folds} folds cannot tell that from chance."
    )


def _evidence(comparison: Duel, model: str) -> str:
    if comparison.folds == 1:
        return "One fold cannot tell skill from luck: test on more (--n-windows 5)."
    places = decimals([comparison.difference, comparison.low, comparison.high], digits=2)
    low, high = (number(value, places) for value in (comparison.low, comparison.high))
    if comparison.low == comparison.high == 0:
        return "The two agree in every fold."
    verb = "which includes zero" if comparison.outcome == "open" else "which excludes zero"
    return (
        f"{model} was lower in {comparison.won} of {comparison.folds}; the 95 % interval of the difference"
        f" over folds is {low} to {high}, {verb}."
    )


def _others(comparisons: tuple[Duel, ...], model: str) -> str:
    words = {"better": " (clearly)", "worse": " (clearly)", "open": " (inside the noise)"}
    parts = [
        f"{whole(abs(c.change))} {'below' if c.change < 0 else 'above'} that of {c.baseline}"
        f"{words[c.outcome] if c.folds > 1 else ''}"
        for c in comparisons
    ]
    return f" The error of {model} is {', '.join(parts)}." if parts else ""
