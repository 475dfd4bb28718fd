"""The search of the built site, asked in a browser: the page that answers comes first."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIRST = {
    "dropout lstm": "where-do-they-go",
    "batch norm before activation": "where-do-they-go",
    "missing values": "missing-values",
    "own keras model": "tutorials/own-model",
    "gpu": "install",
    "intervals": "forecasting",
    "classification": "arrays",
    "freeze seed": "forecasting",
    "export onnx": "networks",
    "github action": "check",
    "check_model": "api/check",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser without a window: chromium"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("furo")
    built = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-b", "html", DOCS, built], check=True)
    return built


@pytest.mark.parametrize(("query", "page"), FIRST.items())
def test_the_page_that_answers_a_query_comes_first(site, tmp_path, query, page):
    address = f"{(site / 'search.html').as_uri()}?q={query.replace(' ', '+')}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=8000", "--dump-dom", address]
    shown = subprocess.run([BROWSER, *options], capture_output=True, text=True, check=True).stdout
    found = re.findall(r'<li class="kind-[a-z]+"><a href="([^"#?]+)\.html', shown)
    assert found[:1] == [page]
