"""What every test may ask for."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets that stands beside a developer's checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no core waits for another at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("study", "engine"))
