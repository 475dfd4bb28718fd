"""Mutants: does a test go red when a line of the code is changed? `make mutants` asks it of a sample.

The changes are mutmut's. Its runner is not used: it leaves out decorated functions, here all rules and
properties, and forks after it ran the tests, when JAX has threads. Here one process imports Keras and JAX
without starting them, and forks for each mutant; the child reads the changed module and runs those of the
related tests that reach the changed function, up to the first red one. One that takes much longer than the
unchanged code counts as killed.
What is found is kept in a file: a mutant that was killed is not run again while its code stays, one that
survived is run again when its tests have changed.
"""

import argparse
import ast
import difflib
import hashlib
import importlib.abc
import importlib.util
import json
import os
import pickle
import random
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import tests.conftest  # noqa: F401  (sets what JAX reads when it is imported)

# isort: split
import hypothesis
import keras  # noqa: F401  (as the others: once here, not in each child)
import pandas  # noqa: F401
import polars  # noqa: F401
import pytest
import scipy.stats  # noqa: F401

from tests.reached import Only, Reached, file_of

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "normcast"


@dataclass(frozen=True)
class Floor:
    """What is changed, and which tests must see it; mentions: only functions with one of these words."""

    sources: str
    tests: tuple[str, ...]
    mentions: tuple[str, ...] = ()


FLOORS = {
    "tasks": Floor("tasks/*.py", ("tests/tasks",)),
    "windows": Floor("windows/*.py", ("tests/windows",)),
    "scoring": Floor("scoring/*.py", ("tests/scoring",)),
    "statistics": Floor("study/statistics/*.py", ("tests/study/statistics",)),
    "forecasting": Floor("forecasting/*.py", ("tests/forecasting",)),
    "edits": Floor(
        "models/edits/*.py",
        ("tests/models/test_edits.py", "tests/models/test_edit_values.py", "tests/models/test_diff.py"),
    ),
    "fixes": Floor(
        "check/rules/*.py",
        ("tests/check/test_rules.py", "tests/check/test_borders.py"),
        ("Edit", "Insert(", "Move(", "Remove(", "Replace(", "Rewire(", "Set("),
    ),
}
PARTS = ("train", "valid", "calib", "test")


@dataclass(frozen=True)
class Mutant:
    """One change of one file. key: names the changed file, whatever stands around it."""

    floor: str
    file: str
    line: int
    before: str
    after: str
    key: str
    killed: bool | None = None
    tests: str = ""


def mutants(name: str, sample: int, seed: int) -> Iterator[tuple[Mutant, str]]:
    """Yield a floor's sample of mutants, each with the changed code of its file."""
    paths = sorted(SOURCE.glob(FLOORS[name].sources))
    every = [(path, change) for path in paths for change in changes(path, FLOORS[name].mentions)]
    for path, change in random.Random(f"{seed} {name}").sample(every, min(sample, len(every))):
        file, code, changed = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"), change()
        key = hashlib.sha256(f"{file}\n{changed}".encode()).hexdigest()[:16]
        yield Mutant(name, file, *difference(code, changed), key), changed


def changes(path: Path, mentions: Iterable[str] = ()) -> Iterator[Callable[[], str]]:
    """Yield what makes a file's code with one change: not in annotations, decorators, texts and errors."""
    import libcst as cst
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators, operator_string
    from mutmut.mutation.pragma_handling import IgnoredCode

    def another_part(node: cst.SimpleString) -> Iterator[cst.SimpleString]:
        if node.raw_value in PARTS:
            part = PARTS[(PARTS.index(node.raw_value) + 1) % len(PARTS)]
            yield node.with_changes(value=f'"{part}"')

    class Changes(MutationVisitor):
        def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
            if isinstance(node, cst.FunctionDef) and node.decorators:
                return False
            return isinstance(node, cst.Raise) or super()._skip_node_and_children(node)

    operators = [pair for pair in mutation_operators if pair[1] is not operator_string]
    code = path.read_text(encoding="utf-8")
    lines = lines_of_functions(code, mentions)
    visitor = Changes([*operators, (cst.SimpleString, another_part)], IgnoredCode(set(), set(), set()), lines)
    module = cst.metadata.MetadataWrapper(cst.parse_module(code)).visit(visitor)
    for each in visitor.mutations:
        yield lambda each=each: module.deep_replace(each.original_node, each.mutated_node).code


