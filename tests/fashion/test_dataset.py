import gzip
import hashlib
import http.server
import json
import threading
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.fashion import dataset
from tests.conftest import assert_one_sentence, helpers_command, python


def test_the_data_are_the_public_release(data):
    assert data.train_images.shape == (60000, 28, 28) and data.test_images.shape == (10000, 28, 28)
    assert np.bincount(data.train_labels).tolist() == [6000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    scaled = dataset.scaled(data.train_images)
    assert scaled.dtype == np.float32
    assert scaled.mean(dtype=float) == pytest.approx(0.2860, abs=5e-5)
    assert scaled.std(dtype=float) == pytest.approx(0.3530, abs=5e-5)


def test_the_sliver_is_stratified():
    sliver = dataset.load(project.profile_named("smoke"))
    assert np.bincount(sliver.train_labels).tolist() == [100] * 10
    assert np.bincount(sliver.test_labels).tolist() == [30] * 10


# --- splits -----------------------------------------------------------------------------------------------------------


def test_a_split_is_stratified_and_whole(data):
    training, validation = dataset.split(data.train_images, data.train_labels, 0.1, seed=5)
    assert np.bincount(data.train_labels[validation]).tolist() == [600] * 10
    assert sorted([*training, *validation]) == list(range(60000))


def test_a_split_does_not_depend_on_the_order_of_rows(data):
    images, labels = data.train_images[:3000], data.train_labels[:3000]
    shuffled = np.random.default_rng(0).permutation(3000)
    first = dataset.split(images, labels, 0.2, seed=1)
    second = dataset.split(images[shuffled], labels[shuffled], 0.2, seed=1)
    for rows, other in zip(first, second, strict=True):
        assert np.array_equal(images[rows], images[shuffled][other])
        assert np.array_equal(labels[rows], labels[shuffled][other])


def test_another_seed_is_another_split(data):
    images, labels = data.train_images[:3000], data.train_labels[:3000]
    first, second = (set(dataset.split(images, labels, 0.2, seed)[1].tolist()) for seed in (1, 2))
    assert 0.1 < len(first & second) / len(first) < 0.3  # as chance would have it: a fifth


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def only_folder(tmp_path, monkeypatch):
    """An empty folder named by the environment variable, and nothing else to find; returns (folder, cache)."""
    folder, cache = tmp_path / "given", tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv(dataset.FOLDER_VARIABLE, str(folder))
    monkeypatch.setattr(dataset, "CACHE", cache)
    monkeypatch.setattr(dataset, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(dataset, "fetch_upstream", lambda: (_ for _ in ()).throw(Problem("no network in this test.")))
    return folder, cache


def contents():
    return {name: dataset._local_content(name) for name in dataset.SHA256}


def test_plain_and_gz_files_are_read_from_the_given_folder(data, only_folder):
    real = {name: (dataset.project.CACHE / "fashion-mnist" / name).read_bytes() for name in dataset.SHA256}
    folder, _ = only_folder
    for number, (name, content) in enumerate(real.items()):
        if number % 2:
            (folder / name).write_bytes(content)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    assert np.array_equal(dataset.load().test_labels, data.test_labels)


def small_file(name="t10k-labels-idx1-ubyte"):
    return (dataset.project.CACHE / "fashion-mnist" / name).read_bytes()


def test_a_flipped_byte_is_refused_by_name(data, only_folder):
    folder, _ = only_folder
    content = bytearray(small_file())
    content[5000] ^= 1
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(Problem, match=r"t10k-labels-idx1-ubyte\.gz is corrupt"):
        contents()


@pytest.mark.parametrize("position", [0, 15, 2000, -6])
def test_a_flipped_byte_of_the_gz_itself_is_refused_by_name(data, only_folder, position):
    folder, _ = only_folder
    packed = bytearray(gzip.compress(small_file()))
    packed[position] ^= 0xFF
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(bytes(packed))
    with pytest.raises(Problem, match=r"t10k-labels-idx1-ubyte\.gz is (truncated or )?corrupt"):
        contents()


def test_a_truncated_file_is_refused_by_name(data, only_folder):
    folder, _ = only_folder
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(small_file())[:-2000])
    with pytest.raises(Problem, match=r"t10k-labels-idx1-ubyte\.gz is truncated"):
        contents()


def test_swapped_files_are_told_apart(data, only_folder):
    folder, _ = only_folder
    (folder / "train-labels-idx1-ubyte").write_bytes(small_file())
    with pytest.raises(Problem, match="holds the content of t10k-labels-idx1-ubyte"):
        contents()


@pytest.mark.parametrize("shape", [(10_000, 28, 27), (9_999, 28, 28), (10_000, 784), (0, 28, 28)])
def test_images_of_another_shape_are_refused_by_name(only_folder, shape):
    """Files that are right in themselves: the magic number, the sizes, and as many pixels as they say."""
    folder, _ = only_folder
    header = np.array([0x800 + len(shape), *shape], ">i4").tobytes()
    (folder / "t10k-images-idx3-ubyte").write_bytes(header + bytes(int(np.prod(shape))))
    with pytest.raises(Problem, match=r"t10k-images-idx3-ubyte is corrupt"):
        dataset._local_content("t10k-images-idx3-ubyte")


def test_missing_data_names_every_place_tried(only_folder):
    folder, cache = only_folder
    with pytest.raises(Problem) as caught:
        dataset.load()
    for word in (str(folder), str(cache), "debian", "no network in this test", "make data", dataset.FOLDER_VARIABLE):
        assert word in str(caught.value)


def test_the_command_refuses_a_corrupt_folder_in_one_sentence(data, tmp_path):
    content = bytearray(small_file("train-labels-idx1-ubyte"))
    content[100] ^= 4
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(content)))
    done = helpers_command("data", **{dataset.FOLDER_VARIABLE: str(tmp_path)})
    assert_one_sentence(done, "train-labels-idx1-ubyte.gz is corrupt")


