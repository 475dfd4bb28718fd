"""A file of cases is read as its ending says, with what stands beside it."""

import numpy as np
import pandas as pd
import pytest

from normcast.data import Cases, read_parts

X, Y = np.arange(60, dtype=np.float32).reshape(5, 4, 3), np.array(list("aabba"))
TS = "@classLabel true a b\n@data\n"


def test_an_ending_that_is_not_known_is_refused_with_those_that_are():
    with pytest.raises(
        ValueError, match=r"gait.mat: cases are not read .* \.npz, \.npy, \.ts, \.arff, \.csv"
    ):
        Cases.read("gait.mat")


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("x", "y"),
        ("X", "y"),
        ("X", "Y"),
        ("gait_x", "gait_y"),
        ("X_train", "y_train"),
        ("train_x", "train_y"),
    ],
)
def test_an_npy_finds_its_partner_by_name(tmp_path, x, y):
    np.save(tmp_path / f"{x}.npy", X)
    np.save(tmp_path / f"{y}.npy", Y)
    cases = Cases.read(tmp_path / f"{x}.npy")
    assert np.array_equal(cases.x, X)
    assert cases.y.tolist() == Y.tolist()
    assert cases.groups is None


def test_an_npy_takes_groups_and_times_beside_it_and_files_that_are_named(tmp_path):
    for name, array in (("x", X), ("groups", np.arange(5)), ("when", np.arange(5) * 2)):
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "labels.npy", Y)
    cases = Cases.read(tmp_path / "x.npy", {"y": str(tmp_path / "labels.npy"), "times": "when.npy"})
    assert cases.y.tolist() == Y.tolist()
    assert (cases.groups.tolist(), cases.times.tolist()) == ([0, 1, 2, 3, 4], [0, 2, 4, 6, 8])


def test_an_npy_of_train_has_its_test(tmp_path):
    for name, array in (("X_train", X), ("y_train", Y), ("X_test", X[:2]), ("y_test", Y[:2])):
        np.save(tmp_path / f"{name}.npy", array)
    parts = read_parts(tmp_path / "X_train.npy")
    assert [parts[part].n_cases for part in ("train", "test")] == [5, 2]
    assert "X_test.npy, y_test.npy are kept for the score" in parts["train"].notes
    (tmp_path / "y_test.npy").unlink()
    assert list(read_parts(tmp_path / "X_train.npy")) == ["train"]


def test_an_npy_without_partner_says_how_to_call_it(tmp_path):
    np.save(tmp_path / "X_train.npy", X)
    with pytest.raises(
        ValueError, match=r"no file with y beside it. Call it y_train.npy, or name it, as in names"
    ):
        Cases.read(tmp_path / "X_train.npy")
    np.save(tmp_path / "gait.npy", X)
    with pytest.raises(ValueError, match=r"Call it gait_y.npy \(and this one gait_x.npy\)"):
        Cases.read(tmp_path / "gait.npy")
    with pytest.raises(FileNotFoundError, match=r"none.npy: there is no such file, neither here nor in"):
        Cases.read(tmp_path / "gait.npy", {"y": "none.npy"})
    with pytest.raises(ValueError, match=r"no part 'id'; parts are y, groups, times"):
        Cases.read(tmp_path / "gait.npy", {"id": "X_train.npy"})
    with pytest.raises(FileNotFoundError, match=r"x.npy: there is no such file"):
        Cases.read(tmp_path / "x.npy")


def test_two_partners_are_a_question(tmp_path):
    for name in ("x", "y", "Y"):
        np.save(tmp_path / f"{name}.npy", X if name == "x" else Y)
    if (tmp_path / "y.npy").samefile(tmp_path / "Y.npy"):
        pytest.skip("this disk takes y and Y for one name")
    with pytest.raises(ValueError, match=r"Y.npy and y.npy may each be y; which is meant is not clear"):
        Cases.read(tmp_path / "x.npy")


def test_an_npy_that_holds_objects_or_less_than_it_says_is_refused(tmp_path):
    file = tmp_path / "x.npy"
    np.save(tmp_path / "y.npy", Y)
    np.save(file, np.array([{}, 1], dtype=object))
    with pytest.raises(ValueError, match=r"x.npy: cannot be read as an .npy file \(x holds Python objects"):
        Cases.read(file)
    np.save(file, X)
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"cannot be read as an .npy file"):
        Cases.read(file)
    file.write_text("1,2")
    with pytest.raises(ValueError, match=r"cannot be read as an .npy file"):
        Cases.read(file)


def test_a_text_of_train_has_its_test_beside_it(tmp_path):
    (tmp_path / "Gait_TRAIN.ts").write_text(TS + "1,2,3:a\n4,5:b\n")
    assert list(read_parts(tmp_path / "Gait_TRAIN.ts")) == ["train"]
    (tmp_path / "Gait_TEST.ts").write_text(TS + "1,2,3,4:a\n")
    parts = read_parts(tmp_path / "Gait_TRAIN.ts")
    assert parts["train"].x[:, :, 0].tolist() == [[0, 1, 2, 3], [0, 0, 4, 5]]
    assert parts["train"].lengths.tolist() == [3, 2]
    assert parts["test"].x[:, :, 0].tolist() == [[1, 2, 3, 4]]
    assert "Gait_TEST.ts is kept for the score" in Cases.read(tmp_path / "Gait_TRAIN.ts").notes
    assert list(read_parts(tmp_path / "Gait_TEST.ts")) == ["train"]
    with pytest.raises(ValueError, match=r"has no names to choose from, but names are \{'y': 'a'\}"):
        Cases.read(tmp_path / "Gait_TRAIN.ts", {"y": "a"})


