"""The kills in short: one of the forecast, whose back-test keeps what it did; `make test-faults` has all."""

import random

import pytest

from tests.faults.__main__ import Campaign
from tests.faults.kinds import KINDS


@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=[] if k is KINDS[0] else pytest.mark.slow) for k in KINDS],
    ids=lambda kind: kind.name,
)
def test_killed_work_goes_on_to_the_same_end(kind):
    campaign = Campaign(kind, random.Random(0))
    campaign.run(1)
    assert (campaign.kills, campaign.lost) == (1, 0)
    assert campaign.ends >= 1
