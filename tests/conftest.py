"""What several tests need: a small disk, the data, a browser, a way to run a piece of Python that can be killed."""

import ast
import functools
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import settings

from helpers.core import environment

environment.take_over()  # before anything is imported that reads it

ROOT = Path(__file__).resolve().parent.parent


NOT_QUICK = "slow", "long", "keras", "papermill", "browser"  # marks


@functools.cache
def loads_keras(path):
    """Whether importing a module leads to helpers/core/backend.py; what a function imports does not count."""
    from helpers.report import notebooks

    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return path.name == "backend.py" or any(map(loads_keras, notebooks.imported_files(ast.unparse(tree))))


def pytest_addoption(parser):
    parser.addoption(
        "--quick",
        action="store_true",
        help="leave out what is slow or long, and what needs Keras, papermill or a browser",
    )


def pytest_configure(config):
    """Examples of property tests may take long where the machine is busy; a quick run draws fewer."""
    settings.register_profile("ours", deadline=None, max_examples=25 if config.getoption("--quick") else 100)
    settings.load_profile("ours")
    config.addinivalue_line(
        "markers", "long: takes several seconds without Keras, papermill or browser; not in `make quick`"
    )


def pytest_ignore_collect(collection_path, config):
    """In a quick run, do not even import what loads Keras."""
    skipped = config.getoption("--quick") and collection_path.suffix == ".py" and loads_keras(collection_path)
    return True if skipped else None


# Three workers, of whom one often waits, share the files in this order: the longest first, so that none is left for the end.
LONGEST_FIRST = (
    "06_pca_logit", "test_site", "02_regularization", "test_smoke", "01_playground", "test_run", "test_live", "05_cnn",
    "test_training", "test_kills", "03_automated_features", "test_tuning", "04_mlp", "07_sample_questions", "test_notebooks",
    "test_pca", "08_what_reproduces",
)  # fmt: skip


def pytest_collection_modifyitems(config, items):
    """Mark the tests of modules that load Keras, and those that have a browser, or a site with its PDF; the longest first."""
    for item in items:
        if item.path.suffix == ".py" and loads_keras(item.path):
            item.add_marker(pytest.mark.keras)
        if {"browser", "built"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
    if config.getoption("--quick"):
        left_out = [item for item in items if set(NOT_QUICK) & {mark.name for mark in item.iter_markers()}]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def data():
    """The real data set."""
    from helpers.fashion import dataset

    return dataset.load()


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The project's folders as its code knows them, moved into an empty one, which is returned (Path)."""
    from helpers.core import project

    for name, place in list(vars(project).items()):
        if isinstance(place, Path):
            monkeypatch.setattr(project, name, tmp_path / place.relative_to(ROOT))
    return tmp_path


@pytest.fixture
def house_style():
    """The project's look, for this test alone."""
    import matplotlib

    from helpers.core import plotting

    with matplotlib.rc_context():
        plotting.use_style()
        yield


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window; tests are skipped where none is installed.

    One a module, not a session: while Playwright is open its event loop runs, and no notebook could be executed beside it.
    """
    from helpers.report import site

    executable = site.find_browser()
    if executable is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(site.BROWSER_FLAGS[1:]))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def tab(browser):
    """A page of the browser that a module's tests load one after the other, and what it complains of (list of str, which grows)."""
    page = browser.new_page()
    yield page, complaints_of(page)
    page.close()


def complaints_of(page):
    """What a page in the browser complains of from now on (list of str, which grows)."""
    complaints = []
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(f"request failed: {failed.url}"))
    return complaints


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 256 KiB; skipped where none can be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted only by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def python(code, *arguments, **settings):
    """Start Python on a piece of code in the project's folder (Popen); `settings` go into its environment."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **settings},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def helpers_command(*arguments, **settings):
    """Run `python -m helpers ...` to its end (CompletedProcess)."""
    return subprocess.run(
        [sys.executable, "-m", "helpers", *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


def assert_one_sentence(done, *words):
    """The command failed with one line on stderr, which holds each of `words`, and no traceback."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout
    # a kernel that ends may say "Assertion failed: ... (src/signaler.cpp...)", once in many runs: ZeroMQ's, not ours
    lines = [line for line in done.stderr.splitlines() if line.strip() and "src/signaler.cpp" not in line]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], lines[0]
