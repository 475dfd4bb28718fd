"""Stored: compiled programs kept on disk as they run: a later process neither traces nor compiles them.

JAX's own cache spares the compiling alone: to look there a program must be traced and lowered, which takes
longer than to train a small network. A program stands here under all that it was made from: what its key
says, the shapes of its arguments, how XLA was told to compile, the settings of JAX and Keras, the versions,
this machine, and the code of ours that is traced. It is run as it was compiled, to the bit.

What is here is run, so it stands in a folder that is the user's alone, beside JAX's; where JAX was given a
folder by others, or none, nothing is stored.
"""

import hashlib
import os
import platform
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
from jax.sharding import NamedSharding

import normcast
from normcast import jax_seam
from normcast.cache import cache_folder, digest, read_whole
from normcast.files import write_whole
from normcast.kernels import native
from normcast.machine import cpu, versions

TRACED = ("engine", "kernels", "layers", "keras_seam", "jax_seam.py")  # of ours: what makes programs
ENDINGS = (".py", ".cc", ".h")
MOST = 512  # files; of more, those that were not used for longest go
HIT = "/jax/compilation_cache/cache_hits"
SILENT = ("cache", "log", "debug", "traceback")  # settings of JAX that change no program
ASKED = ("XLA_FLAGS", "CXX", "PJRT_NPROC")  # and all that begin with NORMCAST_

_hits = threading.local()


class Stored:
    """The place of one program on the disk.

    key: what tells the program from others in any process, arguments apart; arguments: those it is compiled
    for, some of them on the devices it runs on; how: options of XLA.
    """

    def __init__(self, key: Any, arguments: Any, how: Any) -> None:
        self.devices = devices_of(arguments)
        leaves, tree = jax.tree.flatten(arguments)
        shapes = [(jnp.shape(leaf), jnp.result_type(leaf).name) for leaf in leaves]
        ids = [device.id for device in self.devices]
        facts = (key, str(tree), shapes, ids, how, settings())
        self.name = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def read(self) -> Any | None:
        """Return the program, None where there is none that is whole, this user's, and runs here."""
        folder = programs_folder()
        if folder is None:
            return None
        for path in folder.glob(f"{self.name}-*.program"):
            raw = read_whole(path)
            if raw is not None and (not native.is_expected() or native.is_available()):
                program = jax_seam.program_from(raw, self.devices)
                if program is not None:
                    with suppress(OSError):
                        os.utime(path)
                    return program
            with suppress(OSError):
                path.unlink()
        return None

    def write(self, program: Any, lowered: Any) -> None:
        """Keep a program that was compiled here, in the form that is expected here.

        Not one that uses no native kernel where there should be some: it may be that they are not built yet.
        """
        folder = programs_folder()
        if folder is None or ("normcast_" in lowered.as_text()) != native.is_expected():
            return
        raw = jax_seam.program_bytes(program)
        if raw is None:
            return
        with suppress(OSError):
            write_whole(folder / f"{self.name}-{digest(raw)}.program", raw)
            thin_out(folder)


def thin_out(folder: Path) -> None:
    """Let go of the programs that were not used for longest, where there are too many."""
    files = sorted(folder.glob("*.program"), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST]:
        path.unlink(missing_ok=True)


def programs_folder() -> Path | None:
    """Return the folder for programs, None where JAX keeps its own elsewhere, or not at all."""
    folder = cache_folder() / "programs"
    ours = jax_seam.setting("compilation_cache_dir") == str(folder) and jax_seam.setting(
        "enable_compilation_cache"
    )
    on_one_cpu = jax.default_backend() == "cpu" and jax.process_count() == 1
    return folder if ours and on_one_cpu else None


def devices_of(arguments: Any) -> list[Any]:
    """Return the devices of the mesh that arguments lie on, in its order."""
    placed = (getattr(leaf, "sharding", None) for leaf in jax.tree.leaves(arguments))
    mesh = next((each.mesh for each in placed if isinstance(each, NamedSharding)), None)
    return [] if mesh is None else list(mesh.devices.flat)


def settings() -> list[Any]:
    """Return what every program depends on."""
    told = jax_seam.settings()
    of_jax = {name: str(told[name]) for name in sorted(told) if not any(each in name for each in SILENT)}
    of_keras = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()
    asked = {name: os.environ[name] for name in sorted(os.environ) if name.startswith("NORMCAST_")}
    asked |= {name: os.environ.get(name, "") for name in ASKED}
    asked.pop("NORMCAST_CACHE", None)
    return [of_jax, of_keras, asked, native.is_expected(), *built_for()]


@cache
def built_for() -> tuple[str, ...]:
    """Return the digest of the code of ours that programs are traced from, the versions, and the machine."""
    root, found = Path(normcast.__file__).parent, hashlib.sha256()
    files = (path for name in TRACED for path in ([root / name] if "." in name else (root / name).rglob("*")))
    for path in sorted(path for path in files if path.suffix in ENDINGS):
        found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    told = versions(("normcast", "keras", "jax", "jaxlib", "numpy"))
    return found.hexdigest(), str(told), platform.platform(), cpu()


def hits() -> int:
    """Return how many programs this thread took from JAX's cache: such a one cannot be written again."""
    return getattr(_hits, "count", 0)


def _count(event: str, **_: Any) -> None:
    if event == HIT:
        _hits.count = hits() + 1


jax.monitoring.register_event_listener(_count)
