"""One plain sentence for each picture: what is normal, and what this one shows."""

from __future__ import annotations

import numpy as np

from normcast.errors import counted, listed, unknown
from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.axes import brief
from normcast.inspect.pictures.names import WORDS
from normcast.inspect.pictures.spectra import square_weights
from normcast.inspect.pictures.statistics import shifts_and_ratios
from normcast.pages.percent import size
from normcast.probes import Reading, Recurrence

NOUNS = {"recurrent": "recurrent kernel"}
RARE = 0.005  # a share of saturated values that is not worth two numbers
MOST = 0.9  # of what moves the outputs, where sight is told in steps


def sentence(inspection: Inspected, what: str, layer: str = "") -> str:
    """Return one sentence on what is normal for a picture, and what this one shows, with its numbers.

    what: the name of the picture, "gates" or "ribbon"; layer: its layer, where it is of one. Raises
    ValueError for a picture there is not, KeyError for a layer there is not.
    """
    if what not in SENTENCES:
        raise ValueError(unknown("picture", what, SENTENCES, where="sentence"))
    return SENTENCES[what](inspection, layer)


def decay(reading: Reading, window: int) -> str:
    """Say what becomes of a gradient on its way back through the steps of one layer."""
    if window < 2:
        return "the window has one step, so nothing is carried"
    far = f"at the far end of {window} steps"
    if np.isnan(reading.half_life):
        return "what becomes of it cannot be told, since values are not finite"
    if reading.half_life == 0:
        return f"nothing of it comes through a single step, {reading.verdict}"
    if not np.isfinite(reading.half_life):
        return f"it does not fall at all, {reading.verdict}"
    if reading.half_life < 0:
        twice = brief(-reading.half_life)
        return f"it doubles every {twice} steps, to {brief(reading.left)} times {far}: {reading.verdict}"
    half = brief(reading.half_life)
    return f"it halves every {half} steps, and {_left(reading.left)} is left {far}: {reading.verdict}"


def _left(left: float) -> str:
    return "nothing" if left < 1e-30 else brief(left)


def _ribbon(inspection: Inspected, layer: str) -> str:
    readings = inspection.readings
    if not readings:
        return (
            "Normally the gradients of the weights are within a few powers of ten of each other; this "
            "network has no recurrent layer, so no gradient goes over steps."
        )
    worst = min(readings.values(), key=lambda each: (each.verdict == "healthy", each.half_life))
    way = decay(worst, inspection.seen.recurrences[worst.name].window)
    return f"Normally a gradient loses little on its way back through the steps; in {worst.name} {way}."


def _gates(inspection: Inspected, layer: str) -> str:
    seen, reading = recurrence_of(inspection, layer), inspection.readings[layer]
    if not seen.gates:
        return (
            "Normally states vary from step to step and from unit to unit; the gates of this cell, "
            f"{seen.kind}, are not known, so its states are drawn."
        )
    holds = f"; units hold their state {_range(reading.memory)}" if len(reading.memory) else ""
    if not _finite(seen):
        return "Normally gates move between shut and open; here values of the layer are not finite."
    return f"Normally gates move between shut and open; here {_ends(reading)}{holds}."


def _ends(reading: Reading) -> str:
    """Say which gate is saturated most."""
    gate = max(reading.saturated, key=lambda name: reading.saturated[name])
    if not reading.saturated[gate]:
        return "none is ever fully shut or open"
    if reading.saturated[gate] < RARE:
        return f"they are hardly ever fully shut or open, {WORDS[gate]} most: {size(reading.saturated[gate])}"
    low, high = ("at −1", "at 1") if gate in "gn" else ("shut", "open")
    return (
        f"{WORDS[gate]} is at its ends most: {low} in {size(reading.shut[gate])} of all values, {high} in "
        f"{size(reading.open[gate])}"
    )


def _range(memory: np.ndarray) -> str:
    low, middle, high = np.percentile(np.minimum(memory, 1e30), [0, 50, 100])
    if brief(low) == brief(high):
        return f"for {brief(middle)} steps"
    most = "for ever" if high >= 1e30 else brief(high)
    return f"for {brief(low)} to {most} steps, {brief(middle)} in the middle"


def _finite(seen: Recurrence) -> bool:
    """Say whether all outputs of a layer are finite, at all steps that a case reached."""
    h = seen.activations[seen.states[0]]
    return bool(np.isfinite(h.least[h.count > 0]).all() and np.isfinite(h.most[h.count > 0]).all())


def _states(inspection: Inspected, layer: str) -> str:
    seen, reading = recurrence_of(inspection, layer), inspection.readings[layer]
    h = seen.activations[seen.states[0]]
    reached = h.count > 0
    if not _finite(seen):
        return "Normally every unit moves and none stands at the ends of its range; here it is not finite."
    low, high = float(h.least[reached].min()), float(h.most[reached].max())
    still = f"{len(reading.dead)} of {seen.units} units hardly move" if reading.dead else "every unit moves"
    twins = f", and {counted(len(reading.twins), 'group')} of units say the same" if reading.twins else ""
    return (
        "Normally every unit moves and none stands at the ends of its range; here the outputs lie between "
        f"{brief(low)} and {brief(high)}, and {still}{twins}."
    )


