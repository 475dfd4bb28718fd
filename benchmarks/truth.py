"""Verdicts where the truth is known: a no-op and a harmful placement, in repeated studies."""

import argparse

import keras
import numpy as np
import pandas as pd

from benchmarks.table import Row, at_least, at_most
from normcast.models import Architecture, Conv, Recurrent
from normcast.models.edits import Insert, Replace
from normcast.study import Placement, Study

NETWORK = Architecture(conv=(Conv(filters=3),), recurrent=(Recurrent(units=4),))
H, INPUT_SIZE = 2, 12


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks truth")
    parser.add_argument("--studies", type=int, default=120)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args(rest)
    verdicts = [verdicts_of(number, options.seeds) for number in range(options.studies)]
    wrong = sum(each["twin"] in ("better", "worse") for each in verdicts)
    caught = sum(each["harmful"] == "worse" for each in verdicts)
    exact = sum(each["identity"] == "no difference" for each in verdicts)
    n = options.studies
    return [
        at_most(f"a no-op with other starts, called better or worse, of {n}", wrong, n // 10, "studies"),
        at_least(f"a harmful placement called worse, of {n}", caught, 0.9 * n, ""),
        at_least(f"an identity called no difference, of {n}", exact, n, ""),
    ]


def verdicts_of(number: int, seeds: int) -> dict[str, str]:
    """Return the verdicts of one small study, on data and seeds of its own."""
    model = NETWORK.build(INPUT_SIZE, 1, H)
    # The same layer under another name is the same network with other starts: an effect of nothing but luck.
    twin = keras.layers.Dense(H, name="other_head")
    placements = [
        Placement("twin", (Replace("head", keras.saving.serialize_keras_object(twin)),)),
        Placement("harmful", (Insert({"class_name": "Dropout", "config": {"rate": 0.8}}, after="lstm_1"),)),
        Placement("identity", (Insert("Identity", after="lstm_1"),)),
    ]
    study = Study(
        model,
        table(number),
        placements,
        seeds=seeds,
        seed=1000 * number,
        folds=1,
        epochs=8,
        learning_rate=0.01,
        batch_size=32,
    )
    result = study.run(processes=1)
    return {effect.name: effect.verdict for effect in result.comparison.effects}


def table(number: int) -> pd.DataFrame:
    """Return a noisy weekly wave, another one for each study.

    There is something to learn and nothing that training cannot know, such as a drift: a network that is
    kept from learning is worse on every one of them, which is what makes the truth known.
    """
    draws = np.random.default_rng(number)
    y = np.sin(2 * np.pi * np.arange(400) / 7) + 0.3 * draws.standard_normal(400)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=400), "y": y})
