"""How the command line presents itself: help that fits a terminal, completion, one table of exit codes."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from normcast.cli import app, codes, ending, run
from tests.test_documented import commands_of

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_the_docs_and_the_help_have_the_exit_codes_of_the_code(capsys):
    table = DOCS.read_text().partition("| exit code | meaning |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == list(codes.CODES.items())
    assert run(["--help"]) == 0
    help_text = capsys.readouterr().out
    assert re.findall(r"^ +(\d+)  (.*)$", help_text, re.MULTILINE) == rows


def test_every_code_that_a_command_can_end_with_is_in_the_table(capsys):
    stopped = {128 + getattr(signal, name) for name in ending.WORDS if hasattr(signal, name)}
    assert stopped <= set(codes.CODES)
    assert run(["presets"]) == codes.DONE
    assert run(["forecast", "none.csv", "--h", "3"]) == codes.FAILED
    assert run(["forecast"]) == codes.REFUSED
    assert run(["rule", "nothing-like-it"]) == codes.REFUSED
    files = (Path(codes.__file__).parent).glob("*.py")
    bare = [
        file.name for file in files if re.search(r"Exit\(\d|exit\(\d|return \d\d*$", file.read_text(), re.M)
    ]
    assert bare == []


@pytest.mark.parametrize("name", [name for name, _ in commands_of(typer.main.get_command(app))] + [""])
def test_help_fits_eighty_columns_and_names_every_option(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    assert run([*name.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    command = typer.main.get_command(app)
    for part in name.split():
        command = command.commands[part]
    named = [option for each in command.params for option in each.opts if option.startswith("--")]
    assert [option for option in named if option not in text] == []
    assert "..." not in text.partition("Commands:")[2]


def test_help_of_study_shows_the_options_of_the_command_that_is_meant(capsys):
    assert run(["study", "--help"]) == 0
    text = capsys.readouterr().out
    study = typer.main.get_command(app).commands["study"]
    options = [each.opts[0] for each in study.commands["run"].params if each.opts[0].startswith("--")]
    assert [option for option in options if option not in text] == []
    assert "repair" in text


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("normcast fore", {"forecast"}),
        ("normcast forecast sales.csv --target", {"--target-col"}),
        ("normcast study --min", {"--min-effect"}),
        ("normcast study sales.csv --min", {"--min-effect"}),
    ],
)
def test_the_shell_completes_commands_and_options(line, found):
    asked = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
        "_NORMCAST_COMPLETE": "complete_bash",
    }
    call = [sys.executable, "-m", "normcast"]
    result = subprocess.run(call, capture_output=True, text=True, env={**os.environ, **asked}, check=True)
    assert set(result.stdout.split()) == found


def test_the_script_of_the_completion_can_be_printed():
    call = [sys.executable, "-m", "normcast", "--show-completion", "bash"]
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # whichever shell runs the tests
    result = subprocess.run(call, capture_output=True, text=True, env=os.environ | named, check=False)
    assert "complete_bash" in result.stdout
