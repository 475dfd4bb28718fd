"""`normcast kernels`, and which commands begin to build the kernels."""

import sys

import pytest

from normcast import library
from normcast.cli import run
from normcast.kernels import native


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A cache of its own, and a compiler that is done at once."""
    fake = tmp_path / "cxx.py"
    fake.write_text(
        "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'wb').write(bytes(range(250)) * 40)"
    )
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", f"{sys.executable} {fake}")
    monkeypatch.setattr(library, "_begun", [])
    return tmp_path / "cache"


def test_build_says_where_the_library_lies_and_how_long_it_took(cache, capsys):
    assert run(["kernels", "build"]) == 0
    path = library.found()
    assert path.parent == cache / "kernels"
    first = capsys.readouterr().out
    assert first.startswith(f"Library: {path} (0.01 MB), built in ")
    assert first.endswith(" s\n")
    assert run(["kernels", "build"]) == 0
    assert capsys.readouterr().out == f"Library: {path} (0.01 MB), built before\n"


def test_build_passes_on_what_the_compiler_says(cache, capsys, monkeypatch):
    monkeypatch.setenv("CXX", f"{sys.executable} -c \"raise SystemExit('vec is not a type')\"")
    assert run(["kernels", "build"]) == 1
    assert "error: the native kernel could not be built: vec is not a type" in capsys.readouterr().err


def test_build_without_a_compiler_says_what_to_install(cache, capsys, monkeypatch):
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(cache))
    assert run(["kernels", "build"]) == 1
    assert "no C++ compiler found; install g++ or clang++, or set CXX" in capsys.readouterr().err


def test_info_tells_library_compiler_and_form(cache, capsys, monkeypatch):
    assert run(["kernels", "info"]) == 0
    told = capsys.readouterr().out
    assert "Library: none yet\n" in told
    assert f"hash {library.key()}\n" in told
    assert f"Compiler: {sys.executable} " in told
    assert "Form: native, since the kernels can be built" in told
    run(["kernels", "build"])
    (cache / "kernels" / "kernel-0123-4567.so").write_bytes(b"of another machine")
    monkeypatch.setenv("NORMCAST_NATIVE", "0")
    capsys.readouterr()
    assert run(["kernels", "info"]) == 0
    told = capsys.readouterr().out
    assert f"Library: {library.found()} (0.01 MB), built before\n" in told
    assert f"Others in {cache / 'kernels'}: 1, for other machines or versions\n" in told
    assert told.endswith("Form: xla, since NORMCAST_NATIVE=0 asks for it\n")


def test_the_form_that_is_told_is_xla_where_nothing_can_be_built(cache, monkeypatch):
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(cache))
    assert native.expected() == (
        "xla",
        "there is no C++ compiler; install g++ or clang++, or set CXX",
    )


def test_clear_removes_the_libraries_and_nothing_else(cache, capsys):
    assert run(["kernels", "clear"]) == 0
    assert capsys.readouterr().out.startswith("Removed 0 libraries")
    run(["kernels", "build"])
    other = cache / "kernels" / "kernel-0123-4567.so"
    other.write_bytes(b"of another machine")
    kept = cache / "kernels" / "notes.txt"
    kept.write_text("mine")
    capsys.readouterr()
    assert run(["kernels", "clear"]) == 0
    assert capsys.readouterr().out == f"Removed 2 libraries from {cache / 'kernels'}.\n"
    assert library.found() is None
    assert not other.exists()
    assert kept.exists()


TRAIN = [
    "forecast no.csv --h 3",
    "forecast no.csv --h 3 --model patch-lstm",
    "backtest no.csv --h 3",
    "fit no.npz",
    "study no.csv --h 3",
]
DO_NOT = [
    *("presets", "rules", "check no.keras", "inspect no.keras", "predict no.normcast no.csv"),
    *("forecast no.csv --h 3 --model ridge", "backtest no.csv --h 3 --model theta"),
    *("kernels clear", "study show no.db", "study no.csv --h 3 --dry-run"),
]


@pytest.mark.parametrize("command", [*TRAIN, *DO_NOT])
def test_commands_that_train_and_no_others_begin_to_build_the_kernels(cache, monkeypatch, command):
    begun = []
    monkeypatch.setattr(library, "begin", lambda: begun.append(True))
    run(command.split())
    assert begun == [True] * (command in TRAIN)
