"""Figures: pictures as the figures of a page, with the sentence that goes with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from normcast.inspect import pictures
from normcast.inspect.inspected import Inspected
from normcast.inspect.pictures.axes import RAISED
from normcast.pages.page import Group

POWER = re.compile(r"\b(\d+(?:\.\d+)?)e([+-]?\d+)\b")
DRAWN: dict[str, Callable[[Inspected, str], Any]] = {
    "gates": pictures.gates,
    "states": pictures.states,
    "gradients": pictures.gradients,
    "histograms": pictures.histograms,
    "weights": pictures.weights,
    "weight gradients": partial(pictures.weights, gradient=True),
    "spectra": pictures.spectra,
    "statistics": pictures.statistics,
}
"""What draws each picture of one layer."""


def group(inspection: Inspected, what: str, layer: str, title: str, folded: bool = False) -> Group:
    """Return the panels of a picture of a layer, under its sentence."""
    chart = DRAWN[what](inspection, layer)
    text = f"{pictures.sentence(inspection, what, layer)} {about(chart)}".strip()
    return Group(title, raised(text), pictures.figures(chart), folded)


def about(chart: Any) -> str:
    """Return what a chart says of itself under its title: how units are sorted, what is binned."""
    lines = chart.title.to_dict(validate=False).get("subtitle") or []  # of the whole chart it takes seconds
    words = " ".join([lines] if isinstance(lines, str) else lines)
    return f"{words[0].upper()}{words[1:].rstrip('.')}." if words else ""


def raised(text: str) -> str:
    """Return a text with its powers of ten written out.

    >>> raised("1.73e-15 is left")
    '1.73 × 10⁻¹⁵ is left'
    >>> raised("1e-08")
    '1 × 10⁻⁸'
    """
    return POWER.sub(lambda found: f"{found[1]} × 10{str(int(found[2])).translate(RAISED)}", text)
