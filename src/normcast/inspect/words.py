"""What was seen in a layer, in the words that the text and the page share."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isinf, isnan

import numpy as np

from normcast.errors import counted
from normcast.pages.percent import whole
from normcast.probes import Look, Reading, Recurrence


def figure(value: float) -> str:
    """Write a number with three digits, as a power of ten where it is very small or large.

    >>> figure(0.41234), figure(168), figure(3.1234e-9), figure(float("nan")), figure(float("inf"))
    ('0.412', '168', '3.12e-09', '–', '∞')
    """
    if isinf(value):
        return "∞" if value > 0 else "\N{MINUS SIGN}∞"
    return f"{value:.3g}".replace("e+", "e") if isfinite(value) else "–"


def steps(count: float) -> str:
    """Write a number of steps, with tenths where they matter.

    >>> steps(6.23), steps(1.0), steps(80.2), steps(float("inf"))
    ('6.2 steps', '1 step', '80 steps', 'any number of steps')
    """
    if isinf(count):
        return "any number of steps"
    told = f"{count:.1f}".removesuffix(".0") if count < 10 else f"{count:,.0f}"
    return f"{told} step" if told == "1" else f"{told} steps"


def looked_at(seen: Look, given: str = "") -> str:
    """Say what was looked at, and what the gradients are of. given: the cases, in the words of who read
    them.
    """
    mode = "in training mode" if seen.training else "at inference"
    return f"{cases(seen, given)}, {mode}; gradients of {seen.objective}, which is {figure(seen.value)}."


def cases(seen: Look, given: str = "") -> str:
    """Say how many cases of how many steps were looked at, unless that is given."""
    return given or counted(seen.cases, "case") + (
        f" of {counted(seen.window, 'step')}" if seen.window else ""
    )


def forgets(seen: Recurrence, reading: Reading) -> str:
    """Say in one clause how fast the layer forgets."""
    if seen.window < 2:
        return "reads one step: there is nothing to forget"
    if isnan(reading.half_life):
        return f"cannot be followed back over its {counted(seen.window, 'step')}"
    if reading.half_life == 0:
        return f"passes nothing back over its {counted(seen.window, 'step')}"
    return _falls(seen, reading)


def _falls(seen: Recurrence, reading: Reading) -> str:
    """Say how fast the gradient falls or grows; what is left of it at the far end does not gainsay that."""
    window = f"of {seen.window:,}"
    if 0.5 < reading.left < 1:
        return f"keeps more than half of its gradient over its {counted(seen.window, 'step')}"
    if reading.half_life > 10 * seen.window or 1 <= reading.left < 2:
        return f"keeps its gradient over all {counted(seen.window, 'step')}"
    if reading.half_life < 0:
        return f"doubles its gradient every {steps(-reading.half_life)} {window}"
    return f"forgets half in {steps(reading.half_life)} {window}"


def verdict(seen: Recurrence, reading: Reading) -> str:
    """Return the verdict on a layer as one sentence."""
    told = reading.verdict
    if seen.window > 1 and reading.left > 1:
        told += f", the gradient is {figure(reading.left)} times as large at the far end"
    elif seen.window > 1 and reading.left <= 1:
        told += f", {figure(reading.left)} of the gradient reaches the far end"
    return f"{seen.name} {forgets(seen, reading)}: {told}."


def remembers(reading: Reading) -> str:
    """Say how long the units hold their state; "" where no gate keeps it, or it is not finite."""
    if not len(reading.memory) or np.isnan(reading.memory).any():
        return ""
    least, median, most = (steps(float(f(reading.memory))) for f in (np.min, np.median, np.max))
    if least == most:
        return f"its units hold their state for {median}"
    return f"its units hold their state for {median} in the median, from {least} to {most}"


def saturated(reading: Reading) -> str:
    """Say which share of each gate's values is saturated; "" for a layer whose gates are not known.

    Below 1 % is "0 %" only where it is none.
    """
    return ", ".join(f"{gate} {share(value)}" for gate, value in reading.saturated.items())


def share(value: float) -> str:
    """Write a share in percent; a small one is not none.

    >>> share(0.37), share(0.001), share(0.0)
    ('37 %', '<1 %', '0 %')
    """
    return "<1 %" if 0 < value < 0.005 else whole(value)


def units(reading: Reading, count: int) -> list[str]:
    """Say which units are dead, get no gradient, or do the same; [] where all is well."""
    found = [
        f"{named} {many(numbers)} ({len(numbers)} of {count})"
        for named, numbers in (("dead:", reading.dead), ("without a gradient:", reading.silent))
        if numbers
    ]
    alike = ["=".join(map(str, group)) for group in reading.twins]
    return [*found, f"alike: {many(alike)}"] if alike else found


def many(names: Sequence[object], most: int = 6) -> str:
    """Return names, the first of them where there are many.

    >>> many([3, 9]), many(range(9), 2)
    ('3, 9', '0, 1 and 7 more')
    """
    told = ", ".join(map(str, names[:most]))
    return told if len(names) <= most else f"{told} and {len(names) - most} more"


def ends(seen: Recurrence) -> tuple[float, float]:
    """Return how large the gradient with respect to the output is at the oldest and the newest step."""
    norm = seen.gradients[seen.states[0]].norm
    return float(norm[0]), float(norm[-1])
