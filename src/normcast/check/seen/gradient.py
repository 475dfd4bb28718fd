"""What a look shows of the gradient on its way back through one recurrence: it vanishes or explodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.examples import L, chain
from normcast.check.rule import ADVICE, WARNING, Found
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
from normcast.check.symptom import symptom
from normcast.probes import Reading, Recurrence
from normcast.probes.reading import FAINT

SHORTEST = 8  # steps; over fewer a gradient has no way to go
UNSEEN = 0.25  # of the window, at its oldest end
INSIDE = "normalization inside the recurrence, a shorter window, pooling in front, or attention"
USUAL = "plain LSTMs and GRUs start like this, and need not mend it where recent steps suffice; else "
PASCANU = "Pascanu et al. 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063"
VANISHING = [
    "Bengio et al. 1994, Learning long-term dependencies with gradient descent is difficult, "
    "doi:10.1109/72.279181",
    PASCANU,
    "Jozefowicz et al. 2015, An Empirical Exploration of Recurrent Network Architectures, PMLR 37: the "
    "forget bias of 1",
    "Tallec & Ollivier 2018, Can recurrent neural networks warp time?, arXiv:1804.11188: gate biases by the "
    "memory that is wanted",
    "Cooijmans et al. 2016, Recurrent Batch Normalization, arXiv:1603.09025: norms inside let it pass",
]
TRIED = (
    "9 of the 40 healthy networks were told as advice, GRUs from 36 steps on and LSTMs from 48: true, and "
    "harmless where recent steps suffice; so were windows of 300 and 400 steps"
)


@symptom(
    109,
    "gradient-vanishes-inside",
    ADVICE,
    hint=USUAL + INSIDE,
    remedy="layer normalization in the recurrence, else pooling in front of it",
    sources=VANISHING,
    exceptions="Silent over fewer than 8 steps, and where values are not finite.",
    tried=f"{TRIED}; a planted forget bias of −5 gave a half-life of 0.3 steps, a warning",
    bad=[chain((120, 2), L.LSTM(8), L.Dense(1))],
    good=[chain((120, 2), L.AveragePooling1D(10), L.LSTM(8), L.Dense(1))],
)
def vanishing(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """Next to nothing of the gradient inside a recurrent layer is left over the oldest quarter of its window.

    The layer hardly learns from what lies that far back, whatever stands behind it. Plain layers start so
    (fresh LSTMs halve the gradient in 2.5 to 4.5 steps, GRUs in 1.4 to 2), which is harmless where what
    matters is recent: so it is advice, and a warning where half is lost within one step, for then the layer
    sees little but the last one.

    The bound is 1e-6: a sum in single precision holds seven digits, so that beside the newest steps' part the
    oldest one's is lost. It is a quarter, as in short-sight: a layer that reaches most of its window is left
    alone.
    """
    known = int(np.sum(~np.isnan(seen.carried)))
    reach = int(np.sum(seen.carried >= FAINT))
    if reading.verdict != "vanishing" or known < SHORTEST or reach > (1 - UNSEEN) * known:
        return
    is_quick = reading.half_life < 1
    yield place.found(
        f"half-life of the gradient {reading.half_life:.1f} steps in a window of {seen.window}: {place.name} "
        f"hardly learns from what lies more than {reach} steps back",
        remedies.normalized(place.node) or remedies.shortened(place.node, reach),
        WARNING if is_quick else ADVICE,
        INSIDE if is_quick else None,
        half_life=reading.half_life,
        left=reading.left,
        reach=reach,
        window=seen.window,
    )


@symptom(
    110,
    "gradient-explodes-inside",
    WARNING,
    hint="tanh in the recurrence, normalization inside it, smaller recurrent weights, or clipping",
    remedy="tanh in the recurrence, else layer normalization",
    sources=[PASCANU],
    exceptions="Silent over fewer than 8 steps, and where values are not finite.",
    tried=(
        "of 40 healthy networks of tanh or with a norm, fresh and trained, none went above 31; a "
        "SimpleRNN with its recurrent kernel times 3 had 3e6, with relu 3e13. Plain LSTMs and GRUs do "
        "not explode by that (0.8 and 0.004 are left), and nothing is told"
    ),
    bad=[chain((12, 2), L.SimpleRNN(4, activation="relu", recurrent_initializer="ones"), L.Dense(1))],
    good=[chain((12, 2), L.SimpleRNN(4), L.Dense(1))],
)
def exploding(seen: Recurrence, reading: Reading, place: Place) -> Iterator[Found]:
    """The gradient inside a recurrent layer grows on its way back through the window.

    The oldest steps then decide what is learned, steps of the optimizer are far too large, and in the end the
    loss is NaN.

    The bound is 1,000 times from the newest to the oldest step: of a gradient that is clipped to 1 the newest
    steps' part is then a thousandth.
    """
    if reading.verdict == "exploding" and seen.window >= SHORTEST:
        words = (
            f"the gradient is {reading.left:.1e} times as large at the oldest of {seen.window} steps as at "
            "the newest"
        )
        fix = remedies.bounded(place.node) or remedies.normalized(place.node)
        yield place.found(words, fix, left=reading.left, half_life=reading.half_life, window=seen.window)
