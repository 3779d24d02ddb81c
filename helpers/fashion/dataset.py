"""Fashion-MNIST: found or fetched, verified, split; and the course's own CSV format.

The data are the public release (Xiao, Rasul, Vollgraf 2017, as of 2017-08-31): 60,000 training and 10,000 test images
of 28 x 28 pixels, grey values 0..255, ten classes of equal size. Every file is verified by the SHA-256 of its
uncompressed content, wherever it comes from: Debian recompresses the files, so digests of the gz files differ.
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.core import project, store
from helpers.core.project import Problem, shown

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
UPSTREAM = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
UPSTREAM_MD5 = {  # of the gz files as upstream serves them
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
FOLDER_VARIABLE = "FASHION_MNIST_DIR"
CACHE = project.CACHE / "fashion-mnist"
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

PIXELS = 28 * 28
SLIVER_PER_CLASS = {"train": 100, "test": 30}  # images that the smoke profile keeps


@dataclass(frozen=True)
class Fashion:
    """The data set. Images: uint8 (n, 28, 28), grey 0..255. Labels: int32 (n,), class ids 0..9 as in CLASSES."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load(profile=None):
    """Fashion-MNIST, verified; a stratified sliver of it if `profile.sliver`.

    Looked for in the folder that FASHION_MNIST_DIR names, in the project's cache, in the Debian package's folder;
    fetched from upstream if it is in none of them.
    Returns a Fashion. Raises Problem if a file is corrupt, or is nowhere to be had.
    """
    contents = {name: _content(name) for name in SHA256}
    data = Fashion(
        _images(contents["train-images-idx3-ubyte"]),
        _labels(contents["train-labels-idx1-ubyte"]),
        _images(contents["t10k-images-idx3-ubyte"]),
        _labels(contents["t10k-labels-idx1-ubyte"]),
    )
    return _sliver(data) if profile is not None and profile.sliver else data


def scaled(images):
    """Grey values as the networks read them: float32 (n, 784) in 0..1, from uint8 (n, 28, 28)."""
    return images.reshape(len(images), PIXELS).astype("float32") / np.float32(255)


def split(images, labels, held_out, seed):
    """Training and validation rows: seeded, stratified, and the same images whatever order the rows come in.

    Each class is ordered by a keyed hash of its images' pixels, and its first `held_out` share is held out.
    images : uint8 (n, ...).   labels : int (n,).   held_out : share in 0..1 of each class.   seed : int.
    Returns two int arrays of row numbers, (training, validation), each in an order that depends on content alone.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is a share between 0 and 1, not {held_out}")
    key = int(seed).to_bytes(8, "big")
    hashes = np.array(
        [hashlib.blake2b(image.tobytes(), digest_size=8, key=key).digest() for image in images], dtype="S8"
    )
    order = np.lexsort((hashes, labels))
    training, validation = [], []
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        cut = round(len(rows) * held_out)
        validation.append(rows[:cut])
        training.append(rows[cut:])
    return np.concatenate(training), np.concatenate(validation)


# --- finding and fetching -------------------------------------------------------------------------------------------


def _folders():
    given = os.environ.get(FOLDER_VARIABLE)
    return ([Path(given)] if given else []) + [CACHE, DEBIAN_FOLDER]


def _content(name):
    """The verified content (bytes) of one of the four files; kept in the cache once it came from elsewhere."""
    content = _local_content(name)
    if content is None:
        try:
            fetch_upstream()
        except Problem as problem:
            raise Problem(_nowhere_message(name, problem)) from None
        content = _local_content(name)
    return content


def _local_content(name):
    """The content of a file from the first folder that has it, or None."""
    for folder in _folders():
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                content = _verified(path, name)
                if folder == DEBIAN_FOLDER:
                    _keep(name, content)
                return content
    return None


def _keep(name, content):
    """Put verified content into the cache, where loading is fastest; a cache that cannot be written is done without."""
    try:
        store.write_bytes(CACHE / name, content)
    except Problem as problem:
        project.report_progress(f"note: {problem}")


def _verified(path, name):
    """The uncompressed content of `path`. Raises Problem, naming the file, unless it is exactly that of `name`."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Problem(f"{shown(path)} is truncated or corrupt ({error}); delete it and run `make data`.") from None
    except OSError as error:
        raise Problem(f"{shown(path)} cannot be read ({error.strerror}); mend that, or run `make data`.") from None
    found = hashlib.sha256(content).hexdigest()
    if found == SHA256[name]:
        return content
    other = next((known for known, digest in SHA256.items() if digest == found), None)
    what = (
        f"holds the content of {other}"
        if other
        else f"is corrupt: SHA-256 {found[:12]}… instead of {SHA256[name][:12]}…"
    )
    raise Problem(f"{shown(path)} {what}; delete it and run `make data`.")


