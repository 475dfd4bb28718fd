"""Doors: every way by which anyone's bytes come in, each with bytes in order to start from."""

import io
import json
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from normcast import load
from normcast.artefact import read_keras_file
from normcast.artefact.archive import Archive
from normcast.models.edits import edits_from_json
from normcast.models.revival import revived_model
from normcast.study.repair import repair
from normcast.study.store import Store
from tests.forecasting.ready import ready, saved, table
from tests.fuzz import hostile, test_files, test_networks, test_tables, test_texts, test_values
from tests.fuzz.campaign import cases, judged
from tests.study.test_faults import stored


@dataclass(frozen=True)
class Door:
    """enter: takes any bytes; starts: makes bytes that are in order; cost: of a case, in the cheapest."""

    enter: Callable[[bytes], object]
    starts: Callable[[], Iterable[bytes]] = tuple
    cost: int = 1


def file_of(name: str, open_: Callable[[str], object]) -> Callable[[bytes], None]:
    """A door to which bytes come as a file of that name."""

    def enter(raw):
        Path(name).write_bytes(raw)
        with judged(name):
            open_(name)

    return enter


def text_of(kind: str, read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """A door to which bytes come as they are."""

    def enter(raw):
        with judged(kind):
            read(raw)

    return enter


def lines(raw: bytes) -> list[str]:
    return raw.decode("utf-8", "replace").split("\n")


def inside(test: Callable, *more: object) -> Callable[[list[str]], None]:
    """What a test does with a case that it did not draw."""
    return lambda raw: test.hypothesis.inner_test(lines(raw), *more)


def chosen(among: Iterable, read: Callable) -> Callable[[bytes], None]:
    """The first byte says which of several is read."""
    known = list(among)
    return lambda raw: read(known[raw[0] % len(known)], raw[1:]) if raw else None


def case_file(name: str) -> Callable[[bytes], None]:
    def enter(raw):
        Path(name).write_bytes(raw)
        test_files.read_all(name, needs_y=False)

    return enter


# ---- bytes in order, to start from


def text_starts(*texts: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [text.encode() for text in texts]


def keras_starts(name: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [made(hostile.keras_with(lambda _: None, name))]


def made(make: Callable[[Path], bytes]) -> bytes:
    with TemporaryDirectory() as folder:
        return make(Path(folder))


def artefact(folder: Path) -> bytes:
    return saved(ready(table()), folder).read_bytes()


def config() -> Iterable[bytes]:
    members = Archive.unpacked(*keras_starts("net.keras")(), "whole").members
    return [members["config.json"], json.dumps(test_networks.KEPT).encode()]


class Members:
    """An artefact of which one member is other bytes."""

    def __init__(self) -> None:
        self.whole: dict[str, bytes] = {}

    def starts(self) -> Iterable[bytes]:
        self.whole = dict(Archive.unpacked(made(artefact), "whole").members)
        return [bytes([i]) + self.whole[name] for i, name in enumerate(sorted(self.whole))]

    def enter(self, raw: bytes) -> None:
        names = sorted(self.whole)
        name = names[raw[0] % len(names)] if raw else names[0]
        content = Archive({**self.whole, name: raw[1:]}, "spoiled").packed()
        file_of("members.normcast", load)(content)


def with_config(raw: bytes) -> None:
    target = io.BytesIO(made(hostile.keras_with(lambda _: raw)))
    file_of("config.keras", read_keras_file)(target.getvalue())


def open_store(name: str) -> None:
    with closing(Store(name)) as store:
        _ = store.facts, store.placements, store.trials()


def repaired(name: str) -> None:
    Path("repaired.db").unlink(missing_ok=True)
    repair(name, "repaired.db")
    open_store("repaired.db")


@cases(1)
@given(st.sampled_from(test_values.KINDS), st.data())
def values(kind, data):
    test_values.read_back(kind, data.draw(test_values.plausible(kind)))


MEMBERS = Members()
EDITS = '[{"edit": "insert", "what": {"class_name": "Dropout", "config": {"rate": 0.2}}, "after": "lstm"}]'
GIVEN = {
    "csv": Door(lambda raw: test_tables.read_all("a.csv", raw), text_starts(test_tables.GOOD), 4),
    "parquet": Door(lambda raw: test_tables.read_all("a.parquet", raw), lambda: [test_tables.WHOLE], 4),
    "xlsx": Door(lambda raw: test_tables.read_all("a.xlsx", raw), lambda: [test_files.BOOK], 10),
    "ts": Door(case_file("a.ts"), text_starts(*test_files.TS)),
    "arff": Door(case_file("a.arff"), text_starts(*test_files.ARFF)),
    "npz": Door(case_file("a.npz"), lambda: [test_files.parts()], 4),
    "times": Door(inside(test_texts.test_times, None), text_starts("2018-W1", "Q1 1980\nQ2 1980", "9:30"), 4),
    "numbers": Door(inside(test_texts.test_numbers, ","), text_starts("1.200,5 kg", "(5)\nUS$ 1", "1e5")),
    "frequencies": Door(
        lambda raw: test_texts.test_frequencies.hypothesis.inner_test("".join(lines(raw))),
        text_starts("D@Mon-Sat", "30min@Mon-Fri/09:30-15:30", "W-MON"),
    ),
    "plain": Door(
        chosen(test_values.KINDS, lambda kind, raw: text_of("plain", kind.from_json)(raw)),
        lambda: [bytes([i]) + b"{}" for i in range(len(test_values.KINDS))],
    ),
    "edits": Door(text_of("edits", edits_from_json), text_starts(EDITS), 2),
    "network": Door(
        text_of("network", lambda raw: revived_model(raw, "text")),
        text_starts(json.dumps(test_networks.KEPT)),
        20,
    ),
    "keras": Door(file_of("a.keras", read_keras_file), keras_starts("net.keras"), 20),
    "keras, its configuration": Door(with_config, config, 40),
    "h5": Door(file_of("a.h5", read_keras_file), keras_starts("net.h5"), 20),
    "artefact": Door(file_of("a.normcast", load), lambda: [made(artefact)], 20),
    "artefact, its members": Door(MEMBERS.enter, MEMBERS.starts, 20),
    "store": Door(file_of("a.db", open_store), lambda: [made(stored)], 20),
    "store, repaired": Door(file_of("b.db", repaired), lambda: [made(stored)], 40),
}  # fmt: skip
"""Doors to which the bytes go as they are."""


def drawn() -> dict[str, Door]:
    """Doors to which what hypothesis makes of the bytes goes: as the tests beside, but guided."""
    tests = {"drawn values": values, "drawn edits": test_values.test_edits}
    for module in (test_tables, test_texts, test_files):
        found = {name: test for name, test in vars(module).items() if hasattr(test, "hypothesis")}
        kind = module.__name__.rpartition("_")[2]
        tests |= {f"drawn {kind}: {name.removeprefix('test_')}": test for name, test in found.items()}
    return {name: Door(test.hypothesis.fuzz_one_input, cost=10) for name, test in tests.items()}


DOORS = GIVEN | drawn()
