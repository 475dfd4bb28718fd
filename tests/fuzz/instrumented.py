"""One door in a process of its own, whose parsers tell a fuzzer which branches a case took.

`python -m tests.fuzz.instrumented MODULE NAME CASES FOLDER` writes what came of it into the folder.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

PARSERS = (
    "normcast.artefact", "normcast.budgets", "normcast.data", "normcast.document", "normcast.loading",
    "normcast.models.architecture", "normcast.models.declaration", "normcast.models.edits",
    "normcast.models.revival", "normcast.models.shapes", "normcast.plain", "normcast.study.faults",
    "normcast.study.migrations", "normcast.study.repair", "normcast.study.store",
)  # fmt: skip
"""What reads anyone's bytes. Of the rest, of NumPy, Keras and JAX, no branch is looked at."""

SECONDS = 30
"""By the clock, for what hangs; what is only slow, `campaign.judged` finds by the time of the processor."""

MEGABYTES = 4096


def modules(package: str) -> Iterator[str]:
    """Yield the names of all modules of a package, of which none is loaded."""
    (home,) = find_spec(package).submodule_search_locations
    for file in Path(home).rglob("*.py"):
        inside = file.relative_to(home).with_suffix("").parts
        yield ".".join((package, *inside)).removesuffix(".__init__")


def is_parser(module: str) -> bool:
    return module in PARSERS or module.startswith(tuple(f"{each}." for each in PARSERS))


def run(enter: Callable[[bytes], object], starts: list[bytes], cases: int, folder: Path) -> None:
    """Fuzz until there were so many cases, or one failed; ends the process."""
    import atheris

    corpus = folder / "corpus"
    corpus.mkdir()
    for i, each in enumerate(starts):
        (corpus / str(i)).write_bytes(each)
    done = 0

    def one(raw: bytes) -> None:
        nonlocal done
        done += 1
        try:
            enter(raw)
        except BaseException:
            (folder / "failing").write_bytes(raw)
            end(folder, done, traceback.format_exc())
        if done >= cases:
            end(folder, done, "")

    limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-artifact_prefix={folder}/died-"]
    atheris.Setup(["guided", *limits, "-verbosity=0", "-len_control=0", "-seed=1", str(corpus)], one)
    atheris.Fuzz()


def end(folder: Path, done: int, failure: str) -> None:
    from tests.fuzz.campaign import OUTCOMES

    came = [[kind, outcome, count] for (kind, outcome), count in sorted(OUTCOMES.items()) if count]
    (folder / "outcome.json").write_text(json.dumps({"cases": done, "came": came, "failure": failure}))
    os._exit(bool(failure))


def main() -> None:
    import atheris

    module, name, cases, where = sys.argv[1:]
    folder, scratch = Path(where), Path(where) / "scratch"
    unseen = [each for each in modules("normcast") if not is_parser(each)]
    # For good: some modules are loaded by the first case that needs them.
    atheris.instrument_imports(include=["normcast"], exclude=["normcast", *unseen]).__enter__()
    door = importlib.import_module(module).DOORS[name]
    scratch.mkdir()
    os.chdir(scratch)
    starts = list(door.starts())
    atheris.instrument_func(door.enter)  # changes it in place
    run(door.enter, starts, max(10, int(cases) // door.cost), folder)


if __name__ == "__main__":
    main()
