import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.core.stats import Interval
from tests.conftest import python


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "numbers.json"
    store.write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), store.atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"a": 1}
    assert [left.name for left in tmp_path.iterdir()] == ["numbers.json"]


def test_the_same_content_is_not_written_again(tmp_path):
    path = tmp_path / "a.txt"
    store.write_text(path, "same")
    before = path.stat()
    store.write_text(path, "same")
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk):
    path = small_disk / "a.txt"
    store.write_text(path, "old")
    with pytest.raises(Problem, match=r"disk is full.*a\.txt"):
        store.write_text(path, "x" * 400_000)
    assert path.read_text() == "old"
    assert [left.name for left in small_disk.iterdir()] == ["a.txt"]


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="cannot be written"):
        store.write_text(tmp_path / "file" / "a.txt", "x")


def test_killed_writers_leave_a_whole_file(tmp_path):
    """Writers that are killed at any moment, ten times over: what is read is always one of the whole contents."""
    path = tmp_path / "big.json"
    store.write_json(path, [0] * 100_000)
    code = """
        import sys
        from helpers.core import store
        for value in range(1, 1000):
            store.write_json(sys.argv[1], [value] * 100_000)
            print(value, flush=True)
    """
    for delay in range(10):
        writer = python(code, path)
        writer.stdout.readline()  # it is writing by now
        time.sleep(0.013 * delay)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        content = json.loads(path.read_text())
        assert len(content) == 100_000 and len(set(content)) == 1


def test_rounding_reaches_into_everything_and_keeps_ints():
    assert store.rounded({"a": [1 / 3, 2], "b": (1e-9 / 3,)}, 3) == {"a": [0.333, 2], "b": [3.33e-10]}
    assert isinstance(store.rounded(7), int)
    found = store.rounded(
        {
            "a": np.arange(3) / 3,
            "b": [np.float32(0.5), np.int64(2), np.bool_(True)],
            "c": Interval(0.1 / 3, np.float64(1)),
        },
        3,
    )
    assert json.dumps(found) == '{"a": [0.0, 0.333, 0.667], "b": [0.5, 2, true], "c": [0.0333, 1.0]}'


def test_a_card_vouches_for_its_files(tmp_path):
    file, card = tmp_path / "net.keras", tmp_path / "net.json"
    file.write_bytes(b"weights")
    with pytest.raises(Problem, match=r"net\.json is missing.*`make train`"):
        store.read_card(card, "make train")
    store.write_card(card, {"seed": 1}, [file])
    assert store.read_card(card, "make train")["seed"] == 1
    file.write_bytes(b"weightz")
    with pytest.raises(Problem, match=r"net\.keras does not match.*`make train`"):
        store.read_card(card, "make train")
    file.unlink()
    with pytest.raises(Problem, match=r"net\.keras is missing.*`make train`"):
        store.read_card(card, "make train")
    store.write_json(card, {"seed": 1, "sha256": "of another version"})
    with pytest.raises(Problem, match="no card of this version"):
        store.read_card(card, "make train")


def test_what_was_stored_with_other_settings_is_refused(tmp_path):
    path, made = tmp_path / "a.json", []
    settings = {"fits": 5, "config": {"rate": 0.1, "name": "a"}}
    make = lambda: made.append(1) or {"value": 1 / 3}  # noqa: E731
    record = store.stored(path, settings, make, "make train")
    assert record == {"settings": settings, "value": 0.333333} == store.stored(path, settings, None, "make train")
    assert len(made) == 1
    for wrong, words in (
        ({**settings, "fits": 6}, "settings.fits is 5, not 6"),
        ({**settings, "config": {"rate": 0.2, "name": "a"}}, "settings.config.rate is 0.1, not 0.2"),
        ({**settings, "more": 1}, "settings.more is None, not 1"),
        ({"fits": 5}, "settings.config is .* not None"),
    ):
        with pytest.raises(Problem, match=f"made with other settings .{words}.*`make train`"):
            store.stored(path, wrong, None, "make train")


