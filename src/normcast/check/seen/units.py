"""What a look shows of the units of one recurrence that give the layer nothing: dead, silent or double."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.rule import ADVICE, WARNING, Found, Severity
from normcast.check.seen import remedies
from normcast.check.seen.place import Place, named
from normcast.check.symptom import symptom
from normcast.probes import Reading, Recurrence

MANY = 0.25  # of the units
SEE_RNN = "OverLordGoldDragon/see-rnn: the tool that shows such units in heat maps of outputs and gradients"


@symptom(
    112,
    "dead-recurrent-units",
    ADVICE,
    hint="tanh in the recurrence, fewer units, smaller weights or inputs",
    remedy="tanh in the recurrence, else fewer units",
    sources=["Lu et al. 2019, Dying ReLU and Initialization, arXiv:1903.06733", SEE_RNN],
    exceptions="Silent where values are not finite.",
    tried=(
        "the narrowest unit of the healthy networks had 1.6 % of the widest one's range; a planted "
        "output gate that is shut had below 0.1 %"
    ),
    bad=[chain((12, 2), L.LSTM(4, kernel_initializer="zeros"), L.Dense(1))],
    good=[chain((12, 2), L.LSTM(4), L.Dense(1))],
)
def dead_units(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """The output of a recurrent unit hardly moves over all cases and steps.

    It says nothing to what reads it: the layer is narrower than it seems.

    The bound is a thousandth of what the widest unit of the layer moves. It is advice, and a warning from a
    quarter of the units on.
    """
    if reading.dead:
        count = len(reading.dead)
        fix = remedies.bounded(place.node) or remedies.fewer(place.node, count)
        words = f"{named('unit', reading.dead)} dead"
        yield place.found(words, fix, _level(count, seen), units=list(reading.dead))


@symptom(
    113,
    "silent-units",
    ADVICE,
    hint="see whether they reach the loss",
    remedy="fewer units",
    sources=["follows from the definition: what has no gradient is not learned", SEE_RNN],
    exceptions="Dead units do not count: dead-recurrent-units has them. Silent where values are not finite.",
    tried=(
        "no unit of the healthy networks was told, but all of those behind a head that starts with "
        "zeros; what was cut off from the loss was"
    ),
    bad=[chain((12, 2), L.LSTM(4), L.Dense(1, kernel_initializer="zeros"))],
    good=[chain((12, 2), L.LSTM(4), L.Dense(1))],
)
def silent_units(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """A recurrent unit gets no gradient at any step.

    Nothing that it does reaches the loss, so it stays as it was drawn.

    The bound is exactly 0. It is advice, and a warning from a quarter of the units on; advice again where all
    are silent: nothing is wrong with them, and a head of zeros passes nothing back until its first step.
    """
    silent = tuple(unit for unit in reading.silent if unit not in reading.dead)
    if len(silent) == seen.units:
        hint = "a head of zeros starts so, until its first step; else see whether the layer reaches the loss"
        yield place.found("no unit gets a gradient at any step", hint=hint, units=list(silent))
    elif silent:
        words, count = f"{named('unit', silent)} without a gradient at any step", len(silent)
        fix = remedies.fewer(place.node, count)
        yield place.found(words, fix, _level(count, seen), units=list(silent))


@symptom(
    114,
    "twin-units",
    ADVICE,
    hint="fewer units",
    remedy="fewer units, or initializers that draw them apart where all are the same",
    sources=[
        "Goodfellow, Bengio & Courville 2016, Deep Learning, chapter 8.4: initial weights have to break the "
        "symmetry between units"
    ],
    exceptions="Silent where values are not finite, and over fewer than 32 cases times steps.",
    tried=(
        "no healthy network was told, also none of 256 units; wide fresh layers that read one smooth series "
        "reach that correlation with weights apart. Planted copies of units had 1 and 1"
    ),
    bad=[chain((12, 2), L.LSTM(4, kernel_initializer="ones", recurrent_initializer="ones"), L.Dense(1))],
    good=[chain((12, 2), L.LSTM(4), L.Dense(1))],
)
def twin_units(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """Two recurrent units do the same, but for a factor and a shift.

    One of them costs what the other costs and adds nothing; two that also start alike learn alike for ever.

    The bounds are a correlation of 0.9999 of their outputs, which is the same but for rounding, and a cosine
    of 0.9 of their weights, which in fresh layers is near 0: by outputs alone, units that read one smooth
    series would look alike. It is advice, and a warning from a quarter of the units on.
    """
    if not reading.twins:
        return
    first, doubles = reading.twins[0], sum(len(group) - 1 for group in reading.twins)
    more = f", and {len(reading.twins) - 1} more groups" if len(reading.twins) > 1 else ""
    is_symmetric = len(first) == seen.units
    fix = remedies.broken_symmetry(place.node) if is_symmetric else remedies.fewer(place.node, doubles)
    hint = "initializers that draw each unit apart" if is_symmetric else None
    groups = [list(group) for group in reading.twins]
    yield place.found(
        f"{named('unit', first)} do the same{more}", fix, _level(doubles, seen), hint, groups=groups
    )


def _level(count: int, seen: Recurrence) -> Severity:
    return WARNING if count >= MANY * seen.units else ADVICE
