"""Who races on a GPU: the engine with one seed and many against Keras, at several batches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.norms import SHAPES
from benchmarks.race import Contestant, Lap, race
from benchmarks.table import Row

GRAPHS = "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION,CONDITIONAL,WHILE"
# What may make the same program faster or steadier; none is set by the engine.
OTHERWISE: dict[str, dict[str, str]] = {
    "TF32": {"JAX_DEFAULT_MATMUL_PRECISION": "tensorfloat32"},
    "loops as CUDA graphs": {"XLA_FLAGS": f"--xla_gpu_enable_command_buffer={GRAPHS}"},
    "the same to the bit": {"XLA_FLAGS": "--xla_gpu_deterministic_ops=true"},
}
STEPS = 64  # of a lap
NORM_SHAPE = "(96, 128, 8, 64)"
ENGINE, KERAS, CUDNN = "engine", "Keras fit", "Keras fit, with cuDNN"


@dataclass(frozen=True)
class Group:
    """Contestants that take turns. share: of the time; unit: of a lap; against: for the ratios."""

    name: str
    contestants: tuple[Contestant, ...]
    share: float
    unit: str = "ms a step and seed"
    against: str = KERAS

    def rows(self, settings: Mapping[str, str], rounds: int, seconds: float) -> list[Row]:
        """Race, and return times, ratios and memory; a row without a value for who has no lap."""
        laps = race(list(self.contestants), rounds, settings, seconds)
        told = [row for name, lap in laps.items() for row in self._of(name, lap)]
        peer = laps.get(self.against)
        if peer is None:
            return told
        ratios = {name: peer.wall / lap.wall for name, lap in laps.items() if lap and name != self.against}
        return told + [
            Row(f"{self.name}: {name}, speed", round(value, 2), "times as fast", self.against)
            for name, value in ratios.items()
        ]

    def _of(self, name: str, lap: Lap | None) -> list[Row]:
        name = f"{self.name}: {name}"
        if lap is None:
            return [Row(name, None, "did not run, or not in time")]
        memory = [Row(f"{name}, memory", round(lap.peak, 3), "GB")] if lap.peak else []
        return [Row(name, round(lap.wall, 4), self.unit), *memory]


def groups(quick: bool) -> list[Group]:
    """Return all, those that tell the most first. quick: small ones, to see that they run."""
    if quick:
        return [_convs(16, (2,), 0.5, windows=64), _norms(("layer",), (16, 8, 3, 4, 2))]
    kinds = ("layer", "rms", "batch")
    return [
        _convs(32, (16, 128), 3),
        _lstm(),
        _convs(256, (16, 128), 3),
        _norms(kinds, SHAPES[NORM_SHAPE]),
        _convs(4096, (16,), 2),
        _otherwise(),
    ]


def _convs(batch: int, seeds: tuple[int, ...], share: float, windows: int | None = None) -> Group:
    sizes = ("conv_se_lstm", windows or STEPS * batch, 21, 20, batch)
    who = [Contestant(ENGINE, "engine", sizes), Contestant(KERAS, "keras_fit", sizes)]
    who += [Contestant(f"{ENGINE}, {n} seeds", "engine", (*sizes, n)) for n in seeds]
    return Group(f"conv-se-lstm, batch {batch:,}", tuple(who), share)


def _lstm() -> Group:
    sizes = (STEPS * 128, 168, 1, 128)
    who = [
        Contestant(ENGINE, "engine", ("one_lstm", *sizes)),
        Contestant(CUDNN, "keras_fit", ("one_lstm", *sizes)),
        Contestant(KERAS, "keras_fit", ("one_lstm_in_loops", *sizes)),
        *(Contestant(f"{ENGINE}, {n} seeds", "engine", ("one_lstm", *sizes, n)) for n in (16, 128)),
    ]
    return Group("LSTM(64) on 168 x 1, batch 128", tuple(who), 4, against=CUDNN)


def _norms(kinds: tuple[str, ...], sizes: tuple[int, ...]) -> Group:
    about = {"plain": {}, **{f'norm="{kind}"': {"norm": kind} for kind in kinds}}
    who = [Contestant(name, "norm", (json.dumps(each), *sizes)) for name, each in about.items()]
    return Group(f"inside the recurrence, {sizes}", tuple(who), 2, unit="ms a step", against="plain")


def _otherwise() -> Group:
    sizes = ("one_lstm", STEPS * 128, 168, 1, 128, 16)
    who = [Contestant(f"{ENGINE}, 16 seeds", "engine", sizes)]
    who += [
        Contestant(f"{ENGINE}, 16 seeds, {name}", "engine", sizes, environment=each)
        for name, each in OTHERWISE.items()
    ]
    who.append(Contestant("its processor", "engine", sizes, environment={"JAX_PLATFORMS": "cpu"}))
    return Group("LSTM(64) otherwise", tuple(who), 3, against=f"{ENGINE}, 16 seeds")
