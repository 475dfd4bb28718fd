"""Cases are checked once at the door, with what was found; an .npz file is read in one place."""

import re

import numpy as np
import pandas as pd
import pytest

from normcast.data import Cases, read_npz, read_parts

X, Y = np.arange(60, dtype=float).reshape(5, 4, 3), np.array(list("aabba"))


def test_arrays_become_cases_with_their_shape_and_notes():
    cases = Cases.of(X, Y, groups=[1, 1, 2, 2, 3], times=np.arange(5))
    assert (cases.n_cases, cases.steps, cases.channels) == (5, 4, 3)
    assert cases.x.dtype == np.float32
    assert cases.notes == ("3 groups: none is split",)


def test_a_matrix_is_one_channel_and_a_still_channel_is_noted():
    still = np.stack([X[:, :, 0], np.ones((5, 4))], axis=2)
    assert Cases.of(X[:, :, 0], Y).x.shape == (5, 4, 1)
    assert Cases.of(still, Y).notes == ("1 channel never changes: 1",)


def test_numbers_to_tell_may_be_several_per_case():
    assert Cases.of(X, np.zeros((5, 2))).y.shape == (5, 2)


def broken(value):
    x = X.copy()
    x[2, 1, 0] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((X, Y[:4]), r"y has shape \(4,\), but X has 5 cases"),
        ((np.zeros(5), Y), r"X has shape \(5,\), but needs \(cases, time, channels\)"),
        ((np.zeros((0, 4, 3)), np.zeros(0)), "at least one of each"),
        ((broken(np.nan), Y), r"1 values that are not finite, the first in case 2 \(X\[2, 1, 0\] is nan\)"),
        ((broken(np.inf), Y), r"X\[2, 1, 0\] is inf"),
        ((X, np.array([0, 1, np.nan, 0, 1])), r"first in case 2 \(y\[2\] is nan\)"),
        ((X, Y, np.arange(4)), r"groups has shape \(4,\), but must have \(5,\)"),
        ((X, Y, None, np.arange(6)), r"times has shape \(6,\)"),
        ((X, Y, None, Y), "times are of type <U1, but must be numbers or datetime64"),
        (([[1, 2], []], [0, 1]), r"case 1 of X has shape \(0,\), but needs \(time, channels\)"),
        (([np.zeros((3, 2)), np.zeros((4, 5))], [0, 1]), "case 1 has 5 channels, but case 0 has 2"),
        (([np.zeros(3), np.zeros((4, 1, 1))], [0, 1]), r"case 1 of X has shape \(4, 1, 1\)"),
        (([np.zeros(3), [0, np.nan]], [0, 1]), r"case 1 of X is nan at step 1, channel 0 \(from 0\)"),
        (([[1, 2], ["a"]], [0, 1]), "X cannot be made numbers in case 1"),
        (([[1, 2], [[1, 2], [3]]], [0, 1]), "X cannot be made numbers in case 1"),
        ((np.array([[1, 2], ["a", None]], dtype=object), [0, 1]), "case 0 holds a int, 1.*astype"),
        ((np.array([np.zeros(2), None, 3], dtype=object), [0, 1, 1]), "case 1 holds a NoneType, None"),
        ((np.full((5, 4, 3), 2**53 + 1), Y), r"X holds 9007199254740993, in case 0, beyond 2\*\*53"),
        ((X, [1, 2, 3, -(2**53) - 1, 5]), r"y holds -9007199254740993, in case 3, beyond 2\*\*53"),
        ((X, [1, 2, 3, 2**70, 5]), r"y holds 1180591620717411303424, in case 3"),
        ((X.astype(complex), Y), "X is of type complex128. Give real numbers"),
        ((np.full((5, 4, 3), "a"), Y), "X cannot be made numbers"),
    ],
)
def test_what_cannot_be_cases_is_refused_with_the_place(arrays, message):
    with pytest.raises(ValueError, match=message):
        Cases.of(*arrays)