def _nowhere_message(name, problem):
    tried = ", ".join(shown(folder) for folder in _folders())
    unset = "" if os.environ.get(FOLDER_VARIABLE) else f" ({FOLDER_VARIABLE} is not set)"
    return (
        f"Fashion-MNIST's {name} was not found in {tried}{unset}, and upstream failed: {problem} "
        f"Run `make data`, install Debian's {DEBIAN_PACKAGE}, or let {FOLDER_VARIABLE} name a folder with the four files."
    )


def fetch_upstream(base_url=UPSTREAM):
    """Fetch the four files from their public home into the cache, with resume, retries and lines of progress.

    Processes that fetch at once wait for one another. Raises Problem if upstream cannot be reached or serves other content.
    """
    import pooch
    import requests

    downloads = CACHE / "downloads"
    registry = {name: f"md5:{md5}" for name, md5 in UPSTREAM_MD5.items()}
    with store.lock(CACHE / "fetch"):
        home = pooch.create(path=downloads, base_url=base_url, registry=registry, retry_if_failed=2)
        pooch.get_logger().setLevel("ERROR")
        for name in SHA256:
            if (CACHE / name).is_file():
                continue
            try:
                fetched = Path(home.fetch(f"{name}.gz", downloader=_resuming_download))
            except (requests.RequestException, ValueError) as error:
                raise Problem(f"{base_url}{name}.gz could not be fetched ({_short(error)}).") from None
            except OSError as error:
                raise Problem(f"{name}.gz could not be kept ({error.strerror}).") from None
            store.write_bytes(CACHE / name, _verified(fetched, name))
            fetched.unlink()


def _resuming_download(url, output_file, _pooch):
    """A downloader for pooch that goes on where an earlier try broke off, if the server allows it."""
    import requests

    part = CACHE / "downloads" / f"{url.rsplit('/', 1)[1]}.partial"
    have = part.stat().st_size if part.is_file() else 0
    response = requests.get(url, stream=True, timeout=30, headers={"Range": f"bytes={have}-"} if have else {})
    if response.status_code == 416:  # the part is as long as the file or longer: begin anew
        part.unlink()
        _resuming_download(url, output_file, _pooch)
        return
    response.raise_for_status()
    resumed = response.status_code == 206
    total = int(response.headers.get("Content-Length", 0)) + (have if resumed else 0)
    with part.open("ab" if resumed else "wb") as file:
        for count, block in enumerate(response.iter_content(1 << 20)):
            file.write(block)
            if count % 8 == 0:
                project.report_progress(f"fetching {part.stem}: {file.tell() / 1e6:.1f} of {total / 1e6:.1f} MB")
    shutil.move(part, output_file)


def _short(error):
    """The gist of an exception in one line of at most 160 characters."""
    return " ".join(str(error).split())[:160]


