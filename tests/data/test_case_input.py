"""Several inputs of cases: read by name, each checked, and refused with the name of the one that is wrong."""

import numpy as np
import pytest

from normcast.data import Cases

DRAWS = np.random.default_rng(0)
SERIES, STATIC = DRAWS.normal(size=(5, 8, 2)), DRAWS.normal(size=(5, 3))
Y = np.arange(5) % 2


def changed(values, at, value):
    new = np.array(values)
    new[at] = value
    return new


def test_the_first_series_leads_and_the_others_stand_beside_it():
    cases = Cases.of({"static": STATIC, "load": SERIES, "coarse": SERIES[:, :2]}, Y)
    assert {name: each.shape for name, each in cases.inputs.items()} == {
        "load": (5, 8, 2),
        "static": (5, 3),
        "coarse": (5, 2, 2),
    }
    assert all(each.dtype == np.float32 for each in cases.inputs.values())
    assert cases.extent == "5 cases of 8 steps x 2 channels, beside static, coarse"


def test_places_are_of_all_inputs():
    some = Cases.of({"load": SERIES, "static": STATIC}, Y).at(np.array([3, 1]))
    np.testing.assert_array_equal(some.x, SERIES[[3, 1]].astype("float32"))
    np.testing.assert_array_equal(some.beside["static"], STATIC[[3, 1]].astype("float32"))


def test_a_dict_of_one_input_is_that_input():
    one, plain = Cases.of({"load": SERIES[:, :, 0]}, Y), Cases.of(SERIES[:, :, 0], Y)
    np.testing.assert_array_equal(one.x, plain.x)
    assert (one.notes, one.name, one.beside) == (plain.notes, plain.name, plain.beside)


def test_uneven_series_lead():
    uneven = [each[place:] for place, each in enumerate(SERIES)]
    cases = Cases.of({"coarse": SERIES[:, :2], "load": uneven, "static": STATIC}, Y)
    assert cases.name == "load"
    assert cases.lengths_of("load").tolist() == [8, 7, 6, 5, 4]
    assert cases.lengths_of("coarse") is None


def test_what_is_found_in_an_input_is_noted_with_its_name():
    cases = Cases.of({"load": SERIES, "static": changed(STATIC, np.s_[:, 1], 4.0)}, Y)
    assert cases.notes == (
        "input 'load': a series",
        "input 'static': 3 columns",
        "input 'static': 1 column never changes: 1",
    )


def test_the_layout_is_of_each_series():
    turned = {"load": SERIES.swapaxes(1, 2), "coarse": SERIES[:, :3].swapaxes(1, 2), "static": STATIC}
    cases = Cases.of(turned, Y, layout="channels_first")
    assert [each.shape[1:] for each in cases.inputs.values()] == [(8, 2), (3, 2), (3,)]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            {"load": SERIES, "static": changed(STATIC, (3, 1), np.nan)},
            r"input 'static': X holds 1 values that are not finite, the first in case 3 \(X\[3, 1\] is nan\)",
        ),
        ({"load": changed(SERIES, (2, 7, 1), np.inf), "static": STATIC}, "input 'load': X holds 1 .*case 2"),
        ({"load": SERIES, "static": STATIC[:4]}, "different numbers of cases: load 5, static 4"),
        ({"load": SERIES, "age": STATIC[:, 0]}, r"input 'age': X has shape \(5,\).*values\[:, None\]"),
        ({"load": SERIES, "static": STATIC.astype(complex)}, "input 'static': X is of type complex128"),
        ({"load": SERIES, "word": np.array([["a"]] * 5)}, "input 'word': X cannot be made numbers"),
        ({"load": SERIES, "image": np.zeros((5, 2, 2, 1))}, r"input 'image': X has shape \(5, 2, 2, 1\)"),
        ({"age": STATIC, "sex": STATIC[:, :1]}, r"no input is a series.*age \(5, 3\) and sex \(5, 1\)"),
        ({}, "inputs are none"),
        ([SERIES, STATIC], r"case 0 of X has shape \(5, 8, 2\).*Several inputs are a dict"),
        (
            {name: [each[place:] for place, each in enumerate(SERIES)] for name in ("a", "b")},
            "series of inputs a and b differ in length",
        ),
    ],
)
def test_a_wrong_input_is_refused_by_its_name(x, message):
    with pytest.raises(ValueError, match=rf"^cases: .*{message}|^cases: {message}"):
        Cases.of(x, Y)
