"""The claims about normalization and dropout, measured on public data: what `docs/evidence.md` shows."""

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.claims import CLAIMS, CLASS_CLAIMS, INPUT_SIZE, NETWORK, Claim, H, arms
from benchmarks.table import Row, machine
from normcast.check.evidence import RECORD
from normcast.machine import cores
from normcast.study import Study, StudyResult
from normcast.study.statistics import compare, pooled

NETWORK_WORDS = (
    "Conv1D(8, 3, relu), LSTM(12), Dense; Adam at 0.002, at most 12 epochs of 2,048 windows "
    "(48 of all, for classes)"
)
ROWS = 4000  # the newest of each series: a few minutes of training per data set
SERIES = {
    "ETTh1": ("ETTh1.csv.gz", "date", "OT"),
    "ETTm1": ("ETTm1.csv.gz", "date", "OT"),
    "beijing-pm25": ("beijing_pm25.csv.gz", None, "TEMP"),
    "bike-sharing-hour": ("bike_sharing_hour.csv.gz", None, "cnt"),
    "co2-weekly": ("co2_weekly_maunaloa.csv.gz", None, "co2"),
    "exchange-rate": ("exchange_rate.csv.gz", None, "OT"),
    "m5-total": ("m5_total_daily.csv.gz", "date", "sales"),
    "melbourne-min-temp": ("melbourne_min_temp_daily.csv.gz", None, "Temp"),
    "pjm-aep": ("pjm_AEP_hourly.csv.gz", None, "AEP_MW"),
    "sunspots": ("sunspots_monthly.csv.gz", None, "Sunspots"),
    "taylor-demand": ("taylor_halfhourly_demand.csv.gz", None, "Y"),
    "vic-electricity": ("vic_electricity.csv.gz", None, "Demand"),
    "weather-jena": ("weather_jena_autoformer.csv.gz", None, "T (degC)"),
}
SEASONS = {"beijing-pm25": 24, "bike-sharing-hour": 24, "co2-weekly": 52, "exchange-rate": 5, "m5-total": 7,
           "melbourne-min-temp": 7, "pjm-aep": 24, "sunspots": 12, "taylor-demand": 48, "vic-electricity": 48,
           "weather-jena": 144, "ETTh1": 24, "ETTm1": 96}  # fmt: skip
CASES = ("EyesOpenShut", "FingerMovements", "BasicMotions", "Epilepsy")


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks evidence")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path(".evidence"), help="where trials are kept")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--only", nargs="*", help="names of data sets")
    parser.add_argument("--write", type=Path, default=RECORD)
    options = parser.parse_args(rest)
    options.work.mkdir(exist_ok=True)
    studied = {}
    for name in options.only or [*SERIES, *CASES]:
        make = forecast_study if name in SERIES else class_study
        study = make(name, options)
        print(f"{name}: {study.plan.describe(cores())}", flush=True)
        studied[name] = study.run()
    record = record_of(studied)
    options.write.write_text(json.dumps(record, indent=1) + "\n")
    return [row for claim in record["claims"] for row in rows_of(claim)]


def series(name: str, folder: Path) -> pd.DataFrame:
    """Return the newest rows of a series as a table with a plain count as its stamps."""
    file, _, column = SERIES[name]
    values = pd.read_csv(folder / file)[column].astype(float).interpolate().to_numpy()[-ROWS:]
    return pd.DataFrame({"ds": np.arange(len(values)), "y": values})


def forecast_study(name: str, options: argparse.Namespace) -> Study:
    model = NETWORK.build(INPUT_SIZE, 1, H)
    return Study(
        model,
        series(name, options.data),
        arms(model),
        season=SEASONS[name],
        seeds=options.seeds,
        folds=1,
        epochs=options.epochs,
        patience=4,
        learning_rate=2e-3,
        epoch_windows=2048,
        store=options.work / f"{name}.db",
    )


def class_study(name: str, options: argparse.Namespace) -> Study:
    with np.load(options.data / f"ts_{name}.npz") as held:
        x = np.concatenate([held["X_train"], held["X_test"]])
        y = np.concatenate([held["y_train"], held["y_test"]])
    model = NETWORK.with_head("softmax").build(x.shape[1], x.shape[2], len(np.unique(y)))
    return Study(
        model,
        (x, y),
        arms(model, CLASS_CLAIMS),
        seeds=options.seeds,
        folds=2,
        epochs=4 * options.epochs,
        patience=12,
        learning_rate=2e-3,
        store=options.work / f"{name}.db",
    )


def record_of(studied: dict[str, StudyResult]) -> dict:
    """Return all claims with their effect on each data set, as plain data."""
    tasks = {"forecast": CLAIMS, "classify": CLASS_CLAIMS}
    claims = []
    for task, known in tasks.items():
        mine = {name: result for name, result in studied.items() if result.facts["task"] == task}
        claims += [record_of_claim(claim, task, mine) for claim in known if mine]
    first = next(iter(studied.values()))
    return {
        "measured": date.today().isoformat(),
        "machine": machine(),
        "network": NETWORK_WORDS,
        "versions": first.final[0].versions,
        "seeds": len(first.seeds),
        "claims": claims,
    }


def record_of_claim(claim: Claim, task: str, studied: dict[str, StudyResult]) -> dict:
    effects = [effect_of(claim, name, result) for name, result in studied.items()]
    good = [each for each in effects if np.isfinite(each["effect"]) and each["failed"] == 0]
    errors = [each["spread"] / np.sqrt(each["paired"]) for each in good]
    together = json.loads(pooled([each["effect"] for each in good], errors).to_json()) if good else None
    return {**vars(claim), "rules": list(claim.rules), "task": task, "pooled": together, "effects": effects}


def effect_of(claim: Claim, name: str, result: StudyResult) -> dict:
    """Return the paired effect of the second arm against the first on one data set, relative to the first."""
    scores = {arm: result.scores[arm] for arm in (claim.first, claim.second)}
    found = compare(scores, claim.first)
    effect = found.effects[0]
    plain = {key: getattr(effect, key) for key in ("effect", "low", "high", "p", "paired", "failed")}
    first = result.scores[claim.first]
    return {
        "dataset": name,
        **plain,
        "spread": effect.spread / found.baseline_score,
        "verdict": effect.verdict,
        "first_failed": int(np.isnan(first).any(axis=1).sum()),
    }


def rows_of(claim: dict) -> list[Row]:
    mean = claim["pooled"]
    verdicts = [each["verdict"] for each in claim["effects"]]
    counts = f"better on {verdicts.count('better')}, worse on {verdicts.count('worse')} of {len(verdicts)}"
    value = None if mean is None else round(100 * mean["effect"], 2)
    several = mean is not None and mean["datasets"] > 1
    interval = f"{100 * mean['low']:.1f} to {100 * mean['high']:.1f}" if several else ""
    return [Row(f"{claim['task']}: {claim['words']}", value, "%", counts, interval)]
