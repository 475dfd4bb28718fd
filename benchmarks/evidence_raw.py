"""The raw record of evidence: scores of every arm, as `python -m benchmarks evidence` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normcast.check.evidence import FORMAT
from normcast.plain import parsed

RAW = Path(__file__).parent / "results" / "evidence.json"


@dataclass(frozen=True)
class DataSet:
    """A public data set; baselines: name -> score, smaller is better; reference: the one to beat."""

    task: str
    metric: str
    words: str
    baselines: Mapping[str, float]
    reference: str


@dataclass(frozen=True)
class Contrast:
    """A claim as it was asked: the second arm against the first."""

    name: str
    words: str
    first: str
    second: str
    rules: tuple[str, ...]
    tasks: tuple[str, ...]
    networks: tuple[str, ...]


@dataclass(frozen=True)
class Arm:
    """One way to arrange a network, trained on one data set.

    rate: the learning rate that was chosen; scores: (seeds, folds), NaN where a training failed; early: best
    validation loss so far after each epoch of the recipe's `early`, (seeds, folds, epochs).
    """

    rate: float
    scores: np.ndarray
    early: np.ndarray


@dataclass(frozen=True)
class Raw:
    """The whole record; arms: by data set, network and name."""

    measured: str
    machine: str
    recipe: Mapping[str, Any]
    networks: Mapping[str, str]
    datasets: Mapping[str, DataSet]
    claims: tuple[Contrast, ...]
    arms: Mapping[tuple[str, str, str], Arm]
    not_measured: tuple[Mapping[str, Any], ...]
    cpu_seconds: float

    def lacking(self, claim: Contrast, task: str) -> tuple[str, ...]:
        """Return what was not measured of a claim, with the reason.

        The record gives reasons for one claim or for all (null), on one data set or on all.
        """
        told: dict[tuple[str | None, str], str] = {}
        for each in self.not_measured:
            name, network = each["dataset"], each["network"]
            held = self.datasets.get(name)
            is_here = network in claim.networks and (name is None or (held is not None and held.task == task))
            if each["claim"] in (None, claim.name) and is_here:
                told[name, network] = each["why"]
        for network in claim.networks:
            for name, held in self.datasets.items():
                is_told = (name, network) in told or (None, network) in told
                if held.task == task and not is_told and not self.has(claim, name, network):
                    told[name, network] = "not run"
        if not told and all(held.task != task for held in self.datasets.values()):
            return ("no data set of the task was run yet",)
        grouped: dict[tuple[str, str], list[str]] = {}
        for (name, network), why in told.items():
            grouped.setdefault((network, why), []).append(name or "all data sets")
        return tuple(
            f"{', '.join(names)} ({network} network): {why}" for (network, why), names in grouped.items()
        )

    @property
    def absent(self) -> dict[str, str]:
        """Data sets that nothing was measured on, each with why."""
        names = {each["dataset"]: each["why"] for each in self.not_measured if each["dataset"]}
        return {name: why for name, why in names.items() if name not in self.datasets}

    def has(self, claim: Contrast, dataset: str, network: str) -> bool:
        """Whether both arms of a claim were trained."""
        return all((dataset, network, arm) in self.arms for arm in (claim.first, claim.second))


def read_raw(file: Path = RAW) -> Raw:
    """Return what a raw record holds. Raises ValueError, with the place, for one that cannot be read."""
    plain = parsed(file.read_text(encoding="utf-8"), str(file))
    found = plain.get("format", 1)
    if found != FORMAT:
        raise ValueError(
            f"{file}: format {found!r}, but format {FORMAT} is read here. Measure again: "
            f"python -m benchmarks evidence --data DIR."
        )
    epochs = len(plain["recipe"]["early"])
    arms = {
        (each["dataset"], each["network"], each["arm"]): _arm(each, epochs, str(file))
        for each in plain["arms"]
    }
    return Raw(
        measured=plain["measured"],
        machine=plain["machine"],
        recipe=plain["recipe"],
        networks=plain["networks"],
        datasets={name: _dataset(name, each, str(file)) for name, each in plain["datasets"].items()},
        claims=tuple(_contrast(each) for each in plain["claims"]),
        arms=arms,
        not_measured=tuple(plain["not_measured"]),
        cpu_seconds=float(plain["cpu_seconds"]),
    )


def _dataset(name: str, plain: Mapping[str, Any], where: str) -> DataSet:
    if plain["reference"] not in plain["baselines"]:
        raise ValueError(
            f"{where}: datasets.{name}: reference {plain['reference']!r} is none of its baselines: "
            f"{', '.join(plain['baselines'])}."
        )
    return DataSet(*(plain[key] for key in ("task", "metric", "words", "baselines", "reference")))


def _contrast(plain: Mapping[str, Any]) -> Contrast:
    lists = (tuple(plain[key]) for key in ("rules", "tasks", "networks"))
    return Contrast(plain["name"], plain["words"], plain["first"], plain["second"], *lists)


def _arm(plain: Mapping[str, Any], epochs: int, where: str) -> Arm:
    place = f"{where}: arm {plain['arm']!r} on {plain['dataset']}, {plain['network']}"
    scores = _array(plain["scores"], None)
    early = np.stack([_array(seed, epochs) for seed in plain["early"]])
    if early.shape != (*scores.shape, epochs):
        raise ValueError(
            f"{place}: early has shape {early.shape}, but scores have {scores.shape}, and the recipe names "
            f"{epochs} early epochs."
        )
    if (scores <= 0).any():
        raise ValueError(f"{place}: a score is {np.nanmin(scores):g}; the logarithm needs scores above 0.")
    return Arm(float(plain["rate"]), scores, early)


def _array(rows: list[Any], width: int | None) -> np.ndarray:
    """Return rows as an array, NaN where a number, or a whole row of that width, is null."""
    whole = [[None] * (width or 1) if row is None else row for row in rows]
    return np.array([[np.nan if v is None else float(v) for v in row] for row in whole])
