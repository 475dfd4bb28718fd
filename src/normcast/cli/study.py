"""`normcast study`: measure placements of normalization and dropout, and look at what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, BadParameter, Option
from typer.core import TyperGroup

from normcast.cli.app import app
from normcast.cli.kernels import begin_kernels
from normcast.cli.options import DATA, MODEL, OUTPUT, File, GuardFormulas, Quiet, arrays, shared, table

DESIGN, WORK = "Design", "Work"


class RunByDefault(TyperGroup):
    """A group of commands in which `normcast study FILE` means `normcast study run FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front where it was left out."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the commands, and then the options of the one that is meant without a name."""
        super().format_help(ctx, formatter)
        run = self.commands["run"]
        run.format_help(type(ctx)(run, parent=ctx, info_name="run"), formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete the commands, and the options of the one that is meant without a name."""
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return found
        run = self.commands["run"]
        return found + run.shell_complete(type(ctx)(run, parent=ctx, info_name="run"), incomplete)


study = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    short_help="Measure where normalization and dropout go in a network.",
    help="Measure where normalization, dropout and pooling go in a network: normcast study FILE --h 24.",
)
app.add_typer(study, name="study")
Kept = Annotated[Path, Argument(help="File that a study keeps its trials in.", show_default=False)]


@study.command()
@shared(table, arrays)
def run(
    file: File,
    table: dict[str, Any],
    arrays: dict[str, Any],
    h: Annotated[int | None, Option("--h", help="Rows to forecast; a .keras model says so itself.")] = None,
    task: Annotated[
        str,
        Option(
            help="forecast a table; classify or regress cases, as in an .npz or a long table; auto: y says.",
            rich_help_panel=DATA,
        ),
    ] = "auto",
    freq: Annotated[str | None, Option(help="Step of the stamps.", rich_help_panel=DATA)] = None,
    season: Annotated[
        str | None, Option(help="Rows in one season, or several: 24,168.", rich_help_panel=DATA)
    ] = None,
    short: Annotated[
        str,
        Option(help="Series too short or broken: error, or skip to leave them out.", rich_help_panel=DATA),
    ] = "error",
    hist_exog: Annotated[str, Option(help="Columns known up to now: a,b.", rich_help_panel=DATA)] = "",
    futr_exog: Annotated[str, Option(help="Columns known ahead: a,b.", rich_help_panel=DATA)] = "",
    stat_exog: Annotated[
        str, Option(help="Columns with one value per series: a,b.", rich_help_panel=DATA)
    ] = "",
    model: Annotated[
        str,
        Option(
            help="A preset, an architecture in a .json, or a .keras file that is trained anew.",
            rich_help_panel=MODEL,
        ),
    ] = "conv-lstm",
    input_size: Annotated[int | None, Option(help="Rows the network reads.", rich_help_panel=MODEL)] = None,
    epochs: Annotated[int, Option(help="Most passes over the data.", rich_help_panel=MODEL)] = 20,
    batch_size: Annotated[int, Option(help="Windows per step.", rich_help_panel=MODEL)] = 32,
    scaling: Annotated[str, Option(help="standard, robust or none.", rich_help_panel=MODEL)] = "standard",
    axes: Annotated[
        str, Option(help="Kinds of placements: norm,inside,dropout,... Default: all.", rich_help_panel=DESIGN)
    ] = "",
    placement: Annotated[
        list[str] | None,
        Option(help="Only placements whose name has this text; may repeat.", rich_help_panel=DESIGN),
    ] = None,
    rate: Annotated[float, Option(help="Rate of every dropout.", rich_help_panel=DESIGN)] = 0.2,
    design: Annotated[
        str | None,
        Option(
            help="decide (as many seeds as it takes), one_at_a_time, factorial, fractional or halving. "
            "Default: decide; with --seeds, one_at_a_time.",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    seeds: Annotated[
        int | None, Option(help="Starts of every placement, a fixed number.", rich_help_panel=DESIGN)
    ] = None,
    max_seeds: Annotated[
        int | None, Option(help="Of decide: at most so many. Default: 40.", rich_help_panel=DESIGN)
    ] = None,
    add_seeds: Annotated[
        int, Option(help="So many more than the store has, instead.", rich_help_panel=DESIGN)
    ] = 0,
    seed: Annotated[int, Option(help="The first start.", rich_help_panel=DESIGN)] = 0,
    folds: Annotated[int, Option(help="Rolling folds.", rich_help_panel=DESIGN)] = 2,
    min_effect: Annotated[
        float, Option(help="Smaller relative differences do not matter.", rich_help_panel=DESIGN)
    ] = 0.01,
    budget: Annotated[
        str | None, Option(help="Stop after this long: 90s, 10m, 2h.", rich_help_panel=WORK)
    ] = None,
    processes: Annotated[
        int | None,
        Option(help="Worker processes. Default: one per core, one on a GPU.", rich_help_panel=WORK),
    ] = None,
    ray: Annotated[
        str | None, Option(help="auto, or the address of a Ray cluster.", rich_help_panel=WORK)
    ] = None,
    store: Annotated[
        Path, Option(help="Trials are kept here; the same call goes on.", rich_help_panel=OUTPUT)
    ] = Path("study.db"),
    report: Annotated[
        Path | None, Option(help="Also write a report: one HTML file.", rich_help_panel=OUTPUT)
    ] = None,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Say what would be trained, and stop.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train every placement of a network with every seed, and say which are better."""
    if not dry_run:
        begin_kernels()
    from normcast.cli.forecast_run import seasons
    from normcast.cli.study_run import StudyRun, chosen_axes, named, seconds_of

    if min(seeds or 1, max_seeds or 1) < 1 or seeds == 0 or add_seeds < 0:
        raise BadParameter("--seeds and --max-seeds must be at least 1, --add-seeds 0 or more.")
    exog = {"hist_exog": named(hist_exog), "futr_exog": named(futr_exog), "stat_exog": named(stat_exog)}
    begun = StudyRun.begin(
        file,
        task,
        store,
        report,
        model=model,
        select=placement or (),
        add_seeds=add_seeds,
        quiet=quiet,
        table={**table, **exog, "freq": freq, "season": season and seasons(season), "short": short},
        arrays=arrays,
        h=h,
        input_size=input_size,
        epochs=epochs,
        batch_size=batch_size,
        scaling=scaling,
        axes=chosen_axes(axes),
        rate=rate,
        design=design,
        seeds=seeds,
        max_seeds=max_seeds,
        seed=seed,
        folds=folds,
        min_effect=min_effect,
    )
    if dry_run:
        begun.list_placements()
        return
    begun.run(processes=processes, ray=ray, budget=seconds_of(budget))
    begun.finish()


@study.command()
def demo(
    store: Annotated[Path, Option(help="Trials are kept here.")] = Path("study.db"),
    report: Annotated[Path, Option(help="The HTML file.")] = Path("study.html"),
    add_seeds: Annotated[int, Option(min=0, help="So many more than the store has, instead.")] = 0,
    browse: Annotated[bool, Option("--open", help="Open the report in a browser.")] = False,
    quiet: Quiet = False,
) -> None:
    """Study the network conv-lstm on the shipped weather data: 22 placements, as many seeds as it takes."""
    begin_kernels()
    from normcast.cli.study_run import DEMO, StudyRun
    from normcast.data.datasets import weather_path

    begun = StudyRun.begin(
        weather_path(), "forecast", store, report, add_seeds=add_seeds, quiet=quiet, **DEMO
    )
    begun.run(processes=None, ray=None, budget=None)
    begun.finish()
    if browse:
        import webbrowser

        webbrowser.open(report.resolve().as_uri())


@study.command()
def report(
    store: Kept,
    out: Annotated[Path, Option("--out", "-o", help="The HTML file.")] = Path("study.html"),
) -> None:
    """Draw the report of a store again, without training."""
    from normcast.cli.console import say
    from normcast.report import write_report
    from normcast.study import StudyResult

    write_report(StudyResult.read(existing(store)), out, store=str(store))
    say(f"report: {out}")


@study.command()
def show(store: Kept) -> None:
    """Print what a store says."""
    from normcast.cli.study_run import print_result
    from normcast.study import StudyResult

    print_result(StudyResult.read(existing(store)))


@study.command()
def export(
    store: Kept,
    out: Annotated[Path, Option("--out", "-o", help="A .csv, .parquet or .json file.", show_default=False)],
    evidence: Annotated[
        bool, Option("--evidence", help="What rule pages cite, as JSON: effects, not trials.")
    ] = False,
    guard_formulas: GuardFormulas = False,
) -> None:
    """Write the trials of a store as a table, or its effects as evidence."""
    from normcast.cli.console import say
    from normcast.study.export import export as write

    write(existing(store), out, evidence=evidence, guard_formulas=guard_formulas)
    say(f"{'evidence' if evidence else 'trials'}: {out}")


@study.command()
def repair(
    store: Kept,
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="The new store; by default STORE-repaired.db.", show_default=False),
    ] = None,
) -> None:
    """Save what can be read of a damaged store to a new one."""
    from normcast.cli.console import say
    from normcast.study.repair import repair as saved

    say(str(saved(existing(store), out or store.with_name(f"{store.stem}-repaired{store.suffix or '.db'}"))))


def existing(store: Path) -> Path:
    """Return the store if there is one: looking must not make it."""
    if not store.is_file():
        raise FileNotFoundError(f"{store}: there is no such file; `normcast study` keeps its trials in one.")
    return store
