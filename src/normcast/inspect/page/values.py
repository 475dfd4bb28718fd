"""What the page of an inspection is drawn from: the inspection, and what only its user knows."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.inspect.inspected import Inspected
from normcast.probes.flow import Flow


@dataclass(frozen=True, eq=False)
class InspectionReport:
    """All that the page of an inspection prints.

    Parameters
    ----------
    inspection : Inspection
        What was seen.
    source : str, default ""
        The file of the model, "" where there is none.
    data : str, default ""
        The file of the cases, "" where there is none.
    given : str, default ""
        What the cases are, in words.
    command : str, default ""
        What was typed.
    python : str, default ""
        The code that does the same.
    title : str, default ""
        The title of the page, by default which model was looked into.
    flow : Flow or None, default None
        What a training of it did, as recorded by `GradientFlow`.
    """

    inspection: Inspected
    source: str = ""
    data: str = ""
    given: str = ""
    command: str = ""
    python: str = ""
    title: str = ""
    flow: Flow | None = None
