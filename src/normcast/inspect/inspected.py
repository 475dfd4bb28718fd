"""Inspected: what the text, the page and the pictures are made of, so that an `Inspection` may have them."""

from __future__ import annotations

from typing import Protocol

from normcast.check.findings import Findings
from normcast.probes import Look, Reading


class Inspected(Protocol):
    """An `Inspection`, as what is made of it sees it."""

    @property
    def seen(self) -> Look:
        """All that was seen."""

    @property
    def readings(self) -> dict[str, Reading]:
        """What each recurrent layer shows."""

    @property
    def findings(self) -> Findings:
        """What is worth mending, with its numbers."""
