"""A file that was a forecaster, with anything in it changed, is a forecaster or is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast import load
from normcast.artefact.archive import Archive, as_json
from tests.forecasting.ready import ready, saved, table
from tests.fuzz.campaign import PLAIN, cases, judged, places, spoiled, with_value


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> bytes:
    return saved(ready(table()), tmp_path_factory.mktemp("whole")).read_bytes()


@pytest.fixture(scope="session")
def there(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("spoiled") / "a.normcast"


def test_bytes(whole, there):
    @cases(20)
    @given(spoiled(whole))
    def loaded(raw):
        there.write_bytes(raw)
        with judged("artefact, bytes"):
            load(there)

    loaded()


def test_members(whole, there):
    members = dict(Archive.unpacked(whole, "whole").members)

    @cases(20)
    @given(st.data())
    def loaded(data):
        name = data.draw(st.sampled_from(sorted(members)))
        if name.endswith(".json"):
            plain = json.loads(members[name])
            path = data.draw(st.sampled_from(list(places(plain))))
            new = as_json(with_value(plain, path, data.draw(PLAIN)))
        else:
            new = data.draw(spoiled(members[name]))
        there.write_bytes(Archive({**members, name: new}, "spoiled").packed())
        with judged("artefact, members"):
            load(there)

    loaded()
