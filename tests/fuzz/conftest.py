"""What came of the cases is told at the end of a long campaign."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.fuzz import campaign


@pytest.fixture(scope="module")
def scratch():
    """One working folder for all cases of a module: hypothesis runs them in one test."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as there:
        os.chdir(there)
        yield
        os.chdir(before)


def pytest_terminal_summary(terminalreporter):
    if not campaign.IS_SHORT:
        for (kind, outcome), count in sorted(campaign.OUTCOMES.items()):
            terminalreporter.write_line(f"{kind}: {outcome} {count:,}")