@pytest.mark.parametrize(
    ("names", "parts", "notes"),
    [
        (("X", "Y", "Groups"), {"x", "y", "groups"}, ()),
        (("data", "labels"), {"x", "y"}, ("array 'data' is taken as x", "array 'labels' is taken as y")),
        (("x", "y", "subjects"), {"x", "y", "groups"}, ("array 'subjects' is taken as groups",)),
        (("x", "y", "groups", "subjects"), {"x", "y", "groups"}, ("not used: 'subjects'",)),
        (("x", "y", "fold"), {"x", "y"}, ("not used: 'fold'",)),
        (("x", "y", "Timestamps"), {"x", "y", "times"}, ("array 'Timestamps' is taken as times",)),
    ],
)
def test_arrays_play_the_part_that_their_names_say_and_others_are_noted(tmp_path, names, parts, notes):
    given = {name: (X, Y)[at] if at < 2 else np.arange(5) for at, name in enumerate(names)}
    np.savez(tmp_path / "gait.npz", **given)
    read = read_npz(tmp_path / "gait.npz")
    assert (set(read.parts), read.notes) == (parts, notes)
    cases = Cases.read(tmp_path / "gait.npz")
    assert cases.y.tolist() == Y.tolist()
    assert (cases.groups is None) == ("groups" not in parts)
    assert cases.notes[len(cases.notes) - len(notes) :] == notes


def test_a_likely_name_of_another_length_plays_no_part(tmp_path):
    np.savez(tmp_path / "gait.npz", x=X, y=Y, time=np.arange(4))  # of the steps
    assert read_npz(tmp_path / "gait.npz").notes == ("not used: 'time'",)
    with pytest.raises(ValueError, match=r"times \(4,\) must have one entry per case"):
        read_npz(tmp_path / "gait.npz", names={"times": "time"})


def test_two_likely_names_are_a_question_that_a_name_answers(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, x=X, y=Y, subject=np.arange(5), session=np.zeros(5))
    message = (
        f"{file}: arrays subject and session may each be groups; which is meant is not clear. Keep one, or "
        "name it, as in names={'groups': 'subject'} or --groups subject."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_npz(file)
    assert read_npz(file, names={"groups": "session"}).parts["groups"].tolist() == [0] * 5


def test_what_is_no_file_of_cases_is_refused_by_name(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, x=X, words=Y)
    with pytest.raises(ValueError, match=r"gait.npz: has no array y; arrays are x, words\. Save it with"):
        read_npz(file)
    np.savez(file, x=X, y=Y[:3])
    with pytest.raises(ValueError, match=r"x \(5, 4, 3\) and y \(3,\) must have one entry per case"):
        read_npz(file)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"gait.npz: cannot be read as an .npz file"):
        read_npz(file)
    with file.open("wb") as one:
        np.save(one, X)
    with pytest.raises(ValueError, match=r"cannot be read as an \.npz file"):
        read_npz(file)
    np.savez(file, x=X, X=X, y=Y)
    with pytest.raises(ValueError, match=r"arrays x and X may each be x; which is meant is not clear"):
        read_npz(file)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_npz(tmp_path / "none.npz")
    np.savez(file, x=X, y=np.array([{}, 1, 2, 3, 4], dtype=object))
    with pytest.raises(ValueError, match=r"cannot be read as an \.npz file"):
        read_npz(file)


def test_what_is_not_asked_for_is_not_looked_at(tmp_path):
    file = tmp_path / "windows.npz"
    np.savez(file, x=np.zeros((3, 4)), y=np.zeros((3, 2, 2, 1)), times=np.arange(9))
    assert sorted(read_npz(file, parts=("x", "y")).parts) == ["x", "y"]
    with pytest.raises(ValueError, match="one entry per case"):
        read_npz(file)


def test_shorter_series_stand_behind_zeros_and_keep_their_lengths():
    series = [np.arange(1.0, 7).reshape(3, 2), np.ones((1, 2)), np.full((2, 2), 7.0)]
    cases = Cases.of(series, list("aba"))
    assert (cases.x.shape, cases.x.dtype) == ((3, 3, 2), np.float32)
    assert (cases.lengths.tolist(), cases.lengths.dtype) == ([3, 1, 2], np.int32)
    for x, given in zip(cases.x, series, strict=True):
        assert np.array_equal(x[-len(given) :], given)
        assert not x[: -len(given)].any()
    assert cases.notes == ("series have 1 to 3 steps: shorter ones stand behind zeros",)


