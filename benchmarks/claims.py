"""Claims about normalization and dropout: pairs of networks that differ by one thing."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from normcast.models import Architecture, Conv, Recurrent
from normcast.models.edits import Edit, Insert, Set
from normcast.study import BASELINE, Placement, placements

INPUT_SIZE, H = 48, 12
NETWORK = Architecture(conv=(Conv(filters=8, kernel_size=3),), recurrent=(Recurrent(units=12),))
RATE = 0.2


@dataclass(frozen=True)
class Claim:
    """The second arm against the first; an effect below zero means that the second has the smaller error.

    rules: those of `normcast check` that it bears on; classify: whether it is measured on cases too.
    """

    name: str
    words: str
    first: str
    second: str
    rules: tuple[str, ...] = ()
    classify: bool = False


CLAIMS = tuple(
    Claim(**{**each, "rules": tuple(each.get("rules", ()))})
    for each in tomllib.loads((Path(__file__).parent / "claims.toml").read_text())["claim"]
)
CLASS_CLAIMS = tuple(claim for claim in CLAIMS if claim.classify)


def arms(model, claims=CLAIMS) -> list[Placement]:
    """Return every arm of the claims but the network as given."""
    needed = {name for claim in claims for name in (claim.first, claim.second)} - {BASELINE}
    found = {each.name: each for each in placements(model, rate=RATE)}
    own = {name: Placement(name, edits) for name, edits in written(found).items()}
    return [{**found, **own}[name] for name in sorted(needed)]


def written(found: dict[str, Placement]) -> dict[str, tuple[Edit, ...]]:
    """Return the arms that are no placement of one slot."""
    dropout = {"class_name": "Dropout", "config": {"rate": RATE, "name": "own_dropout"}}
    relu = Set("lstm_1", activation="relu")
    norm = found["conv_1: batch norm after the activation"].edits
    before = found["conv_1: batch norm before the activation"].edits
    recurrent = found["lstm_1: recurrent dropout 0.2"].edits
    selu = (
        *before,
        Set("conv_1", kernel_initializer="lecun_normal"),
        Set("conv_1_activation", activation="selu"),
    )
    return {
        "recurrent and input dropout": (*recurrent, *found["lstm_1: dropout 0.2 before"].edits),
        "batch norm, then dropout": (*norm, Insert(dropout, after="conv_1_batch_norm")),
        "dropout, then batch norm": (*norm, Insert(dropout, before="conv_1_batch_norm")),
        "relu inside": (relu,),
        "relu inside, recurrent dropout": (relu, *recurrent),
        "batch norm, no bias": (*before, Set("conv_1", use_bias=False)),
        "selu, batch norm with scale": selu,
        "selu, batch norm without scale": (*selu, Set("conv_1_batch_norm", scale=False)),
    }
