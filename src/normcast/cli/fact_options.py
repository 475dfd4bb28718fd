"""Fact options: what the command line is told of a model's task, training and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from normcast.errors import at_least_one

if TYPE_CHECKING:
    from normcast.check.facts import Facts

FACTS = "Facts"

NAMES = {
    "learns": "type",
    "causal": "causal_required",
    "windows": "n_windows",
    "batch_size": "batch_size",
    "shuffle": "shuffle",
}
"""The fact that an option states as it is given."""
COUNTS = ("windows", "batch_size", "epochs")


def facts(
    learns: Annotated[
        Literal["regression", "classification", "multilabel", "reconstruction"] | None,
        Option(help="What the model learns; default: as its loss says.", rich_help_panel=FACTS),
    ] = None,
    per_step: Annotated[
        bool | None,
        Option("--per-step/--per-window", help="An output for each step, or one.", rich_help_panel=FACTS),
    ] = None,
    causal: Annotated[
        bool | None,
        Option(
            "--causal/--not-causal", help="An output may not see later steps, or may.", rich_help_panel=FACTS
        ),
    ] = None,
    target_range: Annotated[
        tuple[float, float] | None,
        Option(help="Least and largest target, as given to fit.", metavar="MIN MAX", rich_help_panel=FACTS),
    ] = None,
    windows: Annotated[int | None, Option(help="Windows to train on.", rich_help_panel=FACTS)] = None,
    batch_size: Annotated[
        int | None, Option(help="Windows of a batch in training.", rich_help_panel=FACTS)
    ] = None,
    shuffle: Annotated[
        bool | None,
        Option("--shuffle/--no-shuffle", help="Whether fit shuffles the windows.", rich_help_panel=FACTS),
    ] = None,
    fact: Annotated[
        list[str] | None,
        Option(help="Any other: NAME=VALUE, as in split=random; may repeat.", rich_help_panel=FACTS),
    ] = None,
) -> None:
    """What is known of a model beyond its graph."""


def facts_of_options(given: Mapping[str, Any], epochs: int | None = None) -> Facts:
    """Return the facts that options state; given: those of `facts`; epochs: passes over the data in training.

    Raises ValueError on a value that cannot be, naming the option.

    >>> facts_of_options({"target_range": (-2.0, 2.0), "causal": True}).stated()
    {'causal_required': True, 'target_min': -2.0, 'target_max': 2.0}
    """
    from normcast.check.stated import facts_of, pair_of

    for name, count in {**given, "epochs": epochs}.items():
        if name in COUNTS and count is not None:
            at_least_one("check", f"--{name.replace('_', '-')}", count)
    stated = {fact: given[name] for name, fact in NAMES.items() if given.get(name) is not None}
    stated |= {"epochs": epochs} if epochs is not None else {}
    if given.get("per_step") is not None:
        stated["granularity"] = "per_step" if given["per_step"] else "per_window"
    if given.get("target_range"):
        stated |= _range(*given["target_range"])
    return facts_of(stated | dict(pair_of(each, "--fact") for each in given.get("fact") or ()), "--fact")


def _range(low: float, high: float) -> dict[str, float]:
    if not low <= high:
        raise ValueError(f"--target-range {low:g} {high:g}: the least target stands first, then the largest.")
    return {"target_min": low, "target_max": high}
