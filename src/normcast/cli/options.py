"""The options that several commands share, each group declared once as the signature of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from typer import Argument, Option

from normcast.cli.asked import as_asked

DATA, MODEL, OUTPUT, BACKTEST = "Data", "Model", "Output", "Back-test"

File = Annotated[
    Path, Argument(help="Table: .csv, .txt, .tsv, .rdb (also .gz), .parquet or .xlsx.", show_default=False)
]
CaseFile = Annotated[
    Path, Argument(help="Cases: .npz, .npy, .ts, .arff, or a long .csv, .xlsx, .parquet.", show_default=False)
]
Quiet = Annotated[
    bool, Option("--quiet", help="Print errors and the scoreboard only.", rich_help_panel=OUTPUT)
]

Sheet = Annotated[str | None, Option(help="Sheet of an .xlsx; default: the first.", rich_help_panel=DATA)]

Report = Annotated[Path | None, Option(help="Also write a report: one HTML file.", rich_help_panel=OUTPUT)]

Future = Annotated[
    Path | None, Option(help="File with the futr_exog columns of the rows ahead.", rich_help_panel=OUTPUT)
]

Save = Annotated[Path | None, Option(help="Keep the fitted model in this file.", rich_help_panel=OUTPUT)]

GuardFormulas = Annotated[
    bool,
    Option(
        "--guard-formulas",
        help="In a CSV, put ' before texts that a spreadsheet would run.",
        rich_help_panel=OUTPUT,
    ),
]


def table(
    id_col: Annotated[
        list[str] | None, Option(help="Column that names the series; may repeat.", rich_help_panel=DATA)
    ] = None,
    time_col: Annotated[
        str | None, Option(help="Column of the time stamps; none counts rows.", rich_help_panel=DATA)
    ] = None,
    dayfirst: Annotated[
        bool, Option("--dayfirst", help="03/04/2024 is the third of April.", rich_help_panel=DATA)
    ] = False,
    monthfirst: Annotated[
        bool, Option("--monthfirst", help="03/04/2024 is the fourth of March.", rich_help_panel=DATA)
    ] = False,
    resample: Annotated[
        str | None, Option(help="Snap stamps to a step: h, 5min, D, ...", rich_help_panel=DATA)
    ] = None,
    resample_by: Annotated[
        str, Option(help="Values of one step: mean, sum or last.", rich_help_panel=DATA)
    ] = "mean",
    target_col: Annotated[
        list[str] | None,
        Option(help="Column to forecast; repeated, each is a series.", rich_help_panel=DATA),
    ] = None,
    duplicates: Annotated[
        str, Option(help="Rows with the same stamp: error, mean, sum, first or last.", rich_help_panel=DATA)
    ] = "error",
    fill_gaps: Annotated[
        bool, Option("--fill-gaps", help="Insert absent stamps.", rich_help_panel=DATA)
    ] = False,
    missing: Annotated[
        str | None,
        Option(
            help="Missing values: error, last, seasonal, zero or mask. Default: error; mask with --na-value.",
            rich_help_panel=DATA,
        ),
    ] = None,
    na_value: Annotated[
        list[str] | None,
        Option(help="Cell that means a missing value, such as -9999; may repeat.", rich_help_panel=DATA),
    ] = None,
    wide: Annotated[
        bool,
        Option("--wide", help="Column names are times: a row is a series.", rich_help_panel=DATA),
    ] = False,
    sheet: Sheet = None,
) -> None:
    """How a table is read."""


def columns(
    id_col: Annotated[
        list[str] | None, Option(help="Table: column that names the case.", rich_help_panel=DATA)
    ] = None,
    time_col: Annotated[
        str | None, Option(help="Table: column of the steps of a case.", rich_help_panel=DATA)
    ] = None,
    target_col: Annotated[
        list[str] | None,
        Option(help="Table: column that is told of each case; as --y.", rich_help_panel=DATA),
    ] = None,
    sheet: Sheet = None,
) -> None:
    """What the columns of a long table of cases are called."""


def arrays(
    x: Annotated[str, Option("--x", help="Array of an .npz: the series.", rich_help_panel=DATA)] = "",
    y: Annotated[
        str, Option("--y", help="Array, file or column: what is told of each case.", rich_help_panel=DATA)
    ] = "",
    groups: Annotated[
        str, Option(help="Array, file or column: what must not be split.", rich_help_panel=DATA)
    ] = "",
    times: Annotated[str, Option(help="Array or file: when each case was.", rich_help_panel=DATA)] = "",
    layout: Annotated[
        str | None,
        Option(help="Arrays: channels_last, as in Keras, or channels_first.", rich_help_panel=DATA),
    ] = None,
) -> None:
    """What the parts of a file of cases are called, and which axis is time."""


def network(
    model: Annotated[
        str,
        Option(
            help="A preset, an architecture in a .json, or a .keras file that is trained anew.",
            rich_help_panel=MODEL,
        ),
    ] = "auto",
    seeds: Annotated[
        int, Option(help="Networks to train, each from its own start.", rich_help_panel=MODEL)
    ] = 3,
    seed: Annotated[int, Option(help="The first start.", rich_help_panel=MODEL)] = 0,
    epochs: Annotated[
        int | None,
        Option(help="Most passes over the cases. Default: by their number.", rich_help_panel=MODEL),
    ] = None,
    patience: Annotated[
        int | None,
        Option(help="Epochs without a better one before it stops. Default: by them.", rich_help_panel=MODEL),
    ] = None,
    batch_size: Annotated[
        int | None, Option(help="Cases per step. Default: by their number.", rich_help_panel=MODEL)
    ] = None,
    learning_rate: Annotated[
        float | None, Option(help="Default: as the network says.", rich_help_panel=MODEL)
    ] = None,
    units: Annotated[
        int | None, Option(help="Units of a preset's recurrent layers.", rich_help_panel=MODEL)
    ] = None,
    filters: Annotated[
        int | None, Option(help="Filters of a preset's first convolution.", rich_help_panel=MODEL)
    ] = None,
    scaling: Annotated[str, Option(help="standard, robust or none.", rich_help_panel=MODEL)] = "standard",
    class_weight: Annotated[
        str | None,
        Option(help="balanced: rare classes count as much as others.", rich_help_panel=MODEL),
    ] = None,
) -> None:
    """Which network learns from cases, and how."""


def model(
    h: Annotated[int, Option("--h", help="Rows to forecast.", show_default=False)],
    freq: Annotated[
        str | None,
        Option(
            help="Step of the stamps, as in pandas: D, B, h, 30min, W, MS; or h@Mon-Fri/09:00-17:00.",
            rich_help_panel=DATA,
        ),
    ] = None,
    season: Annotated[
        str | None, Option(help="Rows in one season, or several: 24,168.", rich_help_panel=DATA)
    ] = None,
    hist_exog: Annotated[str, Option(help="Columns known up to now: a,b.", rich_help_panel=DATA)] = "",
    futr_exog: Annotated[str, Option(help="Columns known ahead: a,b.", rich_help_panel=DATA)] = "",
    stat_exog: Annotated[
        str, Option(help="Columns with one value per series: a,b.", rich_help_panel=DATA)
    ] = "",
    model: Annotated[
        str,
        Option(help="combination, or what forecasts alone; see `normcast presets`.", rich_help_panel=MODEL),
    ] = "combination",
    input_size: Annotated[int | None, Option(help="Rows read at most.", rich_help_panel=MODEL)] = None,
    level: Annotated[
        list[float] | None,
        Option(help="Interval in percent; may repeat. Default: 80 and 95.", rich_help_panel=MODEL),
    ] = None,
    seeds: Annotated[
        int, Option(help="Networks to train, each from its own start.", rich_help_panel=MODEL)
    ] = 3,
    seed: Annotated[int, Option(help="The first start.", rich_help_panel=MODEL)] = 0,
    epochs: Annotated[int | None, Option(help="Most passes over the data.", rich_help_panel=MODEL)] = None,
    scaling: Annotated[str, Option(help="standard, robust or none.", rich_help_panel=MODEL)] = "standard",
    minimum: Annotated[
        str,
        Option(
            "--min",
            help="No forecast below this; auto: 0 for counts; none for no bound.",
            rich_help_panel=MODEL,
        ),
    ] = "auto",
    short: Annotated[
        str,
        Option(help="Series too short or broken: error, or skip to leave them out.", rich_help_panel=DATA),
    ] = "error",
) -> None:
    """What is forecast, and with which network."""


def shared(*groups: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of these groups; it receives each group as a dictionary by its name."""

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        names = {group.__name__: list(inspect.signature(group).parameters) for group in groups}

        @wraps(command)
        def run(**given: Any) -> Any:
            parts = {group: {name: given.pop(name) for name in names[group]} for group in names}
            with as_asked(parts, given.get("file", given.get("data"))):
                return command(**given, **{group: with_clock(part) for group, part in parts.items()})

        run.__signature__ = merged(command, groups)  # type: ignore[attr-defined]
        return run

    return give


