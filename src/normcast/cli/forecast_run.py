"""ForecastRun: one run of the forecaster from the command line, from its table to its files."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from normcast.cli import console
from normcast.cli.rolling import rolled
from normcast.data import Panel, check_ending, markers, read_table, wide_dates, workbook, write_table
from normcast.errors import counted
from normcast.files import check_writable, writable_folder
from normcast.forecasting import Forecaster, estimate
from normcast.forecasting.rolling import Rolling
from normcast.report.of_forecast.again import Files

FIT = "fit.safetensors"


class ForecastRun:
    """The series of a table, which is read once, a forecaster and what came of them."""

    def __init__(
        self, file: Path, panel: Panel, forecaster: Forecaster, table: dict[str, Any], quiet: bool
    ) -> None:
        self.file, self.panel, self.forecaster, self.table, self.quiet = file, panel, forecaster, table, quiet
        self.began = time.perf_counter()
        self.future: Any = None
        self.checkpoint: Path | None = None
        self.ahead: Path | None = None

    @classmethod
    def begin(
        cls,
        file: Path,
        model: dict[str, Any],
        table: dict[str, Any],
        quiet: bool,
        *,
        tables: Iterable[Path | None],
        others: Iterable[Path | None] = (),
        report: Path | None = None,
        future: Path | None = None,
        checkpoint: Path | None = None,
    ) -> ForecastRun:
        """Check options, outputs and tables before any long work, and say what was read."""
        check_outputs((file, future), tables, others, report)
        forecaster = Forecaster(**chosen(model))
        table = {**table, "where": str(file)}
        panel = forecaster.panel(read_table(file), **table)
        run = cls(file, panel, forecaster, table, quiet)
        if checkpoint is not None:
            run.checkpoint = writable_folder(checkpoint)
        run.ahead, run.future = future, None if future is None else read_table(future)
        forecaster.known_ahead(panel, run.future)
        console.describe(panel, quiet=quiet)
        return run

    def backtest(self, rolling: dict[str, Any]) -> None:
        """Forecast the past and score it. rolling: the options of the group of that name."""
        given, settings = rolled(rolling), self.forecaster.settings
        asked = Rolling(**given)
        panel = asked.within(self.panel, settings.h, settings.short)
        cost = estimate(panel, settings, asked.fits(panel, settings.h))
        n_windows, _ = asked.spacing(panel, settings.h)
        console.say(f"Back-test of {counted(n_windows, 'cutoff')}: {cost}", quiet=self.quiet)
        self.forecaster.cross_validation(
            self.panel, **given, **self.table, progress=not self.quiet, checkpoint=self.checkpoint
        )

    def fit(self) -> None:
        """Fit on all rows but those that calibrate the intervals."""
        console.say("Final fit on all rows but the calibration windows at the end.", quiet=self.quiet)
        file = None if self.checkpoint is None else self.checkpoint / FIT
        self.forecaster.fit(self.panel, **self.table, progress=not self.quiet, checkpoint=file)

    def write_forecasts(self, out: Path, guard_formulas: bool = False) -> None:
        """Forecast and write the table."""
        write_table(self.forecaster.predict(futr_df=self.future), out, guard_formulas=guard_formulas)

    def write_backtest(self, out: Path | None, guard_formulas: bool) -> None:
        """Write the forecasts of all cutoffs."""
        if out is not None and self.forecaster.backtest_ is not None:
            write_table(self.forecaster.backtest_.table, out, guard_formulas=guard_formulas)

    def finish(
        self,
        *,
        forecasts: Path | None,
        report: Path | None,
        model: Path | None = None,
        guard_formulas: bool = False,
    ) -> None:
        """Write model and report, show the scoreboard, say where everything is, and drop the checkpoints."""
        if model is not None:
            self.forecaster.save(model)
        if report is not None:
            self.write_report(report, self.files(forecasts, report, model, guard_formulas))
        scored = self.forecaster.backtest_
        if scored is not None:
            cutoffs = scored.frame["cutoff"].nunique()
            console.scoreboard(
                scored.scoreboard(), f"Back-test over {counted(cutoffs, 'cutoff')}, best first"
            )
        for what, path in (("forecasts", forecasts), ("report", report), ("model", model)):
            if path is not None:
                console.say(f"{what}: {path}", quiet=self.quiet)
        if self.checkpoint is not None:
            for file in self.checkpoint.glob("fold-*.safetensors"):
                file.unlink(missing_ok=True)

    def files(self, out: Path | None, report: Path | None, save: Path | None, guard_formulas: bool) -> Files:
        """Return what is read and written, for the Python of the report."""
        paths = {"table": self.file, "future": self.ahead, "out": out, "report": report, "save": save}
        told = {name: str(path) for name, path in paths.items() if path is not None}
        reading = {
            "na_values": list(markers.asked()),
            "wide": wide_dates.asked(),
            "sheet": workbook.asked(),
        }
        return Files(reading=reading, guard_formulas=guard_formulas, **told)

    def write_report(self, path: Path, files: Files) -> None:
        """Write the report of what was done so far."""
        from normcast.report import write_report

        write_report(
            self.forecaster,
            path,
            source=str(self.file),
            futr_df=self.future,
            files=files,
            command=console.typed(),
            seconds=time.perf_counter() - self.began,
        )


def chosen(model: dict[str, Any]) -> dict[str, Any]:
    """Return the forecaster's arguments: options that were not given are left to its defaults."""
    given = {name: value for name, value in model.items() if value is not None}
    for name in ("hist_exog", "futr_exog", "stat_exog"):
        given[name] = tuple(each.strip() for each in given.get(name, "").split(",") if each.strip())
    if isinstance(given.get("freq"), str) and given["freq"].isdigit():
        given["freq"] = int(given["freq"])
    if "season" in given:
        given["season"] = seasons(given["season"])
    if "level" in given and not given["level"]:
        del given["level"]
    if "minimum" in given:
        given["minimum"] = lowest(given["minimum"])
    return given


def seasons(text: str) -> tuple[int, ...]:
    """Return what --season says: whole numbers with commas between them."""
    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError:
        raise ValueError(
            f"--season: {text!r} is no number of rows; write 24, or several as 24,168."
        ) from None


def lowest(text: str) -> float | str | None:
    """Return what --min says: a number, "auto", or None for none."""
    if text in ("auto", "none"):
        return None if text == "none" else text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--min: {text!r} is no number; give one, or none or auto.") from None


def check_outputs(
    inputs: Iterable[Path | None],
    tables: Iterable[Path | None],
    others: Iterable[Path | None] = (),
    report: Path | None = None,
) -> None:
    """Raise before long work where an output cannot be written, or would overwrite an input."""
    named = [path for path in tables if path is not None]
    outputs = [*named, *(path for path in (report, *others) if path is not None)]
    taken = {path.resolve(): "read and written" for path in inputs if path is not None}
    for path in outputs:
        if path.resolve() in taken:
            raise ValueError(f"{path}: is {taken[path.resolve()]}; choose another output.")
        taken[path.resolve()] = "written twice"
        check_writable(path)
    for path in named:
        check_ending(path)
    if report is not None and report.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(f"{report}: a report is an HTML file; give a name such as report.html.")
