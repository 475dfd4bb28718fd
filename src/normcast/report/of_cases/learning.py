"""Learning curves: training and validation loss of each fold's networks."""

from __future__ import annotations

from normcast.engine import Trained
from normcast.pages.drawing import DASHES, inline_svg
from normcast.pages.page import Figure, Key, Section
from normcast.report.of_cases.charts import loss_chart
from normcast.report.of_cases.values import CaseReport

MOST = 10


def learning_section(report: CaseReport) -> Section | None:
    """A drawing per fold, a pair of lines per network."""
    folds = [
        (number, [each for each in networks if each.history.get("loss")])
        for number, networks in enumerate(report.evaluation.trained, start=1)
    ]
    shown = [(number, networks) for number, networks in folds if networks][:MOST]
    if not shown:
        return None
    has_validation = any(each.history.get("val_loss") for _, networks in shown for each in networks)
    text = "Each network is a training run of its own, from its own start."
    if has_validation:
        text += " Its weights are those of its best epoch, by the cases it held out; epoch 0 is the start."
    text += _unfinished([each for _, networks in folds for each in networks])
    keys = [Key("training loss", "tone-1", dash=DASHES["tone-1"])]
    if has_validation:
        keys = [Key("validation loss", "ours"), *keys, Key("best epoch", "ink", "dot")]
    return Section(
        "learning",
        "How it learnt",
        text=(text if len(folds) <= MOST else f"{text} Drawn are the first {MOST} of {len(folds)} folds.",),
        legend=tuple(keys),
        figures=tuple(_figure(number, networks) for number, networks in shown),
    )


def _unfinished(networks: list[Trained]) -> str:
    """Say so where at least half of the networks were best in the last epoch that they were allowed."""
    late = [
        each
        for each in networks
        if each.status == "complete" and each.best_epoch == len(each.history["loss"])
    ]
    late = [each for each in late if each.history.get("val_loss")]
    if 2 * len(late) < len(networks) or not late:
        return ""
    return f" {len(late)} of {len(networks)} were best in their last epoch: more epochs may help."


def _figure(number: int, networks: list[Trained]) -> Figure:
    curves = [
        (each.history["loss"], each.history.get("val_loss") or (), each.best_epoch) for each in networks
    ]
    best = ", ".join(str(each.best_epoch) for each in networks)
    has_validation = any(valid for _, valid, _ in curves)
    note = f"Best epoch{' of each seed' if len(networks) > 1 else ''}: {best}" if has_validation else ""
    return Figure(f"fold {number}", inline_svg(loss_chart(curves), f"Loss by epoch, fold {number}"), note)
