"""From a back-test's long frame to tidy scores, through `utilsforecast.losses`.

Frames are pandas, with the canonical names `unique_id, ds, cutoff, y`; every other column is a model's
forecast (its median) or a bound of it, `<model>-lo-<level>` and `<model>-hi-<level>`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from normcast.errors import listed, unknown
from normcast.scoring.coverage import coverages
from normcast.scoring.quantiles import level_columns, quantiles_of

KEYS = ["unique_id", "cutoff"]
STEP, SCALE, VALUE = " step", " scale", " value"  # columns of our own, beside models of any name
FEWEST_FOLDS = 3  # of which the coverage of a single series is said to be near its level or not
METRICS = ("mase", "mae", "mse", "rmse", "smape", "scaled_crps")
"""What `score` tells of a point forecast and its quantiles; `Scores` says what each is."""


@dataclass(frozen=True, eq=False)
class Scores:
    """How wrong each model was, as `score` tells it.

    Each frame is tidy: its keys, then `model, metric, value`. A metric is one of `METRICS` or
    `coverage-<level>`. Lower is better; coverage should be the level.

    - mase: mean size of the error over the scale of the fold (see `seasonal_error`); no unit.
    - mae, mse, rmse: in the unit of y, and its square; rmse is the root within one series and fold, then
      averaged.
    - smape: percent, as in the M4 competition, mean of 200 abs(error) / (abs(y) + abs(forecast)): at
      most 200, and 200 times what `utilsforecast.losses.smape` returns.
    - scaled_crps: twice the mean pinball loss of the quantiles over the mean size of y; no unit.
    - coverage-<level>: percent of rows inside the interval, its bounds included; NaN for a series that stood
      still and whose interval has no width.
    - near-<level>, overall, of several series and three folds or more: percent of the series whose coverage
      is within 10 points of the level.

    A NaN is left out of a mean, and noted.

    Parameters
    ----------
    folds : pandas.DataFrame
        Keys `unique_id, cutoff`: one value per series and fold, from which the next three are averaged.
    overall : pandas.DataFrame
        No keys.
    by_series : pandas.DataFrame
        Key `unique_id`.
    by_cutoff : pandas.DataFrame
        Key `cutoff`.
    by_step : pandas.DataFrame
        Key `step` (1 to h), over series and folds, without scaled_crps, which one row cannot have; rmse is
        there the root over all of them.
    notes : tuple of str
        Sentences on what could not be scored.

    Examples
    --------
    >>> values = {"y": [3.0, 5.0], "naive": [4.0, 2.0]}
    >>> frame = pd.DataFrame({"unique_id": "a", "cutoff": 2, "ds": [3, 4], **values})
    >>> scales = pd.DataFrame({"unique_id": ["a"], "cutoff": [2], "scale": [2.0]})
    >>> by_step = score(frame, scales, levels=[]).by_step
    >>> by_step[by_step["metric"] == "mae"][["step", "model", "value"]]
       step  model  value
    2     1  naive    1.0
    3     2  naive    3.0
    """

    folds: pd.DataFrame
    overall: pd.DataFrame
    by_series: pd.DataFrame
    by_cutoff: pd.DataFrame
    by_step: pd.DataFrame
    notes: tuple[str, ...]


def score(frame: pd.DataFrame, scales: pd.DataFrame, levels: Sequence[float]) -> Scores:
    """Score every model of a back-test: overall, per series, per fold and per step of the horizon.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns `unique_id, ds, cutoff, y`, then the models': a forecast under its name, bounds as
        `<model>-lo-<level>` and `<model>-hi-<level>`. Rows whose y is NaN are left out.
    scales : pandas.DataFrame
        Columns `unique_id, cutoff, scale`: the MASE scale of each series and fold from rows before the
        cutoff; a zero or NaN scale gives NaN and a note.
    levels : sequence of float
        Percent; a model without bounds gets no scaled_crps and no coverage.

    Returns
    -------
    Scores
        The scores, and notes on what could not be scored.

    Raises
    ------
    ValueError
        For a missing column, and for a forecast or bound that is NaN or infinite.

    Examples
    --------
    >>> frame = pd.DataFrame({"unique_id": "a", "cutoff": 2, "ds": [3, 4], "y": [3.0, 5.0], "naive": 4.0})
    >>> scales = pd.DataFrame({"unique_id": ["a"], "cutoff": [2], "scale": [2.0]})
    >>> score(frame, scales, levels=[]).overall
       model metric      value
    0  naive   mase   0.500000
    1  naive    mae   1.000000
    2  naive    mse   1.000000
    3  naive   rmse   1.000000
    4  naive  smape  25.396825
    """
    _check_columns("frame", frame, [*KEYS, "ds", "y"])
    _check_columns("scales", scales, [*KEYS, "scale"])
    steps = frame.groupby(KEYS, observed=True)["ds"].rank(method="first").astype(int).rename(STEP)
    named = scales[[*KEYS, "scale"]].rename(columns={"scale": SCALE})
    rows = frame.assign(**{STEP: steps}).merge(named, on=KEYS, how="left")
    rows = rows[rows["y"].notna()].reset_index(drop=True)
    models = models_of(frame)
    _check_finite(rows)
    usable = rows[SCALE].where(rows[SCALE] > 0)
    folds = _tidy(rows, usable, models, levels, keys=KEYS)
    by_step = _tidy(rows, usable, models, levels, keys=[STEP]).rename(columns={STEP: "step"})
    return Scores(
        folds=folds,
        overall=_with_near(_mean(folds, []), folds, models, levels),
        by_series=_mean(folds, ["unique_id"]),
        by_cutoff=_mean(folds, ["cutoff"]),
        by_step=by_step,
        notes=_notes(frame, rows, folds),
    )


def models_of(frame: pd.DataFrame) -> list[str]:
    """Return the names of the models in a back-test frame, in its order.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `score` takes it.

    Returns
    -------
    list of str
        Names of columns that are neither keys, y nor bounds.

    Examples
    --------
    >>> models_of(pd.DataFrame(columns=["unique_id", "ds", "cutoff", "y", "ridge", "ridge-lo-80"]))
    ['ridge']
    """
    columns = [column for column in frame.columns if column not in {*KEYS, "ds", "y"}]
    return [
        name
        for name in columns
        if not any(name.startswith(f"{c}-{e}-") for c in columns for e in ("lo", "hi"))
    ]


def _check_columns(name: str, frame: pd.DataFrame, needed: list[str]) -> None:
    for column in needed:
        if column not in frame.columns:
            raise ValueError(unknown("column", column, map(str, frame.columns), where=f"score: {name}"))


def _check_finite(rows: pd.DataFrame) -> None:
    """Refuse a forecast that is no number: a mean that left it out would flatter the model."""
    for column in rows.columns.difference([*KEYS, "ds", "y", STEP, SCALE], sort=False):
        wrong = rows[~np.isfinite(rows[column])]
        if len(wrong):
            first = wrong.iloc[0]
            raise ValueError(
                f"score: frame: column {column!r} has {len(wrong)} values that are NaN or infinite,"
                f" the first in series {first['unique_id']!r} at {first['ds']} (cutoff {first['cutoff']});"
                " a model is scored only on finite forecasts."
            )


def _tidy(
    rows: pd.DataFrame, scale: pd.Series, models: list[str], levels: Sequence[float], keys: list[str]
) -> pd.DataFrame:
    """Score within each group of keys and stack the metrics: keys, model, metric, value."""
    bounded = [model for model in models if set(level_columns(model, levels)) <= set(rows.columns)]
    scaled = rows.assign(**{name: rows[name] / scale for name in ["y", *models]})
    tables = [("mase", _loss("mae", scaled, models, keys))]
    tables += [(metric, _loss(metric, rows, models, keys)) for metric in ("mae", "mse", "rmse")]
    tables += [("smape", _loss("smape", rows, models, keys, factor=200.0))]
    if levels and bounded:
        if keys == KEYS:
            tables += [("scaled_crps", _crps(rows, bounded, levels, keys))]
        for level in levels:
            covered = _moving(
                _loss("coverage", rows, bounded, keys, factor=100.0, level=f"{level:g}"), rows, keys, level
            )
            tables += [(f"coverage-{level:g}", covered)]
    long = [table.melt(keys, None, "model", VALUE).assign(metric=metric) for metric, table in tables]
    tidy = pd.concat(long, ignore_index=True).rename(columns={VALUE: "value"})
    return tidy[[*keys, "model", "metric", "value"]]


def _loss(
    metric: str, rows: pd.DataFrame, models: list[str], keys: list[str], factor: float = 1.0, **options: str
) -> pd.DataFrame:
    from utilsforecast import losses  # half a second that `import normcast.scoring` does not pay

    loss: Callable[..., pd.DataFrame] = getattr(losses, metric)
    table = loss(rows, models=models, **_names(keys), **options)
    return table.assign(**{model: table[model] * factor for model in models})


def _moving(covered: pd.DataFrame, rows: pd.DataFrame, keys: list[str], level: float) -> pd.DataFrame:
    """Return coverages with NaN where a series stood still and was told to: that an interval of no width held
    says nothing of the others."""
    for model in covered.columns.difference(keys):
        wide = (rows[f"{model}-hi-{level:g}"] - rows[f"{model}-lo-{level:g}"]).rename("wide")
        widest = pd.concat([rows[keys], wide], axis=1).groupby(keys, observed=True)["wide"].max()
        at = covered.set_index(keys).index
        held = (covered[model] == 100) & (widest.reindex(at).to_numpy() == 0)
        covered[model] = covered[model].mask(held)
    return covered


def _crps(rows: pd.DataFrame, models: list[str], levels: Sequence[float], keys: list[str]) -> pd.DataFrame:
    from utilsforecast import losses

    columns = {model: level_columns(model, levels) for model in models}
    table = losses.scaled_crps(rows, models=columns, quantiles=np.array(quantiles_of(levels)), **_names(keys))
    silent = rows.assign(y=rows["y"].abs()).groupby(keys, observed=True, as_index=False)["y"].sum()
    table = table.merge(silent, on=keys)
    # utilsforecast divides by the machine epsilon where y is zero throughout: a number, but not a score.
    return table.assign(**{m: table[m].where(table["y"] > 0) for m in models}).drop(columns="y")


def _names(keys: list[str]) -> dict[str, str]:
    """Return the arguments that make utilsforecast group by these keys; not by a cutoff that is not there."""
    return {"id_col": keys[0], "target_col": "y", "cutoff_col": "cutoff" if "cutoff" in keys else "no cutoff"}


def _mean(folds: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    groups = folds.groupby([*keys, "model", "metric"], sort=False, observed=True)
    return groups["value"].mean().reset_index()


def _with_near(
    overall: pd.DataFrame, folds: pd.DataFrame, models: list[str], levels: Sequence[float]
) -> pd.DataFrame:
    """Add the share of series whose intervals held about as much as they say; nothing for one series."""
    found = [
        {"model": model, "metric": f"near-{each.level:g}", "value": each.near}
        for model in models
        for each in coverages(folds, model, levels)
        if each.n_series > 1 and folds["cutoff"].nunique() >= FEWEST_FOLDS
    ]
    return pd.concat([overall, pd.DataFrame(found)], ignore_index=True) if found else overall


def _notes(frame: pd.DataFrame, rows: pd.DataFrame, folds: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if len(rows) < len(frame):
        notes.append(
            f"{len(frame) - len(rows)} of {len(frame)} back-test rows have no observed value; not scored."
        )
    reasons = {
        "MASE": "before the cutoff nothing changes from season to season, so the MASE scale is zero",
        "scaled CRPS": "the values are zero throughout the fold",
    }
    for word, reason in reasons.items():
        metric = word.lower().replace(" ", "_")
        missing = folds[(folds["metric"] == metric) & folds["value"].isna()].drop_duplicates(KEYS)
        if len(missing):
            total = len(folds.drop_duplicates(KEYS))
            names = listed(sorted(missing["unique_id"].astype(str).unique()), most=5)
            notes.append(f"{word} leaves out {len(missing)} of {total} forecasts ({names}): {reason}.")
    resting = folds[folds["metric"].str.startswith("coverage-") & folds["value"].isna()].drop_duplicates(KEYS)
    if len(resting):
        names = listed(sorted(resting["unique_id"].astype(str).unique()), most=5)
        notes.append(
            f"Intervals are judged without {names}: such a series stood still, and so did its forecast."
        )
    return tuple(notes)
