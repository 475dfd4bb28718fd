"""Cases are checked once at the door, with what was found; an .npz file is read in one place."""

import re

import numpy as np
import pytest

from normcast.data import Cases, read_npz

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
        (([[1, 2], [3]], [0, 1]), "X cannot be made numbers.*one length first"),
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
