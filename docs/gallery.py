"""Make the reports of docs/gallery.md from the shipped weather data, and a picture of each: `make gallery`.

Small budgets throughout: some minutes on two cores. Pictures are taken by Chromium; where there is none,
those that are there stay.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import normcast.engine  # before JAX is used: it asks for a device per core

# isort: split
import keras
import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "gallery"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDE, HIGH, SCALE = 1280, 1500, 0.65  # of the window, in CSS pixels, and of its picture
SOURCE = "weather.csv"  # what the pages call the table
COLUMNS = {"id_col": "location", "time_col": "date", "target_col": "temp_max"}
NUMBERS = ["precipitation", "temp_max", "temp_min", "wind"]


def forecast(path: Path) -> None:
    """The highs of two weeks, after a back-test of three."""
    forecaster = normcast.Forecaster(h=14, seeds=2, epochs=10)
    forecaster.cross_validation(normcast.datasets.weather(), n_windows=3, **COLUMNS)
    forecaster.fit(normcast.datasets.weather(), **COLUMNS)
    normcast.write_report(forecaster, path, source=SOURCE)


def cases(path: Path) -> None:
    """Which quarter of the year it is, from three weeks of weather; no year of a city is in two parts."""
    windows = normcast.cut_windows(quarters(), size=21, target="quarter", id_col="year", time_col="date")
    classifier = normcast.Classifier("conv-lstm", seeds=2, epochs=10)
    normcast.write_report(classifier.evaluate(windows, folds=3), path, source=SOURCE)


def quarters() -> pd.DataFrame:
    """Return the numbers of each day with its quarter, and the year of its city."""
    table = normcast.datasets.weather()
    day = table["date"].dt
    own = {"year": table["location"] + " " + day.year.astype(str), "quarter": "Q" + day.quarter.astype(str)}
    return table[["date", *NUMBERS]].assign(**own)


def study(path: Path) -> None:
    """Batch and layer norm in every place of a small network."""
    with TemporaryDirectory() as folder:
        placed = normcast.Study(
            "conv-lstm",
            normcast.datasets.weather(),
            h=7,
            axes=["norm", "inside"],
            max_seeds=12,
            epochs=12,
            schedule="cosine",
            store=Path(folder) / "study.db",
            **COLUMNS,
        )
        normcast.write_report(placed.run(), path, source=SOURCE, store="study.db")


def inspect(path: Path) -> None:
    """What the gates and gradients of a trained LSTM do over two weeks."""
    table = normcast.datasets.weather()
    days = table.loc[table["location"] == "Seattle", NUMBERS].to_numpy(dtype="float32")
    scaled = (days - days.mean(axis=0)) / days.std(axis=0)
    x = np.lib.stride_tricks.sliding_window_view(scaled[:-1], 14, axis=0).transpose(0, 2, 1)
    y = scaled[14:, 1:2]
    keras.utils.set_random_seed(0)
    layers = [keras.Input((14, len(NUMBERS))), keras.layers.LSTM(8, name="lstm"), keras.layers.Dense(1)]
    model = keras.Sequential(layers, name="weather_lstm")
    model.compile("adam", "mse")
    model.fit(x, y, epochs=8, verbose=0)
    normcast.inspect_model(model, x[-64:], y[-64:]).report(path, given="windows of Seattle")


REPORTS: dict[str, Callable[[Path], None]] = {
    "forecast": forecast,
    "cases": cases,
    "study": study,
    "inspect": inspect,
}


def pictured(report: Path, browser: str) -> Path:
    """Take a picture of the top of a page; return its file."""
    picture = report.with_suffix(".png")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    flags += [f"--window-size={WIDE},{HIGH}", f"--force-device-scale-factor={SCALE}"]
    with TemporaryDirectory() as profile:
        where = [f"--user-data-dir={profile}", f"--screenshot={picture}", report.resolve().as_uri()]
        subprocess.run([browser, *flags, *where], check=True, capture_output=True, timeout=120)
    return picture


def main(names: list[str]) -> None:
    """Make the reports of these names, or all, and their pictures."""
    FOLDER.mkdir(exist_ok=True)
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    for name in names or REPORTS:
        path = FOLDER / f"{name}.html"
        REPORTS[name](path)
        files = [path, pictured(path, browser)] if browser else [path]
        print(*(f"{file.name} {file.stat().st_size / 1000:.0f} kB" for file in files), sep=", ", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
