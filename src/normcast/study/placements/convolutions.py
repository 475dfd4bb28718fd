"""What may stand behind a convolution: pooling, strides, squeeze-excite; and its activation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from normcast.layers import SqueezeExcite1D
from normcast.models.edits import Edit, Insert, Remove, Set
from normcast.models.graph import as_plain
from normcast.models.graph.kinds import NOISE, POOL_1D
from normcast.study.placement import Placement
from normcast.study.placements.norms import local
from normcast.study.placements.slots import EXCITE, Slot

POOLS = {"average pooling": "AveragePooling1D", "max pooling": "MaxPooling1D"}
FEWEST_STEPS = 6  # halving fewer leaves the recurrence next to nothing to read
BUNDLES = {
    "selu": ("selu", "lecun_normal", "AlphaDropout", "selu, lecun_normal, alpha dropout"),
    "relu": ("relu", "he_normal", "Dropout", "relu, he_normal, dropout"),
}


def pooling_placements(slot: Slot) -> Iterator[Placement]:
    """Yield how time may be halved behind a convolution, other than how it is."""
    found = slot.found(POOL_1D)
    strides = first(slot.config.get("strides", 1))
    if slot.steps is None or slot.steps < FEWEST_STEPS or slot.kind == "CausalPatching":
        return
    now = "strided convolution" if strides > 1 else "no pooling"
    now = next((level for level, each in POOLS.items() if kinds(slot, found) == [each]), now)
    bare: list[Edit] = [Remove(name) for name in found] + ([Set(slot.name, strides=1)] if strides > 1 else [])
    last = [slot.name, *(name for name, _ in slot.behind if name not in found)][-1]
    choices: dict[str, tuple[Edit, ...]] = {"no pooling": tuple(bare)}
    for level, each in POOLS.items():
        pool = {"class_name": each, "config": {"pool_size": 2, "name": f"{local(slot.name)}_pool"}}
        choices[level] = (*bare, Insert(pool, after=last))
    choices["strided convolution"] = (*(Remove(name) for name in found), Set(slot.name, strides=2))
    for level, edits in choices.items():
        if level != now:
            yield Placement(f"{slot.name}: {level}", edits, "pooling", slot.name, level)


def kinds(slot: Slot, names: list[str]) -> list[str]:
    """Return the classes of these layers behind a slot."""
    return [dict(slot.behind)[name].class_name for name in names]


def first(value: Any) -> int:
    """Return a size that may be given as a list of one."""
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)


def excite_placements(slot: Slot, plain: tuple[Edit, ...]) -> Iterator[Placement]:
    """Yield squeeze-excite where it is not, or its absence where it is.

    plain: the edits that take out one made of plain layers; () if there is none.
    """
    found = slot.found(EXCITE)
    if found or plain:
        edits: tuple[Edit, ...] = (*(Remove(name) for name in found), *plain)
        level = "no squeeze-excite"
    else:
        block = SqueezeExcite1D(ratio=4, name=f"{local(slot.name)}_excite")
        stay = [name for name, part in slot.behind if part.class_name not in POOL_1D | NOISE]
        last = [slot.name, *stay][-1]
        edits = (Insert(keras.saving.serialize_keras_object(block), after=last),)
        level = "squeeze-excite"
    yield Placement(f"{slot.name}: {level}", edits, "squeeze-excite", slot.name, level)


def activation_placements(slot: Slot, rate: float) -> Iterator[Placement]:
    """Yield the bundles of activation, initialization and dropout, other than the one that is there."""
    for name, (activation, initializer, dropout, words) in BUNDLES.items():
        if slot.activation == name and initializer_of(slot) == initializer:
            continue
        noisy = slot.found(NOISE)
        layer = slot.activation_layer
        own = {} if layer else {"activation": activation}
        edits: list[Edit] = [Set(slot.name, kernel_initializer=initializer, **own)]
        edits += [Set(layer, activation=activation)] if layer else []
        edits += [Remove(each) for each in noisy]
        noise = {
            "class_name": dropout,
            "config": {"rate": rate, "name": f"{local(slot.name)}_{name}_dropout"},
        }
        kept = [each for each, _ in slot.behind if each not in noisy]
        edits += [Insert(noise, after=[slot.name, *kept][-1])]
        level = f"{words} {rate:g}"
        yield Placement(f"{slot.name}: {level}", tuple(edits), "activation", slot.name, level, rate=rate)


def initializer_of(slot: Slot) -> str:
    """Return the name of the kernel's initializer."""
    return str(as_plain(slot.config.get("kernel_initializer")))
