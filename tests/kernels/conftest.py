"""The fast forms of a recurrence, each of which its plain steps are compared with."""

import pytest

from normcast.kernels import native


@pytest.fixture(params=["xla", "native"])
def form(request: pytest.FixtureRequest) -> str:
    """A form, if it runs here."""
    if request.param == "native" and not native.is_available():
        pytest.skip("no C++ compiler here")
    return request.param
