"""What every page must keep: it stands alone, it is well formed, it can be read by all."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from normcast.pages.drawing import TONES
from normcast.report import render, write_report
from tests.report import demo

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags, and complains where one is closed that was not opened last."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.headings = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()


def read(html) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def words(html) -> str:
    """The text of a page, tags and style taken out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", html)))


@pytest.mark.parametrize("name", ["page", "many_page"])
def test_the_page_asks_the_network_for_nothing_and_runs_no_script(name, request):
    html = request.getfixturevalue(name)
    tags = read(html).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "iframe", "img", "object", "image", "use"}
    for _, attrs in tags:
        assert not attrs.keys() & {"src", "xlink:href", "onload", "onclick"}
        assert attrs.get("href", "#").startswith("#")
    policies = [attrs["content"] for _, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r'https?://[^"\s<]*', html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", ["page", "many_page"])
def test_the_page_is_well_formed_and_its_names_are_unique(name, request):
    tags = read(request.getfixturevalue(name)).tags
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for tag, attrs in tags if tag == "a"}
    assert targets <= set(ids)


def test_the_page_is_small(page, many_page):
    assert max(len(page), len(many_page)) < 1_500_000


def test_the_page_can_be_read_aloud(page):
    reader = read(page)
    tags = reader.tags
    assert ("html", {"lang": "en"}) in tags
    assert any(attrs.get("name") == "viewport" for tag, attrs in tags if tag == "meta")
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    counts = [tag for tag, _ in tags]
    assert counts.count("table") == counts.count("caption") > 5
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    for tag, attrs in tags:
        if tag == "svg" and attrs.get("aria-hidden") != "true":
            assert attrs["role"] == "img"
            assert len(attrs["aria-label"]) > 10


def test_drawings_scale_and_take_their_colours_from_the_page(page):
    drawings = re.findall(r'(?s)<svg role="img".*?</svg>', page)
    assert len(drawings) > 10
    for svg in drawings:
        assert "viewBox" in svg
        assert not re.search(r"<svg[^>]* (width|height)=", svg)
        assert 'fill="white"' not in svg
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {
            "none",
            "transparent",
            *(f"var(--{tone})" for tone in TONES),
        }


def test_every_tone_has_a_light_and_a_dark_colour(page):
    style = re.search(r"(?s)<style>(.*?)</style>", page)[1]
    light, dark = re.findall(r"(?s):root \{(.*?)\}", style)[:2]
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", page))
    for colours in (light, dark):
        assert used <= set(re.findall(r"--([a-z0-9-]+):", colours))


