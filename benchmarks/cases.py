"""Classes of whole series: the default split of the UCR and UEA archive, the test part scored once.

Five networks, `model="auto"`: which network, how wide and for how long is chosen by the training cases alone.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.table import Row, at_most
from normcast.candidates.of_cases import case_candidates
from normcast.cases import Classifier
from normcast.data import Cases, read_parts
from normcast.scoring import score_interval
from normcast.tasks import CaseScaling

# The least accuracy asked for, published lines beside it, the most seconds on two cores. Published: LSTM-FCN
# (Karim et al. 2018, stopped by the training loss) and MLSTM-FCN (Karim et al. 2019, and as run for TapNet,
# Zhang et al. 2020); ROCKET and InceptionTime on this split from the bake-offs (Middlehurst et al. 2023).
SETS = {
    "BasicMotions": (0.975, "MLSTM-FCN .950, ROCKET 1.000, InceptionTime 1.000", 120),
    "Epilepsy": (0.97, "MLSTM-FCN .761, ROCKET .993, InceptionTime .986", 120),
    "JapaneseVowels": (0.975, "LSTM-FCN .99, MLSTM-FCN 1.00", 120),
    "Handwriting": (0.45, "MLSTM-FCN .286, ROCKET .595, InceptionTime .642", 300),
    "ItalyPowerDemand": (0.965, "LSTM-FCN .962, ROCKET .970, InceptionTime .966", 120),
    "ArrowHead": (0.86, "LSTM-FCN .897, ROCKET .823, InceptionTime .863", 120),
    "EyesOpenShut": (None, "", 120),
    "FingerMovements": (None, "MLSTM-FCN .580, ROCKET .540, InceptionTime .560", 120),
}


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks cases")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--sets", default=",".join(SETS), help="which of them")
    options = parser.parse_args(rest)
    return [row for name in options.sets.split(",") for row in measured(name, options.data)]


def measured(name: str, folder: Path) -> list[Row]:
    """Fit once on the train part, and score once on the test part."""
    least, published, seconds = SETS[name]
    train, test = parts(folder / f"ts_{name}.npz")
    began = time.perf_counter()
    classifier = Classifier(seeds=5).fit(train, None, progress=False)
    took = time.perf_counter() - began
    right = classifier.predict(test) == test.y
    accuracy = float(right.mean())
    low, high = score_interval(lambda some: {"accuracy": right[some].mean()}, len(right))["accuracy"]
    network = classifier.learned_.subject.name
    target, ok = ("", None) if least is None else (f">= {least}", accuracy >= least)
    interval = f"{network}, 95 % {low:.3f} to {high:.3f}; {published}".rstrip("; ")
    rows = [Row(f"{name}: accuracy", round(accuracy, 3), "share", interval, target, ok)]
    rows += [Row(f"{name}: {each}", round(share, 3), "share") for each, share in baselines(train, test)]
    return [*rows, at_most(f"{name}: fit, 5 networks, wall", took, seconds, "s")]


def baselines(train: Cases, test: Cases) -> list[tuple[str, float]]:
    """Return the accuracy of what costs next to nothing."""
    classes = np.unique(train.y)
    scaling = CaseScaling.fit(train.x, train.lengths)
    x, new = (scaling.apply(each.x, each.lengths) for each in (train, test))
    told = ((each.name, each.fit(x, train.y[:, None] == classes)(new)) for each in case_candidates("classes"))
    return [(name, float((classes[sure.argmax(axis=1)] == test.y).mean())) for name, sure in told]


def parts(file: Path) -> tuple[Cases, Cases]:
    """Return train and test part; where series differ in length, the file has the length of each."""
    arrays = np.load(file)
    if "len_train" not in arrays:
        both = read_parts(file)
        return both["train"], both["test"]
    cases = [
        Cases.of([x[:n] for x, n in zip(arrays[f"X_{part}"], arrays[f"len_{part}"], strict=True)],
                 arrays[f"y_{part}"], where=f"{file} ({part})")
        for part in ("train", "test")
    ]  # fmt: skip
    train, test = cases
    return train, test.cut_to(train.steps).filled_to(train.steps)
