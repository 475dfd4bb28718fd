"""Record: what became of each replica of a model, epoch by epoch; on the host, as plain values."""

from typing import Any

import numpy as np

from normcast.engine.order import padded
from normcast.probes.flow import Flow


class Record:
    """Histories, best epochs and fates of replicas, in the order of their seeds.

    alive: (replicas,), whether it still trains; status: "complete" unless it was stopped or failed; seen: of
    each what a `Recorder` noted after each epoch, nothing unless that was asked for; forms: in which the
    recurrences were computed, each once.
    """

    def __init__(self, seeds: list[int]) -> None:
        self.seeds = seeds
        self.epoch = 0
        self.alive = np.ones(len(seeds), bool)
        self.best_epoch = [0] * len(seeds)
        self.status = ["complete"] * len(seeds)
        self.history: list[dict[str, list[float]]] = [
            {"loss": [], "val_loss": [], "learning_rate": []} for _ in seeds
        ]
        self.seen: list[list[dict[str, Any]]] = [[] for _ in seeds]
        self.forms: list[str] = []

    def living(self) -> list[int]:
        """Return the replicas that still train."""
        return [int(replica) for replica in np.flatnonzero(self.alive)]

    def stopped(self) -> list[int]:
        """Return the replicas that do not train any more."""
        return [int(replica) for replica in np.flatnonzero(~self.alive)]

    def living_of(self, group: np.ndarray) -> np.ndarray:
        """Return whether a replica trains in each slot of a group, (width,); the last ones may be empty."""
        return padded(self.alive[group[group < len(self.seeds)]], len(group))

    def computed(self, form: str) -> None:
        """Note the form of the recurrences, "" for a network without one."""
        if form and form not in self.forms:
            self.forms.append(form)

    def trained(self, replica: int, loss: float, rate: float) -> None:
        """Note an epoch's mean loss and its last learning rate."""
        self.history[replica]["loss"].append(loss)
        self.history[replica]["learning_rate"].append(rate)

    def flow(self, replica: int) -> Flow | None:
        """Return what gradients and gates did, None where nothing was recorded."""
        return Flow.of(self.seen[replica]) if self.seen[replica] else None

    def judged(self, replica: int, loss: float, patience: int | None) -> None:
        """Note a validation loss; stop the replica if it is not finite or did not fall for too long."""
        losses = self.history[replica]["val_loss"]
        if loss < min(losses, default=np.inf):
            self.best_epoch[replica] = self.epoch
        losses.append(loss)
        if not np.isfinite(loss):
            self.stop(replica, f"failed in epoch {self.epoch}: the validation loss is {loss}")
        elif patience is not None and self.epoch - self.best_epoch[replica] > patience:
            self.stop(replica, f"stopped early in epoch {self.epoch}")

    def stop(self, replica: int, status: str) -> None:
        """Let a replica train no more, and say why."""
        self.alive[replica] = False
        self.status[replica] = status

    def mean_loss(self) -> float:
        """Return the mean training loss of the last epoch over the replicas that trained in it."""
        last = [h["loss"][-1] for h in self.history if len(h["loss"]) == self.epoch and self.epoch]
        return float(np.mean(last)) if last else float("nan")

    def best_loss(self) -> float:
        """Return the best validation loss of any replica so far."""
        return min((loss for h in self.history for loss in h["val_loss"]), default=float("nan"))

    def raise_if_all_failed(self, name: str) -> None:
        """Raise FloatingPointError, which names the model, if no replica is left."""
        if all(status.startswith("failed") for status in self.status):
            raise FloatingPointError(
                f"train: every replica of {name!r} failed; seed {self.seeds[0]} {self.status[0]}. Lower "
                "learning_rate, set clipnorm=1.0, or look for NaN and unscaled values in the data."
            )

    def plain(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        names = ("epoch", "best_epoch", "status", "history", "seen", "forms")
        return {**{name: getattr(self, name) for name in names}, "alive": self.alive.tolist()}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take over what `plain` gave."""
        self.epoch, self.best_epoch, self.status = plain["epoch"], plain["best_epoch"], plain["status"]
        self.history, self.alive = plain["history"], np.array(plain["alive"], bool)
        self.seen = plain.get("seen", self.seen)  # earlier versions wrote none
        self.forms = plain.get("forms", self.forms)
