"""Sketch: the network from top to bottom as SVG, and beside each place what was measured there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from normcast.report.of_study.marks import MARKS, svg_mark
from normcast.report.of_study.network import Layer
from normcast.report.of_study.places import Place

WIDTH = 690
BOX_X, BOX_WIDTH, BOX_HEIGHT, INDENT = 44, 250, 42, 10
NOTES_X, LINE = 330, 18
SHOWN = 6  # notes at one place; the rest is counted, and named by the pointer
LANES = 4
ORDER = ("better", "worse", "undecided", "no difference")


@dataclass(frozen=True)
class Note:
    """What one placement did, in short, for its place in the sketch.

    effect: in the unit of the comparison, NaN where none was measured; change: the same in words;
    text: what it is; title: the whole sentence.
    """

    verdict: str
    effect: float
    change: str
    text: str
    title: str


@dataclass(frozen=True)
class _Spot:
    """A layer or the room behind it: where it begins, how high it is, what is noted there."""

    place: Place
    top: float
    height: float
    notes: tuple[Note, ...]

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def sketch(layers: Sequence[Layer], notes: Mapping[Place, Sequence[Note]], label: str) -> str:
    """Draw the layers in order as boxes, straight lines where one reads the one above it, else arcs."""
    spots = _spots(layers, notes)
    boxes = {spot.place.layer: spot for spot in spots if spot.place.side == "on"}
    height = spots[-1].top + spots[-1].height + 4
    parts = [
        *_frames(layers, boxes),
        *_lines(layers, boxes),
        *(_box(layers[i], spot) for i, spot in boxes.items()),
        *(line for spot in spots if spot.notes for line in _noted(layers, spot)),
    ]
    head = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {height:g}" font-size="12.5">'
    return head + "".join(parts) + "</svg>"


def strongest(notes: Sequence[Note]) -> list[Note]:
    """Return notes with those first that say most: better, then worse, then by the size of the effect."""
    return sorted(notes, key=lambda note: (ORDER.index(note.verdict), -abs(note.effect), note.text))


def _spots(layers: Sequence[Layer], notes: Mapping[Place, Sequence[Note]]) -> list[_Spot]:
    found, top = [], 4.0
    places = [Place(-1, "after")] if notes.get(Place(-1, "after")) else []
    places += [Place(i, side) for i in range(len(layers)) for side in ("on", "after")]
    for place in places:
        mine = tuple(strongest(notes.get(place, ())))
        least = BOX_HEIGHT if place.side == "on" else 16
        if place.side == "on" and layers[place.layer].is_model:
            least = 24
        lines = min(len(mine), SHOWN + 1)
        height = max(least, LINE * lines + 6) if place.side == "on" else max(least, LINE * lines + 12)
        if place.side == "after" and place.layer == len(layers) - 1 and not mine:
            break
        found.append(_Spot(place, top, height, mine))
        top += height
    return found


def _x(layer: Layer) -> float:
    return BOX_X + INDENT * min(layer.depth, 4)


def _middle_x(layer: Layer) -> float:
    return (_x(layer) + BOX_X + BOX_WIDTH) / 2


def _box(layer: Layer, spot: _Spot) -> str:
    x, right = _x(layer), BOX_X + BOX_WIDTH
    title = f"<title>{escape(_about(layer))}</title>"
    if layer.is_model:
        name = escape(_cut(layer.label, 36))
        return f'<text x="{x + 8:g}" y="{spot.middle + 4:g}" fill="var(--muted)">{title}model {name}</text>'
    y = spot.middle - BOX_HEIGHT / 2
    room = 36 - 2 * min(layer.depth, 4)
    words = " · ".join(each for each in (layer.kind, layer.about) if each)
    name_room = max(10, room - len(layer.shape) - 2)
    return (
        f'<g>{title}<rect x="{x:g}" y="{y:g}" width="{right - x:g}" height="{BOX_HEIGHT}" rx="8" '
        'fill="var(--page)" stroke="var(--muted)"/>'
        f'<text x="{x + 11:g}" y="{y + 18:g}" fill="var(--ink)" font-weight="600">'
        f"{escape(_cut(layer.label, name_room))}</text>"
        f'<text x="{right - 11:g}" y="{y + 18:g}" fill="var(--muted)" text-anchor="end" font-size="11.5">'
        f"{escape(layer.shape)}</text>"
        f'<text x="{x + 11:g}" y="{y + 33:g}" fill="var(--muted)" font-size="11.5">'
        f"{escape(_cut(words, room + 2))}</text></g>"
    )


def _about(layer: Layer) -> str:
    words = [f"{layer.name}: {layer.kind}", layer.about, f"output {layer.shape}" if layer.shape else ""]
    return ", ".join(each for each in words if each)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" ,") + "…"


def _frames(layers: Sequence[Layer], boxes: Mapping[int, _Spot]) -> list[str]:
    """A dashed frame around each nested model."""
    found = []
    for i, layer in enumerate(layers):
        inner = [j for j, each in enumerate(layers) if each.name.startswith(f"{layer.name}/")]
        if layer.is_model and inner:
            top, end = boxes[i].top, boxes[inner[-1]].top + boxes[inner[-1]].height + 6
            found.append(
                f'<rect x="{_x(layer):g}" y="{top:g}" width="{BOX_X + BOX_WIDTH + 8 - _x(layer):g}" '
                f'height="{end - top:g}" rx="10" fill="none" stroke="var(--grid)" stroke-dasharray="5 4"/>'
            )
    return found


def _lines(layers: Sequence[Layer], boxes: Mapping[int, _Spot]) -> list[str]:
    """What each layer reads: a straight line down from the box above, an arc at the left from any other."""
    at = {layer.name: i for i, layer in enumerate(layers)}
    drawn = [i for i, layer in enumerate(layers) if not layer.is_model]
    above = dict(zip(drawn[1:], drawn, strict=False))
    found, lane = [], 0
    for i in drawn:
        for name in layers[i].reads:
            source = at.get(name)
            if source is None or layers[source].is_model:
                continue
            start, end = boxes[source].middle, boxes[i].middle
            if above.get(i) == source:
                x = (_middle_x(layers[source]) + _middle_x(layers[i])) / 2
                y = (start + BOX_HEIGHT / 2, end - BOX_HEIGHT / 2)
                found.append(f'<path d="M{x:g} {y[0]:g}V{y[1]:g}" stroke="var(--muted)" stroke-width="1.6"/>')
                continue
            found.append(_arc(layers[source], layers[i], start, end, lane))
            lane = (lane + 1) % LANES
    return found


def _arc(source: Layer, reader: Layer, start: float, end: float, lane: int) -> str:
    out = BOX_X - 14 - 8 * lane
    path = f"M{_x(source):g} {start:g}C{out} {start:g} {out} {end:g} {_x(reader) - 5:g} {end:g}"
    head = f"M{_x(reader) - 6:g} {end - 4:g}l6 4l-6 4"
    title = f"<title>side branch: {escape(reader.label)} also reads {escape(source.label)}</title>"
    return (
        f'<g fill="none" stroke="var(--muted)" stroke-width="1.4">{title}'
        f'<path d="{path}" stroke-dasharray="4 3"/><path d="{head}"/></g>'
    )


def _noted(layers: Sequence[Layer], spot: _Spot) -> list[str]:
    """The mark of the strongest effect at a place, and a line for each that was measured there."""
    edge = BOX_X + BOX_WIDTH if spot.place.side == "on" else _middle_x(layers[max(spot.place.layer, 0)])
    x = edge + 13 if spot.place.side == "on" else edge
    best, shown = spot.notes[0], spot.notes if len(spot.notes) <= SHOWN + 1 else spot.notes[:SHOWN]
    rest = spot.notes[len(shown) :]
    half = LINE * (len(shown) + bool(rest)) / 2
    ys = [spot.middle - half + LINE * (k + 0.5) for k in range(len(shown) + 1)]
    lines = [_line(note, y) for note, y in zip(shown, ys, strict=False)]
    if rest:
        lines.append(_rest(rest, ys[-1]))
    leader = (
        f'<path d="M{edge:g} {spot.middle:g}H{NOTES_X - 10}M{NOTES_X - 10} {spot.middle - half + 4:g}'
        f'V{spot.middle + half - 4:g}" fill="none" stroke="var(--grid)" stroke-width="1.4"/>'
    )
    summary = f"<title>strongest here: {escape(best.title)}</title>"
    return [leader, *lines, f"<g>{summary}{svg_mark(best.verdict, x, spot.middle, 1.35)}</g>"]


def _rest(notes: Sequence[Note], y: float) -> str:
    """How many more there are, and of which verdict; the pointer names them."""
    names = escape("; ".join(f"{note.text} {note.change}" for note in notes))
    counts = {verdict: sum(note.verdict == verdict for note in notes) for verdict in ORDER}
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    text = f'<text x="{NOTES_X + 96}" y="{y + 4:g}" fill="var(--muted)">and {words}</text>'
    return f"<g><title>{names}</title>{text}</g>"


def _line(note: Note, y: float) -> str:
    known = note.verdict in ("better", "worse")
    tone = f'fill="var(--{MARKS[note.verdict].tone})" font-weight="600"' if known else 'fill="var(--ink)"'
    mark = svg_mark(note.verdict, NOTES_X + 4, y, 0.85)
    return (
        f"<g><title>{escape(note.title)}</title>{mark}"
        f'<text x="{NOTES_X + 84}" y="{y + 4:g}" text-anchor="end" {tone}>{note.change}</text>'
        f'<text x="{NOTES_X + 96}" y="{y + 4:g}" fill="var(--ink)">{escape(_cut(note.text, 36))}</text></g>'
    )
