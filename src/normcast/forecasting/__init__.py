"""The forecaster: from a table of past values to forecasts with intervals, and back-tests of them."""

from normcast.forecasting.backtest import Backtest, backtest
from normcast.forecasting.cost import estimate
from normcast.forecasting.forecaster import Forecaster
from normcast.forecasting.settings import Settings

__all__ = ["Backtest", "Forecaster", "Settings", "backtest", "estimate"]
