"""What a look shows of a whole network: values that are not finite, gradients and sight over the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.net import Net, descendants
from normcast.check.rule import ADVICE, ERROR, WARNING, Finding
from normcast.check.seen import remedies
from normcast.check.seen.place import finding, place_of
from normcast.check.timeline import receptive_field
from normcast.models.graph.kinds import CONV_1D
from normcast.probes import Look
from normcast.probes.reading import FAINT

SHORTEST = 8  # steps of a window whose quarters are compared
UNSEEN = 0.25  # of the window


def not_finite(look: Look, net: Net | None) -> Iterator[Finding]:
    """The first value that is not finite, by layer, tensor and step; of gradients, the newest step.

    One value is enough: what is computed from it is not finite either.
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
    hint = "tanh in the recurrence, scaled inputs, a smaller learning rate, or clipping"
    fix = remedies.bounded(place.node)
    yield place.finding(115, "value-not-finite", ERROR, words, hint, fix, tensor=tensor, step=step)


def vanishing(look: Look, net: Net | None) -> Iterator[Finding]:
    """The gradient of the oldest quarter of a window of 8 steps or more is below 1e-6 of the newest one's.

    Over the whole network, whichever layers it passes; in single precision the sum over both quarters is
    that of the newest.
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
            hint = "a shorter window, pooling or strides in front, attention, or skip connections"
            fix = tuple(edit for place in places.values() for edit in remedies.normalized(place.node))
            yield finding(104, "gradient-vanishes", WARNING, tuple(places), words, hint, fix, ratio=old / new)


def short_sight(look: Look, net: Net | None) -> Iterator[Finding]:
    """The outputs do not depend on the oldest quarter of the window: |dy/dx| is below 1e-6 of its largest.

    A quarter: padding and strides cost a few steps in sound networks. Silent for outputs at each step, which
    look back from the last step here and may well be meant to see a part; where padding was masked; and
    where the gradient of a recurrent layer says it already.
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
            hint = "more layers or dilations, a recurrent layer, or a shorter window"
            numbers = {"unseen": unseen, "steps": steps, "receptive_field": field}
            yield finding(118, "short-sight", ADVICE, layers, words, hint, fix, **numbers)


def _is_masked(look: Look) -> bool:
    return any((seen.activations[seen.states[0]].count == 0).any() for seen in look.recurrences.values())


def _field(net: Net) -> int | None:
    """Return how many steps the convolutions of a network see from one step of what they give, None where
    there are none, or something else reaches further.
    """
    lasts = [n for n in net.of(CONV_1D) if not any(behind.kind in CONV_1D for behind in descendants(n))]
    fields = [receptive_field(node) for node in lasts]
    known = [field for field in fields if field is not None]
    return max(known) if known and len(known) == len(fields) else None
