"""What every test may ask for."""

import atexit
import gc
import importlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import jaxtyping
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
# Tests wait for compilers: XLA leaves out LLVM's optimizations and emits fused loops the old way, which takes
# a third of the time, and what one process compiled, the others of this run read.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="normcast-tests-")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

# Programs that are traced are millions of small objects, and Python's collector looks through all that live,
# for seconds, time and again. It comes less often, and passes over what outlives a file.
gc.set_threshold(500_000, 10, 10)

# Shapes in signatures are checked here and nowhere else: each call of these rooms, with what it returns.
SHAPED = ("normcast.engine", "normcast.kernels", "normcast.scoring", "normcast.windows")
if find_spec("beartype"):
    with pytest.MonkeyPatch.context() as patch:  # which element of a list it looks at, no test's seed decides
        patch.setattr(random, "getrandbits", random.Random(0).getrandbits)
        importlib.import_module("beartype")
    whole_numbers_are_floats = "beartype.BeartypeConf(is_pep484_tower=True)"
    jaxtyping.install_import_hook(SHAPED, f"beartype.beartype(conf={whole_numbers_are_floats})")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets that stands beside a developer's checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED / "data"


@pytest.fixture(scope="module", autouse=True)
def _what_stays_is_not_looked_through_again() -> Iterator[None]:
    yield
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no core waits for another at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("study", "engine"))
