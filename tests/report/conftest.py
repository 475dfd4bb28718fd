"""The pages that several tests read, drawn once."""

import pytest

from normcast.report import render
from tests.report import demo


@pytest.fixture(scope="session")
def weather(shared_data):
    return demo.weather(shared_data)


@pytest.fixture(scope="session")
def page(weather):
    return render(weather)


@pytest.fixture(scope="session")
def many():
    return demo.many(count=30, folds=2)


@pytest.fixture(scope="session")
def many_page(many):
    return render(many)
