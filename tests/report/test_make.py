"""The doors of the Makefile, on a copy of the house's layout with commands that only say what they would do."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers.core import project
from helpers.report import notebooks
from tests.conftest import ROOT

CHAPTER = "04_mlp"
PYTHON = """#!/bin/sh
# python -m helpers ...: says what it is asked for, and leaves what that would leave
shift; echo "$@" >> calls
case "$*" in
    "helpers run $CHAPTER") cp made/04_mlp.d made/04_mlp.ipynb outputs/executed/; mkdir -p figures outputs/results
        touch figures/04-one.svg figures/04-one.png outputs/results/04_mlp.json outputs/executed/* ;;
    "helpers run 08_what_reproduces") touch outputs/executed/08_what_reproduces.ipynb outputs/results/ledger.json ;;
    "helpers site") mkdir -p outputs/site/_static; cd outputs/site; touch 04_mlp.html _static/a.css report.pdf index.html
        printf '%s\\n' 04_mlp.html _static/a.css report.pdf index.html > files.txt ;;
esac
"""
UV = """#!/bin/sh
while [ "$1" != --output-file ]; do shift; done
[ -e resolved ] || exit 1
cp resolved "$2"
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house of one chapter with one figure, one result and one stored network; nothing has been run."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in (
        "notebooks",
        "helpers/report",
        "made",
        "outputs/models/mlp",
        "outputs/executed",
        "tests/benchmarks",
        ".venv/bin",
    ):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "helpers/a.py",
        "helpers/report/site.py",
        "helpers/report/notebooks.py",
        "helpers/report/page.py",
        ".venv/ready",
    ):
        (tmp_path / name).write_text("")
    for name, text in (("python", PYTHON), ("uv", UV)):
        command = tmp_path / ".venv" / "bin" / name
        command.write_text(text.replace("$CHAPTER", CHAPTER))
        command.chmod(0o755)
    facts = {"figure": {"name": "04-one"}}
    shown = nbformat.v4.new_output("display_data", {"text/plain": "a"}, metadata=facts)
    cell = nbformat.v4.new_code_cell("from helpers import a", outputs=[shown])
    for folder in ("notebooks", "made"):
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / folder / f"{CHAPTER}.ipynb")
    quoted = re.findall(rf"executed/{CHAPTER}\.ipynb:.*", (ROOT / "Makefile").read_text())
    quoted = re.findall(r"outputs/results/\w+\.json", " ".join(quoted))
    for name in ("figures/04-one.svg", "outputs/results/04_mlp.json", "outputs/models/mlp/net.keras", *quoted):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    for name, folder in (("ROOT", ""), ("NOTEBOOKS", "notebooks"), ("FIGURES", "figures"), ("MODELS", "outputs/models"),
                         ("RESULTS", "outputs/results")):  # fmt: skip
        monkeypatch.setattr(project, name, tmp_path / folder)
    rule = notebooks.make_rule(CHAPTER, tmp_path / "made" / f"{CHAPTER}.ipynb")
    (tmp_path / "made" / f"{CHAPTER}.d").write_text(rule.replace("made/", "outputs/executed/"))
    return tmp_path


def make(house, *arguments):
    """Run make. Returns the commands that it gave, its exit status and its complaints."""
    (house / "calls").unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["make", *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    calls = (house / "calls").read_text().splitlines() if (house / "calls").is_file() else []
    return calls, done.returncode, done.stderr


RUN, SITE = f"helpers run {CHAPTER}", "helpers site"


def test_a_report_is_made_once(house):
    assert make(house, "report")[0] == ["helpers data", RUN, SITE]
    assert make(house, "report")[0] == []


@pytest.mark.parametrize(
    ("gone", "door", "calls"),
    [
        ("figures/04-one.svg", "figures", [RUN]),
        ("figures/04-one.png", "figures", [RUN]),
        ("figures", "report", [RUN, SITE]),
        ("outputs/results/04_mlp.json", "report", [RUN, SITE]),
        ("outputs/models/mlp/net.keras", "report", [RUN, SITE]),
        ("outputs/models", "report", [RUN, SITE]),
        ("outputs/executed/04_mlp.ipynb", "report", [RUN, SITE]),
        ("outputs/executed", "report", [RUN, SITE]),
        ("outputs/site", "report", [SITE]),
        ("outputs/site/index.html", "report", [SITE]),
        ("outputs/site/04_mlp.html", "report", [SITE]),
        ("outputs/site/report.pdf", "report", [SITE]),
        ("outputs/site/_static/a.css", "report", [SITE]),
        ("outputs/site/files.txt", "report", [SITE]),
        ("outputs/cache", "report", ["helpers data"]),
    ],
)
def test_what_is_gone_is_made_again(house, gone, door, calls):
    make(house, "report")
    path = house / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (house / "outputs" / "executed").mkdir(exist_ok=True)
    assert make(house, door)[0] == calls


def test_a_newer_helper_makes_the_chapters_again_that_reach_it(house):
    make(house, "report")
    for name, calls in (("b.py", []), ("a.py", [RUN, SITE])):
        path = house / "helpers" / name
        path.write_text("")
        later = (house / "outputs" / "site" / "index.html").stat().st_mtime + 5
        os.utime(path, (later, later))
        assert make(house, "report")[0] == calls


def test_a_measurement_that_is_gone_is_asked_for_in_one_sentence(house):
    shutil.copy(house / "notebooks" / "04_mlp.ipynb", house / "notebooks" / "01_playground.ipynb")
    calls, status, complaints = make(house, "outputs/executed/01_playground.ipynb")
    assert status == 2 and RUN not in calls
    assert re.search(
        r"^error: outputs/results/spiral_search\.json is missing: get it back with 'git ", complaints, re.M
    )


@pytest.mark.parametrize(
    ("name", "anew"),
    [
        ("benchmarks", "make bench"),
        ("loss_spreads", "make train ONLY=08_what_reproduces"),
        ("mlp_search", "make train ONLY=04_mlp"),
    ],
)
def test_every_measurement_that_is_gone_is_made_anew_by_a_command(project, name, anew):
    (house / "outputs" / "results" / f"{name}.json").unlink(missing_ok=True)
    _, status, complaints = make(house, f"outputs/results/{name}.json")
    assert status == 2 and f"or make it anew with '{anew}'" in complaints


def test_what_the_last_chapter_quotes_is_not_made_by_the_way(house):
    shutil.copy(house / "notebooks" / "04_mlp.ipynb", house / "notebooks" / "08_what_reproduces.ipynb")
    for given, words in ((), "loss_spreads"), (("outputs/results/loss_spreads.json",), "benchmarks"):
        for name in given:
            (house / name).write_text("")
        _, status, complaints = make(house, "outputs/executed/08_what_reproduces.ipynb")
        assert status == 2 and f"error: outputs/results/{words}.json is missing" in complaints


def test_the_ledger_that_is_gone_is_written_again_by_the_last_chapter(house):
    last, ledger = "outputs/executed/08_what_reproduces.ipynb", house / "outputs" / "results" / "ledger.json"
    shutil.copy(house / "notebooks" / "04_mlp.ipynb", house / "notebooks" / "08_what_reproduces.ipynb")
    for name in ("loss_spreads", "benchmarks"):
        ledger.with_name(f"{name}.json").write_text("")
    make(house, last)
    assert ledger.is_file() and make(house, last)[0] == []
    ledger.unlink()
    assert make(house, last)[0] == ["helpers run 08_what_reproduces"] and ledger.is_file()


@pytest.mark.parametrize(
    ("given", "modules"), [((), ["engine", "training", "report"]), (("ONLY=pca_logit",), ["pca_logit"])]
)
def test_the_dear_benchmark_is_run_only_where_it_is_asked_for(house, given, modules):
    calls, status, _ = make(house, "bench", *given)
    assert status == 0
    wanted = [*(f"tests.benchmarks.bench_{name}" for name in modules), "tests.benchmarks.gather"]
    assert calls == ["helpers data", *wanted]


def test_an_environment_without_its_mark_is_set_up_anew(house):
    (house / ".venv" / "ready").unlink()
    _, status, complaints = make(house, "data", "PYTHON=no-such-python")
    assert status == 2 and "error: Python 3.11 or later is needed" in complaints


# --- upgrades ---------------------------------------------------------------------------------------------------------


def test_pins_that_cannot_be_resolved_leave_everything_as_it_was(house):
    make(house, "data")
    before = (house / "requirements.txt").read_bytes()
    calls, status, complaints = make(house, "upgrade")
    assert status == 2 and "error: no newer packages could be resolved" in complaints
    assert (house / "requirements.txt").read_bytes() == before
    assert not (house / "outputs" / "cache" / "requirements.new").exists()
    assert all(call.startswith("pip ") for call in calls)


def test_the_same_pins_change_nothing_and_everything_is_run(house):
    make(house, "data")
    shutil.copy(house / "requirements.txt", house / "resolved")
    before = (house / "requirements.txt").stat().st_mtime_ns
    calls, _, _ = make(house, "upgrade")
    assert (house / "requirements.txt").stat().st_mtime_ns == before
    assert RUN in calls and SITE in calls


def test_new_pins_are_installed_before_anything_is_run(house):
    make(house, "data")
    (house / "resolved").write_text("numpy==99.0\n")
    calls, status, complaints = make(house, "upgrade", "PYTHON=no-such-python")
    assert (house / "requirements.txt").read_text() == "numpy==99.0\n"
    assert status == 2 and "Python 3.11 or later is needed" in complaints and RUN not in calls


# --- papers -----------------------------------------------------------------------------------------------------------


def test_the_papers_agree_on_version_and_licence():
    house = tomllib.loads((ROOT / "pyproject.toml").read_text())["house"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M).group(1)
    assert house["version"] == str(citation["version"]) == newest
    assert citation["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert citation["cff-version"] == "1.2.0" and citation["authors"] and citation["title"] and citation["message"]