def luminance(colour) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_and_lines_do_too(page, theme):
    """WCAG 2.2: contrast of at least 4.5 for text, 3 for what a chart is read by."""
    style = re.search(r"(?s)<style>(.*?)</style>", page)[1]
    colours = dict(
        re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", re.findall(r"(?s):root \{(.*?)\}", style)[theme])
    )
    for ground in ("page", "card"):
        for tone in ("ink", "muted", "ours", "tone-1", "tone-2", "tone-3", "tone-4"):
            light, dark = sorted([luminance(colours[tone]), luminance(colours[ground])], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= (4.5 if tone in ("ink", "muted", "ours") else 3), tone


def test_the_same_values_give_the_same_page(weather, page):
    assert render(weather) == page


def test_names_from_the_data_are_printed_and_never_run(weather):
    evil = '<script>alert("x")</script>\N{RIGHT-TO-LEFT OVERRIDE}' + "x" * 10_000
    rename = lambda frame: frame.assign(unique_id=frame["unique_id"].replace("Seattle", evil))  # noqa: E731
    tables = {name: rename(getattr(weather, name)) for name in ("series", "history", "forecast", "backtest")}
    scores = replace(weather.scores, by_series=rename(weather.scores.by_series))
    html = render(
        replace(weather, **tables, scores=scores, target=evil, source=evil, notes=(evil,), command=evil)
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html
    assert all(len(title) < 1000 for title in re.findall(r"(?s)<h3>(.*?)</h3>", html))
    read(html)


def test_a_page_without_back_test_or_forecast_or_training_has_no_empty_sections(weather):
    bare = replace(
        weather,
        backtest=None,
        scores=None,
        curves=(),
        split=(),
        notes=(),
        settings={},
        versions={},
        seconds={},
    )
    bare = replace(bare, command="", python="")
    html = render(bare)
    assert [attrs["id"] for tag, attrs in read(html).tags if tag == "section"] == ["forecast"]
    assert "Not measured: this run has no back-test" in words(html)
    html = render(replace(weather, forecast=None))
    assert "temp_max: back-test, 14 days ahead" in words(html)
    assert 'id="forecast"' not in html


def test_a_single_series_without_levels_one_step_ahead_with_counted_stamps_is_drawn(weather):
    days = {stamp: i for i, stamp in enumerate(sorted({*weather.history["ds"], *weather.forecast["ds"]}))}
    count = lambda stamps: stamps.map(days)  # noqa: E731
    one = lambda frame: frame[frame["unique_id"] == "Seattle"]  # noqa: E731
    backtest = one(weather.backtest)
    backtest = backtest[backtest["ds"] - backtest["cutoff"] == pd.Timedelta(days=1)]
    counted = replace(
        weather,
        h=1,
        freq="1",
        levels=(),
        series=one(weather.series).assign(first=0, last=len(days)),
        history=one(weather.history).assign(ds=lambda f: count(f["ds"])),
        forecast=one(weather.forecast).head(1).assign(ds=lambda f: count(f["ds"])),
        backtest=backtest.assign(ds=count(backtest["ds"]), cutoff=count(backtest["cutoff"])),
        split=(),
    )
    html = render(counted)
    assert "temp_max: the next 1 step" in words(html)
    assert "interval</li>" not in html


@pytest.mark.parametrize(("series", "widths"), [(1, [1080, 360]), (2, [530, 360] * 2), (3, [360] * 3)])
def test_one_series_is_drawn_as_wide_as_the_page_and_two_half_as_wide_but_on_a_narrow_screen(series, widths):
    four = demo.many(count=4, folds=1)
    names = four.series["unique_id"].head(series)
    some = lambda frame: frame[frame["unique_id"].isin(names)]  # noqa: E731
    drawn = {name: some(getattr(four, name)) for name in ("series", "history", "forecast", "backtest")}
    part = re.search(r'(?s)<section id="forecast">.*?</section>', render(replace(four, **drawn)))[0]
    assert [int(each) for each in re.findall(r'viewBox="0 0 (\d+) ', part.partition("<figure")[2])] == widths
    assert ('class="figures few"' in part) == (series < 3)


def test_the_file_is_whole_or_not_there(weather, tmp_path, monkeypatch):
    target = write_report(weather, tmp_path / "report.html")
    assert target.read_text(encoding="utf-8").endswith("</html>\n")
    target.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(weather, target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_path_that_cannot_be_is_refused_before_anything_is_drawn(weather, tmp_path, monkeypatch):
    monkeypatch.setattr("normcast.report.report.render", lambda _: pytest.fail("drew first"))
    with pytest.raises(ValueError, match=r"'report\.txt' does not end in \.html"):
        write_report(weather, "report.txt")
    with pytest.raises(OSError, match="no folder"):
        write_report(weather, tmp_path / "nowhere" / "report.html")


def test_what_has_a_report_is_named_where_it_is():
    from importlib import import_module

    from normcast.report.report import PAGES

    for name, package in PAGES.items():
        module, _, kind = name.rpartition(".")
        assert isinstance(getattr(import_module(module), kind), type)
        assert {"values_of", "page_of"} <= set(dir(import_module(package)))


def test_what_has_no_report_is_told_what_has(tmp_path):
    with pytest.raises(TypeError, match="no result 'dict'; results are Forecaster"):
        write_report({}, tmp_path / "r.html")
