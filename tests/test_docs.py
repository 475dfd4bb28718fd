"""What the pages on the source say of it: the files they name are there, and their code runs."""

import re
from pathlib import Path

import pytest

import normcast

DOCS = Path(__file__).parent.parent / "docs"
SOURCE = Path(normcast.__file__).parent


@pytest.mark.parametrize("page", ["architecture.md", "windows.md"])
def test_the_files_and_rooms_that_a_page_names_are_there(page):
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    named, folder = [], ""
    for line in lines:
        for path in re.findall(r"[a-z_/]+\.py|[a-z_]+/(?:[a-z_]+/)?(?=\s|$|\*)", line):
            folder = path.rpartition("/")[0] or folder
            named.append(path if "/" in path else f"{folder}/{path}")
    assert len(named) > 5
    assert [path for path in named if not (SOURCE / path).exists()] == []


PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
TRAINS = (".fit(", ".run(", ".cross_validation(", "train(", "Study(")
BLOCKS = [
    pytest.param(code, id=f"{page.relative_to(DOCS)} {number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
    if "import" in code and ">>>" not in code and not any(word in code for word in TRAINS)
]


@pytest.mark.parametrize("code", BLOCKS)
def test_code_on_a_page_that_trains_nothing_runs(code):
    exec(code, {})
