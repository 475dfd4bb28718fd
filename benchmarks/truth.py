"""Verdicts where the truth is known, in small real studies, or in simulated ones of 22 placements."""

import argparse
import sys

import keras
import numpy as np
import pandas as pd

from benchmarks.table import Row
from benchmarks.truths import DEFINITION, Told, fixed, rows, told, verdicts_of
from normcast.models import Architecture, Conv, Recurrent
from normcast.models.edits import Insert, Replace
from normcast.study import Placement, Study, StudyResult
from normcast.study.statistics import decide

NETWORK = Architecture(conv=(Conv(filters=3),), recurrent=(Recurrent(units=4),))
H, INPUT_SIZE = 2, 12
MOST, EVERY = 40, 4
MARGIN = 0.1  # of the real studies, whose networks differ by 12 % from start to start
GIVEN, PLACEMENTS, DRAWN_MARGIN = "as given", 22, 0.05  # of the simulated ones
TRUTHS = {"twin": 0.0, "harmful": 0.5, "more harmful": 1.0, "identity": 0.0}  # beyond the margin is enough


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks truth")
    parser.add_argument("--studies", type=int, help="how many: 200, or 2,000 simulated ones")
    parser.add_argument("--simulated", action="store_true", help="draw scores, and train nothing")
    options = parser.parse_args(rest)
    print(f"{DEFINITION}\n", file=sys.stderr)
    if options.simulated:
        return simulated(options.studies or 2000)
    return trained(options.studies or 200)


def trained(studies: int) -> list[Row]:
    """Train every study as it decides, and every fourth also with as many seeds as that may take."""
    decided: list[Told] = []
    tables: dict[int, dict[int, Told]] = {}
    for number in range(studies):
        result = study(number, design="decide", max_seeds=MOST).run(processes=1, progress=False)
        spent = sum(seconds_of(result).values())
        decided.append(told(verdicts_of(result.comparison), TRUTHS, MARGIN, spent))
        if number % EVERY == 0:
            result = study(number, seeds=MOST).run(processes=1, progress=False)
            seconds = np.array([each for _, each in sorted(seconds_of(result).items())])
            tables[number] = fixed(result.scores, TRUTHS, MARGIN, seconds)
    return rows(decided, tables, len(TRUTHS), least=2.0)


def seconds_of(result: StudyResult) -> dict[int, float]:
    """Return for each seed how long all networks trained, without what compiling took."""
    found: dict[int, float] = {}
    for trial in result.trials:
        found[trial.seed] = found.get(trial.seed, 0.0) + trial.seconds - trial.compile_seconds
    return found


def study(number: int, **design: object) -> Study:
    """Return one small study, on data and seeds of its own."""
    model = NETWORK.build(INPUT_SIZE, 1, H)
    # The same layer under another name is the same network with other starts: an effect of nothing but luck.
    twin = keras.layers.Dense(H, name="other_head")
    placements = [
        Placement("twin", (Replace("head", keras.saving.serialize_keras_object(twin)),)),
        *(
            Placement(name, (Insert({"class_name": "Dropout", "config": {"rate": rate}}, after="lstm_1"),))
            for name, rate in (("harmful", 0.8), ("more harmful", 0.9))
        ),
        Placement("identity", (Insert("Identity", after="lstm_1"),)),
    ]
    return Study(
        model,
        table(number),
        placements,
        seed=1000 * number,
        folds=1,
        epochs=8,
        learning_rate=0.01,
        batch_size=32,
        min_effect=MARGIN,
        **design,
    )


def table(number: int) -> pd.DataFrame:
    """Return a noisy weekly wave, another one for each study.

    There is something to learn and nothing that training cannot know, such as a drift: a network that is
    kept from learning is worse on every one of them, which is what makes the truth known.
    """
    draws = np.random.default_rng(number)
    y = np.sin(2 * np.pi * np.arange(400) / 7) + 0.3 * draws.standard_normal(400)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=400), "y": y})


def simulated(studies: int) -> list[Row]:
    """Look at drawn scores, a training of which is said to take one second."""
    decided: list[Told] = []
    tables: dict[int, dict[int, Told]] = {}
    for number in range(studies):
        scores, truths = drawn(number)
        looked = decide(scores, GIVEN, min_effect=DRAWN_MARGIN, scale=1.0, most=MOST)
        trainings = sum(effect.seeds for effect in looked.comparison.effects) + looked.comparison.seeds
        decided.append(told(verdicts_of(looked.comparison), truths, DRAWN_MARGIN, trainings))
        if number % (5 * EVERY) == 0:
            tables[number] = fixed(scores, truths, DRAWN_MARGIN, np.full(MOST, PLACEMENTS + 1.0))
    return rows(decided, tables, PLACEMENTS)


def drawn(number: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the scores of one study, (seeds, 1) each, and the true effects.

    Spreads and effects are like those of the networks in docs/evidence.md. A third of the placements does
    nothing, a sixth has an effect of just the margin, the least that must not be called none. All share the
    luck of the network as given; every third study has heavy tails.
    """
    draws = np.random.default_rng(number)
    luck = draws.standard_normal((PLACEMENTS + 1, MOST, 1))
    if number % 3 == 0:
        luck = draws.standard_t(3, luck.shape) / 3**0.5
    effects = draws.choice([-1, 1], PLACEMENTS) * np.exp(draws.normal(np.log(0.05), 1.4, PLACEMENTS))
    effects = np.clip(effects, -0.9, 2.0)
    effects[: PLACEMENTS // 3], effects[-(PLACEMENTS // 6) :] = 0.0, DRAWN_MARGIN
    spreads = np.exp(draws.normal(np.log(0.05), 0.8, PLACEMENTS)) / 2**0.5
    scores = {GIVEN: 1 + float(np.median(spreads)) * luck[-1]}
    each = zip(effects, spreads, luck[:-1], strict=True)
    scores |= {str(i): 1 + effect + spread * own for i, (effect, spread, own) in enumerate(each)}
    return scores, {str(i): float(effect) for i, effect in enumerate(effects)}
