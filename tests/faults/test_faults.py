"""One kill of each kind; `make test-faults` has all. Studies and back-tests have short tests of their own."""

import random

import pytest

from tests.faults.__main__ import Campaign
from tests.faults.kinds import KINDS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_killed_work_goes_on_to_the_same_end(kind):
    campaign = Campaign(kind, random.Random(0))
    campaign.run(1)
    assert (campaign.kills, campaign.lost) == (1, 0)
    assert campaign.ends >= 1
