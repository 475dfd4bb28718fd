"""Told: an inspection as text that fits one screen of 80 columns and 40 rows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from normcast.errors import counted
from normcast.inspect import channel_words
from normcast.inspect.inspected import Inspected
from normcast.inspect.words import ends, figure, looked_at, remembers, saturated, units, verdict
from normcast.probes import Reading, Recurrence

WIDTH, ROWS = 80, 40
NAME = 10  # columns of what stands in front of a line


def told(inspection: Inspected, where: str = "", given: str = "") -> str:
    """Return what was seen as text: a block for each recurrent layer, then other layers, findings and notes.

    where: what the model is called; given: the cases, in the words of who read them. Where it does not fit,
    first the remedies of findings go, then recurrent layers become a line each, then lines are counted.
    """
    seen = inspection.seen
    head = _wrapped(f"{where or seen.model}: {looked_at(seen, given)}")
    long = [_block(each, inspection.readings[name]) for name, each in seen.recurrences.items()]
    short = [[_line(each, inspection.readings[name]) for name, each in seen.recurrences.items()]]
    others, notes = _channels(inspection), _notes(inspection)
    parts: list[list[str]] = []
    for blocks, hints in ((long, True), (long, False), (short, True), (short, False)):
        parts = [part for part in (*blocks, others, _findings(inspection, hints), notes) if part]
        lines = _joined([head, *parts])
        if len(lines) <= ROWS:
            return "\n".join(lines)
    return "\n".join(_joined([head, *_cut(parts, ROWS - len(head) - 1)]))


def _block(seen: Recurrence, reading: Reading) -> list[str]:
    oldest, newest = ends(seen)
    direction = ", backward" if seen.direction == "backward" else ""
    about = (
        f"{seen.name}  {seen.kind}, {counted(seen.units, 'unit')}, {counted(seen.window, 'step')}{direction}"
    )
    h = seen.states[0]
    rows = {
        "gradient": verdict(seen, reading).removeprefix(f"{seen.name} "),
        f"|dL/d{h}|": f"{figure(oldest)} at the oldest step, {figure(newest)} at the newest",
        "memory": remembers(reading),
        "gates": f"saturated: {told}" if (told := saturated(reading)) else "",
        "units": "; ".join(units(reading, seen.units)),
    }
    return [*_wrapped(about), *(line for name, row in rows.items() if row for line in _row(name, row))]


def _line(seen: Recurrence, reading: Reading) -> str:
    more = units(reading, seen.units)
    return textwrap.shorten(" ".join([verdict(seen, reading), *more]), WIDTH, placeholder=" ...")


def _row(name: str, text: str) -> list[str]:
    return _wrapped(text, f"  {name.ljust(NAME)}", " " * (NAME + 2))


def _channels(inspection: Inspected) -> list[str]:
    return [
        line
        for name in inspection.seen.channels
        for line in _wrapped(f"{name}  {channel_words.told(inspection, name)}")
    ]


def _findings(inspection: Inspected, hints: bool) -> list[str]:
    found = inspection.findings
    lines = [line for each in found for line in _wrapped(f"{each} ({each.hint})" if hints else str(each))]
    lines += [line for each in found.not_checked for line in _wrapped(f"not checked: {each}")]
    return ["Findings:", *lines] if lines else []


def _notes(inspection: Inspected) -> list[str]:
    seen = inspection.seen
    said = [f"Note: {note}" for note in seen.notes]
    if seen.first_not_finite is not None:
        name, tensor, step = seen.first_not_finite
        said.insert(0, f"Not finite: {tensor} of {name} from step {step} on.")
    return [line for each in said for line in _wrapped(each)]


def _wrapped(text: str, first: str = "", rest: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _joined(parts: Sequence[list[str]]) -> list[str]:
    """Return the lines of parts with an empty one between them."""
    lines: list[str] = []
    for part in parts:
        lines += [*([""] if lines else []), *part]
    return lines


def _cut(parts: Sequence[list[str]], room: int) -> Iterator[list[str]]:
    """Yield parts of so many lines at most that all of them fit into the room, and what each lacks."""
    sizes = [len(part) for part in parts]
    room -= len(parts)  # the empty lines between them
    most = max((size for size in range(3, room) if sum(min(each, size) for each in sizes) <= room), default=3)
    for part in parts:
        more = f"... and {counted(len(part) - most + 1, 'more line')}: --layers names some, JSON has all"
        yield part if len(part) <= most else [*part[: most - 1], more]
