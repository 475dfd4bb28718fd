"""Survey: the trials of every arm on one data set in one network, kept as they are done."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.claims import NETWORKS, arms, claims_of
from benchmarks.evidence_sets import Series, Windows
from normcast.study import BASELINE, Study
from normcast.study.baselines import baselines_of
from normcast.study.job import Job
from normcast.study.local import run_here, run_on_cores
from normcast.study.store import Store
from normcast.study.trial import Trial, TrialKey

RATES = {"small": (0.003, 0.01, 0.03), "large": (0.001, 0.003, 0.01)}
"""Learning rates that are tried, by network: the middle one is best for most ways."""
EARLY = (1, 3, 10)
CURVE = (1, 2, 3, 5, 8, 12, 18, 27, 40, 60)


@dataclass(frozen=True)
class Recipe:
    """How every arm is trained: at the learning rate of `RATES` that has its lowest validation loss.

    rate_seeds: of the first fold, which choose it; seeds, folds: those of the scores.
    """

    rate_seeds: int = 2
    seeds: int = 8
    folds: int = 2
    only: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The recipe in a sentence, without the network."""
        return (
            "Adam with a cosine schedule, batches of 32, until the validation loss has not improved for a "
            "quarter of the epochs; at most 60 epochs of 1,024 windows for forecasts, 60 to 240 of all cases "
            f"for classes; of the learning rates {listed('small')} ({listed('large')} for the larger "
            f"network) each way was given that of its lowest validation loss over {self.rate_seeds} seeds of "
            f"the first fold; scored over {self.seeds} seeds and {self.folds} folds"
        )


