"""Values as JSON and back: what is wrong in a document is told with its place in it."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import normcast
from normcast.models import Architecture, Conv, Head, Recurrent
from normcast.plain import Plain, parsed, text


@dataclass(frozen=True)
class Inner(Plain):
    """A value inside another."""

    size: int
    rate: float = 0.5


@dataclass(frozen=True)
class Outer(Plain):
    """A value with a field of every kind."""

    added: ClassVar = ("later",)

    name: str
    inner: tuple[Inner, ...]
    pair: tuple[int, str]
    by_name: dict[str, float]
    either: float | tuple[float, float]
    one: Inner | None
    word: Literal["a", "b"]
    flag: bool
    anything: Any
    later: int = 7


FULL = Outer(
    "x", (Inner(1), Inner(2, 0.25)), (3, "y"), {"z": 1.5}, (0.1, 0.2), None, "b", True, [1, {"q": None}]
)


def test_a_value_comes_back_equal():
    assert Outer.from_json(FULL.to_json()) == FULL
    assert Outer.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


@given(st.floats(), st.integers(), st.text())
def test_every_number_and_text_comes_back_bit_equal(number, whole, words):
    value = Outer(
        words, (Inner(whole, number),), (whole, words), {words: number}, 0.0, None, "a", False, None
    )
    back = Outer.from_json(value.to_json())
    assert (back.name, back.inner[0].size, back.pair) == (words, whole, (whole, words))
    for got in (back.inner[0].rate, back.by_name[words]):
        assert got == number or (math.isnan(got) and math.isnan(number))


def test_numbers_of_numpy_become_plain_ones():
    assert Inner(np.int64(3), np.float32(0.5)).to_json() == Inner(3).to_json()
    assert text({"a": np.arange(2)[0]}) == '{"a": 0}'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inner": [{"size": 1, "rate": 0.5}, {"size": "x", "rate": 0.5}]}, "inner[1].size is 'x', but"),
        ({"inner": [{"size": True, "rate": 0.5}]}, "inner[0].size is True, but must be a whole number"),
        ({"inner": [{"rate": 0.5}]}, "inner[0].size is missing"),
        ({"inner": [{"size": 1, "rate": 1.0, "rat": 1}]}, "inner[0]: no field 'rat'; fields are size, rate."),
        ({"inner": None}, "inner is None, but must be a list"),
        ({"pair": [1, "y", 2]}, "pair is [1, 'y', 2], but must be a list of 2"),
        ({"by_name": {"z": "fast"}}, "by_name.z is 'fast', but must be a number"),
        ({"either": "a"}, "either is 'a', but must be a number or a list of 2"),
        ({"one": 1}, "one is 1, but must be an object"),
        ({"word": "c"}, "word is 'c', but must be one of 'a', 'b'"),
        ({"flag": 0}, "flag is 0, but must be true or false"),
        ({"name": ["a"] * 99}, "…, but must be a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(change, message):
    with pytest.raises(ValueError, match=re.escape(f"doc.json: {message}" if message[0] != "…" else message)):
        Outer.from_dict({**FULL.to_dict(), **change}, "doc.json")


def test_a_field_of_a_later_version_may_be_missing_and_no_other():
    plain = FULL.to_dict()
    del plain["later"]
    assert Outer.from_dict(plain) == FULL
    del plain["name"]
    with pytest.raises(ValueError, match="Outer: name is missing"):
        Outer.from_dict(plain)


ARCHITECTURE = Architecture(conv=(Conv(filters=4),), recurrent=(Recurrent(units=3),), head=Head())


@pytest.mark.parametrize(
    "given",
    [
        "null",
        "1",
        '"a"',
        "[]",
        "{}",
        "{",
        "",
        None,
        1,
        b"\xff",
        "[" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        '{"conv": ' + "[" * 900 + "]" * 900 + "}",
        *(
            text({name: value for name, value in ARCHITECTURE.to_dict().items() if name != left_out})
            for left_out in sorted(set(ARCHITECTURE.to_dict()) - set(Architecture.added))
        ),
        ARCHITECTURE.to_json().replace('"filters": 4', '"filters": null'),
        ARCHITECTURE.to_json().replace('"filters": 4', '"filters": 0'),
        ARCHITECTURE.to_json().replace('"filters": 4', '"filtres": 4'),
        ARCHITECTURE.to_json().replace('"dropout": 0.0', '"dropout": null'),
        ARCHITECTURE.to_json().replace('"head": {', '"head": {"tail": 1, '),
    ],
)
def test_an_architecture_of_anything_else_is_refused_by_one_kind_of_error(given):
    with pytest.raises(ValueError, match=r"^Architecture: "):
        Architecture.from_json(given)


def test_the_line_of_what_is_no_json_is_told():
    with pytest.raises(ValueError, match=r"settings\.json: is no JSON: line 2 column 1"):
        parsed('{"a":\n}', "settings.json")


def test_json_is_read_and_written_in_one_place():
    source = Path(normcast.__file__).parent
    others = [
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if re.search(r"^\s*(import json|from json import)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    # The package itself reads Keras' settings before anything is imported.
    assert sorted(others) == ["__init__.py", "document.py"]
