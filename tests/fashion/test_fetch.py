"""The four files: from a folder, the cache, upstream or Debian; verified, whole, or one sentence."""

import gzip
import hashlib
import http.server
import json
import threading

import numpy as np
import pytest

from helpers.core import store
from helpers.core.project import Problem
from helpers.fashion import dataset, fetch
from tests.conftest import assert_one_sentence, helpers_command, python

FOLDERS = fetch._folders()  # as they are outside of these tests, wherever the data lie


def small_file(name="t10k-labels-idx1-ubyte"):
    """The content of one of the four files, from the first folder that has it."""
    paths = (path for folder in FOLDERS for path in (folder / name, folder / f"{name}.gz") if path.is_file())
    path = next(paths)
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def only_folder(tmp_path, monkeypatch):
    """An empty folder named by the environment variable, and nothing else to find; returns (folder, cache)."""
    folder, cache = tmp_path / "given", tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, str(folder))
    monkeypatch.setattr(fetch, "CACHE", cache)
    monkeypatch.setattr(fetch, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(fetch, "fetch_upstream", lambda: (_ for _ in ()).throw(Problem("no network in this test.")))
    return folder, cache


def contents():
    return {name: fetch._local_content(name) for name in fetch.SHA256}


def test_plain_and_gz_files_are_read_from_the_given_folder(data, only_folder):
    real = {name: small_file(name) for name in fetch.SHA256}
    folder, _ = only_folder
    for number, (name, content) in enumerate(real.items()):
        if number % 2:
            (folder / name).write_bytes(content)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    assert np.array_equal(dataset.load().test_labels, data.test_labels)


def flipped(content, position, bit=0xFF):
    return content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :]


SPOILT = {
    "a byte of the content": lambda content: gzip.compress(flipped(content, 5000, 1)),
    "the end is missing": lambda content: gzip.compress(content)[:-2000],
    **{f"byte {n} of the gz": lambda content, n=n: flipped(gzip.compress(content), n) for n in (0, 15, 2000, -6)},
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_spoilt_file_is_refused_by_name(data, only_folder, fault):
    folder, _ = only_folder
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(SPOILT[fault](small_file()))
    with pytest.raises(Problem, match=r"t10k-labels-idx1-ubyte\.gz is (truncated or )?corrupt"):
        contents()


def test_swapped_files_are_told_apart(data, only_folder):
    folder, _ = only_folder
    (folder / "train-labels-idx1-ubyte").write_bytes(small_file())
    with pytest.raises(Problem, match="holds the content of t10k-labels-idx1-ubyte"):
        contents()


def test_missing_data_names_every_place_tried(only_folder):
    folder, cache = only_folder
    with pytest.raises(Problem) as caught:
        dataset.load()
    for word in (str(folder), str(cache), "debian", "no network in this test", "make data", fetch.FOLDER_VARIABLE):
        assert word in str(caught.value)


def test_the_command_refuses_a_corrupt_folder_in_one_sentence(data, tmp_path):
    content = bytearray(small_file("train-labels-idx1-ubyte"))
    content[100] ^= 4
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(content)))
    done = helpers_command("data", **{fetch.FOLDER_VARIABLE: str(tmp_path)})
    assert_one_sentence(done, "train-labels-idx1-ubyte.gz is corrupt")


def test_a_corrupt_file_in_the_given_folder_is_told_though_others_are_missing(only_folder, monkeypatch):
    folder, _ = only_folder
    (folder / list(fetch.SHA256)[-1]).write_bytes(b"rotten")
    monkeypatch.setattr(fetch, "fetch_upstream", lambda: pytest.fail("fetched"))
    with pytest.raises(Problem, match="is corrupt"):
        fetch.provide()


def test_make_data_replaces_a_corrupt_file_of_the_cache(data, only_folder, monkeypatch):
    folder, cache = only_folder
    for name in fetch.SHA256:
        store.write_bytes(folder / name, small_file(name))
        store.write_bytes(cache / name, small_file(name))
    damaged = cache / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(b"rotten")
    monkeypatch.delenv(fetch.FOLDER_VARIABLE)
    monkeypatch.setattr(fetch, "fetch_upstream", lambda: damaged.write_bytes(small_file()))
    assert "complete and verified" in fetch.provide()
    assert damaged.read_bytes() == small_file()


def test_a_cache_that_may_not_be_written_is_one_sentence_and_nothing_is_fetched(only_folder, monkeypatch):
    _, cache = only_folder
    cache.write_text("no folder")
    monkeypatch.setattr(fetch, "fetch_upstream", lambda: pytest.fail("fetched"))
    monkeypatch.setattr(fetch, "fetch_debian_package", lambda: pytest.fail("fetched"))
    with pytest.raises(Problem, match=r"cache/fetch cannot be written") as caught:
        fetch.provide()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


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


