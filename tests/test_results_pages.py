"""The pages on speed and trust say what the benchmarks printed."""

import pytest
from benchmarks.measured_page import BLOCK, filled
from benchmarks.results_pages import DOCS, PAGES, record
from benchmarks.table import Row, at_least, parsed, printed

CHANGED = {
    "speed.md": ("lstm", "27.76", "17.76"),
    "trust.md": ("truth", "0.005", "0.105"),
}


def test_what_was_printed_is_read_as_it_was():
    rows = [
        Row("a step, of one replica", 0.125, "ms CPU", "", ""),
        at_least("engine", 3.5, 2.0, "Keras fit on JAX"),
        at_least("engine", 1.5, 2.0, "a loop"),
        at_least("engine", None, 2.0, "a peer that is not there"),
    ]
    found = parsed(f"{printed(rows)}\n\nwith --simulated:\n\nwhat  value\n")
    assert found == (printed(rows).splitlines()[0], rows)


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_on_a_page_are_those_of_the_results(name):
    page = (DOCS / name).read_text(encoding="utf-8")
    assert [part[1] for part in BLOCK.findall(page)] == list(PAGES[name])
    assert filled(page, record(), PAGES[name]) == page, "run `python -m benchmarks.results_pages`"
    benchmark, was, other = CHANGED[name]
    changed = record() | {benchmark: record()[benchmark].replace(was, other, 1)}
    assert filled(page, changed, PAGES[name]) != page


def test_a_target_that_was_missed_is_told():
    page = (DOCS / "speed.md").read_text(encoding="utf-8")
    shown = [parsed(record()[name])[1] for name in PAGES["speed.md"]]
    missed = [row for rows in shown for row in rows if row.ok is False]
    assert missed
    assert page.count(", missed |") == len(missed)