class Survey:
    """All arms of one data set in one network.

    name: of the data set; folder: of the public files; work: where the trials are kept.
    """

    def __init__(
        self, name: str, about: Series | Windows, network: str, folder: Path, work: Path, recipe: Recipe
    ) -> None:
        self.name, self.about, self.network, self.recipe = name, about, network, recipe
        self.rates = RATES[network]
        data = about.opened(folder)
        model = about.model(network, data)
        chosen = arms(model, claims_of(about.task, network))
        if recipe.only:
            chosen = [each for each in chosen if each.name in recipe.only]
        self.study = Study(
            model,
            data,
            chosen,
            seeds=recipe.seeds,
            folds=recipe.folds,
            epochs=about.epochs,
            patience=patience(about.epochs),
            optimizer="adam",
            store=":memory:",
            **about.asked,
        )
        self.path = work / f"{name}-{network}.db"

    @property
    def arms(self) -> tuple[str, ...]:
        """The network as given, and all else that is compared."""
        names = (cell.placement.name for cell in self.study.plan.cells)
        return tuple(
            name for name in names if name != BASELINE or not self.recipe.only or name in self.recipe.only
        )

    def run(self, processes: int) -> None:
        """Train what is missing: first what chooses the learning rates, then the rest at those chosen."""
        with closing(Store(self.path)) as store:
            store.describe(
                {"about": vars(self.about), "network": str(NETWORKS[self.network]), "rates": self.rates}
            )
            self._train(store, self._choosing(), processes)
            self._train(store, self._scoring(store), processes)

    def _choosing(self) -> list[TrialKey]:
        pairs = [(0, seed) for seed in range(self.recipe.rate_seeds)]
        return [self._key(arm, rate, *pair) for arm in self.arms for rate in self.rates for pair in pairs]

    def _scoring(self, store: Store) -> list[TrialKey]:
        known = trials_of(store)
        rates = {arm: self.rate(known, arm)[0] for arm in self.arms}
        return [
            self._key(arm, rates[arm], fold, seed)
            for arm in self.arms
            for fold in range(self.recipe.folds)
            for seed in range(self.recipe.seeds)
        ]

    def _key(self, arm: str, rate: float, fold: int, seed: int) -> TrialKey:
        return TrialKey(f"{arm} @ {rate:g}", fold, seed, self.about.epochs)

    def rate(self, known: dict[TrialKey, Trial], arm: str) -> tuple[float, dict[float, float | None]]:
        """Return the learning rate of an arm, and the validation loss of each; None where it diverged."""
        losses: dict[float, float | None] = {}
        for rate in self.rates:
            own = [known[self._key(arm, rate, 0, seed)] for seed in range(self.recipe.rate_seeds)]
            best = [min(each.history["val_loss"]) for each in own if not each.failed]
            losses[rate] = float(np.mean(best)) if len(best) == len(own) else None
        tried = {rate: loss for rate, loss in losses.items() if loss is not None}
        return (min(tried, key=tried.__getitem__) if tried else self.rates[0]), losses

    def _train(self, store: Store, keys: Iterable[TrialKey], processes: int) -> None:
        done = store.done()
        missing = [key for key in keys if key not in done]
        if missing:
            jobs, task = self.jobs(missing), self.study.subject.task
            for trial in run_here(jobs, task) if processes == 1 else run_on_cores(jobs, task, processes):
                if trial is not None:
                    store.write(trial)

    def jobs(self, missing: list[TrialKey]) -> Iterator[Job]:
        """Yield the jobs of these trials, one per arm and learning rate."""
        by_name: dict[str, list[tuple[int, int]]] = {}
        for key in missing:
            by_name.setdefault(key.placement, []).append((key.fold, key.seed))
        for name, pairs in by_name.items():
            arm, _, rate = name.rpartition(" @ ")
            keys = [TrialKey(arm, *pair, self.about.epochs) for pair in pairs]
            (job,) = self.study.plan.jobs(self.study.subject, keys, 1)
            told = {**json.loads(job.training), "learning_rate": float(rate), "schedule": "cosine"}
            yield replace(job, placement=name, training=json.dumps(told))

    def told(self) -> tuple[dict, list[dict]]:
        """Return what the record tells of the data set, and of each arm."""
        with closing(Store(self.path)) as store:
            known = trials_of(store)
        facts = {"task": self.about.task, "metric": self.about.metric, **self.about.facts(self.study)}
        baselines = {
            name: round(float(np.mean([each[self.about.metric] for each in folds])), 5)
            for name, folds in baselines_of(self.study.subject.task, self.study.plan.measures).items()
        }
        facts |= {"groups": None, "baselines": baselines, "reference": self.about.reference}
        return facts, [self._arm(known, arm) for arm in self.arms]

    def _arm(self, known: dict[TrialKey, Trial], arm: str) -> dict:
        rate, losses = self.rate(known, arm)
        seeds, folds = range(self.recipe.seeds), range(self.recipe.folds)
        table = [[known[self._key(arm, rate, fold, seed)] for fold in folds] for seed in seeds]
        good = [each for row in table for each in row if not each.failed]
        curves = np.array([so_far(each, CURVE) for each in good])
        return {
            "dataset": self.name,
            "network": self.network,
            "arm": arm,
            "rate": rate,
            "by_rate": {f"{each:g}": rounded(loss) for each, loss in losses.items()},
            "scores": [[rounded(score(each, self.about.metric)) for each in row] for row in table],
            "early": [
                [None if each.failed else [rounded(v) for v in so_far(each, EARLY)] for each in row]
                for row in table
            ],
            "best_epoch": [[each.best_epoch for each in row] for row in table],
            "curve": [rounded(v) for v in curves.mean(axis=0)] if good else [],
        }

    @property
    def seconds(self) -> float:
        """CPU seconds that the trials took."""
        with closing(Store(self.path)) as store:
            return sum(trial.seconds for trial in store.trials())


def patience(epochs: int) -> int:
    """Return after how many epochs without a better validation loss a training stops."""
    return epochs // 4


def listed(network: str) -> str:
    """Return the learning rates of a network in words.

    >>> listed("small")
    '0.003, 0.01, 0.03'
    """
    return ", ".join(f"{rate:g}" for rate in RATES[network])


def trials_of(store: Store) -> dict[TrialKey, Trial]:
    """Return the trials of a store by key."""
    return {trial.key: trial for trial in store.trials()}


def score(trial: Trial, metric: str) -> float | None:
    """Return the score of a trial; None for one that failed."""
    return None if trial.failed else trial.metrics[metric]


def so_far(trial: Trial, epochs: Iterable[int]) -> list[float]:
    """Return the best validation loss after so many epochs; one that stopped keeps what it had.

    The history begins with the loss before the first epoch.
    """
    best = np.minimum.accumulate(np.asarray(trial.history["val_loss"], float))
    return [float(best[min(epoch, len(best) - 1)]) for epoch in epochs]


def rounded(value: float | None) -> float | None:
    """Return a number with five digits that count.

    >>> rounded(0.123456789), rounded(None)
    (0.12346, None)
    """
    return None if value is None else float(f"{value:.5g}")
