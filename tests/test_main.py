"""The one door, `python -m helpers`: help that fits a screen, and one sentence for what a user can cause."""

import errno
import subprocess
import sys

import pytest

from helpers.__main__ import main
from helpers.report import notebooks, run
from tests.conftest import ROOT

COMMANDS = "run", "train", "search", "store", "data", "site", "lab", "predict", "playground"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_screen(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert command or all(any(name in line for line in lines) for name in COMMANDS)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR, errno.ENOSPC, errno.ENAMETOOLONG])
def test_what_the_system_refuses_is_one_sentence(number, capsys, monkeypatch):
    def refuse():
        raise OSError(number, "no", str(ROOT / "outputs" / "a"))

    monkeypatch.setattr(notebooks, "names", refuse)
    assert main(["run", "all"]) == 2
    assert capsys.readouterr().err == "error: outputs/a cannot be read or written (no).\n"


def test_a_line_that_cannot_be_printed_is_one_sentence(capsys, monkeypatch):
    def refuse():
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr(notebooks, "names", refuse)
    assert main(["run", "all"]) == 2
    assert capsys.readouterr().err == "error: The output cannot be written (no).\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch):
    def fail():
        raise OSError(errno.EBADF, "no")

    monkeypatch.setattr(notebooks, "names", fail)
    with pytest.raises(OSError):
        main(["run", "all"])


@pytest.mark.keras
@pytest.mark.parametrize(
    ("names", "words"),
    [(["--list", "04_mlp"], "--list tells of networks"), (["04_mlp", "nosuch"], "No network is called 'nosuch'")],
)
def test_nothing_is_trained_where_something_is_wrong_with_the_names(names, words, capsys, monkeypatch):
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("it ran"))
    assert main(["train", *names]) == 2
    assert words in capsys.readouterr().err


def test_a_closed_pipe_is_quiet():
    address = "https://playground.tensorflow.org/#networkShape=2&seed=0.1"
    command = [sys.executable, "-m", "helpers", "playground", address, "--epochs", "300", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait(timeout=60)


ALL_CLOSED = "<&- >&- 2>&-"
WRITER = """
import os, sys
from helpers.core import environment
environment.begin_anew()
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(1, b"said")  # as libraries in C do
os.write(2, b"said")
os.write(file, b"whole")
"""


@pytest.mark.parametrize("command", ["--help", "data no.csv"])
@pytest.mark.parametrize("sink", [">/dev/full", "| true"])
def test_whatever_cannot_be_printed_is_no_traceback(command, sink):
    line = f'"{sys.executable}" -m helpers {command} {sink}'
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    spoken = [] if sink == "| true" else ["error: The output cannot be written (No space left on device)."]
    if "no.csv" in command:
        spoken = ["error: no.csv cannot be read: No such file or directory."]
    assert done.stderr.splitlines() == spoken and done.returncode == (2 if spoken else done.returncode)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ALL_CLOSED])
def test_what_is_said_to_a_closed_stream_goes_into_no_file(closed, tmp_path):
    """A file that is opened meanwhile must not take the place of what is closed."""
    command = ["sh", "-c", f'"$0" -c "$1" "$2" {closed}', sys.executable, WRITER, tmp_path / "a"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0 and (tmp_path / "a").read_text() == "whole"


def test_a_command_works_with_all_streams_closed(tmp_path):
    picture = tmp_path / "a.png"
    command = f'"{sys.executable}" -m helpers playground "#seed=0.1" --epochs 1 --png "{picture}" {ALL_CLOSED}'
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.read_bytes().endswith(b"IEND\xaeB`\x82")
