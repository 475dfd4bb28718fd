"""What the command `inspect` does: arguments in, text out. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import normcast
from normcast.check.configuration import Configuration
from normcast.cli.inspect_data import Sample, shown
from normcast.cli.network import read_model
from normcast.errors import one_of
from normcast.inspect import Inspection, inspect_model
from normcast.pages.written import refuse_page
from normcast.plain import text

FORMATS = ("text", "json")
USUAL = {"layers": None, "loss": None, "training": False, "keep": 64}
"""The settings of `inspect_model` as they are by default."""


@dataclass(frozen=True)
class Done:
    """What the command gives: the text to print, and notes for stderr."""

    text: str
    notes: tuple[str, ...] = ()


def inspect_command(
    model: Path | str,
    data: Path | str | None = None,
    *,
    reading: Mapping[str, Any] | None = None,
    layers: str | None = None,
    loss: str | None = None,
    training: bool = False,
    keep: int = 64,
    report: Path | str | None = None,
    output_format: str = "text",
    command: str = "",
    configuration: Configuration | None = None,
) -> Done:
    """Inspect a saved Keras model on the cases of a file, or on drawn ones, and write a report if asked.

    reading: the options of `data_options`, as typed; layers: names with commas between them; the rest as in
    `inspect_model`; command: what was typed; configuration: which findings are told. Raises OSError and
    ValueError for files, names and values that do not fit.
    """
    one_of("normcast inspect", "format", output_format, FORMATS)
    names = None if layers is None else layer_names(layers)
    if report is not None:
        refuse_page(report)  # before the seconds that looking takes
    network = read_model(model)
    cases = shown(network, data, reading or {}, loss)
    given: dict[str, Any] = {"layers": names, "loss": loss, "training": training, "keep": keep}
    settings = {name: value for name, value in given.items() if value != USUAL[name]}
    choice = None if configuration is None else configuration.choice
    inspection = replace(inspect_model(network, cases.x, cases.y, **settings), choice=choice)
    notes = [*cases.notes]
    if report is not None:
        python = code_of(model, cases, settings, report)
        files = {"source": str(model), "data": "" if data is None else str(data)}
        inspection.report(report, **files, given=cases.words, command=command, python=python)
        notes.append(f"Report: {report}")
    told = as_json(inspection, str(model), cases.words) if output_format == "json" else ""
    return Done(told or inspection.text(str(model), cases.words), tuple(notes))


def layer_names(given: str) -> list[str]:
    """Return the names in a text with commas between them.

    >>> layer_names("lstm_1, lstm_2")
    ['lstm_1', 'lstm_2']
    """
    names = [name for each in given.split(",") if (name := each.strip())]
    if not names:
        raise ValueError(
            f"normcast inspect: --layers {given!r} names no layer. Name some, as in --layers lstm_1,lstm_2, "
            "or leave it out to see all."
        )
    return names


def as_json(inspection: Inspection, model: str, given: str) -> str:
    """Return the summary of an inspection as JSON: what was read, and what was seen."""
    tool = {"name": "normcast", "version": normcast.__version__}
    seen = inspection.to_dict()
    plain = {"format": seen.pop("format"), "tool": tool, "model": model, "data": given, **seen}
    return text(plain, indent=2, sort=False)


def code_of(model: Path | str, cases: Sample, settings: Mapping[str, Any], report: Path | str) -> str:
    """Return Python that does the same."""
    told = "".join(f", {name}={value!r}" for name, value in settings.items())
    y = ", y" if cases.y is not None else ""
    return "\n".join(
        [
            *cases.imports,
            "from normcast.artefact import read_keras_file",
            "",
            f"model = read_keras_file({str(model)!r})",
            *cases.code,
            f"inspection = normcast.inspect_model(model, x{y}{told})",
            "print(inspection)",
            f"inspection.report({str(report)!r})",
        ]
    )
