import os

import pytest

from normcast.files import check_writable, writable_folder, write_whole


def test_text_and_bytes_arrive_whole(tmp_path):
    write_whole(tmp_path / "a.txt", "größe")
    write_whole(str(tmp_path / "b.bin"), b"\0\1")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "größe"
    assert (tmp_path / "b.bin").read_bytes() == b"\0\1"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.bin"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, stop, moment):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_):
        raise stop

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else OSError) as error:
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]
    if stop is not KeyboardInterrupt:
        assert str(path) in str(error.value)
        assert "No space left" in str(error.value)


def test_a_replaced_file_keeps_its_mode_and_its_link(tmp_path):
    path, link = tmp_path / "a.csv", tmp_path / "link.csv"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("ask", [check_writable, lambda path: write_whole(path, "x")])
def test_a_place_that_cannot_be_written_is_named(tmp_path, ask):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="is a folder"):
        ask(tmp_path)
    with pytest.raises(OSError, match=r"missing/a\.csv: there is no folder"):
        ask(tmp_path / "missing" / "a.csv")
    with pytest.raises(OSError, match="there is no folder"):
        ask(tmp_path / "file" / "a.csv")


def test_asking_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


def test_a_device_is_written_in_place():
    check_writable("/dev/null")
    write_whole("/dev/null", "gone")
    assert not os.path.isfile("/dev/null")


def test_a_folder_is_made_and_one_that_cannot_be_is_named(tmp_path):
    assert writable_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file.c: cannot be written: .*Choose another place"):
        writable_folder(tmp_path / "file" / "c")
    with pytest.raises(OSError, match=r"file: cannot be written: .*Choose another place"):
        writable_folder(tmp_path / "file")
