"""What the pages say of the source and the command line is so; their code is run by test_blocks.py."""

import re
import shlex
from pathlib import Path

import pytest
import typer

import normcast
from normcast.cli import app
from tests.code_blocks import PAGES, blocks_of

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


COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?normcast (.*(?:\\\n.*)*)$", re.MULTILINE)
COMMANDS = [
    pytest.param(words, id=f"{block.name} normcast {words}")
    for page in PAGES
    for block in blocks_of(page)
    if block.language in ("", "console", "sh")
    for words in COMMAND.findall(block.code)
]
OF_ALL = {"--help", "--version", "--debug"}


def command_of(words):
    """Return the command that is meant, as the group finds it, and the words behind its name."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        known = command.commands
        if words and words[0] in known:
            command, words = known[words[0]], words[1:]
        elif words and words[0] in OF_ALL:
            return command, words
        else:
            command = known["run"]  # of `normcast study FILE`; KeyError: there is no such command
    return command, words


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_on_a_page_exists_with_all_its_options(line):
    command, words = command_of(shlex.split(line.replace("\\\n", " "), comments=True))
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | OF_ALL
    named = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    assert [option for option in named if option not in known] == []


def test_the_commands_of_the_pages_are_found():
    lines = [each.values[0] for each in COMMANDS]
    assert any(line.startswith("forecast") for line in lines)
    assert any(line.startswith("study show") for line in lines)