def test_json_that_is_missing_says_how_to_get_it_back():
    path = project.RESULTS / "no_such.json"
    with pytest.raises(Problem) as caught:
        store.read_json(path, "make bench")
    assert str(caught.value) == (
        "outputs/results/no_such.json is missing: get it back with `git checkout -- outputs/results/no_such.json`, "
        "or make it anew with `make bench`."
    )


# --- files that the user names ---------------------------------------------------------------------------------------


def test_a_named_file_is_replaced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "new" / "a.txt"
    store.write_named(path, b"one")
    path.chmod(0o640)
    store.write_named(path, b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o640
    assert [left.name for left in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_names_is_written(tmp_path, there):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "real.txt", tmp_path / "link.txt"
    if there:
        target.write_text("old")
    link.symlink_to("folder/real.txt")
    store.write_named(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new" and not target.is_symlink()


def test_a_pipe_gets_the_bytes_and_stays_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    store.write_named(path, b"content")
    assert os.read(reader, 100) == b"content" and path.is_fifo()
    os.close(reader)
    with pytest.raises(Problem, match="nobody reads from it"):
        store.write_named(path, b"content")


def test_a_pipe_whose_reader_goes_away_is_one_sentence(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    closing = threading.Timer(0.3, os.close, [reader])
    closing.start()
    with pytest.raises(Problem, match="nobody reads from it"):
        store.write_named(path, bytes(1_000_000))  # more than a pipe holds
    closing.join()


def test_devices_are_written_to():
    store.write_named(os.devnull, b"content")
    assert not Path(os.devnull).is_file()
    with pytest.raises(Problem, match=r"/dev/full could not be written \(No space"):
        store.write_named("/dev/full", b"content")


def test_no_name_a_folder_or_an_input_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "in.csv"
    source.write_text("input")
    (tmp_path / "link").symlink_to(source)
    for name, words in {
        "": "empty",
        ".": "folder",
        "..": "folder",
        "/": "folder",
        "no/": "folder",
        str(tmp_path): "folder",
    }.items():
        with pytest.raises(Problem, match=words):
            store.write_named(name, b"x")
    for name in ("in.csv", "link", source):
        with pytest.raises(Problem, match=r"same file as the input .*in\.csv"):
            store.write_named(name, b"x", inputs=[tmp_path / "absent.csv", source])
    assert source.read_text() == "input"
    assert {left.name for left in tmp_path.iterdir()} == {"in.csv", "link"}


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("file/a.txt", "circle", "n" * 300):
        with pytest.raises(Problem, match="cannot be written"):
            store.write_named(tmp_path / name, b"x")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_closed_folder_is_refused_before_the_work_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)  # root may write anywhere
    (tmp_path / "old.txt").write_text("kept")
    for name in ("a.txt", "new/a.txt", "old.txt"):
        with pytest.raises(Problem, match=f"{name} cannot be written: .* is no folder that you may write in"):
            store.named_output(tmp_path / name)
    store.named_output(os.devnull)


def test_a_named_file_on_a_full_disk_stays_as_it_was(small_disk):
    path = small_disk / "a.txt"
    store.write_named(path, b"old")
    with pytest.raises(Problem, match="disk is full"):
        store.write_named(path, bytes(400_000))
    assert path.read_bytes() == b"old"


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path):
    path = tmp_path / "a.txt"
    store.write_text(path, "old")
    with path.open() as reader:
        store.write_text(path, "the new text")
        assert reader.read() == "old"
    assert path.read_text() == "the new text"


def test_settings_may_differ_by_rounding_and_by_no_more():
    assert not list(store.differences({"rate": 1.0}, {"rate": 1.0000001}, "settings"))
    assert [where for where, *_ in store.differences({"rate": 1.0}, {"rate": 1.00001}, "settings")] == ["settings.rate"]