def test_zeros_before_a_series_are_no_change_of_it():
    cases = Cases.of([np.ones(3), np.ones(2)], [0, 1])
    assert cases.notes[-1] == "1 channel never changes: 0"


def test_a_list_of_equal_lengths_is_a_plain_array():
    for given in (list(X), tuple(X), as_objects(X)):
        cases = Cases.of(given, Y)
        assert np.array_equal(cases.x, X)
        assert cases.lengths is None
        assert cases.notes == ()


def as_objects(series):
    held = np.empty(len(series), dtype=object)
    held[:] = list(series)
    return held


def test_an_array_of_arrays_is_a_list_of_series():
    cases = Cases.of(as_objects([np.ones(3), np.zeros(2)]), [0, 1])
    assert cases.x[:, :, 0].tolist() == [[1, 1, 1], [0, 0, 0]]
    assert cases.lengths.tolist() == [3, 2]


def test_zeros_that_no_memory_holds_are_refused():
    series = [np.zeros(10**5), *[np.zeros(1)] * 10**4]
    with pytest.raises(ValueError, match="case 0 is so long that zeros before the others cannot be held"):
        Cases.of(series, np.zeros(len(series)))


def test_channels_first_is_turned_whatever_holds_it():
    turned = np.swapaxes(X, 1, 2)
    assert np.array_equal(Cases.of(turned, Y, layout="channels_first").x, X)
    assert np.array_equal(Cases.of(list(turned), Y, layout="channels_first").x, X)
    uneven = Cases.of([X[0].T, X[1, :2].T], [0, 1], layout="channels_first")
    assert np.array_equal(uneven.x[1, 2:], X[1, :2])
    assert Cases.of(X[:, :, 0], Y, layout="channels_first").x.shape == (5, 4, 1)
    with pytest.raises(ValueError, match="no layout 'first'; layouts are channels_last, channels_first"):
        Cases.of(X, Y, layout="first")


def test_what_looks_like_channels_first_is_asked_about_and_not_turned():
    x = np.random.default_rng(0).normal(size=(4, 6, 100))
    cases = Cases.of(x, np.zeros(4))
    assert cases.x.shape == (4, 6, 100)
    assert cases.notes == (
        "X is (4, 6, 100): read as 6 steps of 100 channels; if it is (cases, channels, time), say "
        "layout='channels_first'",
    )
    assert Cases.of(x, np.zeros(4), layout="channels_last").notes == ()
    assert Cases.of(x[:, :, :23], np.zeros(4)).notes == ()
    assert Cases.of(np.moveaxis(x, 2, 1), np.zeros(4)).notes == ()


class Tensor:
    """What a torch tensor in a graph does: it is an array only once it is detached."""

    def __init__(self, values, is_free=False):
        self.values, self.is_free = values, is_free

    def detach(self):
        return Tensor(self.values, is_free=True)

    def __array__(self, dtype=None, copy=None):
        if not self.is_free:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return np.asarray(self.values, dtype)


def test_arrays_of_other_libraries_are_taken():
    import jax.numpy as jnp

    assert np.array_equal(Cases.of(jnp.asarray(X), jnp.arange(5)).x, X)
    assert Cases.of(jnp.asarray(X, jnp.bfloat16), Y).x.dtype == np.float32
    assert np.array_equal(Cases.of(Tensor(X), Tensor(np.arange(5))).x, X)
    assert np.array_equal(Cases.of([Tensor(each) for each in X], Y).x, X)
    assert Cases.of([Tensor(X[0]), Tensor(X[1, :2])], [0, 1]).lengths.tolist() == [4, 2]


def test_whole_numbers_that_a_float_holds_are_taken():
    assert Cases.of(np.full((2, 3), 2**53), [2**53, -(2**53)]).y.tolist() == [2**53, -(2**53)]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("X_train", "y_train"), ("X_test", "y_test")),
        (("trainX", "trainLabels"), ("testX", "testLabels")),
        (("x-TRAIN", "y-TRAIN"), ("x-TEST", "y-TEST")),
        (("Train_Data", "Train_Y"), ("Test_Data", "Test_Y")),
    ],
)
def test_of_train_and_test_in_one_file_train_is_read_and_test_is_kept(tmp_path, train, test):
    file = tmp_path / "gait.npz"
    given = {train[0]: X, train[1]: Y, test[0]: X[:2] + 1, test[1]: Y[:2]}
    np.savez(file, **given, fold=[0])
    cases = Cases.read(file)
    assert np.array_equal(cases.x, X)
    assert f"{', '.join(test)} are kept for the score" in cases.notes
    assert "not used: 'fold'" in cases.notes
    parts = read_parts(file)
    assert np.array_equal(parts["train"].x, X)
    assert np.array_equal(parts["test"].x, X[:2] + 1)
    assert parts["test"].y.tolist() == Y[:2].tolist()


