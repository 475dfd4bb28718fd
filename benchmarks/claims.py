"""Claims about normalization and dropout: pairs of networks that differ by one thing."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from normcast.models import Architecture, Conv, Recurrent
from normcast.models.edits import Edit, Insert, Set
from normcast.study import BASELINE, Placement, placements
from normcast.study.placements.inside import renewed
from normcast.study.placements.slots import slots

INPUT_SIZE, H = 48, 12
RATE = 0.2
NETWORKS = {
    "small": Architecture(conv=(Conv(filters=10, kernel_size=3),), recurrent=(Recurrent(units=15),)),
    "large": Architecture(conv=(Conv(filters=32, kernel_size=3),), recurrent=(Recurrent(units=64),)),
}


@dataclass(frozen=True)
class Claim:
    """The second arm against the first; an effect below zero means that the second has the smaller error.

    rules: those of `normcast check` that it bears on; classify: whether it is measured on cases too;
    large: whether in the larger network too.
    """

    name: str
    words: str
    first: str
    second: str
    rules: tuple[str, ...] = ()
    classify: bool = False
    large: bool = False

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks it is measured on."""
        return ("forecast", "classify") if self.classify else ("forecast",)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks it is measured in."""
        return ("small", "large") if self.large else ("small",)


CLAIMS = tuple(
    Claim(**{**each, "rules": tuple(each.get("rules", ()))})
    for each in tomllib.loads((Path(__file__).parent / "claims.toml").read_text())["claim"]
)


def claims_of(task: str, network: str) -> tuple[Claim, ...]:
    """Return the claims that are measured on a task in a network."""
    return tuple(claim for claim in CLAIMS if task in claim.tasks and network in claim.networks)


def arms(model, claims: Iterable[Claim] = CLAIMS) -> list[Placement]:
    """Return every arm of the claims but the network as given."""
    needed = {name for claim in claims for name in (claim.first, claim.second)} - {BASELINE}
    found = {each.name: each for each in placements(model, rate=RATE)}
    own = {name: Placement(name, edits) for name, edits in written(model, found).items()}
    trained = {name: Placement(name, training=training) for name, training in TRAINED.items()}
    return [{**found, **own, **trained}[name] for name in sorted(needed)]


TRAINED = {"weight decay": {"weight_decay": 0.004}, "clipped gradients": {"clipnorm": 1.0}}
"""The arms that train the network as given in another way; 0.004 is the default of Keras' AdamW."""


def written(model, found: dict[str, Placement]) -> dict[str, tuple[Edit, ...]]:
    """Return the arms that are no placement of one slot."""
    lstm = next(slot for slot in slots(model) if slot.name == "lstm_1")
    dropout = {"class_name": "Dropout", "config": {"rate": RATE, "name": "own_dropout"}}
    relu = Set("lstm_1", activation="relu")
    norm = found["conv_1: batch norm after the activation"].edits
    before = found["conv_1: batch norm before the activation"].edits
    recurrent = found["lstm_1: recurrent dropout 0.2"].edits
    normed_selu = (
        *before,
        Set("conv_1", kernel_initializer="lecun_normal"),
        Set("conv_1_activation", activation="selu"),
    )
    kinds = {"a mask per step": "per_step", "of the candidate": "semeniuta"}
    kept = {
        name: renewed(lstm, recurrent_dropout=RATE, recurrent_dropout_kind=kind)
        for name, kind in kinds.items()
    }
    selu = Set("conv_1", activation="selu", kernel_initializer="lecun_normal")
    return {
        "recurrent and input dropout": (*recurrent, *found["lstm_1: dropout 0.2 before"].edits),
        "recurrent dropout, a mask per step": (kept["a mask per step"],),
        "recurrent dropout of the candidate": (kept["of the candidate"],),
        "batch norm, then dropout": (*norm, Insert(dropout, after="conv_1_batch_norm")),
        "dropout, then batch norm": (*norm, Insert(dropout, before="conv_1_batch_norm")),
        "relu inside": (relu,),
        "relu inside, recurrent dropout": (relu, *recurrent),
        "batch norm, no bias": (*before, Set("conv_1", use_bias=False)),
        "selu, batch norm with scale": normed_selu,
        "selu, batch norm without scale": (*normed_selu, Set("conv_1_batch_norm", scale=False)),
        "relu, lecun_normal": (Set("conv_1", kernel_initializer="lecun_normal"),),
        "relu, he_normal": (Set("conv_1", kernel_initializer="he_normal"),),
        "selu, lecun_normal": (selu,),
        "selu, glorot_uniform": (Set("conv_1", activation="selu"),),
        "selu, dropout": (selu, Insert(dropout, after="conv_1")),
        "tanh": (Set("conv_1", activation="tanh"),),
    }
