"""Fashion-MNIST's four files: found or fetched, and verified.

Every file is verified by the SHA-256 of its uncompressed content, wherever it comes from: Debian recompresses the files,
so digests of the gz files differ.
"""

import gzip
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import zlib
from pathlib import Path

from helpers.core import project, store
from helpers.core.project import Problem, shown, typed

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


def _folders():
    given = os.environ.get(FOLDER_VARIABLE)
    return ([typed(given)] if given else []) + [CACHE, DEBIAN_FOLDER]


def fix_folder():
    """Make the folder that FASHION_MNIST_DIR names absolute, so that it means the same in every process started from here."""
    if os.environ.get(FOLDER_VARIABLE):
        os.environ[FOLDER_VARIABLE] = str(typed(os.environ[FOLDER_VARIABLE]).absolute())


def content(name):
    """The verified content (bytes) of one of the four files; kept in the cache once it was fetched.

    Raises Problem if the file is corrupt, or is nowhere to be had.
    """
    found = _local_content(name)
    if found is not None:
        return found
    try:
        fetch_upstream()
    except Problem as problem:
        raise Problem(_nowhere_message(name, problem)) from None
    return _local_content(name)


def _local_content(name):
    """The content of a file from the first folder that has it, or None."""
    path = _place(name)
    return None if path is None else _verified(path, name)


def _place(name):
    """Where a file lies, plain or packed (Path): in the first folder that has it; or None."""
    paths = (folder / each for folder in _folders() for each in (name, f"{name}.gz"))
    return next(filter(_is_there, paths), None)


def _is_there(path):
    """Whether there is such a file. Raises Problem if its folder may not be looked into."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Problem(f"{shown(path.parent)} cannot be searched for data ({error.strerror}).") from None


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
                gist = " ".join(str(error).split())[:160]
                raise Problem(f"{base_url}{name}.gz could not be fetched ({gist}).") from None
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
    if None in [_local_content(name) for name in SHA256]:  # every one is verified, before anything is fetched
        with store.lock(CACHE / "fetch"):
            pass  # a cache that may not be written: better to know before the work
        try:
            fetch_upstream()
        except Problem as upstream:
            project.report_progress(f"upstream failed: {upstream}")
            try:
                fetch_debian_package()
            except Problem as debian:
                raise Problem(_nowhere_message("data", f"{upstream} Then {debian}")) from None
    places = dict.fromkeys(shown(_place(name).parent) for name in SHA256)
    return f"Fashion-MNIST is complete and verified in {' and '.join(places)}."
