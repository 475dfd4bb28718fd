"""Convolutions and normalizations, channel by channel."""

from __future__ import annotations

from normcast.inspect import channel_words, pictures
from normcast.inspect.inspected import Inspected
from normcast.inspect.page.figures import about, group, raised
from normcast.inspect.page.terms import CHANNEL_TERMS
from normcast.inspect.pictures.ribbon import bands_of
from normcast.inspect.words import figure
from normcast.pages.page import Cell, Section, Table

HEAD = (
    "layer",
    "kind",
    "channels",
    "steps seen",
    "dead",
    "variance, training / inference",
    "mean off, deviations",
    "variance, these / running",
)
DRAWN = 6  # normalizations whose statistics are drawn


def channels_section(inspection: Inspected) -> Section | None:
    """What convolutions and normalizations read and write; none for a network without them."""
    found = inspection.seen.channels
    if not found:
        return None
    ordered = [band.name for band in bands_of(inspection.seen) if band.name in found]
    kept = [name for name, each in found.items() if each.moving_mean is not None][:DRAWN]
    chart = pictures.channels(inspection)
    title = "running statistics against those of these cases"
    return Section(
        "channels",
        "Convolutions and normalizations",
        text=(f"{pictures.sentence(inspection, 'channels')} {about(chart)}",),
        figures=pictures.figures(chart),
        groups=tuple(group(inspection, "statistics", name, f"{name}: {title}") for name in kept),
        tables=(
            Table("Convolutions and normalizations", HEAD, tuple(_row(inspection, name) for name in ordered)),
        ),
        terms=CHANNEL_TERMS,
    )


def _row(inspection: Inspected, name: str) -> tuple[Cell, ...]:
    seen, field = inspection.seen.channels[name], inspection.receptive_fields.get(name)
    numbers = (channel_words.variance_ratio(seen), *channel_words.running(seen))
    return (
        Cell(seen.name, number=False),
        Cell(seen.kind, number=False),
        Cell(str(len(seen.writes.mean))),
        Cell("–" if field is None else f"{field:,} of {inspection.seen.window:,}"),
        Cell(str(len(channel_words.dead(seen)))),
        *(Cell(raised(figure(each))) for each in numbers),
    )
