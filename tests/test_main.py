"""The one door, `python -m helpers`: help that fits a screen, and one sentence for what a user can cause."""

import errno
import subprocess
import sys

import pytest

from helpers.__main__ import main
from helpers.report import notebooks
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


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR, errno.ENOSPC])
def test_what_the_system_refuses_is_one_sentence(number, capsys, monkeypatch):
    def refuse():
        raise OSError(number, "no", str(ROOT / "outputs" / "a"))

    monkeypatch.setattr(notebooks, "names", refuse)
    assert main(["run", "all"]) == 2
    assert capsys.readouterr().err == "error: outputs/a cannot be read or written (no).\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch):
    def fail():
        raise OSError(errno.EBADF, "no")

    monkeypatch.setattr(notebooks, "names", fail)
    with pytest.raises(OSError):
        main(["run", "all"])


def test_a_closed_pipe_is_quiet():
    address = "https://playground.tensorflow.org/#networkShape=2&seed=0.1"
    command = [sys.executable, "-m", "helpers", "playground", address, "--epochs", "300", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait(timeout=60)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed, tmp_path):
    """A file that is opened meanwhile must not take the place of what is closed."""
    picture = tmp_path / "a.png"
    command = f'"{sys.executable}" -m helpers playground "#seed=0.1" --epochs 1 --png "{picture}" {closed}'
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.read_bytes().endswith(b"IEND\xaeB`\x82")
