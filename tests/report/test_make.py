"""The doors of the Makefile, in a copy of the project's layout, with commands that only say what they would do."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

PYTHON = """#!/bin/sh
# python -m helpers ...: says what it is asked for
[ "$1" = -m ] || exit 0
shift; echo "$@" >> calls
case "$*" in "helpers run"*) exit $(cat status);; esac
"""
UV = """
case "$*" in
    "uv pip compile"*"--extra dev"*) [ -e resolved ] && cat resolved resolved-dev > outputs/cache/requirements.all;;
    "uv pip compile"*) cp resolved outputs/cache/requirements.txt;;
esac
"""
DOORS = "help setup dev data report figures run train smoke store bench lab site test quick test-all lint unit notebooks upgrade clean"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def house(tmp_path):
    """The Makefile with an environment that is ready, and that says what it is asked for; its folder has an odd name."""
    tmp_path = tmp_path / "a house's $name"
    tmp_path.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "requirements.txt", tmp_path / ".venv" / "ready")
    shutil.copy(ROOT / "requirements-dev.txt", tmp_path / ".venv" / "ready-dev")
    (tmp_path / ".venv" / "bin" / "python").write_text(PYTHON + UV)
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    (tmp_path / "outputs" / "cache").mkdir(parents=True)
    (tmp_path / "status").write_text("0")
    return tmp_path


def make(house, *arguments, **settings):
    """Run make. Returns the commands that it gave, its exit status and its complaints."""
    (house / "calls").unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(
        ["make", *arguments],
        cwd=house, env=environment | {"GPU": "0"} | settings, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    calls = (house / "calls").read_text().splitlines() if (house / "calls").is_file() else []
    return calls, done.returncode, done.stderr


RUN, SITE = "helpers run --jobs 2 all", "helpers site --if-changed"
PYTEST = "pytest -n 3 --dist loadfile --no-loadscope-reorder"
NBVAL = "-p tests.nbval_options --nbval --nbval-current-env --nbval-cell-timeout=600"


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        (["report"], ["helpers data", RUN, SITE]),
        (["report", "JOBS=3"], ["helpers data", RUN.replace("2", "3"), SITE]),
        (["figures"], ["helpers data", RUN]),
        (["run", "ONLY=7 8"], ["helpers data", "helpers run --jobs 2 7 8"]),
        (["outputs/executed/04_mlp.ipynb"], ["helpers data", "helpers run 04_mlp"]),
        (["store"], ["helpers data", RUN, "helpers store"]),
        (["store", "ONLY=7"], ["helpers data", "helpers run --jobs 2 7", "helpers store 7"]),
        (["train", "ONLY=4"], ["helpers data", "helpers train 4"]),
        (["train"], ["helpers data", "helpers train"]),
        (["smoke"], ["helpers data", "helpers run --profile smoke --jobs 2 all"]),
        (["site"], ["helpers site"]),
        (["lab"], ["helpers data", "helpers lab"]),
        (["bench"], ["helpers data", *(f"tests.benchmarks.bench_{name}" for name in ("engine", "training", "report"))]),
        (["bench", "ONLY=pca_logit"], ["helpers data", "tests.benchmarks.bench_pca_logit"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("flags", ["", "-j4", "-k", "-s"])
def test_a_door_gives_its_commands_in_order(house, given, calls, flags):
    assert make(house, *given, MAKEFLAGS=flags)[:2] == (calls, 0)


def test_a_gpu_is_used_where_it_is_asked_for_or_answers(house):
    (house / "nvidia-smi").write_text("#!/bin/sh\nexit 0\n")
    (house / "nvidia-smi").chmod(0o755)
    path = f"{house}:{os.environ['PATH']}"
    assert make(house, "train", "GPU=1")[0] == ["helpers gpu", "helpers data", "helpers train"]
    assert make(house, "train", PATH=path, GPU="")[0] == ["helpers gpu --if-usable", "helpers data", "helpers train"]
    assert make(house, "report", "GPU=1")[0] == ["helpers gpu", "helpers data", RUN, SITE]
    assert make(house, "train", PATH=path)[0] == ["helpers data", "helpers train"]
    (house / ".venv" / "bin" / "python").write_text(PYTHON + 'case "$*" in "helpers gpu") exit 2;; esac\n')
    assert make(house, "train", "GPU=1")[:2] == (["helpers gpu"], 2)


def test_a_run_that_fails_ends_the_door_whatever_the_user_tells_make(house):
    (house / "status").write_text("2")
    assert make(house, "report")[:2] == (["helpers data", RUN], 2)
    assert make(house, "store", MAKEFLAGS="ik")[0] == ["helpers data", RUN]


def test_test_runs_everything_and_quick_leaves_out_what_is_slow(house):
    calls, status, _ = make(house, "test")
    assert status == 0 and calls[:2] == ["ruff check --quiet .", "ruff format --check --quiet ."]
    assert calls[2:] == ["helpers data", f"{PYTEST} {NBVAL} -m not slow tests notebooks"]
    assert make(house, "unit")[0][-1] == f"{PYTEST} -m not slow tests"
    assert make(house, "notebooks")[0][-1] == f"{PYTEST} {NBVAL} notebooks"
    assert make(house, "quick")[0][-1] == f"{PYTEST} --quick tests"
    assert make(house, "test-all")[0][-2:] == [
        "helpers run --profile smoke --jobs 2 all", f"{PYTEST} {NBVAL} tests notebooks"
    ]  # fmt: skip


def test_what_a_user_has_set_for_python_and_pytest_reaches_neither(house):
    (house / ".venv" / "bin" / "python").write_text("#!/bin/sh\nenv > seen\n")
    names = [f"PYTHON{name}" for name in ("PATH", "OPTIMIZE", "WARNINGS", "INSPECT")] + ["PYTEST_ADDOPTS"]
    assert make(house, "quick", **dict.fromkeys(names, "a"))[1] == 0
    seen = (house / "seen").read_text()
    assert "PATH=" in seen and not re.search(r"^(PYTHON|PYTEST)", seen, re.MULTILINE)


def test_asking_make_what_it_would_do_does_nothing(house):
    for door in DOORS.split():
        assert make(house, "-n", door) == ([], 0, ""), door
    done = subprocess.run(["make", "-n", "report"], cwd=house, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) < 20


def test_every_door_is_named_by_help_and_fits_the_screen(house):
    shown = subprocess.run(["make", "help"], cwd=house, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\S+)", shown, re.MULTILINE)) == set(DOORS.split())
    assert len((ROOT / "Makefile").read_text().splitlines()) <= 120


# --- set-up -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["(3, 10, 9)", "(3, 14, 0)"])
def test_a_python_that_the_pins_do_not_fit_is_one_sentence(house, version):
    (house / ".venv" / "ready").unlink()
    other = house / "python3.x"
    other.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} -c "import sys; sys.version_info = {version}; $2"\n'
    )
    other.chmod(0o755)
    for python in ("./python3.x", "no-such-python"):
        calls, status, complaints = make(house, "data", f"PYTHON={python}")
        sentence, made = complaints.splitlines()
        assert sentence.startswith(f"error: Python 3.11, 3.12 or 3.13 is needed, and {python} is none of them")
        assert (calls, status) == ([], 2) and made.startswith("make: ***")


STUBS = {"stubs": "keras numba papermill nbval sklearn sphinx", "devs": "hypothesis playwright ruff xdist"}
BACKEND = """
import zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "house-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("house.pth", %r)
        for file, text in {"METADATA": "Metadata-Version: 2.1\\nName: house\\nVersion: 1\\n",
                           "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}.items():
            wheel.writestr(f"house-1.dist-info/{file}", text)
        wheel.writestr("house-1.dist-info/RECORD", "")
    return name
"""


@pytest.fixture
def bare(house):
    """The Makefile without an environment; the requirements are two wheels with stand-ins for the main packages."""
    shutil.rmtree(house / ".venv")
    for stubs, names in STUBS.items():
        with zipfile.ZipFile(house / f"{stubs}-1-py3-none-any.whl", "w") as wheel:
            for name in names.split():
                wheel.writestr(f"{name}.py", "")
            about = f"{stubs}-1.dist-info"
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {stubs}\nVersion: 1\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    (house / "requirements.txt").write_text("./stubs-1-py3-none-any.whl\n-e .\n")
    (house / "requirements-dev.txt").write_text("./devs-1-py3-none-any.whl\n")
    for name in ("helpers/__init__.py", "helpers/core/__init__.py", "helpers/core/backend.py"):
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_text("")
    (house / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n[project]\nname = "house"\nversion = "1"\n'
    )
    (house / "own.py").write_text(BACKEND % str(house))
    return house


def test_an_environment_whose_packages_cannot_be_imported_is_not_ready(house):
    (house / ".venv" / "ready").unlink()
    python = house / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *"import helpers.core.backend"*) exit 1;; esac\n')
    _, status, complaints = make(house, "setup", "PYTHON=.venv/bin/python")
    assert status == 2 and "error: the packages could not be installed" in complaints
    assert not (house / ".venv" / "ready").exists()


@pytest.mark.long
def test_an_environment_is_ready_once_its_packages_are_there_whatever_pip_was_told(bare):
    elsewhere = bare / "elsewhere"
    (bare / "pip.conf").write_text(f"[install]\nuser = true\ntarget = {elsewhere}\nprefix = {elsewhere}\n")
    settings = {
        "PIP_CONFIG_FILE": str(bare / "pip.conf"), "PIP_USER": "yes", "PIP_PREFIX": str(elsewhere),
        "PIP_TARGET": str(elsewhere), "MAKEFLAGS": "i",
    }  # fmt: skip
    _, status, complaints = make(bare, "setup", f"PYTHON={sys.executable}", **settings)
    assert status == 0, complaints
    assert list(bare.glob(".venv/lib/python3*/site-packages/keras.py")) and not elsewhere.exists()
    assert (bare / ".venv" / "ready").read_bytes() == (bare / "requirements.txt").read_bytes()
    packages = next(bare.glob(".venv/lib/python3*/site-packages"))
    assert (packages / "house.pth").is_file() and not (packages / "ruff.py").exists()
    (bare / "requirements.txt").touch()
    assert make(bare, "setup", "PYTHON=no-such-python")[1:] == (0, "")  # nothing to do
    _, status, complaints = make(bare, "dev", "PYTHON=no-such-python", **settings)
    assert status == 0 and (packages / "ruff.py").exists() and not elsewhere.exists(), complaints
    assert (bare / ".venv" / "ready-dev").read_bytes() == (bare / "requirements-dev.txt").read_bytes()


def test_the_tests_ask_for_their_packages_and_a_reader_does_not(house):
    (house / ".venv" / "ready-dev").unlink()
    asked = "pip install --quiet --disable-pip-version-check --no-compile --no-user --target="
    for door, wanted in {"report": 0, "lab": 0, "run": 0, "quick": 1, "lint": 1, "unit": 1, "notebooks": 1}.items():
        (house / ".venv" / "ready-dev").unlink(missing_ok=True)
        calls = make(house, door)[0]
        assert sum(call.startswith(asked) and "requirements-dev.txt" in call for call in calls) == wanted, door


def test_the_pins_are_all_there_and_bring_the_project():
    """`pip install -r requirements.txt` is all that a reader needs; the second file adds what only the tests import."""
    base, more = ((ROOT / f"requirements{kind}.txt").read_text().splitlines() for kind in ("", "-dev"))
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert base[-1] == "-e ." and not set(base) & set(more)

    def names(lines):
        return {re.match(r"[\w.-]+", line)[0].lower() for line in lines if re.match(r"\w", line)}

    assert names(about["dependencies"]) <= names(base[:-1])
    assert {"papermill", "nbval"} <= names(base) and {"hypothesis", "playwright", "ruff"} <= names(more)
    assert names(about["optional-dependencies"]["dev"]) <= names(base) | names(more)
    assert all(re.match(r"[\w.-]+==|    #|-e \.$", line) for line in [*base, *more])


# --- upgrades ---------------------------------------------------------------------------------------------------------


def test_pins_that_cannot_be_resolved_leave_everything_as_it_was(house):
    before = [(house / f"requirements{kind}.txt").read_bytes() for kind in ("", "-dev")]
    calls, status, complaints = make(house, "upgrade")
    assert status == 2 and "error: no newer packages could be resolved" in complaints
    assert [(house / f"requirements{kind}.txt").read_bytes() for kind in ("", "-dev")] == before
    assert not list((house / "outputs" / "cache").glob("requirements*"))
    assert all(call.startswith(("pip ", "uv ")) for call in calls)


def test_the_same_pins_change_nothing_and_everything_is_run(house):
    (house / "resolved").write_text((house / "requirements.txt").read_text().removesuffix("-e .\n"))
    shutil.copy(house / "requirements-dev.txt", house / "resolved-dev")
    calls, status, _ = make(house, "upgrade")
    assert status == 0 and RUN in calls and SITE in calls


def test_new_pins_are_installed_before_anything_is_run(house):
    (house / "resolved").write_text("numpy==99.0\n    # via all\n")
    (house / "resolved-dev").write_text("ruff==99.0\n")
    calls, status, complaints = make(house, "upgrade", "PYTHON=no-such-python")
    assert (house / "requirements.txt").read_text() == "numpy==99.0\n    # via all\n-e .\n"
    assert (house / "requirements-dev.txt").read_text() == "ruff==99.0\n"
    assert status == 2 and "Python 3.11, 3.12 or 3.13 is needed" in complaints and RUN not in calls


# --- papers and bytes -------------------------------------------------------------------------------------------------


def test_the_papers_agree_on_version_and_licence():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M).group(1)
    assert about["version"] == str(citation["version"]) == newest
    assert about["requires-python"] == ">=3.11,<3.14"
    assert citation["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert citation["cff-version"] == "1.2.0" and citation["authors"] and citation["title"] and citation["message"]


def test_whoever_opens_or_hosts_it_has_a_python_that_the_pins_fit():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    pythons = [step["with"]["python-version"] for step in steps if "setup-python" in step.get("uses", "")]
    pythons += [container["image"], (ROOT / "runtime.txt").read_text()]
    assert len(pythons) == 4 and {re.search(r"3\.\d+", text)[0] for text in pythons} == {"3.12"}
    asked = {container["postCreateCommand"], *(step["run"] for step in steps if "run" in step)}
    assert asked == {"make data", "make report", "bash .ci/run"} and "make test" in (ROOT / ".ci" / "run").read_text()
    assert all("contents" in job.get("permissions", {"contents": "read"}) for job in workflow["jobs"].values())


def test_git_gives_the_same_bytes_whatever_it_is_told_of_line_ends(tmp_path):
    """A clone with core.autocrlf, of a repository with our .gitattributes and a file of every kind that we keep."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if not listed[0]:
        pytest.skip("this is no clone")
    kinds = {Path(name).suffix or name: name for name in listed if name and (ROOT / name).is_file()}
    for name in (".gitattributes", *kinds.values()):
        (tmp_path / "origin" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "origin" / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    for words in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=tmp_path / "origin", check=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", "origin", "clone"], cwd=tmp_path, check=True)
    for name in kinds.values():
        assert (tmp_path / "clone" / name).read_bytes() == (ROOT / name).read_bytes(), name