def lines_of_functions(code: str, mentions: Iterable[str] = ()) -> set[int]:
    """Return the lines of the functions that mention one of these words, their decorators left out."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef):
            text = ast.get_source_segment(code, node) or ""
            if not mentions or any(word in text for word in mentions):
                found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def difference(code: str, changed: str) -> tuple[int, str, str]:
    """Return (line, before, after) of the first change.

    >>> difference("a = 1\\nb = 2\\n", "a = 1\\nb = 3\\n")
    (2, 'b = 2', 'b = 3')
    """
    old, new = code.splitlines(), changed.splitlines()
    for kind, i, end, j, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            shown = (" ".join(line.strip() for line in lines) for lines in (old[i:end], new[j:last]))
            return i + 1, *shown
    return 0, "", ""


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from changed code."""

    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self.changed = code

    def get_code(self, fullname):
        """Compile the changed code; what is cached on disk is that of the file."""
        return compile(self.changed, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds one module, as changed."""

    def __init__(self, file: str, code: str) -> None:
        parts = Path(file).relative_to("src").with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.loader = Changed(self.name, str(ROOT / file), code)

    def find_spec(self, fullname, path, target=None):
        """Return the spec of that module, None for any other."""
        if fullname == self.name:
            return importlib.util.spec_from_file_location(fullname, self.loader.path, loader=self.loader)
        return None


def red(tests: list[str], mutant: Mutant, code: str, seconds: float) -> bool:
    """Say whether one of the tests fails, or they do not end in time, with a mutant's code."""

    def run() -> int:
        sys.meta_path.insert(0, Finder(mutant.file, code))
        return pytest_on(dict.fromkeys(map(file_of, tests)), Only(tests))

    return in_fork(run, seconds) not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def reached(name: str) -> Reached:
    """Return which functions a floor's tests reach; the code is as it stands, and they must pass."""
    with tempfile.NamedTemporaryFile() as file:

        def run() -> int:
            found = Reached(str(SOURCE))
            outcome = pytest_on(FLOORS[name].tests, found)
            Path(file.name).write_bytes(pickle.dumps(found))
            return outcome

        if in_fork(run, 3600) != pytest.ExitCode.OK:
            raise SystemExit(f"{name}: {' '.join(FLOORS[name].tests)} is red without any change.")
        return pickle.loads(file.read())


def in_fork(run: Callable[[], int], seconds: float) -> int | None:
    """Return what a fork of this process ends with, None where that takes longer."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            os._exit(run())
        finally:
            os._exit(70)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def pytest_on(tests: Iterable[str], plugin: object) -> int:
    """Run tests up to the first red one, in silence, and return what pytest says."""
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutants")
    for stream in (1, 2):
        os.dup2(os.open(os.environ.get("MUTANTS_LOG", os.devnull), os.O_WRONLY | os.O_CREAT), stream)
    options = ["-x", "-p", "no:warnings", "-p", "no:cacheprovider", "-m", "not slow"]
    return int(pytest.main([*options, *tests], plugins=[plugin]))


def digest(tests: Iterable[str]) -> str:
    """Return a short name of what the tests say now."""
    files = sorted(file for each in tests for file in [ROOT / each, *(ROOT / each).rglob("*.py")])
    texts = [file.read_bytes() for file in files if file.is_file()]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def tried(name: str, sample: int, seed: int, kept: dict[str, Mutant]) -> Iterator[Mutant]:
    """Yield the mutants of a floor's sample, each killed or not; kept: what earlier runs found."""
    now, seen = digest(FLOORS[name].tests), None
    for mutant, code in mutants(name, sample, seed):
        known = kept.get(mutant.key)
        if known and (known.killed or known.tests == now):
            yield replace(mutant, killed=known.killed, tests=known.tests)
            continue
        seen = seen or reached(name)
        tests = seen.tests_of(ROOT / mutant.file, mutant.line)
        seconds = 20 + 4 * sum(seen.seconds[test] for test in tests)
        killed = bool(tests) and red(tests, mutant, code, seconds)
        yield replace(mutant, killed=killed, tests=now)


def table(found: list[Mutant]) -> str:
    """Return the share that was killed by floor, and each mutant that was not."""
    lines = ["", f"{'floor':<12} {'mutants':>7} {'killed':>7} {'share':>6}"]
    for name in dict.fromkeys(each.floor for each in found):
        mine = [each for each in found if each.floor == name]
        killed = sum(bool(each.killed) for each in mine)
        lines.append(f"{name:<12} {len(mine):>7} {killed:>7} {killed / len(mine):>6.0%}")
    for each in found:
        if not each.killed:
            lines += ["", f"{each.file}:{each.line}", f"  - {each.before}", f"  + {each.after}"]
    return "\n".join(lines)


def main() -> None:
    """Run the mutants that were asked for, and print what survived."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("floors", nargs="*", choices=[[], *FLOORS], help="by default all")
    options.add_argument("--sample", type=int, default=100, help="mutants of each floor")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--found", type=Path, default=ROOT / ".mutants.jsonl", help="where results are kept")
    asked = options.parse_args()
    # Every fork would warn that JAX has threads; importing it has not started them.
    warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called", category=RuntimeWarning)
    lines = asked.found.read_text(encoding="utf-8").splitlines() if asked.found.exists() else []
    kept = {each.key: each for each in (Mutant(**json.loads(line)) for line in lines)}
    found = []
    for name in asked.floors or FLOORS:
        for mutant in tried(name, asked.sample, asked.seed, kept):
            with asked.found.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(mutant)) + "\n")
            word = "killed  " if mutant.killed else "SURVIVED"
            print(f"{word} {mutant.file}:{mutant.line}: {mutant.after[:90]}", flush=True)
            found.append(mutant)
    print(table(found))


if __name__ == "__main__":
    main()
