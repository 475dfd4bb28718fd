"""What the pages name and link to is there, and what there is to name stands on a page."""

import re
import tomllib
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
import typer

from normcast.candidates import candidates
from normcast.check.rule import KINDS
from normcast.cli import app
from normcast.models import PRESETS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCED = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1`*[ \t]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$", re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`|^```.*?^```", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"<a id=\"([^\"]+)\"></a>")


def without_code(text: str) -> str:
    """Return the text without fenced blocks, whose comments and brackets are no headings and links."""
    return FENCED.sub("", text)


def slug(heading: str) -> str:
    """Return the anchor of a heading, as Git hosts make it: lower case, letters, digits, hyphens."""
    shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    shown = re.sub(r"[*`]|<[^>]+>", "", shown).strip().lower()
    return re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return what may stand behind a # in a link to a page; a heading that comes again is numbered."""
    found: dict[str, int] = {}
    names = set(NAMED.findall(text))
    for heading in HEADING.findall(without_code(text)):
        name = slug(heading)
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names


def links(text: str) -> list[str]:
    """Return where the links and pictures of a page lead, but for other hosts."""
    bare = re.sub(r"(`+)(?:(?!\1).)+\1", lambda code: "`" * bool(code), without_code(text), flags=re.DOTALL)
    return sorted({each for each in LINK.findall(bare) if not re.match(r"[a-z][a-z+.-]*:", each)})


@cache
def anchors_of(page: Path) -> frozenset[str]:
    return frozenset(anchors(page.read_text(encoding="utf-8")))


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of one."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            found.append(link)
    return found


def test_anchors_are_those_that_git_hosts_make():
    text = "# A `b_c`, d!\n\n```\n# no heading\n```\n## A [link](x.md) & more\n### Twice\n### Twice\n"
    assert anchors(text + '<a id="named"></a>\n') == {"a-b_c-d", "a-link--more", "twice", "twice-1", "named"}


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "other.md").write_text("# There\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](other.md#there) [b](other.md#gone) [c](#here) [d](#gone)\n[![e](gone.png)](other.md)\n"
        "[f](https://example.org/gone) `[g](code.md)`\n"
    )
    assert broken(page) == ["#gone", "gone.png", "other.md#gone"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page):
    assert broken(page) == []


def told(*names: str) -> str:
    """Return the text of these pages of docs."""
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


def commands_of(group, path=""):
    """Yield every command with its path, those of groups among them."""
    for name, command in group.commands.items():
        yield path + name, command
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{path}{name} ")


def lacking(words, text: str) -> list[str]:
    """Return those of the words that stand nowhere in the text as words of their own."""
    return sorted(
        word for word in set(words) if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    )


def test_a_word_that_is_only_part_of_another_is_lacking():
    assert lacking(["--h", "norm", "x"], "`--hist-exog` norm-lstm x") == ["--h", "norm"]


@pytest.mark.parametrize(
    ("name", "command"),
    [pytest.param(*each, id=each[0]) for each in commands_of(typer.main.get_command(app))],
)
def test_a_command_and_its_options_are_in_the_docs(name, command):
    text = told("command-line.md")
    assert f"normcast {name}" in text
    options = chain.from_iterable(each.opts + each.secondary_opts for each in command.params)
    assert lacking([each for each in options if each.startswith("--")], text) == []


def test_every_rule_and_symptom_has_a_page_that_the_index_names():
    index = told("rules/index.md")
    assert len(KINDS) > 50
    assert lacking(chain.from_iterable((each.code, each.slug) for each in KINDS.values()), index) == []
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("*.md")} - {"index"}
    assert pages == {each.slug for each in KINDS.values()}


def test_every_preset_and_candidate_is_on_a_page():
    assert lacking(PRESETS, told("networks.md")) == []
    assert lacking([each.name for each in candidates()], told("forecasting.md")) == []


def test_every_extra_is_on_the_page_of_installing():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert lacking(extras, "\n".join(re.findall(r"^\| `(\w+)`", told("install.md"), re.MULTILINE))) == []


def test_the_variables_of_the_source_are_those_on_the_page_of_installing():
    source = "\n".join(
        file.read_text() for file in [*sorted((ROOT / "src").rglob("*.py")), ROOT / "hatch_build.py"]
    )
    read, named = (set(re.findall(r"\bNORMCAST_[A-Z_]+\b", text)) for text in (source, told("install.md")))
    assert read == named


FILE = re.compile(r"(?<![\w/.-])(?:tests|benchmarks|docs|examples|src)/[\w/.-]*\w/?")
GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which tells of files that are gone


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_targets_and_benchmarks_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    assert [path for path in sorted(set(FILE.findall(text))) if not (ROOT / path).exists()] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"^([a-z][a-z -]*):", makefile, re.MULTILINE)).split()
    asked = set(re.findall(r"(?<![\w-])make ([a-z]+(?:-[a-z]+)*)", "".join(CODE.findall(text))))
    assert sorted(asked - set(targets)) == []
    benchmarks = set(re.findall(r"python -m benchmarks[ .](\w+)", text))
    assert [name for name in sorted(benchmarks) if not (ROOT / "benchmarks" / f"{name}.py").exists()] == []
