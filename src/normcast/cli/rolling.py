"""The options of a back-test: from where the past is forecast, and when something is learned."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from normcast.cli.options import BACKTEST


def rolling(
    n_windows: Annotated[
        int | None,
        Option(
            help="Cutoffs of the back-test; 0 for none. Default: 3; behind --valid-end with a --step-size, "
            "as many as fit.",
            rich_help_panel=BACKTEST,
        ),
    ] = None,
    step_size: Annotated[
        int | None,
        Option(help="Rows between cutoffs; default: spread over the last tenth.", rich_help_panel=BACKTEST),
    ] = None,
    refit: Annotated[
        bool, Option(help="Learn anew at each cutoff, or once at the first.", rich_help_panel=BACKTEST)
    ] = True,
    refit_every: Annotated[
        int | None, Option(help="Learn anew at every so many cutoffs.", rich_help_panel=BACKTEST)
    ] = None,
    train_end: Annotated[
        str | None,
        Option(
            help="Last row to train on before --valid-end: a stamp, or a count of rows.",
            rich_help_panel=BACKTEST,
        ),
    ] = None,
    valid_end: Annotated[
        str | None,
        Option(
            help="First cutoff, the last row seen: a stamp, or a count of rows.", rich_help_panel=BACKTEST
        ),
    ] = None,
) -> None:
    """How the past is forecast to score the model."""


def rolled(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `cross_validation` that the options of `rolling` stand for.

    >>> rolled({"n_windows": None, "refit": True, "refit_every": 7, "valid_end": "400"})
    {'refit': 7, 'valid_end': 400}
    """
    given = {name: value for name, value in options.items() if value is not None}
    every = given.pop("refit_every", None)
    if every is not None:
        if not given["refit"]:
            raise ValueError(f"--refit-every {every} and --no-refit are given together; leave one out.")
        given["refit"] = every
    for name in ("train_end", "valid_end"):
        if given.get(name, "").isdigit():
            given[name] = int(given[name])
    return given
