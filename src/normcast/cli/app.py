"""App: the command `normcast`, to which each file of commands adds its own."""

from __future__ import annotations

from typing import Annotated

import typer

from normcast.cli.codes import told

app = typer.Typer(
    name="normcast",
    help="Forecast time series with conv-recurrent networks: from a CSV to forecasts with honest intervals, "
    "an honest back-test and a report.",
    no_args_is_help=True,
    epilog=told(),
    pretty_exceptions_enable=False,
)


def version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        from normcast import __version__

        typer.echo(f"normcast {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""