@pytest.fixture(scope="module")
def packed(data):
    """The four files, packed (dict of name -> bytes)."""
    return {f"{name}.gz": gzip.compress(small_file(name), 1) for name in fetch.SHA256}


@pytest.fixture
def upstream(packed, tmp_path, monkeypatch):
    """A server of the four files on this machine, and an empty cache that is to be filled from it."""
    files = dict(packed)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.files, server.asked, server.down, server.goes_down = files, [], False, False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        fetch, "UPSTREAM_MD5", {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    )
    yield server, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_that_broke_off_goes_on_where_it_stopped(upstream):
    server, address = upstream
    fetch.fetch_upstream(address)
    starts = [start for name, start in server.asked if name == "train-images-idx3-ubyte.gz"]
    assert len(starts) == 2 and starts[0] == 0 and starts[1] > 1_000_000
    for name, digest in fetch.SHA256.items():
        assert store.digest(fetch.CACHE / name) == digest


def test_a_network_that_goes_down_half_way_is_one_sentence_and_nothing_is_fetched_twice(upstream):
    server, address = upstream
    server.goes_down = True
    with pytest.raises(Problem, match=r"train-images-idx3-ubyte\.gz could not be fetched") as caught:
        fetch.fetch_upstream(address)
    assert "\n" not in str(caught.value)
    assert not list(fetch.CACHE.glob("*ubyte"))  # no half of a file that could be taken for a whole one
    server.down = server.goes_down = False
    server.asked.clear()
    fetch.fetch_upstream(address)
    assert server.asked[0][0] == "train-images-idx3-ubyte.gz" and server.asked[0][1] > 1_000_000
    assert all(store.digest(fetch.CACHE / name) == digest for name, digest in fetch.SHA256.items())
    assert not list((fetch.CACHE / "downloads").iterdir())


def test_two_processes_that_fetch_at_once_end_with_whole_files(upstream):
    server, address = upstream
    code = """
        import json, sys
        from pathlib import Path
        from helpers.fashion import fetch
        fetch.CACHE, fetch.UPSTREAM_MD5 = Path(sys.argv[1]), json.loads(sys.argv[2])
        fetch.fetch_upstream(sys.argv[3])
    """
    both = [python(code, fetch.CACHE, json.dumps(fetch.UPSTREAM_MD5), address) for _ in range(2)]
    for process in both:
        _, complaints = process.communicate()
        assert process.returncode == 0, complaints
    assert all(store.digest(fetch.CACHE / name) == digest for name, digest in fetch.SHA256.items())
    assert len([1 for _, begun in server.asked if begun == 0]) == 4  # the second one found the work done


def test_a_cache_without_room_is_one_sentence(upstream, small_disk, monkeypatch):
    monkeypatch.setattr(fetch, "CACHE", small_disk / "cache")
    with pytest.raises(Problem, match=r"could not be kept|disk is full"):
        fetch.fetch_upstream(upstream[1])
    assert not list(fetch.CACHE.glob("*ubyte"))


def test_other_content_from_upstream_is_refused(upstream):
    server, address = upstream
    server.files["train-images-idx3-ubyte.gz"] = gzip.compress(b"another file")
    with pytest.raises(Problem, match=r"train-images-idx3-ubyte\.gz could not be fetched"):
        fetch.fetch_upstream(address)
    assert not (fetch.CACHE / "train-images-idx3-ubyte").exists()


def test_no_network_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "CACHE", tmp_path)
    with pytest.raises(Problem, match="could not be fetched"):
        fetch.fetch_upstream("http://127.0.0.1:9/")


@pytest.mark.parametrize("given", ["data", "./data", "~/data"])
def test_a_folder_means_the_same_to_every_process(only_folder, tmp_path, monkeypatch, given):
    """Relative is from where the command was given, also for the kernels, which run elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, given)
    fetch.fix_folder()
    monkeypatch.chdir("/")
    assert fetch._folders()[0] == tmp_path / "data"


def test_a_folder_that_is_closed_is_one_sentence(only_folder, monkeypatch):
    folder, _ = only_folder
    closed = folder / "circle"
    closed.symlink_to(closed)  # no less closed to root
    monkeypatch.setenv(fetch.FOLDER_VARIABLE, str(closed))
    with pytest.raises(Problem, match="circle cannot be searched for data"):
        dataset.load()
