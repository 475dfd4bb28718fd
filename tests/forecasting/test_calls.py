"""Which arguments a method remembers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from normcast.forecasting.calls import Call, remembered


class Fits:
    """Something with methods that take a table."""

    def __init__(self) -> None:
        self.calls_: dict[str, Call] = {}

    @remembered
    def fit(self, df: Any, n: Any = None, progress: Any = True, refit: Any = True, **table: Any) -> str:
        """Return the number that was given."""
        return f"fitted {n}"

    @remembered
    def predict(self, df: Any = None) -> str:
        """Fail for what is no table."""
        if df == "broken":
            raise ValueError(df)
        return "predicted"


def test_a_call_keeps_what_is_not_as_it_is_by_default():
    fits = Fits()
    assert fits.fit("sales.csv", 5, refit=True, id_col="store", na_values=["-"]) == "fitted 5"
    assert fits.calls_ == {"fit": Call("sales.csv", {"n": 5}, {"id_col": "store", "na_values": ["-"]})}
    fits.fit(df=Path("sales.csv"), n=None, progress=False)
    assert fits.calls_ == {"fit": Call("sales.csv", {"progress": False}, {})}


def test_frames_and_functions_are_not_kept():
    fits = Fits()
    fits.fit(pd.DataFrame({"y": [1]}), n=np.int64(3), progress=print)
    assert fits.calls_ == {"fit": Call("", {"n": 3}, {})}


def test_one_is_not_true():
    fits = Fits()
    fits.fit("a.csv", refit=1)
    assert fits.calls_["fit"].arguments == {"refit": 1}


def test_the_latest_call_stands_last_and_one_that_failed_is_not_kept():
    fits = Fits()
    fits.fit("a.csv")
    fits.predict("b.csv")
    assert list(fits.calls_) == ["fit", "predict"]
    fits.fit("c.csv")
    assert [each.path for each in fits.calls_.values()] == ["b.csv", "c.csv"]
    with pytest.raises(ValueError, match="broken"):
        fits.predict("broken")
    assert fits.calls_["predict"].path == "b.csv"


def test_a_method_keeps_its_name_and_words():
    assert (Fits.fit.__name__, Fits.fit.__doc__) == ("fit", "Return the number that was given.")
