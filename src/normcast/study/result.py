"""StudyResult: the trials of a study and what they say; drawn from the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from normcast.errors import counted
from normcast.models.revival import revived_model
from normcast.sheet import Sheet, Shown, Table
from normcast.study.answer import beside, lead, verdicts
from normcast.study.baselines import Baselines
from normcast.study.counted import Counted
from normcast.study.data_words import data_words
from normcast.study.designs import Design, MainEffects, main_effects
from normcast.study.placement import BASELINE, Placement
from normcast.study.recurrences import repeats
from normcast.study.stability import targets_of, trained_how
from normcast.study.statistics import Comparison, Effect, Look, Ranking, Reach, compare, rank, reach
from normcast.study.store import Store
from normcast.study.trial import Trial

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Shown):
    """What a study measured, and what it says; `print` shows the answer and a line per placement.

    Parameters
    ----------
    facts : dict
        What the study was about: data, network, training, design, baselines, as its store keeps them.
    placements : tuple of Placement
        Those measured, without the network as given.
    parameters : dict of str to int
        The number of weights of each network by placement.
    trials : tuple of Trial
        All trials, those of earlier rounds of successive halving too.
    min_effect : float, default 0.01
        The smallest relative difference that matters.

    See Also
    --------
    Study : Trains, and returns such a result.
    normcast.write_report : One HTML page of it.

    Examples
    --------
    >>> trials = [Trial(name, fold=0, seed=seed, epochs=1, metrics={"rmse": score + seed / 100})
    ...           for name, score in (("as given", 1.0), ("dropout", 0.8)) for seed in range(6)]
    >>> facts = {"metric": "rmse", "folds": 1, "network": "lstm"}
    >>> result = StudyResult(facts, (Placement("dropout"),), {"dropout": 9}, tuple(trials))
    >>> (effect,) = result.comparison.effects
    >>> effect.verdict, round(effect.effect, 2), result.winner.name
    ('better', -0.2, 'dropout')
    """

    facts: dict[str, Any]
    placements: tuple[Placement, ...]
    parameters: dict[str, int]
    trials: tuple[Trial, ...]
    min_effect: float = 0.01

    @classmethod
    def read(cls, store: Store | str | Path) -> StudyResult:
        """Read a study from its store; nothing is trained.

        Parameters
        ----------
        store : Store, str or Path
            The file that `Study(..., store=...)` wrote, also while it still runs.

        Returns
        -------
        StudyResult
            What its trials say so far.

        Raises
        ------
        ValueError
            If the store has no finished trial.
        """
        own = Store(store) if not isinstance(store, Store) else store
        facts, rows, trials = own.facts, own.placements, own.trials()
        if own is not store:
            own.close()
        if not trials:
            raise ValueError(f"{own.path}: holds no finished trial yet; run the study, or give it more time.")
        known = tuple(Placement.from_json(text) for name, text, _ in rows if name != BASELINE)
        sizes = {name: parameters for name, _, parameters in rows}
        return cls(facts, known, sizes, tuple(trials), float(facts.get("min_effect", 0.01)))

    def _sheet(self) -> Sheet:
        first = f" of {self.facts.get('network', 'a network')!r}: {counted(len(self.trials), 'trial')}"
        try:
            head, *rows = verdicts(self)
        except ValueError as error:  # too few trials to compare
            return Sheet("StudyResult", first, notes=(data_words(self.facts), str(error)))
        notes = (lead(self), data_words(self.facts), beside(self), *self.notes, repeats(self.trials))
        return Sheet("StudyResult", first, notes=tuple(filter(None, notes)), table=Table(head, tuple(rows)))

    @property
    def metric(self) -> str:
        """The metric that decides; smaller is better."""
        return str(self.facts["metric"])

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """What each round of successive halving trained: placements, seeds, epochs; [] for other designs."""
        return list(self.facts.get("rounds", []))

    @property
    def epochs(self) -> int:
        """The most epochs of the trials that are compared."""
        return max(trial.epochs for trial in self.final)

    @cached_property
    def final(self) -> tuple[Trial, ...]:
        """The trials that are compared: those of the last round."""
        if not self.rounds:
            return self.trials
        last = self.rounds[-1]
        chosen = set(last["placements"]), set(last["seeds"])
        return tuple(
            trial
            for trial in self.trials
            if trial.epochs == last["epochs"] and trial.placement in chosen[0] and trial.seed in chosen[1]
        )

    @cached_property
    def counted(self) -> Counted:
        """Which seeds of which networks are compared."""
        order = (BASELINE, *(each.name for each in self.placements))
        first, most = (self.facts.get(name) for name in ("first seed", "max_seeds"))
        folds = int(self.facts["folds"])
        return Counted(self.final, order, folds, self.metric, self.min_effect, first, most)

    @property
    def finished(self) -> dict[str, set[int]]:
        """The seeds that each network of the last round has finished on every fold."""
        return self.counted.finished

    @property
    def names(self) -> tuple[str, ...]:
        """The baseline and the placements that can be compared: those with a finished seed.

        Raises
        ------
        ValueError
            While the baseline or every placement has none, or they share none.
        """
        names = self.counted.names
        if len(names) < 2 or names[0] != BASELINE or not all(self.counted.seeds.values()):
            raise ValueError(
                f"study: only {len(self.trials)} trials are finished, too few to compare anything. Run the "
                "study again: it goes on from its store."
            )
        return names

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The placements of the last round without a finished seed."""
        return tuple(name for name, own in self.finished.items() if not own)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that all of `names` share; in a study that decides, placements go on with more."""
        return min((self.seeds_of[name] for name in self.names), key=len)

    @property
    def seeds_of(self) -> dict[str, tuple[int, ...]]:
        """The seeds that count of each network: in a study that decides those of its last look."""
        return self.counted.seeds

    @property
    def looks(self) -> tuple[Look, ...]:
        """What each look of a study that decides as it goes has found; () for other designs."""
        return self.counted.looked.looks if self.counted.looked else ()

    @property
    def is_before_looks(self) -> bool:
        """Whether a study that decides as it goes has not come to its first look."""
        return self.counted.first is not None and not self.looks

    def values(self, read: Any) -> dict[str, np.ndarray]:
        """Return something of every trial that counts, by network.

        Parameters
        ----------
        read : callable
            Takes a `Trial` and returns a number, as in `lambda trial: trial.seconds`.

        Returns
        -------
        dict of str to array (own seeds, folds)
            NaN where a trial failed. The rows of all begin with the same seeds, those of `seeds_of`.
        """
        found = self.counted.values(read)
        return {name: found[name] for name in self.names}

    @cached_property
    def scores(self) -> dict[str, np.ndarray]:
        """The metric that decides, (own seeds, folds) per network."""
        return self.values(lambda trial: trial.metrics[self.metric])

    @cached_property
    def comparison(self) -> Comparison:
        """Every placement against the network as given, paired seed by seed.

        Its `effects` are one per placement: a relative difference (-0.03 is a score 3 % lower, which is
        better), its interval, corrected p values and a verdict. `print` shows a line each.
        """
        if self.counted.looked is not None:
            return self.counted.looked.comparison
        return compare(self.scores, BASELINE, min_effect=self.min_effect)

    @cached_property
    def reach(self) -> Reach:
        """Whether a change of `min_effect` would have shown, and about how many more seeds it takes.

        `print` shows the sentence; `reach.more_seeds` is the number.
        """
        return reach(self.comparison, self.scores)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """All that was measured, the metric that decides first."""
        known: Mapping[str, float] = next((t.metrics for t in self.final if t.metrics), {})
        return (self.metric, *(name for name in known if name != self.metric))

    @cached_property
    def baselines(self) -> Baselines:
        """The scores of baselines by name, in each fold; {} in a store that did not keep them.

        They learned from what networks train on and stop by. Running the study again adds them.
        """
        kept: Baselines = self.facts.get("baselines", {})
        return kept

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell of the data: what was padded, left out or filled in; () in a store without them."""
        return tuple(self.facts.get("notes", ()))

    def mean_scores(self, metric: str) -> dict[str, float]:
        """Return the mean of a metric by network, over finished seeds, then by baseline.

        A placement that stopped with fewer seeds than the network as given had luck of its own: what that
        network's mean over those seeds lies off its mean over all is taken from it, where that is known.

        Parameters
        ----------
        metric : str
            One of `metrics`.

        Returns
        -------
        dict of str to float
            Smaller is better; NaN where there is none.
        """
        tables = self.values(lambda trial: trial.metrics.get(metric, np.nan))
        given = tables[BASELINE].mean(axis=1)
        luck = {len(own): mean_of(given[: len(own)]) - mean_of(given) for own in tables.values()}
        means = {
            name: mean_of(own.mean(axis=1)) - (luck[len(own)] if isfinite(luck[len(own)]) else 0.0)
            for name, own in tables.items()
        }
        folds = {name: [each.get(metric) for each in own] for name, own in self.baselines.items()}
        told = {name: float(np.mean(np.array(own, dtype=float))) for name, own in folds.items()}
        return means | told

    def scoreboard(self) -> pd.DataFrame:
        """Return the mean scores of the network as given, placements and baselines.

        Returns
        -------
        pandas.DataFrame
            A row for each of them and a column for each metric; smaller is better. Of numbers they are in
            standard deviations of the training targets, `facts["target spread"]`.
        """
        return pd.DataFrame({metric: self.mean_scores(metric) for metric in self.metrics})

    @cached_property
    def crossed(self) -> Design | None:
        """The factorial or fractional design, its levels called as their placements; None for others."""
        plain = self.facts.get("crossed")
        return None if plain is None else Design.from_dict(plain)

    @cached_property
    def factors(self) -> MainEffects | None:
        """Main effects and interactions of a factorial or fractional design; None for others."""
        design = self.crossed
        if design is None:
            return None
        names = [BASELINE, *(each.name for each in self.placements)]
        absent = np.full_like(self.scores[BASELINE], np.nan)
        return main_effects(design, np.stack([self.scores.get(name, absent) for name in names]))

    @cached_property
    def ranking(self) -> Ranking:
        """All of them in order over `seeds`, with the groups that these cannot tell apart.

        `names` and `ranks` are best first; `print` shows a line each.
        """
        return rank({name: own[: len(self.seeds)] for name, own in self.scores.items()})

    @cached_property
    def network(self) -> keras.Model:
        """The network as given, with fresh weights.

        Raises
        ------
        ValueError
            If it would run code of its own.
        """
        return revived_model(str(self.facts["model"]), "network of the study")

    def placement(self, name: str) -> Placement:
        """Return a placement by name.

        Parameters
        ----------
        name : str
            One of `names`; "as given" is the network as given, without edits.

        Returns
        -------
        Placement
            Its edits; `placement.applied(model)` makes the network.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        return {BASELINE: Placement(BASELINE), **{each.name: each for each in self.placements}}[name]

    def effects(self, verdict: str) -> list[Effect]:
        """Return the effects with one verdict, the strongest first.

        Parameters
        ----------
        verdict : {"better", "worse", "no difference", "undecided"}
            What may be said of them against the network as given.

        Returns
        -------
        list of Effect
            Each with its interval, p values and a sentence.
        """
        found = [effect for effect in self.comparison.effects if effect.verdict == verdict]
        return sorted(found, key=lambda effect: -abs(effect.effect))

    @property
    def winner(self) -> Placement | None:
        """The best of the placements that are better than the network as given beyond the noise.

        None where there is no such placement: nothing measured says to change the network.
        """
        better = self.effects("better")
        return self.placement(better[0].name) if better else None

    def table(self) -> pd.DataFrame:
        """Return what was found of each placement.

        Returns
        -------
        pandas.DataFrame
            One row per placement: seeds, verdict, effect (relative to the network as given, negative is
            better) with its interval low to high, p values, mean score, and how it trains, as in `stability`.
        """
        stability, means = self.stability().set_index("placement"), self.mean_scores(self.metric)
        rows = []
        for effect in self.comparison.effects:
            rows.append(
                {
                    "placement": effect.name,
                    "seeds": effect.seeds,
                    "verdict": effect.verdict,
                    "effect": effect.effect,
                    "low": effect.low,
                    "high": effect.high,
                    "p": effect.p,
                    "p_corrected": effect.holm_p,
                    "wilcoxon_p": effect.wilcoxon_p,
                    self.metric: means[effect.name],
                    **stability.loc[effect.name].to_dict(),
                }
            )
        return pd.DataFrame(rows)

    def stability(self) -> pd.DataFrame:
        """Return how each network trains.

        Returns
        -------
        pandas.DataFrame
            One row per network: epochs_to_baseline (until the best loss of the network as given), diverged
            (share of trainings without a score), spread (of the score over seeds), gap (of the score, test
            minus training), seconds (of one training) and parameters (weights).
        """
        trained = {name: [trial for trial in self.final if trial.placement == name] for name in self.names}
        targets = targets_of(trained[BASELINE])
        rows = []
        for name, trials in trained.items():
            told = trained_how(trials, self.scores[name], targets, self.metric)
            rows.append({"placement": name, **told, "parameters": self.parameters.get(name, 0)})
        return pd.DataFrame(rows)

    def trial_table(self) -> pd.DataFrame:
        """Return all trials, for export.

        Returns
        -------
        pandas.DataFrame
            One row per trial: what tells it from others, its edits in words, scores, status, times and
            versions.
        """
        edits = {each.name: str(each) for each in self.placements}
        return pd.DataFrame([trial.row(edits.get(trial.placement, "")) for trial in self.trials])


def mean_of(values: np.ndarray) -> float:
    """Return the mean of those that are finite, NaN for none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan
