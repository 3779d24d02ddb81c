"""Building the site: the folder that it goes to, the browser that prints the PDF, and what a user's machine may lack."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.__main__ import main
from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import site


@pytest.fixture
def no_sphinx(monkeypatch):
    """A site of one page in no time: what is tried is where it goes, and what a browser makes of it."""

    def one_page(source, output, builder):
        output.mkdir(parents=True)
        (output / "index.html").write_text(builder)

    monkeypatch.setattr(site, "_write_source", lambda *_: None)
    monkeypatch.setattr(site, "_sphinx", one_page)
    monkeypatch.setattr(site, "find_browser", lambda: None)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_an_absent_an_empty_and_an_own_folder_are_replaced(tmp_path, no_sphinx):
    output = tmp_path / "new" / "site"
    site.build(output=output)
    (output / "index.html").write_text("old")
    output.chmod(0o750)
    (output / ".DS_Store").write_text("left by a file manager")
    (tmp_path / "link").symlink_to(output)
    site.build(output=tmp_path / "link")
    assert (output / "index.html").read_text() == "html"
    assert output.stat().st_mode & 0o777 == 0o750 and (tmp_path / "link").is_symlink()
    (tmp_path / "empty").mkdir()
    site.build(output=tmp_path / "empty")
    assert names_in(tmp_path / "empty") == ["files.txt", "index.html"]
    assert names_in(tmp_path) == ["empty", "link", "new"]


STRANGE = ["CNAME", ".nojekyll", "deep/er/notes.txt", "link"]


@pytest.mark.parametrize(
    ("made", "strange"), [(False, "files.txt"), *((made, name) for made in (False, True) for name in STRANGE)]
)
def test_a_folder_with_a_file_that_is_not_ours_is_left_alone(tmp_path, no_sphinx, made, strange):
    output = tmp_path / "pub"
    if made:
        site.build(output=output)
    file = output / strange
    file.parent.mkdir(parents=True, exist_ok=True)
    if strange == "link":
        file.symlink_to(tmp_path)
    else:
        file.write_text("files.txt\n")
    before = names_in(output)
    with pytest.raises(Problem, match=rf"it holds {strange}, which the site did not write\. Name a folder"):
        site.build(output=output)
    assert names_in(output) == before and os.path.lexists(file)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "--output is empty"), (" ", "--output is empty"), (".", "the folder that you are in"),
        ("..", "the folder that you are in"), ("/", "holds the project"), (project.ROOT, "holds the project"),
        (project.NOTEBOOKS, "which the site did not write"), ("/proc", "is a mount point"), ("file", "is not a folder"),
        ("pipe", "is not a folder"), ("file/site", "lies in .*file, which is not a folder"), ("~nobody-of-this-name/x", "cannot be read"),
    ],
)  # fmt: skip
def test_what_must_not_be_replaced_is_refused_before_anything_is_built(tmp_path, monkeypatch, no_sphinx, output, words):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("kept")
    os.mkfifo("pipe")
    with pytest.raises(Problem, match=words):
        site.build(output=output)
    assert Path("file").read_text() == "kept" and names_in(tmp_path) == ["file", "pipe"]


def test_a_refusal_is_one_sentence(tmp_path, capsys):
    (tmp_path / "CNAME").write_text("example.org")
    assert main(["site", "--stored", "--output", str(tmp_path)]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "CNAME" in sentence and "did not write" in sentence


def test_a_site_is_built_again_when_what_it_is_made_from_or_it_has_changed(places, capsys, monkeypatch, no_sphinx):

    def said():
        assert main(["site", "--if-changed"]) == 0
        return capsys.readouterr().out.splitlines()[0]

    built, current = "site: outputs/site/index.html", "site: up to date"
    changed = ("figures/01-a.svg", "outputs/results/01_a.json", "outputs/executed/01_a.ipynb", "notebooks/site/index.md",
               "helpers/report/claims.yaml", "requirements.txt")  # fmt: skip
    store.write_text(project.NOTEBOOKS / "01_a.ipynb", "{}")
    assert [said(), said()] == [built, current]
    for name in changed:
        store.write_text(places / name, "changed")
        assert [said(), said()] == [built, current], name
    store.write_text(project.NOTEBOOKS / "01_a.ipynb", "the source, not what was executed")
    assert said() == current
    (project.SITE / "index.html").write_text("by hand")
    assert [said(), said()] == [built, current]


def test_a_folder_that_cannot_be_written_is_one_sentence(no_sphinx):
    with pytest.raises(Problem, match=r"/proc/none/site"):
        site.build(output="/proc/none/site")


def test_a_full_disk_leaves_the_old_site(small_disk, monkeypatch, no_sphinx):
    site.build(output=small_disk / "site")
    monkeypatch.setattr(
        site, "_write_source", lambda source, _: (source.mkdir(), (source / "a").write_bytes(bytes(10**6)))
    )
    with pytest.raises(Problem, match=r"No space left on device.* is left as it was"):
        site.build(output=small_disk / "site")
    assert (small_disk / "site" / "index.html").read_text() == "html" and names_in(small_disk) == ["site"]


def test_a_site_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch, no_sphinx):
    site.build(output=tmp_path / "site")
    (tmp_path / "site" / "index.html").write_text("old")
    rename = Path.rename

    def failing(self, target):
        if self.name == "built":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(Problem, match="Permission denied"):
        site.build(output=tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == "old"


def test_two_at_once_do_no_harm(tmp_path, no_sphinx):
    faults = []

    def one():
        try:
            site.build(output=tmp_path / "site")
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults and names_in(tmp_path / "site") == ["files.txt", "index.html"]


def test_a_chapter_that_was_not_run_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "EXECUTED", tmp_path / "none")
    with pytest.raises(Problem, match=r"01_playground\.ipynb is missing: run `make report`"):
        site.build(output=tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_sphinx_fails_in_its_own_words(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text("extensions = []\n")
    (source / "index.rst").write_text("Title ü\n=======\n", encoding="utf-8")
    site._sphinx(source, tmp_path / "html", "html")
    assert "Title ü" in (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    (source / "index.rst").write_text("Title\n=====\n\n:doc:`no-such-page`\n")
    with pytest.raises(Problem, match=r"(?s)Sphinx could not build the site: .*no-such-page"):
        site._sphinx(source, tmp_path / "again", "html")


# --- the browser that prints the PDF ----------------------------------------------------------------------------------


def fake_browser(folder, script):
    path = folder / "chromium"
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\necho no display >&2; exit 1\n", "chromium failed: no display"),
        ("#!/bin/sh\nexit 0\n", "chromium failed: no message"),
        ("#!/no/such/shell\n", "chromium could not be started: No such file or directory"),
        ("\x00", "chromium could not be started: Exec format error"),
        (None, "no Chromium was found"),
    ],
)
def test_without_a_browser_that_works_the_site_is_built_and_says_so(tmp_path, monkeypatch, no_sphinx, script, words):
    path = fake_browser(tmp_path, script) if script else None
    monkeypatch.setattr(site, "find_browser", lambda: path)
    lines = site.build(output=tmp_path / "site")
    assert lines[1].startswith("pdf: not made") and words in lines[1]
    assert names_in(tmp_path / "site") == ["files.txt", "index.html"]


def test_a_browser_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch, no_sphinx):
    path = fake_browser(tmp_path, f"#!/bin/sh\nsleep 400 & echo $! >{tmp_path}/child; wait\n")
    monkeypatch.setattr(site, "find_browser", lambda: path)
    monkeypatch.setattr(site, "BROWSER_SECONDS", 2)
    began = time.monotonic()
    lines = site.build(output=tmp_path / "site")
    assert lines[1] == "pdf: not made (timed out after 2 s)" and time.monotonic() - began < 60
    assert (tmp_path / "site" / "index.html").is_file()
    if sys.platform == "linux":
        child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
        time.sleep(0.2)
        assert not child.exists() or child.read_text().split()[2] == "Z"
