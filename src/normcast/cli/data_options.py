"""Data options: how the files beside a model are read, the same for `check` and `inspect`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from normcast.cli.options import DATA, Sheet


def reading(
    task: Annotated[
        str,
        Option(
            help="forecast a table; classify or regress: it holds cases; auto: its ending says.",
            rich_help_panel=DATA,
        ),
    ] = "auto",
    id_col: Annotated[
        list[str] | None,
        Option(help="Table: names the series, or the case; may repeat.", rich_help_panel=DATA),
    ] = None,
    time_col: Annotated[
        str | None, Option(help="Table: column of the time stamps, or steps.", rich_help_panel=DATA)
    ] = None,
    target_col: Annotated[
        list[str] | None,
        Option(help="Table: the targets, may repeat; of cases as --y.", rich_help_panel=DATA),
    ] = None,
    duplicates: Annotated[
        str | None,
        Option(
            help="Table: rows with the same stamp: error, mean, sum, first or last.", rich_help_panel=DATA
        ),
    ] = None,
    na_value: Annotated[
        list[str] | None,
        Option(help="Table: cell that means a missing value; may repeat.", rich_help_panel=DATA),
    ] = None,
    x: Annotated[str, Option("--x", help="Array of an .npz: the series.", rich_help_panel=DATA)] = "",
    y: Annotated[
        str, Option("--y", help="Array, file or column: what is told of each case.", rich_help_panel=DATA)
    ] = "",
    layout: Annotated[
        str | None,
        Option(help="Arrays: channels_last, as in Keras, or channels_first.", rich_help_panel=DATA),
    ] = None,
    sheet: Sheet = None,
) -> None:
    """How the data beside a model are read."""
