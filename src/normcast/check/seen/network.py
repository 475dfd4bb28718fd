"""What a look shows of a whole network: values that are not finite, gradients and sight over the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.examples import L, Pick, chain
from normcast.check.net import Net, descendants
from normcast.check.rule import ADVICE, ERROR, Found
from normcast.check.seen import remedies
from normcast.check.seen.gradient import PASCANU, SHORTEST, TRIED, UNSEEN, USUAL, VANISHING
from normcast.check.seen.place import place_of
from normcast.check.symptom import symptom
from normcast.check.timeline import receptive_fields
from normcast.models.graph.kinds import CONV_1D
from normcast.probes import Look
from normcast.probes.reading import FAINT


@symptom(
    115,
    "value-not-finite",
    ERROR,
    hint="tanh in the recurrence, scaled inputs, a smaller learning rate, or clipping",
    remedy="tanh in the recurrence",
    sources=[
        PASCANU,
        "IEEE 754: what is computed from a NaN is a NaN",
    ],
    tried="no healthy network had such a value",
    bad=[chain((100, 2), L.SimpleRNN(4, activation="relu", recurrent_initializer="ones"), L.Dense(1))],
    good=[chain((100, 2), L.SimpleRNN(4), L.Dense(1))],
)
def not_finite(look: Look, net: Net | None) -> Iterator[Found]:
    """A gate, a state or a gradient of a recurrence is NaN or infinite; the first one and its step are named.

    What is computed from it is not finite either, and one step of the optimizer writes it into all weights.
    The first is the one to look at: of values the oldest step, of gradients, which go backwards, the newest.

    The bound is one value.
    """
    found = look.first_not_finite
    if found is not None:
        name, tensor, step = found
        words = f"{tensor} is not finite from step {step} on"
    else:
        broken = [
            (name, trace.name, int(np.flatnonzero(trace.not_finite)[-1]))
            for name, seen in look.recurrences.items()
            for trace in seen.gradients.values()
            if trace.not_finite.any()
        ]
        if not broken:
            return
        name, tensor, step = max(broken, key=lambda each: each[2])
        words = f"the gradient of {tensor} is not finite from step {step} backwards"
    place = place_of(net, look.recurrences[name].layer)
    yield place.found(words, remedies.bounded(place.node), tensor=tensor, step=step)


@symptom(
    104,
    "gradient-vanishes",
    ADVICE,
    hint=f"{USUAL}a shorter window, pooling or strides in front, attention, or skip connections",
    remedy="layer normalization in the recurrences",
    sources=VANISHING,
    exceptions=(
        "Silent where a layer alone is the reason (gradient-vanishes-inside says that), without a recurrent "
        "layer, and over fewer than 8 steps."
    ),
    tried=TRIED,
)
def vanishing(look: Look, net: Net | None) -> Iterator[Found]:
    """The oldest quarter of the window gets next to nothing of the newest quarter's gradient.

    No layer alone is the reason, the whole network is: what lies far back hardly moves a weight. That is
    harmless where recent steps suffice, so it is advice.

    The bound is 1e-6: in single precision, which holds seven digits, the sum over both quarters is that of
    the newest.
    """
    if not look.recurrences:
        return
    for slope in look.inputs.values():
        size = slope.mean(axis=1).astype("float64")  # (step,)
        quarter = len(size) // 4
        old, new = float(size[:quarter].mean()) if quarter else 0.0, float(size[-quarter:].mean())
        if len(size) >= SHORTEST and new > 0 and old < FAINT * new:
            found = [place_of(net, seen.layer) for seen in look.recurrences.values()]
            places = {place.name: place for place in found}
            words = f"the oldest quarter of the window has {old / new:.1e} of the newest one's gradient"
            fix = tuple(edit for place in places.values() for edit in remedies.normalized(place.node))
            yield Found((), words, fix, evidence={"ratio": old / new}, layers=tuple(places))


@symptom(
    118,
    "short-sight",
    ADVICE,
    hint="more layers or dilations, a recurrent layer, or a shorter window",
    remedy="a larger dilation of the last convolution",
    twins=["receptive-field-short"],
    sources=[
        "Luo et al. 2016, Understanding the Effective Receptive Field in Deep Convolutional Neural Networks, "
        "arXiv:1701.04128",
        "Bai, Kolter, Koltun 2018, arXiv:1803.01271: dilations make a convolution see the whole history",
    ],
    exceptions=(
        "Silent for outputs at each step, which look back from the last step here and may well be meant "
        "to see a part; where padding was masked; over fewer than 8 steps; behind batch norms whose "
        "statistics have not settled; and where a gradient that vanishes says it already."
    ),
    tried="no healthy network was told; convolutions that see 31 of 96 steps were",
    bad=[chain((12, 2), L.Conv1D(4, 3, padding="causal"), Pick(-1), L.Dense(1))],
    good=[chain((12, 2), L.Conv1D(4, 3, padding="causal"), L.LSTM(4), L.Dense(1))],
)
def short_sight(look: Look, net: Net | None) -> Iterator[Found]:
    """No output depends on the oldest quarter of the window.

    The steps are read, paid for, and count for nothing: a shorter window would forecast the same. Mostly the
    convolutions reach no further.

    The bound is a quarter, since padding and strides cost a few steps in sound networks; a step counts for
    nothing where |dy/dx| is below 1e-6 of its largest.
    """
    if look.outputs is None or look.outputs.ndim > 2 or _is_masked(look):
        return
    for sight in look.sight:
        size = sight.slope.sum(axis=1)
        seen = np.flatnonzero(size >= FAINT * size.max(initial=0)) if size.any() else np.array([])
        steps = len(size)
        unseen = int(seen[0]) if len(seen) else 0
        if steps >= SHORTEST and unseen >= UNSEEN * steps:
            field = None if net is None else _field(net)
            words = f"no output depends on the oldest {unseen} of {steps} steps of {sight.input}"
            words += f": the convolutions see {field}" if field is not None else ""
            fix = remedies.dilated(net, field, steps) if net is not None and field is not None else ()
            layers = tuple(dict.fromkeys(n.reported for n in net.of(CONV_1D))) if net and field else ()
            numbers = {"unseen": unseen, "steps": steps, "receptive_field": field}
            yield Found((), words, fix, evidence=numbers, layers=layers)


def _is_masked(look: Look) -> bool:
    return any((seen.activations[seen.states[0]].count == 0).any() for seen in look.recurrences.values())


def _field(net: Net) -> int | None:
    """Return how many steps the convolutions of a network see from one step of what they give, None where
    there are none, or something else reaches further.
    """
    known = receptive_fields(net)
    lasts = [n for n in net.of(CONV_1D) if not any(behind.kind in CONV_1D for behind in descendants(n))]
    fields = [known.get(id(node), 0) for node in lasts]
    return max(fields) if fields and all(fields) else None
