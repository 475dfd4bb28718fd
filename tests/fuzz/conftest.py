"""What came of the cases is told at the end of a long campaign."""

from tests.fuzz import campaign


def pytest_terminal_summary(terminalreporter):
    if not campaign.IS_SHORT:
        for (kind, outcome), count in sorted(campaign.OUTCOMES.items()):
            terminalreporter.write_line(f"{kind}: {outcome} {count:,}")
