"""`normcast inspect`: see inside the recurrence of a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from normcast.cli.app import app
from normcast.cli.check import Rules
from normcast.cli.console import refusing
from normcast.cli.data_options import reading
from normcast.cli.options import shared


@app.command()
@refusing
@shared(reading)
def inspect(
    model: Annotated[Path, Argument(help="A saved keras model, .keras.", show_default=False)],
    data: Annotated[
        Path | None,
        Argument(
            help="Data as given to fit: a table, or cases with x; without it, random windows.",
            show_default=False,
        ),
    ] = None,
    *,
    reading: dict[str, Any],
    layers: Annotated[str | None, Option(help="Layers to look into, as in a,b; default: all.")] = None,
    loss: Annotated[str | None, Option(help="Loss, as in mse; default: as compiled.")] = None,
    training: Annotated[
        bool, Option("--training", help="Let dropout and batch statistics act, as in fit.")
    ] = False,
    select: Rules = None,
    ignore: Rules = None,
    keep: Annotated[int, Option(help="Cases of which all values are kept.", min=1)] = 64,
    report: Annotated[Path | None, Option(help="Also write a report: one HTML file.")] = None,
    output_format: Annotated[str, Option("--format", help="text or json.")] = "text",
) -> None:
    """See inside the recurrence of a Keras model, step by step."""
    from normcast.check.configuration import load_configuration
    from normcast.cli.console import say, typed
    from normcast.cli.inspect_run import inspect_command

    done = inspect_command(
        model,
        data,
        reading=reading,
        layers=layers,
        loss=loss,
        training=training,
        keep=keep,
        report=report,
        output_format=output_format,
        command=typed(),
        configuration=load_configuration().with_rules(select or (), ignore or ()),
    )
    print(done.text)
    for note in done.notes:
        say(note)