def _gradients(inspection: Inspected, layer: str) -> str:
    seen, reading = recurrence_of(inspection, layer), inspection.readings[layer]
    silent = f"; {len(reading.silent)} of {seen.units} units get none at any step" if reading.silent else ""
    return (
        "Normally the colours change little from end to end, for then early steps still teach; on its way "
        f"back {decay(reading, seen.window)}{silent}."
    )


def _histograms(inspection: Inspected, layer: str) -> str:
    if not recurrence_of(inspection, layer).gates:
        return "Normally states lie in a hill around 0, not in heaps at the ends; no gates are known here."
    shares = {gate: share for gate, share in inspection.readings[layer].saturated.items() if share}
    parts = [f"{gate} {size(share)}" for gate, share in shares.items()]
    found = f"there lie of all values {listed(parts, 4)}" if parts else "there lie none"
    if not _finite(recurrence_of(inspection, layer)):
        found = "values of the layer are not finite"
    return f"Normally few values lie at the ends of the range, where a gate hardly learns; here {found}."


def _weights(inspection: Inspected, layer: str) -> str:
    seen = recurrence_of(inspection, layer)
    matrices: dict[str, list[np.ndarray]] = {}
    for each in seen.weights:
        if each.values.ndim == 2 and each.values.shape[0] > 1 and each.weight != "bias":
            matrices.setdefault(each.weight, []).append(each.values)
    parts = [f"{brief(_spread(values))} in the {NOUNS.get(name, name)}" for name, values in matrices.items()]
    found = f"they spread by {listed(parts, 4)}" if parts else "there is no matrix"
    return f"Normally weights are spread alike over units and gates, without stripes; here {found}."


def _spread(values: list[np.ndarray]) -> float:
    return float(np.std(np.concatenate([each.ravel() for each in values])))


def _weight_gradients(inspection: Inspected, layer: str) -> str:
    squares: dict[str, float] = {}
    for each in recurrence_of(inspection, layer).weights:
        if each.gradient is not None and each.gate:
            more = float(np.sum(np.square(each.gradient, dtype="float64")))
            squares[each.gate] = squares.get(each.gate, 0.0) + more
    parts = [f"{gate} {brief(square**0.5)}" for gate, square in squares.items()]
    found = f"the norms are {listed(parts, 4)}" if parts else "no gate has a gradient of its own"
    return f"Normally all gates learn, within a power of ten of each other; here {found}."


def _spectra(inspection: Inspected, layer: str) -> str:
    found = square_weights(recurrence_of(inspection, layer).weights)
    parts = [f"{each.gate or each.weight} {brief(each.spectral_radius)}" for each in found]
    here = f"it is {listed(parts, 4)}" if parts else "no recurrent kernel is square"
    return (
        "Normally the spectral radius is near 1: far inside of the circle the past fades, far outside it "
        f"grows; here {here}."
    )


def _sight(inspection: Inspected, layer: str) -> str:
    slope = max((each.slope.sum(axis=1) for each in inspection.seen.sight), key=len, default=np.zeros(0))
    total = float(slope.sum())
    if not np.isfinite(total) or total <= 0:
        return "Normally the outputs depend on more than the last steps; here on no step that was looked at."
    back = min(int(np.searchsorted(np.cumsum(slope[::-1]), MOST * total)) + 1, len(slope))
    return (
        f"Normally a network looks back over much of its window; here {size(MOST).replace('.0', '')} of what "
        f"moves the outputs lies in the last {counted(back, 'step')} of {len(slope)}."
    )


def _statistics(inspection: Inspected, layer: str) -> str:
    found = shifts_and_ratios(inspection, layer)
    if not found:
        return f"{layer} keeps no running statistics."
    if not all(np.isfinite(each).any() for pair in found for each in pair):
        return "Normally shifts are near 0 and ratios near 1; here they are not finite."
    shift = max(float(np.nanmedian(np.abs(each))) for each, _ in found)
    ratios = [float(np.nanmedian(ratio)) for _, ratio in found]
    ratio = max(ratios, key=lambda each: abs(np.log(max(each, 1e-12))))
    return (
        f"Normally shifts are near 0 and ratios near 1; here the typical shift is {brief(shift)} standard "
        f"deviations, and the variance of these cases is {brief(ratio)} times the running one."
    )


def _channels(inspection: Inspected, layer: str) -> str:
    found = inspection.seen.channels
    if not found:
        return "This network has no normalization and no convolution."
    gone = {name: int(each.writes.dead.sum()) for name, each in found.items()}
    total = sum(len(each.writes.mean) for each in found.values())
    where = [f"{count} in {name}" for name, count in gone.items() if count]
    which = f": {listed(where)}" if where else ""
    return f"Normally every channel moves; here {sum(gone.values())} of {total} are dead{which}."


SENTENCES = {
    "ribbon": _ribbon,
    "gates": _gates,
    "states": _states,
    "gradients": _gradients,
    "histograms": _histograms,
    "weights": _weights,
    "weight gradients": _weight_gradients,
    "spectra": _spectra,
    "sight": _sight,
    "statistics": _statistics,
    "channels": _channels,
}
