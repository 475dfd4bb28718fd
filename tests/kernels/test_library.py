"""The library of the kernels is loaded only if it is whole and one's own; else it is built anew, once."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from normcast import library
from normcast.cache import digest, is_whole, private_folder
from normcast.forms import NATIVE, XLA
from normcast.kernels import native
from normcast.library import compiler

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")


@pytest.fixture
def built(monkeypatch, tmp_path):
    """A library in a cache of its own, that a compiler of our own makes at once."""
    fake = tmp_path / "cxx.py"
    fake.write_text(
        "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'wb').write(bytes(range(256)) * 40)"
    )
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", f"{sys.executable} {fake}")
    return library.built()


@pytest.fixture
def slow(monkeypatch, tmp_path):
    """A cache of its own, and a compiler that takes a while and keeps count; returns how often it ran."""
    fake, count = tmp_path / "cxx.py", tmp_path / "count"
    fake.write_text(
        "import sys, time; time.sleep(0.3); open(sys.argv[1], 'a').write('x'); "
        "open(sys.argv[sys.argv.index('-o') + 1], 'wb').write(b'kernel')"
    )
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", f"{sys.executable} {fake} {count}")
    monkeypatch.setattr(library, "_begun", [])
    yield lambda: len(count.read_text()) if count.exists() else 0
    for each in library._begun:
        each.wait(60)


@pytest.mark.skipif(os.name == "nt", reason="on Windows each process builds for itself")
def test_who_needs_the_library_waits_for_the_one_that_builds_it(slow):
    with ThreadPoolExecutor(3) as pool:
        paths = {each.result() for each in [pool.submit(library.built) for _ in range(3)]}
    assert len(paths) == 1
    assert slow() == 1


def test_what_was_begun_is_built_beside_and_once(slow, caplog):
    library.begin()
    library.begin()
    (beside,) = library._begun
    assert library.found() is None  # nobody waited
    beside.wait(60)
    assert library.built().read_bytes() == b"kernel"
    assert slow() == 1
    assert sum("building the native kernel" in each.message for each in caplog.records) == 1
    library._begun.clear()
    library.begin()
    assert library._begun == []  # it is there


@pytest.mark.parametrize("variable", ["NORMCAST_NATIVE", "CXX"])
def test_nothing_is_begun_where_no_kernel_is_wanted_or_can_be_built(slow, monkeypatch, tmp_path, variable):
    monkeypatch.setenv(variable, "0" if variable == "NORMCAST_NATIVE" else "")
    monkeypatch.setenv("PATH", str(tmp_path))
    library.begin()
    assert library._begun == []


def test_the_library_is_found_without_importing_jax():
    code = "import sys; from normcast import library; library.found(); print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_process_keeps_to_the_form_that_it_began_with(monkeypatch):
    def fails():
        raise OSError("no compiler yet")

    with monkeypatch.context() as without:
        without.setattr(library, "built", fails)
        native._is_built.cache_clear()
        try:
            assert not native.is_available()
            assert native.form() == XLA
            without.undo()
            assert not native.is_available()  # though it could be built by now
        finally:
            native._is_built.cache_clear()
    assert native.is_available()
    assert native.form() == NATIVE


def test_a_compiler_may_have_arguments(monkeypatch):
    monkeypatch.setenv("CXX", "ccache 'g++ 12'")
    assert compiler() == ["ccache", "g++ 12"]


def test_a_library_that_is_whole_is_not_built_again(built, monkeypatch):
    monkeypatch.setattr(library, "_build", lambda *_: pytest.fail("it was built again"))
    assert library.built() == built
    assert is_whole(built)
    assert built.stem.endswith(digest(built.read_bytes()))
    assert stat.S_IMODE(built.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("size", [0, 1, 1000, 5120, 10239])
def test_a_library_that_was_cut_short_is_built_again(built, size, caplog):
    raw = built.read_bytes()
    built.write_bytes(raw[:size])
    assert library.built().read_bytes() == raw
    assert sum("building the native kernel" in each.message for each in caplog.records) == 1


@pytest.mark.parametrize("place", [0, 17, 5000, 10239])
def test_a_library_that_was_changed_is_built_again(built, place):
    raw = built.read_bytes()
    built.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    assert library.built().read_bytes() == raw


def test_a_link_to_a_library_is_not_followed(built, tmp_path):
    raw = built.read_bytes()
    built.rename(tmp_path / "elsewhere.so")
    built.symlink_to(tmp_path / "elsewhere.so")
    assert library.built().read_bytes() == raw
    assert not built.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_folder_that_stood_open_is_shut(built):
    built.parent.chmod(0o777)
    assert private_folder("kernels") == built.parent
    assert stat.S_IMODE(built.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a file away")
def test_what_others_own_is_not_loaded(built):
    os.chown(built, 65534, 65534)
    assert not is_whole(built)
    os.chown(built.parent, 65534, 65534)
    with pytest.raises(OSError, match=r"kernels is no folder of this user's"):
        library.built()


def test_a_library_that_cannot_be_loaded_leaves_the_xla_form(tmp_path):
    """In a process of its own: what is loaded stays loaded."""
    fake = tmp_path / "cxx.py"
    fake.write_text("import sys; open(sys.argv[sys.argv.index('-o') + 1], 'wb').write(b'no library')")
    code = "from normcast.kernels import native; print(native.is_available())"
    env = {**os.environ, "NORMCAST_CACHE": str(tmp_path), "CXX": f"{sys.executable} {fake}"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert done.stderr.count("the native kernel could not be built") == 1
