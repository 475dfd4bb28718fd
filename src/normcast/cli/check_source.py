"""What `check SCRIPT.py` does: arguments in, findings and a note out. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from normcast.check.configuration import Configuration
from normcast.check.findings import Findings
from normcast.check.rule import RULES
from normcast.check.source import check_source

NOTE = (
    "Note: source alone tells one rule, layers that are never called; it was not run. Check the model "
    f"that it saves for the other {len(RULES) - 1}."
)


def findings_of_source(
    path: Path | str, configuration: Configuration, asked: Mapping[str, Any]
) -> tuple[Findings, str]:
    """Return what the text of a script shows, and a note on what it does not.

    asked: what else the call asks for, by option. Raises ValueError where that needs a model, and for a file
    that cannot be read as Python.
    """
    for option, value in asked.items():
        if value:
            raise ValueError(f"{path}: source is not run: {option} needs a model. Give a .keras file.")
    select, ignore = configuration.select, configuration.ignore
    found = check_source(path, select=select, ignore=ignore)
    return found.only(filter(configuration.choice.keeps, found)), NOTE
