"""What the page of an inspection is drawn from: the inspection, and what only its user knows."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.inspect.inspected import Inspected
from normcast.probes.flow import Flow


@dataclass(frozen=True, eq=False)
class InspectionReport:
    """All that the page of an inspection prints.

    source, data: the files of the model and of the cases, "" where there are none; given: what the cases
    are, in words; command: what was typed; python: the code that does the same; title: of the page, by
    default which model was looked into; flow: what a training of it did, as recorded by `GradientFlow`.
    """

    inspection: Inspected
    source: str = ""
    data: str = ""
    given: str = ""
    command: str = ""
    python: str = ""
    title: str = ""
    flow: Flow | None = None