def test_groups_of_train_go_with_it(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, X_train=X, y_train=Y, subject_train=np.arange(5), X_test=X[:2], y_test=Y[:2])
    parts = read_parts(file)
    assert parts["train"].groups.tolist() == list(range(5))
    assert parts["test"].groups is None


def test_x_of_train_goes_before_an_array_that_is_only_likely(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, data=X[:1], X_train=X, y_train=Y, X_test=X[:2], y_test=Y[:2])
    assert Cases.read(file).n_cases == 5


def test_an_x_without_part_goes_before_the_parts(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, x=X, y=Y, X_train=X[:2], y_train=Y[:2], X_test=X[2:], y_test=Y[2:])
    assert list(read_parts(file)) == ["train"]
    assert Cases.read(file).n_cases == 5
    named = read_parts(file, {"x": "X_train", "y": "y_train"})
    assert [named[part].n_cases for part in ("train", "test")] == [2, 3]


def test_parts_of_different_lengths_are_brought_to_the_longer(tmp_path):
    file = tmp_path / "gait.npz"
    np.savez(file, X_train=X, y_train=Y, X_test=X[:2, :3], y_test=Y[:2])
    test = read_parts(file)["test"]
    assert np.array_equal(test.x[:, 1:], X[:2, :3])
    assert not test.x[:, 0].any()
    assert test.lengths.tolist() == [3, 3]
    assert test.notes[-1] == "series stand behind zeros, to 4 steps"
    np.savez(file, X_train=X, y_train=Y, X_test=X[:2, :, :2], y_test=Y[:2])
    with pytest.raises(ValueError, match="X of train has 3 channels, but X of test has 2"):
        read_parts(file)


def test_a_file_is_read_channels_first_where_that_is_said(tmp_path):
    np.savez(tmp_path / "gait.npz", x=np.swapaxes(X, 1, 2), y=Y)
    assert np.array_equal(Cases.read(tmp_path / "gait.npz", layout="channels_first").x, X)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"y": ["a", None, "b", "b", "a"]}, r"y has nothing for 1 case, the first case 1 \(None\)"),
        ({"y": ["a", np.nan, "b", np.nan, "a"]}, r"y has nothing for 2 cases, the first case 1 \(nan\)"),
        ({"y": np.ma.masked_equal(Y, "b")}, r"y has nothing for 2 cases, the first case 2 \(None\)"),
        ({"y": np.ma.masked_equal([1, 2, 3, 4, 5], 4)}, r"y\[3\] is nan"),
        ({"x": np.ma.masked_equal(X, 13)}, r"X\[1, 0, 1\] is nan"),
        ({"groups": [1, 1, np.nan, 2, 3]}, r"groups has nothing for 1 case, the first case 2 \(nan\)"),
        ({"groups": np.array([1, "a", 2, 3, 4], object)}, "groups holds int and str, which have no order"),
        ({"times": np.array(["2024-01-01", "NaT"] + ["2024-01-02"] * 3, "datetime64[D]")}, "case 1 .NaT."),
        ({"times": ["2024-01-01"] * 5}, r"must be numbers or datetime64. Make dates such, as with pandas"),
    ],
)
def test_what_is_missing_of_a_case_is_refused_with_the_case(told, message):
    with pytest.raises(ValueError, match=message):
        Cases.of(**{"x": X, "y": Y, **told})


def test_frames_whose_columns_stand_in_another_order_are_refused():
    frame = pd.DataFrame(X[0], columns=["a", "b", "c"])
    assert Cases.of([frame] * 5, Y).channels == 3
    with pytest.raises(ValueError, match="case 2 of X has the columns b, a and c, but case 0 has a, b and c"):
        Cases.of([frame, frame, frame[["b", "a", "c"]], frame, frame], Y)
