"""Reached: which tests call which functions, so that a mutant meets only those that can see it.

Each call of a function is noted with the test that makes it. What a fixture of a whole file or more calls is
noted with all tests of the file, since whichever runs first calls it. What a cache spares later tests is
noted with the first alone: a mutant may then be thought to survive, never to be killed.
"""

import ast
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(eq=False)
class Reached:
    """A plugin of pytest. calls: (file, first line) of the functions that a test or a file of tests called;
    seconds: how long each test took, in the order in which they ran."""

    root: str
    calls: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    here: str = ""

    def note(self, frame, event, arg) -> None:
        """Note one call, as `sys.settrace` tells of it."""
        code = frame.f_code
        if code.co_filename.startswith(self.root):
            self.calls.setdefault(self.here, set()).add((code.co_filename, code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        """Note the calls of one test, with its setup."""
        self.here, start = item.nodeid, time.monotonic()
        sys.settrace(self.note)
        threading.settrace(self.note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self.seconds[item.nodeid] = time.monotonic() - start

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """Note what a fixture of many tests calls with their file."""
        test = self.here
        if fixturedef.scope != "function":
            self.here = test.partition("::")[0]
        try:
            return (yield)
        finally:
            self.here = test

    def tests_of(self, path: Path, line: int) -> list[str]:
        """Return the tests that call the function around a line: those of its own file of tests first, then
        file by file, the quickest first."""
        around = {(str(path), first) for first in starts(path.read_text(encoding="utf-8"), line)}
        places = {place for place, called in self.calls.items() if called & around}
        tests = [test for test in self.seconds if {test, file_of(test)} & places]
        total: dict[str, float] = {}
        for test in tests:
            total[file_of(test)] = total.get(file_of(test), 0.0) + self.seconds[test]
        own = f"test_{path.stem}.py"
        return sorted(tests, key=lambda test: (not file_of(test).endswith(own), total[file_of(test)]))


@dataclass(frozen=True, eq=False)
class Only:
    """A plugin of pytest that runs some tests alone, in their order."""

    tests: list[str]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        found = {item.nodeid: item for item in items}
        items[:] = [found[test] for test in self.tests if test in found]


def file_of(test: str) -> str:
    """Return the file of a test.

    >>> file_of("tests/test_a.py::test_b[1]")
    'tests/test_a.py'
    """
    return test.partition("::")[0]


def starts(code: str, line: int) -> set[int]:
    """Return where functions may start whose call reaches a line: the innermost around it, and all inside.

    >>> starts("@cache\\ndef a():\\n    return map(\\n        lambda x: x, [])\\n", 4)
    {1, 2, 3, 4}
    """
    around = [span for span in spans(ast.parse(code)) if line in span]
    return set(min(around, key=len)) if around else set()


def spans(tree: ast.Module) -> Iterable[range]:
    """Yield the lines of each function, its decorators among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield range(first, (node.end_lineno or node.lineno) + 1)