LONG = pd.DataFrame(
    {
        "case": ["q", "q", "p", "p", "p"],
        "t": [1, 0, 0, 1, 2],
        "x": [2.0, 1, 3, 4, 5],
        "z": [0, 1, 0, 1, 0],
        "label": list("aabbb"),
        "subject": [7, 7, 8, 8, 8],
        "remark": list("uvwuv"),
    }
)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_long_table_has_a_case_for_each_id_in_order_of_time(tmp_path, ending):
    file = tmp_path / f"long.{ending}"
    LONG.to_parquet(file) if ending == "parquet" else LONG.to_csv(file, index=False)
    cases = Cases.read(file)
    assert cases.x.tolist() == [[[0, 0], [1, 1], [2, 0]], [[3, 0], [4, 1], [5, 0]]]
    assert (cases.y.tolist(), cases.groups.tolist(), cases.lengths.tolist()) == (["a", "b"], [7, 8], [2, 3])
    assert (cases.ids.tolist(), cases.at(np.array([1])).ids.tolist()) == (["q", "p"], ["p"])
    for note in (
        "column 'case' is taken as id",
        "column 't' is taken as time",
        "column 'label' is taken as y",
        "column 'subject' is taken as groups",
        "channels: x and z",
        "not used: 'remark'",
        "rows of 1 series were not in the order of time: sorted",
    ):
        assert note in cases.notes


def test_columns_of_a_long_table_may_be_named(tmp_path):
    file = tmp_path / "long.csv"
    table = LONG.rename(columns={"case": "who", "label": "what"}).drop(columns=["t", "subject"])
    table.to_csv(file, index=False)
    cases = Cases.read(file, {"id": "who", "y": "what"})
    assert cases.x[0, 1:].tolist() == [[2, 0], [1, 1]]  # as they stand
    with pytest.raises(
        ValueError, match=r"no column of the case \(id\) and no column of what is told of it \(y\)"
    ):
        Cases.read(file)
    with pytest.raises(ValueError, match=r"no column 'whom'; columns are who, x, z.* Did you mean 'who'"):
        Cases.read(file, {"id": "whom", "y": "what"})
    with pytest.raises(ValueError, match="no part 'label'; parts are id, time, y, groups"):
        Cases.read(file, {"id": "who", "label": "what"})
    with pytest.raises(ValueError, match="each column plays one part"):
        Cases.read(file, {"id": "who", "y": "who"})


def test_an_axis_called_y_is_a_channel_where_there_is_a_label(tmp_path):
    file = tmp_path / "long.csv"
    LONG.rename(columns={"z": "y"}).to_csv(file, index=False)
    assert "channels: x and y" in Cases.read(file).notes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": list("abbbb")}, "case 'q' has both b and a in column 'label'"),
        ({"subject": [7, 7, 8, 9, 8]}, "case 'p' has both 8 and 9 in column 'subject'"),
        ({"label": ["a", "a", None, "b", "b"]}, "column 'label', row 3 is empty"),
        ({"x": [1, 2, 3, np.nan, 5]}, r"series 'p', row 4: column 'x' holds nan"),
        ({"t": [1, 0, 0, 1, 1]}, r"series 'p' has two rows at 1 \(rows 4 and 5\)"),
        ({"t": [1, 0.5, 0.5, 1.5, 1.5]}, r"series 'p' has two rows at 1.5"),
        ({"label": ["a" * 1001] * 5}, "column 'label' holds text of 1,001 characters, but .* at most 1,000"),
        ({"target": list("aabbb")}, "columns label and target may each be y; which is meant is not clear"),
    ],
)
def test_a_long_table_that_is_not_clear_is_refused(tmp_path, change, message):
    file = tmp_path / "long.csv"
    LONG.assign(**change).to_csv(file, index=False)
    with pytest.raises(ValueError, match=message):
        Cases.read(file)


def test_a_long_table_without_numbers_is_refused(tmp_path):
    file = tmp_path / "long.csv"
    LONG[["case", "t", "label", "remark"]].to_csv(file, index=False)
    with pytest.raises(ValueError, match="no column of numbers is left for the channels"):
        Cases.read(file)


def test_cases_to_be_told_of_need_no_y(tmp_path):
    np.savez(tmp_path / "new.npz", x=X)
    np.save(tmp_path / "new.npy", X)
    (tmp_path / "new.ts").write_text("@classLabel false\n@data\n1,2:3,4\n")
    LONG.drop(columns="label").to_csv(tmp_path / "new.csv", index=False)
    for name, cases in (("new.npz", 5), ("new.npy", 5), ("new.ts", 1), ("new.csv", 2)):
        read = Cases.read(tmp_path / name, needs_y=False)
        assert (read.n_cases, read.is_told, read.y.shape) == (cases, False, (cases, 0))
        with pytest.raises(ValueError, match=name):
            Cases.read(tmp_path / name)


def test_cases_to_be_told_of_may_have_empty_labels_in_a_long_table(tmp_path):
    LONG.assign(label=None).to_csv(tmp_path / "new.csv", index=False)
    cases = Cases.read(tmp_path / "new.csv", needs_y=False)
    assert not cases.is_told
    assert "column 'label' has empty cells: nothing of it is read" in cases.notes
    with pytest.raises(ValueError, match="column 'label', row 1 is empty"):
        Cases.read(tmp_path / "new.csv")


def test_the_labels_of_the_test_part_go_with_its_series(tmp_path):
    np.savez(tmp_path / "gait.npz", X_train=X, y_train=Y, X_test=X, y_test=Y[::-1])
    cases = Cases.read(tmp_path / "gait.npz", {"x": "X_test"})
    assert cases.y.tolist() == Y[::-1].tolist()
