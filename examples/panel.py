"""A panel of series with a column known ahead: from a table to forecasts with intervals and a report."""

import numpy as np
import pandas as pd

import normcast

draws = np.random.default_rng(0)
days = pd.date_range("2024-01-01", periods=250)


def shop(name: str, level: float) -> pd.DataFrame:
    """Return the made-up daily sales of one shop: a week, offers that are planned ahead, and chance."""
    week = 1 + 0.3 * np.sin(2 * np.pi * days.day_of_week / 7)
    offer = (draws.random(len(days)) < 0.1).astype(int)
    sales = level * week * (1 + 0.5 * offer) * draws.lognormal(0, 0.1, len(days))
    return pd.DataFrame({"shop": name, "day": days, "sales": sales, "offer": offer})


if __name__ == "__main__":
    table = pd.concat([shop("north", 100), shop("south", 40), shop("west", 250)])
    past, ahead = table[table["day"] < days[-14]], table[table["day"] >= days[-14]].drop(columns="sales")
    columns = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    forecaster = normcast.Forecaster(h=14, futr_exog=["offer"], seeds=2, epochs=5, minimum=0)
    forecaster.cross_validation(past, n_windows=2, **columns)
    print(forecaster.backtest_.scoreboard())  # beside seasonal naive, drift and ridge
    forecast = forecaster.fit(past, **columns).predict(futr_df=ahead)
    print(forecast.head())
    normcast.write_report(forecaster, "panel.html", futr_df=ahead)
    forecaster.save("panel.normcast")
