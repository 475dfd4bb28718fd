"""Over a training: loss, gradients, gates and updates, epoch by epoch, where they were recorded."""

from __future__ import annotations

from normcast.errors import counted
from normcast.inspect import pictures
from normcast.inspect.page.figures import about
from normcast.pages.page import Group, Section
from normcast.probes.flow import Flow

TITLES = {
    "loss": "The loss",
    "gradients": "Gradients",
    "gates": "Gates",
    "updates": "Updates of the weights",
}


def training_section(flow: Flow | None) -> Section | None:
    """Return what was recorded over a training; none where nothing was."""
    if flow is None or not len(flow.epochs):
        return None
    told = f"{counted(len(flow.epochs), 'epoch')} recorded, on {counted(flow.cases, 'case')}, at inference."
    groups = tuple(_group(flow, what, title) for what, title in TITLES.items())
    return Section("training", "Over the training", text=(told,), groups=groups)


def _group(flow: Flow, what: str, title: str) -> Group:
    chart = pictures.epochs(flow, what)
    text = f"{pictures.over_training(flow, what)} {about(chart)}".strip()
    return Group(title, text, pictures.figures(chart), folded=what == "updates")
