"""What `python -m benchmarks first` runs: the commands of a first day, the files they read, and peers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

H, SEASON, N_WINDOWS = 12, 12, 3
HOURLY = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
HOURS = 17_420
TINY = ("--seeds", "1", "--epochs", "1")


@dataclass(frozen=True)
class Job:
    """A command and its files. most: the bars on two cores, in seconds: cold and warm, of CPU and of wall.

    command: as typed after `normcast`; `import` and `call` are those of `first_phases`. files: what makes the
    files it reads, in its folder; quick: what is added in the quick form, None where that leaves it out.
    """

    name: str
    command: Sequence[str]
    files: Callable[[Path, Path | None], None] | None = None
    most: tuple[tuple[str, float], ...] = ()
    quick: Sequence[str] | None = ()
    needs: str = ""


def airline(folder: Path, data: Path | None = None) -> None:
    """Write 144 months that grow and swing as the airline passengers of Box & Jenkins do."""
    month, draw = np.arange(144), np.random.default_rng(0)
    swing = 0.12 * np.sin(2 * np.pi * (month - 3) / SEASON) + 0.05 * np.sin(4 * np.pi * month / SEASON)
    y = np.round(np.exp(4.75 + 0.0101 * month + swing + draw.normal(0, 0.03, 144)))
    stamps = pd.date_range("1949-01-01", periods=144, freq="MS")
    pd.DataFrame({"ds": stamps, "y": y}).to_csv(folder / "airline.csv", index=False)


def weather(folder: Path, data: Path | None = None) -> None:
    """Write the shipped weather, 2 x 1,461 days."""
    from normcast.data.datasets import weather_path

    source = weather_path()
    shutil.copy(source, folder / f"weather{''.join(source.suffixes)}")


def hourly(folder: Path, data: Path | None = None) -> None:
    """Write seven hourly series in columns: ETTh1 where there is one, else days and weeks with noise."""
    given = None if data is None else data / "ETTh1.csv.gz"
    if given is not None and given.exists():
        pd.read_csv(given).to_csv(folder / "hourly.csv", index=False)
        return
    hour, draw = np.arange(HOURS), np.random.default_rng(0)
    stamps = pd.date_range("2016-07-01", periods=HOURS, freq="h")
    daily, weekly = np.sin(2 * np.pi * hour / 24), np.sin(2 * np.pi * hour / 168)
    columns = {
        name: 10 + place + 3 * daily + weekly + draw.normal(0, 1, HOURS).cumsum() * 0.05
        for place, name in enumerate(HOURLY)
    }
    table = pd.DataFrame(columns).round(3)
    table.insert(0, "date", stamps)
    table.to_csv(folder / "hourly.csv", index=False)


def cases(folder: Path, data: Path | None = None) -> None:
    """Write 600 cases of 21 steps and 20 channels, with a number each that depends on them."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((600, 21, 20), dtype="float32")
    y = x[:, -5:, 0].mean(axis=1) + x[:, :, 1].max(axis=1) + 0.1 * draw.standard_normal(600, dtype="float32")
    np.savez(folder / "cases.npz", x=x, y=y)


def model(folder: Path, data: Path | None = None) -> None:
    """Write a convolution, a recurrence and a head as a .keras file."""
    from benchmarks.networks import conv_lstm

    network = conv_lstm()
    network.compile("adam", "mse")
    network.save(folder / "model.keras")


PEERS = __name__  # where `call` finds them
TARGETS = [each for name in HOURLY for each in ("--target-col", name)]
JOBS = (
    Job("import normcast", ["import"]),
    Job("normcast --help", ["--help"]),
    Job("check model.keras", ["check", "model.keras", "--fail-on", "never"], model, (("warm cpu", 2.5),)),
    Job(
        "forecast 144 rows",
        ["forecast", "airline.csv", "--h", str(H)],
        airline,
        (("cold cpu", 22), ("cold wall", 15), ("warm cpu", 5), ("warm wall", 4)),
        TINY,
    ),
    Job(
        "report and forecast, 144 rows",
        ["forecast", "airline.csv", "--h", str(H), "--report", "report.html"],
        airline,
        quick=None,
    ),
    Job("forecast 2 x 1,461 rows", ["demo"], None, (("warm wall", 12),), None),
    Job(
        "forecast 7 x 17,420 rows",
        ["forecast", "hourly.csv", "--time-col", "date", *TARGETS, "--h", "24", "--input-size", "168"],
        hourly,
        quick=None,
    ),
    Job("fit X (600, 21, 20)", ["fit", "cases.npz"], cases, (("warm cpu", 6),), (*TINY, "--folds", "2")),
    Job("study demo", ["study", "demo"], None, quick=None),
    Job("inspect model.keras", ["inspect", "model.keras", "--report", "inspect.html"], model),
    Job(
        "statsforecast, 144 rows", ["call", PEERS, "statistical"], airline, quick=None, needs="statsforecast"
    ),
    Job(
        "NeuralForecast NHITS, 144 rows",
        ["call", PEERS, "neural"],
        airline,
        quick=None,
        needs="neuralforecast",
    ),
)


def statistical() -> None:
    """AutoETS, AutoTheta and the seasonal naive forecast of statsforecast: three cutoffs and a forecast."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive

    models = [each(season_length=SEASON) for each in (AutoETS, AutoTheta, SeasonalNaive)]
    told, table = StatsForecast(models, freq="MS", n_jobs=1), series()
    told.cross_validation(df=table, h=H, n_windows=N_WINDOWS, step_size=H, level=[80, 95])
    told.forecast(df=table, h=H, level=[80, 95])


def neural() -> None:
    """NHITS of NeuralForecast, 500 steps a fit: three cutoffs, each fitted anew, and a forecast."""
    from neuralforecast import NeuralForecast
    from neuralforecast.models import NHITS

    told = NeuralForecast([NHITS(h=H, input_size=3 * H, max_steps=500)], freq="MS")
    told.cross_validation(df=series(), n_windows=N_WINDOWS, step_size=H, refit=True)
    told.fit(df=series())
    told.predict()


def series() -> pd.DataFrame:
    """Return the table of `airline` as peers want it."""
    return pd.read_csv("airline.csv", parse_dates=["ds"]).assign(unique_id="airline")