def with_clock(options: dict[str, Any]) -> dict[str, Any]:
    """Return a table's options with those of its clock in `time_col`; any other group as it is."""
    if "resample_by" not in options:
        return options
    read = {name: options.pop(name) for name in ("dayfirst", "monthfirst", "resample", "resample_by")}
    if read["dayfirst"] and read["monthfirst"]:
        raise ValueError("--dayfirst and --monthfirst are given together; the dates are one or the other.")
    by = read["resample_by"] or "mean"
    if by != "mean" and not read["resample"]:
        raise ValueError(
            f"--resample-by {by} is given without --resample. Name the step, as in --resample h."
        )
    if not (read["dayfirst"] or read["monthfirst"] or read["resample"]):
        return options
    from normcast.data.clock import Clock

    day_first = read["dayfirst"] if read["dayfirst"] or read["monthfirst"] else None
    return {**options, "time_col": Clock(options["time_col"], day_first, read["resample"], by)}


def merged(command: Callable[..., Any], groups: tuple[Callable[..., None], ...]) -> inspect.Signature:
    """Return the command's own parameters, less the groups, followed by those of the groups."""
    taken = {group.__name__ for group in groups}
    own = [each for each in parameters(command) if each.name not in taken]
    return inspect.Signature(own + [each for group in groups for each in parameters(group)])


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return a function's parameters as keyword parameters with resolved annotations."""
    hints = get_type_hints(function, include_extras=True)
    return [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, each in inspect.signature(function).parameters.items()
    ]


def refuse_given(options: Mapping[str, Any], file: Path, why: str) -> None:
    """Raise ValueError for the first option that was given. why: what the file is or does instead."""
    for name, value in options.items():
        if value not in (None, "", (), []):
            raise ValueError(f"{file}: --{name.replace('_', '-')} cannot be used: it {why}.")
