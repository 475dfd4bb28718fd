"""Kernels that a wheel brings: the best that fits is taken, computes the same bits, and else one is built."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from normcast import library, shipped
from normcast.kernels import native

able = pytest.mark.skipif(
    not native.is_available() or not shipped.levels(), reason="no C++ compiler, or no CPU of x86-64-v3, here"
)
BITS = """
import hashlib
import numpy as np
from normcast import library, shipped
from pathlib import Path
shipped.FOLDER = Path({folder!r})
import keras
from normcast.engine import Batches, Field, Training, train
from normcast.kernels import native
from normcast.layers import LSTM

y = np.sin(np.arange(400, dtype="float32") / 3)
start = np.arange(360, dtype="int32")
data = Batches({{"past": Field(y, 0, 24)}}, Field(y, 24, 4), start, np.zeros(360, "int32"))
layers = [keras.Input((24,)), keras.layers.Reshape((24, 1)), LSTM(13, norm={norm!r}), keras.layers.Dense(4)]
(told,) = train(keras.Sequential(layers), data, Training(epochs=2))
assert native.is_available()
print(library.found().parent == shipped.FOLDER)
print(hashlib.sha256(b"".join(np.asarray(each).tobytes() for each in told.weights)).hexdigest())
"""


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A folder as a wheel brings it, with the libraries of all levels that run here."""
    folder = tmp_path_factory.mktemp("shipped")
    for level in shipped.levels():
        raw = library.compiled([*library.FLAGS, shipped.flag(level)])
        (folder / shipped.name_of(level, library.sources(), library.headers(), raw)).write_bytes(raw)
    return folder


@pytest.fixture
def names(monkeypatch, tmp_path):
    """Puts libraries by such facts into the folder, and returns what is found of them."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    monkeypatch.setattr(shipped, "levels", lambda: ("x86-64-v4", "x86-64-v3"))
    monkeypatch.setattr(shipped, "interface", str)

    def put(level, sources=b"ours", interface="0.3", raw=b"kernel", content=None):
        name = shipped.name_of(level, sources, Path(interface), raw)
        (tmp_path / name).write_bytes(raw if content is None else content)
        found = shipped.found(b"ours", Path("0.3"))
        return found and found.name.removeprefix("kernel-")[:9]

    return put


def test_the_best_level_of_the_machine_is_taken(names, monkeypatch):
    assert names("x86-64-v3") == "x86-64-v3"
    assert names("x86-64-v4") == "x86-64-v4"
    monkeypatch.setattr(shipped, "levels", lambda: ("x86-64-v3",))
    assert names("x86-64-v4") == "x86-64-v3"


@pytest.mark.parametrize(
    "facts",
    [{"sources": b"older"}, {"interface": "0.4"}, {"interface": "1.3"}, {"content": b"kerne"}],
    ids=["other sources", "a newer interface", "another interface", "cut short"],
)
def test_what_does_not_fit_is_not_taken(names, facts):
    assert names("x86-64-v4", **facts) is None


def test_a_library_for_an_older_interface_is_taken(names):
    assert names("x86-64-v4", interface="0.2") == "x86-64-v4"


@pytest.mark.parametrize(
    ("able", "levels"),
    [
        (shipped.LEVELS["x86-64-v4"], ("x86-64-v4", "x86-64-v3")),
        (shipped.V3, ("x86-64-v3",)),
        (shipped.V3 - {"fma"}, ()),
    ],
)
def test_a_level_asks_for_all_that_it_uses(able, levels, monkeypatch):
    monkeypatch.setattr(shipped.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(shipped, "cpu", lambda: f"flags\t: {' '.join(able)}")
    assert shipped.levels() == levels
    monkeypatch.setattr(shipped.platform, "machine", lambda: "aarch64")
    assert shipped.levels() == ()


@pytest.fixture
def hook(monkeypatch, tmp_path):
    """What builds the wheel, with a compiler that is done at once."""
    pytest.importorskip("hatchling", reason="hatchling, of the extra dev, is not installed")
    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("hatch_build", root / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(library, "compiled", lambda flags: " ".join(flags).encode())
    return module.Kernels(str(root), {}, None, None, str(tmp_path), "wheel")


@pytest.mark.parametrize(("asked", "version"), [("", "standard"), ("kernels", "editable")])
def test_a_wheel_is_pure_unless_it_is_asked_for(hook, monkeypatch, asked, version):
    monkeypatch.setenv("NORMCAST_WHEEL", asked)
    data = {"force_include": {}}
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    assert data == {"force_include": {}}


@pytest.mark.skipif(not (library.headers() / "xla").exists(), reason="jaxlib has no headers here")
def test_a_wheel_with_kernels_has_one_for_each_level_and_a_platform(hook, monkeypatch):
    monkeypatch.setenv("NORMCAST_WHEEL", "kernels")
    data = {"force_include": {}}
    hook.initialize("standard", data)
    held = {target: Path(path).read_text() for path, target in data["force_include"].items()}
    assert len(held) == len(shipped.LEVELS)
    for level, (target, flags) in zip(shipped.LEVELS, held.items(), strict=True):
        assert target.startswith(f"normcast/kernels/native/shipped/kernel-{level}-")
        assert f"-march={level}" in flags
        assert "native" not in flags
    assert data["tag"].startswith("py3-none-")
    assert data["tag"] != "py3-none-any"
    hook.finalize("standard", data, "")
    assert not any(Path(path).exists() for path in data["force_include"])


def test_flags_of_the_users_own_are_built_with(brought, monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "FOLDER", brought)
    monkeypatch.setenv("NORMCAST_CACHE", str(tmp_path))
    monkeypatch.setenv("NORMCAST_CXXFLAGS", "-g")
    assert library.found() is None


@able
@pytest.mark.parametrize("norm", [None, "layer"])
def test_it_runs_without_a_compiler_and_computes_the_bits_of_the_one_built_here(norm, brought, tmp_path):
    told = []
    for folder, path in ((brought, str(tmp_path)), (tmp_path, os.environ["PATH"])):
        code = BITS.format(folder=str(folder), norm=norm)
        env = {**os.environ, "PATH": path, "CXX": ""}
        if folder is brought:
            env["NORMCAST_CACHE"] = str(tmp_path / "cache")
        ran = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr[-500:]
        told.append(ran.stdout.split())
    assert [each[0] for each in told] == ["True", "False"]
    assert told[0][1] == told[1][1]
