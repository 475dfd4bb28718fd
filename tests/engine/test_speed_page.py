"""The page on speed says what the benchmarks printed."""

from benchmarks.measured_page import BLOCK, filled
from benchmarks.speed_page import BENCHMARKS, MEASURED, PAGE, record
from benchmarks.table import Row, at_least, parsed, printed


def test_what_was_printed_is_read_as_it_was():
    rows = [
        Row("a step, of one replica", 0.125, "ms CPU", "", ""),
        at_least("engine", 3.5, 2.0, "Keras fit on JAX"),
        at_least("engine", 1.5, 2.0, "a loop"),
        at_least("engine", None, 2.0, "a peer that is not there"),
    ]
    found = parsed(f"{printed(rows)}\n\nwith --simulated:\n\nwhat  value\n")
    assert found == (printed(rows).splitlines()[0], rows)


def test_the_tables_on_the_page_are_those_of_the_results():
    page = PAGE.read_text(encoding="utf-8")
    assert [part[1] for part in BLOCK.findall(page)] == list(BENCHMARKS)
    assert filled(page, record(), MEASURED) == page, "run `python -m benchmarks.speed_page`"
    changed = record() | {"lstm": record()["lstm"].replace("27.76", "17.76")}
    assert filled(page, changed, MEASURED) != page


def test_a_target_that_was_missed_is_told():
    page = PAGE.read_text(encoding="utf-8")
    missed = [row for text in record().values() for row in parsed(text)[1] if row.ok is False]
    assert missed
    assert page.count(", missed |") == len(missed)
