"""StudyResult: the trials of a study and what they say; drawn from the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from normcast.errors import counted
from normcast.models.revival import revived_model
from normcast.sheet import Sheet, Shown, Table
from normcast.study.answer import beside, lead, verdicts
from normcast.study.baselines import Baselines
from normcast.study.data_words import data_words
from normcast.study.designs import Design, MainEffects, main_effects
from normcast.study.placement import BASELINE, Placement
from normcast.study.speed import middle, reached
from normcast.study.statistics import Comparison, Effect, Ranking, Reach, compare, rank, reach
from normcast.study.store import Store
from normcast.study.trial import Trial

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Shown):
    """What a study measured.

    facts: of data, network and settings; placements: those measured, without the network as given;
    parameters: weights of each; trials: all of them, those of earlier rounds of successive halving too.
    """

    facts: dict[str, Any]
    placements: tuple[Placement, ...]
    parameters: dict[str, int]
    trials: tuple[Trial, ...]
    min_effect: float = 0.01

    @classmethod
    def read(cls, store: Store | str | Path) -> StudyResult:
        """Read a study from its store. Raises ValueError for a store without a finished trial."""
        own = Store(store) if not isinstance(store, Store) else store
        facts, rows, trials = own.facts, own.placements, own.trials()
        if own is not store:
            own.close()
        if not trials:
            raise ValueError(f"{own.path}: holds no finished trial yet; run the study first.")
        known = tuple(Placement.from_json(text) for name, text, _ in rows if name != BASELINE)
        sizes = {name: parameters for name, _, parameters in rows}
        return cls(facts, known, sizes, tuple(trials), float(facts.get("min_effect", 0.01)))

    def _sheet(self) -> Sheet:
        first = f" of {self.facts.get('network', 'a network')!r}: {counted(len(self.trials), 'trial')}"
        try:
            head, *rows = verdicts(self)
        except ValueError as error:  # too few trials to compare
            return Sheet("StudyResult", first, notes=(data_words(self.facts), str(error)))
        notes = (lead(self), data_words(self.facts), beside(self), *self.notes)
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
    def finished(self) -> dict[str, set[int]]:
        """The seeds that each placement of the last round has finished on every fold."""
        folds = range(int(self.facts["folds"]))
        done = {trial.key[:3] for trial in self.final}
        seeds = {trial.seed for trial in self.final}
        order = (BASELINE, *(each.name for each in self.placements))
        found = {name: {s for s in seeds if all((name, f, s) in done for f in folds)} for name in order}
        there = {trial.placement for trial in self.final}
        return {name: own for name, own in found.items() if name in there}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The baseline and the placements that can be compared: those with a finished seed.

        Raises ValueError while the baseline or every placement has none.
        """
        names = tuple(name for name, own in self.finished.items() if own)
        if len(names) < 2 or names[0] != BASELINE:
            raise ValueError(
                f"study: only {len(self.trials)} trials are finished, too few to compare anything. Run the "
                "study again: it goes on from its store."
            )
        return names

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The placements of the last round without a finished seed."""
        return tuple(name for name, own in self.finished.items() if not own)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that all of `names` have finished on every fold; others wait for the rest."""
        return tuple(sorted(set.intersection(*(self.finished[name] for name in self.names))))

    def values(self, read: Any) -> dict[str, np.ndarray]:
        """Return read(trial) of each placement as (seeds, folds); NaN where a trial failed."""
        places = {seed: row for row, seed in enumerate(self.seeds)}
        found = {name: np.full((len(places), int(self.facts["folds"])), np.nan) for name in self.names}
        for trial in self.final:
            if trial.placement in found and trial.seed in places and not trial.failed:
                found[trial.placement][places[trial.seed], trial.fold] = read(trial)
        return found

    @cached_property
    def scores(self) -> dict[str, np.ndarray]:
        """The metric that decides, (seeds, folds) per placement."""
        return self.values(lambda trial: trial.metrics[self.metric])

    @cached_property
    def comparison(self) -> Comparison:
        """Every placement against the network as given."""
        return compare(self.scores, BASELINE, min_effect=self.min_effect)

    @cached_property
    def reach(self) -> Reach:
        """Whether a change of `min_effect` would have shown, and about how many more seeds it takes."""
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
        """Return the mean of a metric by network, over finished seeds, then by baseline; NaN if none."""
        tables = self.values(lambda trial: trial.metrics.get(metric, np.nan))
        found = {name: table.mean(axis=1) for name, table in tables.items()}
        means = {name: own[np.isfinite(own)] for name, own in found.items()}
        folds = {name: [each.get(metric) for each in own] for name, own in self.baselines.items()}
        told = {name: float(np.mean(np.array(own, dtype=float))) for name, own in folds.items()}
        return {name: float(own.mean()) if len(own) else np.nan for name, own in means.items()} | told

    def scoreboard(self) -> pd.DataFrame:
        """Return the mean scores, a row each: the network as given, placements, baselines; smaller is better.

        Of numbers they are in standard deviations of the training targets, `facts["target spread"]`.
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
        """All of them in order, with the groups that the seeds cannot tell apart."""
        return rank(self.scores)

    @cached_property
    def network(self) -> keras.Model:
        """The network as given, with fresh weights. Raises ValueError for one that would run its own code."""
        return revived_model(str(self.facts["model"]), "network of the study")

    def placement(self, name: str) -> Placement:
        """Return a placement by name."""
        return {BASELINE: Placement(BASELINE), **{each.name: each for each in self.placements}}[name]

    def effects(self, verdict: str) -> list[Effect]:
        """Return the effects with that verdict, the strongest first."""
        found = [effect for effect in self.comparison.effects if effect.verdict == verdict]
        return sorted(found, key=lambda effect: -abs(effect.effect))

    @property
    def winner(self) -> Placement | None:
        """The best of the placements that are better than the network as given beyond the noise."""
        better = self.effects("better")
        return self.placement(better[0].name) if better else None

    def table(self) -> pd.DataFrame:
        """Return one row per placement with its effect, verdict, cost and stability."""
        stability = self.stability().set_index("placement")
        rows = []
        for effect in self.comparison.effects:
            rows.append(
                {
                    "placement": effect.name,
                    "verdict": effect.verdict,
                    "effect": effect.effect,
                    "low": effect.low,
                    "high": effect.high,
                    "p": effect.p,
                    "p_corrected": effect.holm_p,
                    "wilcoxon_p": effect.wilcoxon_p,
                    self.metric: effect.score,
                    **stability.loc[effect.name].to_dict(),
                }
            )
        return pd.DataFrame(rows)

    def stability(self) -> pd.DataFrame:
        """Return how each placement trains: epochs to the baseline's best loss, spread, gap, seconds."""
        best: dict[int, list[float]] = {}
        for trial in self._of(BASELINE):
            if not trial.failed:
                best.setdefault(trial.fold, []).append(min(trial.history["val_loss"]))
        # "higher": of an even number of trainings, more than half get to the median of their best losses.
        targets = {fold: float(np.quantile(own, 0.5, method="higher")) for fold, own in best.items()}
        return pd.DataFrame([self._stable(name, targets) for name in self.names])

    def _of(self, name: str) -> list[Trial]:
        return [trial for trial in self.final if trial.placement == name]

    def _stable(self, name: str, targets: Mapping[int, float]) -> dict[str, Any]:
        trials = self._of(name)
        good = [trial for trial in trials if not trial.failed]
        seeds = self.scores[name].mean(axis=1)
        seeds = seeds[np.isfinite(seeds)]
        gaps = [t.metrics[self.metric] - t.seen[self.metric] for t in good]
        return {
            "placement": name,
            "epochs_to_baseline": middle(reached(good, targets)) if good else np.nan,
            "diverged": 1 - len(good) / len(trials),
            "spread": float(seeds.std(ddof=1)) if len(seeds) > 1 else np.nan,
            "gap": float(np.mean(gaps)) if gaps else np.nan,
            "seconds": float(np.median([t.seconds - t.compile_seconds for t in trials])),
            "parameters": self.parameters.get(name, 0),
        }

    def trial_table(self) -> pd.DataFrame:
        """Return one row per trial, for export."""
        edits = {each.name: str(each) for each in self.placements}
        return pd.DataFrame(
            [
                {
                    **trial.key._asdict(),
                    "edits": edits.get(trial.placement, ""),
                    **trial.metrics,
                    **{f"seen_{name}": value for name, value in trial.seen.items()},
                    "best_epoch": trial.best_epoch,
                    "status": trial.status,
                    "seconds": trial.seconds,
                    "compile_seconds": trial.compile_seconds,
                    "machine": trial.machine,
                    **{f"version_{name}": value for name, value in trial.versions.items()},
                }
                for trial in self.trials
            ]
        )
