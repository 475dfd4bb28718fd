"""Each block of Python in README and docs runs as a newcomer runs it: in an empty file, with nothing set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import normcast
from tests.code_blocks import PAGES, Block, programs_of

pytestmark = pytest.mark.slow  # `make test-docs` runs these

PROGRAMS = [block for page in PAGES for block in programs_of(page)]
MINUTES = 5  # what hangs ends; a block takes seconds


def command(block: Block, folder) -> list[str]:
    """Return how the block is run: as a script, or as a doctest where it is a session with its answers."""
    if ">>>" in block.code:
        (folder / "session.txt").write_text(block.code, encoding="utf-8")
        return [
            sys.executable,
            "-m",
            "doctest",
            "-o",
            "NORMALIZE_WHITESPACE",
            "-o",
            "ELLIPSIS",
            "session.txt",
        ]
    # Blank lines in front: a traceback names the lines of the page.
    (folder / "block.py").write_text("\n" * (block.line - 1) + block.code, encoding="utf-8")
    return [sys.executable, "block.py"]


@pytest.mark.parametrize("block", [pytest.param(each, id=each.name) for each in PROGRAMS])
def test_a_block_runs_in_a_process_and_a_folder_of_its_own(block, tmp_path):
    # Neither a backend nor a keras.json is chosen: a page must not ask for what it does not say.
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    source = str(Path(normcast.__file__).parents[1])
    ran = subprocess.run(
        command(block, tmp_path),
        cwd=tmp_path,
        env={**kept, "KERAS_HOME": str(tmp_path / "keras"), "PYTHONPATH": source},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=60 * MINUTES,
        check=False,
    )
    assert ran.returncode == 0, f"{block.name}\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"


def test_every_page_with_code_is_among_them():
    assert {page.name for page in PAGES} >= {"README.md", "arrays.md", "lstm.md"}
    assert len(PROGRAMS) > 25
