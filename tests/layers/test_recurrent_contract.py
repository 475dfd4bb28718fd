"""LSTM and GRU keep the contract with every pair of their options."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from tests.layers.contract import CHECKS, Case, named
from tests.short import in_turn

OPTIONS: dict[str, tuple] = {
    "norm": (None, "batch", "sequence", "layer", "rms", "gate"),
    "recurrent_dropout_kind": (None, "variational", "tied", "per_step", "semeniuta", "moon"),
    "zoneout": (0.0, 0.2),
    "dropout": (0.0, 0.3),
    "weight_dropout": (0.0, 0.3),
    "activation": ("tanh", "relu"),
    "go_backwards": (False, True),
    "return_sequences": (True, False),
    "return_state": (False, True),
    "zero_output_for_mask": (False, True),
    "unroll": (False, True),
    "use_bias": (True, False),
    "kernel_regularizer": (None, "l2"),
    "recurrent_constraint": (None, "unit_norm"),
    "layer": (LSTM, GRU),
    "reset_after": (True, False),
    "input_mask_per_gate": (False, True),
}


def allowed(choice: dict[str, Any]) -> bool:
    """A GRU has no cell to drop."""
    return not (choice.get("layer") is GRU and choice.get("recurrent_dropout_kind") == "moon")


def pairwise(options: dict[str, tuple], seed: int = 0) -> list[dict[str, Any]]:
    """Return choices among which every allowed pair of values of two options occurs, found greedily."""
    rng = np.random.default_rng(seed)
    names = list(options)
    missing = {
        ((a, i), (b, j))
        for a, b in combinations(names, 2)
        for i, j in product(range(len(options[a])), range(len(options[b])))
        if allowed({a: options[a][i], b: options[b][j]})
    }
    found = []
    while missing:
        start = dict(sorted(missing, key=str)[0])
        candidates = []
        for _ in range(60):
            drawn = {name: start.get(name, int(rng.integers(len(options[name])))) for name in names}
            if allowed({name: options[name][i] for name, i in drawn.items()}):
                covered = {pair for pair in combinations(list(drawn.items()), 2) if pair in missing}
                candidates.append((len(covered), str(drawn), drawn, covered))
        _, _, best, covered = max(candidates, key=lambda c: c[:2])
        missing -= covered
        found.append({name: options[name][i] for name, i in best.items()})
    return found


def case(choice: dict[str, Any]) -> Case:
    about = dict(choice)
    layer = about.pop("layer")
    said = " ".join(f"{k}={v}" for k, v in about.items() if v != OPTIONS[k][0])
    norm, kind = about.pop("norm"), about["recurrent_dropout_kind"]
    zoneout, reset_after = about.pop("zoneout"), about.pop("reset_after")
    about["norm"] = {"sequence": "batch", "gate": "layer"}.get(norm, norm)
    if norm == "sequence":
        about["input_statistics"] = "sequence"
    if norm == "gate":
        about["norm_scope"] = "gate"
    if norm in ("batch", "sequence"):
        about["max_steps"] = 7
    about["recurrent_dropout_kind"] = kind or "variational"
    about["recurrent_dropout"] = 0.25 if kind else 0.0
    about["zoneout"] = (zoneout, zoneout / 2) if layer is LSTM else zoneout
    if layer is GRU:
        about["reset_after"] = reset_after
    about["implementation"] = 1 if about.pop("input_mask_per_gate") else 2
    noisy = bool(kind or zoneout or about["dropout"] or about["weight_dropout"])
    return Case(
        f"{layer.__name__} {said}",
        lambda **more: layer(4, **{**about, **more}),
        any_length=not about["unroll"],
        random=noisy,
    )


PAIRS = [case(choice) for choice in pairwise(OPTIONS)]
CORE = [
    Case("LSTM batch", lambda **k: LSTM(4, norm="batch", max_steps=7, zoneout=(0.1, 0.3), **k), random=True),
    Case("GRU layer", lambda **k: GRU(4, norm="layer", return_sequences=True, dropout=0.2, **k), random=True),
]


@pytest.mark.parametrize(("check", "case"), in_turn(CHECKS, CORE, step=2), ids=named)
def test_recurrent_layer_keeps_the_contract(case: Case, check: Callable[[Case], None]) -> None:
    keras.utils.set_random_seed(0)
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case.name)
def test_every_pair_of_options_keeps_the_contract(case: Case) -> None:
    for check in CHECKS:
        keras.utils.set_random_seed(0)
        try:
            check(case)
        except Exception as error:
            raise AssertionError(check.__name__) from error


def test_every_allowed_pair_of_options_is_in_the_sample() -> None:
    sample = pairwise(OPTIONS)
    for a, b in combinations(OPTIONS, 2):
        for i, j in product(OPTIONS[a], OPTIONS[b]):
            if allowed({a: i, b: j}):
                assert any(choice[a] == i and choice[b] == j for choice in sample), (a, i, b, j)
