"""Candidates come back from a file as they were, or not at all."""

import numpy as np
import pytest

from normcast.candidates import Ridge
from normcast.candidates.drift import Drift
from normcast.candidates.kept import candidate_parts, from_candidate_parts
from normcast.candidates.seasonal_naive import SeasonalNaive

OWN = {
    "ridge_4": Ridge(np.arange(8.0).reshape(4, 2), np.ones(2), 0.5),
    "drift": Drift(),
    "seasonal_naive": SeasonalNaive(7),
}


def test_candidates_come_back_as_they_were():
    again = from_candidate_parts(*candidate_parts(OWN), 2, 9)
    assert list(again) == list(OWN)
    assert again["seasonal_naive"] == OWN["seasonal_naive"]
    np.testing.assert_array_equal(again["ridge_4"].weights, OWN["ridge_4"].weights)
    assert again["ridge_4"].penalty == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plain, arrays: plain["drift"].update(kind="Code"), "no kind 'Code'"),
        (lambda plain, arrays: plain["seasonal_naive"].update(season=0), "season is 0"),
        (lambda plain, arrays: plain["seasonal_naive"].update(season=1001), "within 1 and 1000 rows"),
        (lambda plain, arrays: plain["seasonal_naive"].update(season=True), "season is True"),
        (lambda plain, arrays: plain["seasonal_naive"].update(other=1), "needs"),
        (lambda plain, arrays: plain["ridge_4"].update(penalty="1"), "needs a penalty"),
        (lambda plain, arrays: arrays.pop("ridge_4/weights"), "are missing"),
        (lambda plain, arrays: arrays.update({"ridge_4/intercept": np.ones(3)}), "have shapes"),
        (lambda plain, arrays: arrays.update({"ridge_4/weights": np.full((4, 2), np.inf)}), "no finite"),
        (
            lambda plain, arrays: arrays.update({"ridge_4/intercept": np.ones(2, "float32")}),
            "double precision",
        ),
        (lambda plain, arrays: arrays.update({"more": np.ones(2)}), "holds 3 arrays"),
    ],
)
def test_what_is_no_candidate_is_refused(change, message):
    plain, arrays = candidate_parts(OWN)
    change(plain, arrays)
    with pytest.raises(ValueError, match=message):
        from_candidate_parts(plain, arrays, 2, 9)
