"""`normcast check`, `rule` and `rules`: the linter of Keras models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Exit, Option

from normcast.cli.app import app
from normcast.cli.console import refusing, say
from normcast.cli.data_options import reading
from normcast.cli.fact_options import facts, facts_of_options
from normcast.cli.options import shared

if TYPE_CHECKING:
    from normcast.cli.check_run import Outcome

Rules = Annotated[list[str] | None, Option(help="Rule, by name or code; may repeat.")]


@app.command()
@refusing
@shared(reading, facts)
def check(
    model: Annotated[
        Path,
        Argument(help="A saved keras model, .keras, or the source that makes one, .py.", show_default=False),
    ],
    *,
    reading: dict[str, Any],
    facts: dict[str, Any],
    select: Rules = None,
    ignore: Rules = None,
    data: Annotated[
        list[Path] | None,
        Option(help="Data as given to fit: a table, or cases with x and y; may repeat.", show_default=False),
    ] = None,
    run: Annotated[bool, Option("--run", help="Also run the model on windows of the cases.")] = False,
    measure: Annotated[
        bool, Option("--measure", help="Train the model with and without each fix on the data.")
    ] = False,
    seeds: Annotated[int, Option(help="With --measure: starts of each network.", min=1)] = 8,
    epochs: Annotated[
        int | None, Option(help="Passes over the data in training; with --measure: at most, 20.")
    ] = None,
    output_format: Annotated[str, Option("--format", help="text, json, sarif or github.")] = "text",
    fix: Annotated[
        Literal["safe", "unsafe"] | None, Option(help="Apply the fixes that are safe, or unsafe ones too.")
    ] = None,
    out: Annotated[Path | None, Option("--out", "-o", help="Where the fixed model goes.")] = None,
    fail_on: Annotated[
        Literal["error", "warning", "advice", "never"] | None,
        Option(help="Exit with 1 from this severity on; default: error."),
    ] = None,
) -> None:
    """Say what is wrong in a Keras model, and how to fix it."""
    from normcast.check.configuration import load_configuration
    from normcast.cli.beside import options_of
    from normcast.cli.check_run import check_command

    files = data or []
    options = options_of(files, reading, "check")
    fix_study = None
    if measure:
        from normcast.cli.measure import FixStudy

        task, named = reading["task"], {name: each for name, each in reading.items() if name != "task"}
        fix_study = FixStudy.of(files, named, task, say=say, seeds=seeds, epochs=epochs or 20)
    finish(
        check_command(
            model,
            configuration=load_configuration(),
            facts=facts_of_options(facts, None if measure else epochs),
            select=select or (),
            ignore=ignore or (),
            output_format=output_format,
            data=files,
            options=options,
            run=run,
            measure=fix_study,
            fix=fix,
            output=out,
            fail_on=fail_on,
        )
    )


@app.command()
def rule(
    name: Annotated[str, Argument(help="A rule's name or code, as in dropout-before-bn or NC039.")],
) -> None:
    """Print a rule's page."""
    from normcast.cli.check_run import rule_command

    finish(rule_command(name))


@app.command()
def rules() -> None:
    """List the rules of `normcast check`."""
    from normcast.cli.check_run import rules_command

    finish(rules_command())


def finish(outcome: Outcome) -> None:
    """Print what came of it and leave with its exit code; what could not be done goes to stderr."""
    say(outcome.text) if outcome.refused else print(outcome.text)
    for note in outcome.notes:
        say(note)
    if outcome.exit_code:
        raise Exit(outcome.exit_code)
