"""Trial: one network of one placement, trained with one seed on one fold, and how it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

RECURRENCE = "recurrence"  # among the versions


class TrialKey(NamedTuple):
    """What tells a trial from others of its study."""

    placement: str
    fold: int
    seed: int
    epochs: int


@dataclass(frozen=True)
class Trial:
    """One network of one placement, trained with one seed on one fold, and how it did.

    Parameters
    ----------
    placement : str
        The name of its placement, "as given" for the network as given.
    fold : int
        The fold, from 0.
    seed : int
        The seed of weights, window order and random layers.
    epochs : int
        Epochs that it was to train at most.
    metrics : dict of str to float, default {}
        Scores on the test windows, in the inference mode; smaller is better.
    seen : dict of str to float, default {}
        The same scores on training windows.
    history : dict of str to list of float, default {}
        "loss", "val_loss" and "learning_rate" by epoch.
    best_epoch : int, default 0
        The epoch whose weights were scored, 0 for the initial ones.
    status : str, default "complete"
        As the engine says: "complete", "stopped early in epoch 7", "failed in ...".
    seconds : float, default 0.0
        CPU time of training and scoring.
    compile_seconds : float, default 0.0
        Of that, the time before the first epoch, for the first trial of a program.
    machine : str, default ""
        Where it ran.
    versions : dict of str to str, default {}
        The versions of the packages that it ran with, and under "recurrence" the form of its recurrences, as
        `Trained` has it; trials of earlier versions do not say it.

    Examples
    --------
    >>> trial = Trial("as given", fold=0, seed=3, epochs=20, metrics={"rmse": 0.5})
    >>> trial.failed, trial.key.seed
    (False, 3)
    """

    placement: str
    fold: int
    seed: int
    epochs: int
    metrics: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    status: str = "complete"
    seconds: float = 0.0
    compile_seconds: float = 0.0
    machine: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> TrialKey:
        """What tells it from others."""
        return TrialKey(self.placement, self.fold, self.seed, self.epochs)

    @property
    def recurrence(self) -> str | None:
        """The form in which its recurrences were computed, as in `Trained`; None where nobody noted it."""
        return self.versions.get(RECURRENCE)

    @property
    def failed(self) -> bool:
        """Whether it has no score: it diverged, or its worker died."""
        return self.status.startswith("failed") or not all(isfinite(v) for v in self.metrics.values())

    @property
    def result(self) -> dict[str, Any]:
        """What must be the same wherever it ran: all but times and machine."""
        names = ("placement", "fold", "seed", "epochs", "metrics", "seen", "history", "best_epoch", "status")
        return {name: getattr(self, name) for name in names}

    def row(self, edits: str) -> dict[str, Any]:
        """Return it as a row of a table of trials.

        Parameters
        ----------
        edits : str
            What its placement changes, in words.

        Returns
        -------
        dict of str to Any
            The columns by name.
        """
        return {
            **self.key._asdict(),
            "edits": edits,
            **self.metrics,
            **{f"seen_{name}": value for name, value in self.seen.items()},
            "best_epoch": self.best_epoch,
            "status": self.status,
            "seconds": self.seconds,
            "compile_seconds": self.compile_seconds,
            "machine": self.machine,
            **{f"version_{name}": value for name, value in self.versions.items()},
        }