def fetch_debian_package():
    """Fetch the four files through apt from Debian's package into the cache; needs neither root nor an installed package.

    Raises Problem if apt is not there or does not find the package.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Problem(f"there is no apt on this machine to fetch Debian's {DEBIAN_PACKAGE} with.")
    with tempfile.TemporaryDirectory(prefix="fashion-mnist-") as temporary:
        folder = Path(temporary)
        private = [f"-oDir::State::Lists={folder}/lists", f"-oDir::Cache={folder}/cache"]
        for each in ("lists/partial", "cache/archives/partial"):
            (folder / each).mkdir(parents=True)
        download = ["download", DEBIAN_PACKAGE]
        if not _apt(folder, download):  # the machine's own package lists are missing or old: fetch lists of our own
            _apt(folder, [*private, "update"])
            if not _apt(folder, [*private, *download]):
                raise Problem(f"apt did not find Debian's {DEBIAN_PACKAGE}.")
        subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder / "content"], check=True)
        for name in SHA256:
            path = folder / "content" / DEBIAN_FOLDER.relative_to("/") / f"{name}.gz"
            store.write_bytes(CACHE / name, _verified(path, name))


def _apt(folder, arguments):
    project.report_progress(
        f"apt-get {arguments[-2] if arguments[-1] == DEBIAN_PACKAGE else arguments[-1]} ({DEBIAN_PACKAGE})"
    )
    return subprocess.run(["apt-get", "-q", *arguments], cwd=folder, capture_output=True, check=False).returncode == 0


def provide():
    """Have the data ready in one of the known folders, fetching it by every road there is (`make data`).

    A corrupt file in the project's own cache is replaced. Returns a sentence that says where the data lie.
    Raises Problem if no road leads to them.
    """
    for name in SHA256:
        if (CACHE / name).is_file() and store.digest(CACHE / name) != SHA256[name]:
            project.report_progress(f"{shown(CACHE / name)} is corrupt and is replaced")
            (CACHE / name).unlink()
    if any(_local_content(name) is None for name in SHA256):
        try:
            fetch_upstream()
        except Problem as upstream:
            project.report_progress(f"upstream failed: {upstream}")
            try:
                fetch_debian_package()
            except Problem as debian:
                raise Problem(_nowhere_message("data", f"{upstream} Then {debian}")) from None
    where = next(folder for folder in _folders() if any(folder.glob("train-images-idx3-ubyte*")))
    return f"Fashion-MNIST is complete and verified in {shown(where)}."


# --- reading --------------------------------------------------------------------------------------------------------


def _images(content):
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)


def _labels(content):
    return np.frombuffer(content, np.uint8, offset=8).astype(np.int32)


def _sliver(data):
    train = _first_of_each_class(data.train_labels, SLIVER_PER_CLASS["train"])
    test = _first_of_each_class(data.test_labels, SLIVER_PER_CLASS["test"])
    return Fashion(data.train_images[train], data.train_labels[train], data.test_images[test], data.test_labels[test])


def _first_of_each_class(labels, count):
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(len(CLASSES))]))


def read_csv(path, labelled=True):
    """Images and labels from the course's CSV format, in the order of the rows (nothing is shuffled).

    One image a row: its label, then 784 grey values 0..255, row by row; a header line is allowed.
    path : the file.   labelled : whether labels count; if not (the course's test file has dummies), they may be anything.
    Returns (images, labels): uint8 (n, 28, 28), and int32 (n,) or None if not labelled.
    Raises Problem, naming file and line, for a row of another length, a value that is no whole number 0..255,
    a label outside 0..9, a file that is empty, missing or not text.
    """
    import pandas

    text = _csv_bytes(path)
    start = _header_length(text)
    columns = list(range(0 if labelled else 1, PIXELS + 1))
    try:
        _require_form(text[start:], labelled)
        table = pandas.read_csv(
            io.BytesIO(text[start:]), header=None, usecols=columns, dtype=np.int32, skip_blank_lines=False, quoting=3
        )
        values = table.to_numpy()
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors; find the row to blame
        raise _bad_row(path, text, start, labelled) or Problem(
            f"{path} is not in the course's CSV format: {_short(error)}"
        ) from None
    pixels = values[:, -PIXELS:]
    labels = values[:, 0] if labelled else None
    if pixels.min() < 0 or pixels.max() > 255 or (labelled and (labels.min() < 0 or labels.max() > 9)):
        raise _bad_row(path, text, start, labelled)
    return pixels.astype(np.uint8).reshape(-1, 28, 28), labels


def _csv_bytes(path):
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None
    if not text.strip():
        raise Problem(f"{path} is empty: expected rows of a label and {PIXELS} grey values.")
    return text.removeprefix(b"\xef\xbb\xbf").rstrip() + b"\n"


def _header_length(text):
    """How many bytes a header line takes: a first line with a letter in its last cell, such as pixel784."""
    line = text[: text.index(b"\n") + 1]
    return len(line) if any(chr(byte).isalpha() for byte in line.rsplit(b",", 1)[-1]) else 0


def _require_form(rows, labelled):
    """Raise ValueError unless every line has 784 commas, and digits and blanks between them.

    pandas would fill up or cut off rows of another length in silence, and read 1e2 and 7. as whole numbers.
    """
    characters = np.frombuffer(rows, np.uint8)
    ends, commas = (np.flatnonzero(characters == ord(mark)) for mark in "\n,")
    if len(ends) == 0 or (np.diff(np.searchsorted(commas, ends), prepend=0) != PIXELS).any():
        raise ValueError(f"a row is not a label and {PIXELS} values")
    plain = np.zeros(256, bool)
    plain[list(b"0123456789, \t\r\n")] = True
    others = np.flatnonzero(~plain[characters])
    in_labels = np.searchsorted(commas, others) == PIXELS * np.searchsorted(ends, others)
    if len(others) and (labelled or not in_labels.all()):
        raise ValueError("a value is not a whole number")


def _bad_row(path, text, start, labelled):
    """The Problem that names the first bad line, or None if each line is fine by itself."""
    first = 2 if start else 1
    lines = text[start:].decode("utf-8", "replace").removesuffix("\n").split("\n")
    if lines == [""]:
        return Problem(f"{path} has a header and no rows.")
    for number, line in enumerate(lines, first):
        fault = _row_fault(line.split(","), labelled)
        if fault:
            return Problem(f"{path}, line {number}: {fault}.")
    return None


def _row_fault(cells, labelled):
    if len(cells) != PIXELS + 1:
        return f"{len(cells)} values where a label and {PIXELS} grey values belong"
    if labelled and not (cells[0].strip().isdecimal() and int(cells[0]) <= 9):
        return f"the label is {cells[0][:20]!r}, not a class 0..9"
    for column, cell in enumerate(cells[1:], 1):
        if not (cell.strip().isdecimal() and int(cell) <= 255):
            return f"grey value {column} is {cell[:20]!r}, not a whole number 0..255"
    return None