def test_make_data_replaces_a_corrupt_file_of_the_cache(data, only_folder, monkeypatch):
    folder, cache = only_folder
    for name in dataset.SHA256:
        store.write_bytes(folder / name, small_file(name))
        store.write_bytes(cache / name, small_file(name))
    damaged = cache / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(b"rotten")
    monkeypatch.delenv(dataset.FOLDER_VARIABLE)
    monkeypatch.setattr(dataset, "fetch_upstream", lambda: damaged.write_bytes(small_file()))
    assert "complete and verified" in dataset.provide()
    assert damaged.read_bytes() == small_file()


# --- fetching ---------------------------------------------------------------------------------------------------------


class Upstream(http.server.BaseHTTPRequestHandler):
    """Serves gz files with ranges; breaks off the first answer for train images half-way."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.rsplit("/", 1)[1]
        content = self.server.files[name]
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        if self.server.down:
            self.close_connection = True
            return
        self.server.asked.append((name, start))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        part = content[start:]
        if name == "train-images-idx3-ubyte.gz" and not start:
            part = part[: len(part) // 2]
            self.server.down = self.server.goes_down
        self.wfile.write(part)


@pytest.fixture
def upstream(data, tmp_path, monkeypatch):
    """A server of the four files on this machine, and an empty cache that is to be filled from it."""
    files = {f"{name}.gz": gzip.compress(small_file(name), 1) for name in dataset.SHA256}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.files, server.asked, server.down, server.goes_down = files, [], False, False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(dataset, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        dataset, "UPSTREAM_MD5", {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    )
    yield server, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_that_broke_off_goes_on_where_it_stopped(upstream):
    server, address = upstream
    dataset.fetch_upstream(address)
    starts = [start for name, start in server.asked if name == "train-images-idx3-ubyte.gz"]
    assert len(starts) == 2 and starts[0] == 0 and starts[1] > 1_000_000
    for name, digest in dataset.SHA256.items():
        assert store.digest(dataset.CACHE / name) == digest


def test_two_who_fetch_at_once_end_with_whole_files(upstream):
    server, address = upstream
    threads = [threading.Thread(target=partial(dataset.fetch_upstream, address)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(store.digest(dataset.CACHE / name) == digest for name, digest in dataset.SHA256.items())
    assert len([1 for name, start in server.asked if start == 0]) == 4  # the second one found the work done


def test_a_network_that_goes_down_half_way_is_one_sentence_and_nothing_is_fetched_twice(upstream):
    server, address = upstream
    server.goes_down = True
    with pytest.raises(Problem, match=r"train-images-idx3-ubyte\.gz could not be fetched") as caught:
        dataset.fetch_upstream(address)
    assert "\n" not in str(caught.value)
    assert not list(dataset.CACHE.glob("*ubyte"))  # no half of a file that could be taken for a whole one
    server.down = server.goes_down = False
    server.asked.clear()
    dataset.fetch_upstream(address)
    assert server.asked[0][0] == "train-images-idx3-ubyte.gz" and server.asked[0][1] > 1_000_000
    assert all(store.digest(dataset.CACHE / name) == digest for name, digest in dataset.SHA256.items())
    assert not list((dataset.CACHE / "downloads").iterdir())


def test_two_processes_that_fetch_at_once_end_with_whole_files(upstream):
    server, address = upstream
    code = """
        import json, sys
        from pathlib import Path
        from helpers.fashion import dataset
        dataset.CACHE, dataset.UPSTREAM_MD5 = Path(sys.argv[1]), json.loads(sys.argv[2])
        dataset.fetch_upstream(sys.argv[3])
    """
    both = [python(code, dataset.CACHE, json.dumps(dataset.UPSTREAM_MD5), address) for _ in range(2)]
    for process in both:
        _, complaints = process.communicate()
        assert process.returncode == 0, complaints
    assert all(store.digest(dataset.CACHE / name) == digest for name, digest in dataset.SHA256.items())
    assert len([1 for _, begun in server.asked if begun == 0]) == 4  # the second one found the work done


def test_a_cache_without_room_is_one_sentence(upstream, small_disk, monkeypatch):
    monkeypatch.setattr(dataset, "CACHE", small_disk / "cache")
    with pytest.raises(Problem, match=r"could not be kept|disk is full"):
        dataset.fetch_upstream(upstream[1])
    assert not list(dataset.CACHE.glob("*ubyte"))


def test_other_content_from_upstream_is_refused(upstream):
    server, address = upstream
    server.files["train-images-idx3-ubyte.gz"] = gzip.compress(b"another file")
    with pytest.raises(Problem, match=r"train-images-idx3-ubyte\.gz could not be fetched"):
        dataset.fetch_upstream(address)
    assert not (dataset.CACHE / "train-images-idx3-ubyte").exists()


def test_no_network_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "CACHE", tmp_path)
    with pytest.raises(Problem, match="could not be fetched"):
        dataset.fetch_upstream("http://127.0.0.1:9/")


# --- the course's CSV format ------------------------------------------------------------------------------------------


@pytest.fixture
def rows(data):
    flat = data.train_images[:20].reshape(20, -1)
    return [[label, *pixels] for label, pixels in zip(data.train_labels[:20].tolist(), flat.tolist(), strict=True)]


def written(path, rows, header=False, end="\n"):
    lines = [",".join(map(str, row)) for row in rows]
    if header:
        lines.insert(0, "label," + ",".join(f"pixel{number}" for number in range(1, 785)))
    path.write_text(end.join(lines) + end, newline="")
    return path


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_is_read_in_the_order_of_its_rows(tmp_path, data, rows, header, end):
    images, labels = dataset.read_csv(written(tmp_path / "a.csv", rows, header, end))
    assert np.array_equal(images, data.train_images[:20])
    assert np.array_equal(labels, data.train_labels[:20])


def test_dummy_labels_are_not_read(tmp_path, data, rows):
    for row, dummy in zip(rows, ["?", "", "-1", "999", "nan", *[0] * 15], strict=True):
        row[0] = dummy
    images, labels = dataset.read_csv(written(tmp_path / "a.csv", rows), labelled=False)
    assert np.array_equal(images, data.train_images[:20]) and labels is None


FAULTS = {
    "784 values where": lambda row: row[:-1],
    "786 values where": lambda row: [*row, 0],
    "label is '10'": lambda row: [10, *row[1:]],
    "label is '-1'": lambda row: [-1, *row[1:]],
    "label is ''": lambda row: ["", *row[1:]],
    "grey value 3 is '256'": lambda row: [*row[:3], 256, *row[4:]],
    "grey value 3 is '-1'": lambda row: [*row[:3], -1, *row[4:]],
    "grey value 3 is '1.5'": lambda row: [*row[:3], 1.5, *row[4:]],
    "grey value 3 is '1e2'": lambda row: [*row[:3], "1e2", *row[4:]],
    "grey value 3 is '7.'": lambda row: [*row[:3], "7.", *row[4:]],
    "grey value 3 is 'x'": lambda row: [*row[:3], "x", *row[4:]],
    "grey value 784 is ''": lambda row: [*row[:-1], ""],
    "grey value 3 is '99999999999999999999'": lambda row: [*row[:3], "9" * 20, *row[4:]],
}


@pytest.mark.parametrize("message", FAULTS)
@pytest.mark.parametrize(("place", "header"), [(0, False), (7, False), (7, True), (19, False)])
def test_a_bad_row_is_named_by_file_and_line(tmp_path, rows, message, place, header):
    rows[place] = FAULTS[message](rows[place])
    path = written(tmp_path / "bad.csv", rows, header)
    with pytest.raises(Problem, match=rf"bad\.csv, line {place + 1 + header}: .*{message}"):
        dataset.read_csv(path)


@pytest.mark.parametrize(
    "content", ["", "\n\n", "label,pixel1\n", "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n"]
)
def test_a_file_without_rows_is_refused(tmp_path, content):
    path = tmp_path / "none.csv"
    path.write_text(content)
    with pytest.raises(Problem, match=r"none\.csv"):
        dataset.read_csv(path)


def test_a_missing_csv_is_one_sentence_at_the_command(tmp_path):
    assert_one_sentence(helpers_command("data", tmp_path / "no.csv"), "no.csv cannot be read")


GOOD_ROW = ",".join(["7", *["12"] * 784])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.just(GOOD_ROW), st.text(max_size=40), st.binary(max_size=40)), max_size=4))
def test_any_bytes_give_images_or_one_problem(tmp_path_factory, lines):
    """Never a traceback, and never a silent wrong answer: what is accepted has as many images as lines."""
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode("utf-8", "replace") for line in lines))
    try:
        images, labels = dataset.read_csv(path)
    except Problem as problem:
        assert "any.csv" in str(problem)
        return
    assert (images == 12).all() and (labels == 7).all()
    assert len(images) >= lines.count(GOOD_ROW)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 784), st.text(st.characters(codec="utf-8", exclude_characters=",\n\r"), max_size=6))
def test_any_cell_is_read_as_the_number_it_is_or_refused(tmp_path_factory, column, cell):
    cells = GOOD_ROW.split(",")
    cells[column] = cell
    path = tmp_path_factory.mktemp("csv") / "cell.csv"
    path.write_text(GOOD_ROW + "\n" + ",".join(cells) + "\n" + GOOD_ROW + "\n", encoding="utf-8")
    try:
        images, labels = dataset.read_csv(path)
    except Problem as problem:
        assert "cell.csv" in str(problem)
        return
    assert len(images) == 3
    assert int(cell) == (labels[1] if column == 0 else images[1].ravel()[column - 1])


ODD = st.text("0123456789,,, \t\r\n\x00\x1a\"'+-.eExX_#;/ﾃ٣１²NAnaninf", max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 255)), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), ODD), max_size=2),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_a_csv_that_is_accepted_gives_exactly_its_rows(tmp_path_factory, rows, changes, end, header, labelled, mark):
    """Whole files in every form, with odd characters put in anywhere or put over others, against a reader by hand."""
    lines = [",".join(map(str, [label, *((grey + n) % 256 for n in range(784))])) for label, grey in rows]
    text = end.join([*([HEADER] if header else []), *lines]) + end
    for place, length, odd in changes:
        at = int(place * len(text))
        text = text[:at] + odd + text[at + length :]
    path = tmp_path_factory.mktemp("csv") / "odd.csv"
    path.write_bytes((mark + text).encode())
    expected = by_hand(text, labelled)
    try:
        images, labels = dataset.read_csv(path, labelled)
    except Problem as problem:
        assert "odd.csv" in str(problem) and "\n" not in str(problem)
        assert changes  # whatever was not tampered with is read
        return
    assert expected is not None, "a file that is none in this format was read"
    assert images.reshape(len(images), -1).tolist() == [row[1:] for row in expected]
    assert labels is None if not labelled else labels.tolist() == [row[0] for row in expected]


HEADER = "label," + ",".join(f"pixel{number}" for number in range(1, 785))


def by_hand(text, labelled):
    """The rows of a CSV file as lists of int, read in the plainest way; None if any row is not as it should be."""
    lines = [line.removesuffix("\r") for line in text.strip().split("\n")]
    if any(letter.isalpha() for letter in lines[0].rsplit(",", 1)[-1]):
        del lines[0]
    rows = []
    for line in lines:
        cells = [cell.strip(" \t") for cell in line.split(",")]
        cells[0] = cells[0] if labelled else "0"
        if len(cells) != 785 or not all(cell.isascii() and cell.isdecimal() for cell in cells):
            return None
        rows.append([int(cell) for cell in cells])
    fine = all(0 <= row[0] <= 9 and max(row[1:]) <= 255 for row in rows)
    return rows if rows and fine else None


def test_loading_twice_at_once_is_safe(data, tmp_path):
    """Two processes that fill an empty cache from Debian's folder at once both get the data."""
    if not dataset.DEBIAN_FOLDER.is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    code = """
        import sys
        from pathlib import Path
        from helpers.fashion import dataset
        dataset.CACHE = Path(sys.argv[1])
        print(len(dataset.load().train_images))
    """
    both = [python(code, tmp_path / "cache") for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["60000", "60000"]
