"""EEG: batch norm against layer norm behind convolution and LSTM, on three recordings and two networks."""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.claims import NETWORK
from benchmarks.table import Row
from normcast import cut_windows
from normcast.data import Cases, read_parts
from normcast.models import Architecture
from normcast.models.edits import Edit
from normcast.models.presets import preset
from normcast.study import Placement, Study, StudyResult, placements
from normcast.study.statistics import compare

HALF_SECOND = 64  # rows of EEG Eye State, which is 128 per second
SETS = ("EEG Eye State", "FingerMovements", "EyesOpenShut")
BEHIND = {"the convolutions": ("conv",), "the last LSTM": ("lstm",), "both": ("conv", "lstm")}


@dataclass(frozen=True)
class Budget:
    """How long a network trains. folds: of the cases; patience: epochs without a better validation loss."""

    seeds: int
    epochs: int
    folds: int = 3
    patience: int = 8


def networks() -> dict[str, Architecture]:
    """Return the small network of the evidence page, and DeepConvLSTM at half its width without norms."""
    deep = preset("deep-conv-lstm").architecture
    plain = replace(deep, conv=tuple(replace(each, norm=None) for each in deep.conv))
    return {"conv-lstm": NETWORK, "deep-conv-lstm": plain}


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks eeg")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path(".eeg"), help="where trials are kept")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args(rest)
    options.work.mkdir(exist_ok=True)
    budget = Budget(options.seeds, options.epochs)
    rows: list[Row] = []
    for name, (network, built) in itertools.product(SETS, networks().items()):
        store = options.work / f"{name}-{network}.db".replace(" ", "-")
        rows += compared(f"{name}, {network}", study(built, recording(name, options.data), budget, store))
    return rows


def recording(name: str, folder: Path) -> Cases:
    """Return the cases of a data set: trials of the archive, or half seconds of the continuous recording."""
    if name == "EEG Eye State":
        return eye_state(folder / "eeg_eye_state.csv.gz")
    parts = read_parts(folder / f"ts_{name}.npz").values()
    return Cases.of(
        np.concatenate([each.x for each in parts]), np.concatenate([each.y for each in parts]), where=name
    )


def eye_state(file: Path) -> Cases:
    """Return half seconds of one person's EEG, a quarter second apart, with their place in time.

    Four rows hold spikes of the amplifier, up to 150 times the signal: they take the value before them.
    """
    table = pd.read_csv(file)
    label = table.columns[-1]
    signal = table.drop(columns=label).astype(float)
    centre = signal.median()
    spread = (signal - centre).abs().median()
    clean = signal.mask((signal - centre).abs() > 50 * spread).ffill()
    told = clean.assign(eyes=np.where(table[label] == 1, "shut", "open"), row=np.arange(len(table)))
    return cut_windows(told, size=HALF_SECOND, step=HALF_SECOND // 2, target="eyes", time_col="row")


def study(network: Architecture, cases: Cases, budget: Budget, store: Path) -> StudyResult:
    """Measure every arm on the same folds, from the same seeds."""
    steps, channels = cases.x.shape[1:]
    model = network.with_head("softmax").build(steps, channels, len(np.unique(cases.y)))
    known = {each.name: each.edits for each in placements(model)}
    arms = [Placement(name, edits) for name, edits in edited(known)]
    return Study(
        model,
        cases,
        arms,
        seeds=budget.seeds,
        folds=budget.folds,
        epochs=budget.epochs,
        patience=budget.patience,
        store=store,
    ).run()


def edited(known: dict[str, tuple[Edit, ...]]) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """Yield each arm with its edits, drawn from the placements of single layers."""
    for kind, (where, parts) in itertools.product(("batch norm", "layer norm"), BEHIND.items()):
        found = {
            "conv": [name for name in known if name.endswith(f"{kind} before the activation")],
            "lstm": [name for name in known if name.endswith(f"{kind} before the output")],
        }
        yield (
            f"{kind}: {where}",
            tuple(edit for part in parts for name in found[part] for edit in known[name]),
        )


def compared(title: str, result: StudyResult) -> list[Row]:
    """Return layer norm against batch norm at each place, and each of them against none."""
    rows = [Row(f"{title}: wrong, no norm", wrong(result, "as given"), "share")]
    for where in BEHIND:
        batch, layer = f"batch norm: {where}", f"layer norm: {where}"
        rows += [Row(f"{title}: wrong, {arm}", wrong(result, arm), "share") for arm in (batch, layer)]
        pairs = (("as given", batch), ("as given", layer), (batch, layer))
        rows += [effect(title, result, first, second) for first, second in pairs]
    return rows


def wrong(result: StudyResult, arm: str) -> float:
    """Return the share of test cases that were told wrong, a mean over seeds and folds."""
    return round(float(result.values(lambda trial: trial.metrics["error"])[arm].mean()), 3)


def effect(title: str, result: StudyResult, first: str, second: str) -> Row:
    """Return the change of log loss from the first arm to the second, and its verdict."""
    told = compare({arm: result.scores[arm] for arm in (first, second)}, first).effects[0]
    against = f"{told.verdict}, 95 % {100 * told.low:.1f} to {100 * told.high:.1f}, p {told.p:.2g}"
    return Row(f"{title}: log loss, {second}, against {first}", round(100 * told.effect, 1), "%", against)
