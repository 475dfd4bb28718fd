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


@pytest.mark.parametrize("page", ["windows.md", "networks.md"])
def test_the_code_on_a_page_runs(page):
    for code in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL):
        exec(code, {})
