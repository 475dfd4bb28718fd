"""Classical peers at the cutoffs of a back-test: AutoTheta, AutoETS and MSTL of statsforecast."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from normcast.data import Panel
from normcast.forecasting import Backtest
from normcast.scoring import score

ROWS = 1000  # the newest before a cutoff; more cost minutes


def beside(done: Backtest, h: int, level: tuple[float, ...]) -> Backtest:
    """Return the back-test with columns and scores of the peers as well."""
    from statsforecast import StatsForecast

    panel = done.panel
    asked = done.frame[["unique_id", "cutoff"]].drop_duplicates(ignore_index=True)
    pasts = (history(panel, *row).assign(unique_id=place) for place, row in enumerate(asked.to_numpy()))
    told = StatsForecast(models(panel), freq=1, n_jobs=1).forecast(h=h, df=pd.concat(pasts), level=[*level])
    told = told.drop(columns="ds").rename(columns=str).sort_values("unique_id", kind="stable")
    # Both stand cutoff by cutoff and step by step once sorted by the number of the cutoff and series.
    number = done.frame[["unique_id", "cutoff"]].merge(asked.reset_index(), how="left")["index"]
    order = np.argsort(number.to_numpy(), kind="stable")
    columns = told.drop(columns="unique_id").set_axis(done.frame.index[order]).rename(columns=plain)
    frame = done.frame.join(columns)
    return replace(done, frame=frame, scores=score(frame, scales(done), level))


def models(panel: Panel) -> list[Any]:
    """Return the models for the seasons of a panel."""
    from statsforecast.models import MSTL, AutoETS, AutoTheta

    seasons = [season for season in (panel.season, *panel.longer_seasons) if season <= ROWS // 2]
    return [AutoTheta(season_length=panel.season), AutoETS(season_length=panel.season), MSTL(seasons)]


def history(panel: Panel, name: str, cutoff: Any) -> pd.DataFrame:
    """Return the newest rows of a series up to a cutoff, stamped by their count."""
    first, end = list(pairwise(panel.offsets))[panel.ids.index(name)]
    rows = int((panel.time[first:end] <= cutoff).sum())
    start = max(0, rows - ROWS)
    return pd.DataFrame({"ds": np.arange(start, rows), "y": panel.y[first + start : first + rows]})


def scales(done: Backtest) -> pd.DataFrame:
    """Return what the MASE of each series and fold was divided by."""
    keys, folds = ["unique_id", "cutoff"], done.scores.folds
    own = folds[folds["model"] == folds["model"].iloc[0]].pivot(index=keys, columns="metric", values="value")
    return (own["mae"] / own["mase"]).rename("scale").reset_index()


def plain(column: str) -> str:
    """Write the level of a bound as ours are written: 80, not 80.0."""
    return column.removesuffix(".0")
