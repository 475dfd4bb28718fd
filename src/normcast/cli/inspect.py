"""`normcast inspect`: see inside the recurrence of a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from normcast.cli.app import app


@app.command()
def inspect(
    model: Annotated[Path, Argument(help="A saved keras model, .keras.", show_default=False)],
    data: Annotated[
        Path | None,
        Argument(
            help="Data as given to fit: a table, or cases with x; without it, random windows.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        str, Option(help="forecast a table; classify or regress: it holds cases; auto: its ending says.")
    ] = "auto",
    id_col: Annotated[list[str] | None, Option(help="Table: names the series; may repeat.")] = None,
    time_col: Annotated[str | None, Option(help="Table: column of the time stamps.")] = None,
    target_col: Annotated[list[str] | None, Option(help="Table: the targets; may repeat.")] = None,
    layers: Annotated[str | None, Option(help="Layers to look into, as in a,b; default: all.")] = None,
    loss: Annotated[str | None, Option(help="Loss, as in mse; default: as compiled.")] = None,
    training: Annotated[
        bool, Option("--training", help="Let dropout and batch statistics act, as in fit.")
    ] = False,
    keep: Annotated[int, Option(help="Cases of which all values are kept.", min=1)] = 64,
    report: Annotated[Path | None, Option(help="Also write a report: one HTML file.")] = None,
    output_format: Annotated[str, Option("--format", help="text or json.")] = "text",
) -> None:
    """See inside the recurrence of a Keras model, step by step."""
    from normcast.cli.console import say, typed
    from normcast.cli.inspect_run import inspect_command

    done = inspect_command(
        model,
        data,
        task=task,
        columns={"id_col": id_col, "time_col": time_col, "target_col": target_col},
        layers=layers,
        loss=loss,
        training=training,
        keep=keep,
        report=report,
        output_format=output_format,
        command=typed(),
    )
    print(done.text)
    for note in done.notes:
        say(note)
