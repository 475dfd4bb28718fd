"""Inspected: what the text, the page and the pictures are made of, so that an `Inspection` may have them."""

from __future__ import annotations

from typing import Protocol

from normcast.check.findings import Findings
from normcast.errors import unknown
from normcast.probes import Channels, Look, Reading, Recurrence


class Inspected(Protocol):
    """An `Inspection`, as what is made of it sees it."""

    @property
    def seen(self) -> Look:
        """All that was seen."""

    @property
    def readings(self) -> dict[str, Reading]:
        """What each recurrent layer shows."""

    @property
    def receptive_fields(self) -> dict[str, int]:
        """How many steps of the window a step of each convolution depends on."""

    @property
    def findings(self) -> Findings:
        """What is worth mending, with its numbers."""


def recurrence_of(inspection: Inspected, layer: str) -> Recurrence:
    """Return a recurrent layer by its name; raises KeyError with the names there are."""
    found = inspection.seen.recurrences
    if layer not in found:
        raise KeyError(unknown("recurrent layer", layer, found, where="inspection"))
    return found[layer]


def channels_of(inspection: Inspected, layer: str) -> Channels:
    """Return a normalization or a convolution by its name; raises KeyError with the names there are."""
    found = inspection.seen.channels
    if layer not in found:
        raise KeyError(unknown("layer", layer, (*inspection.seen.recurrences, *found), where="inspection"))
    return found[layer]
