"""The runner, on small notebooks of its own in a copy of the project's layout.

Most run in this process, as `python -m helpers` would, since papermill takes longer to import than such a notebook to run.
"""

import ast
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from papermill.exceptions import PapermillExecutionError

from helpers.__main__ import main
from helpers.core.project import Problem
from helpers.report import notebooks, run
from tests.conftest import ROOT, assert_one_sentence

pytestmark = pytest.mark.papermill

PARAMETERS = 'PROFILE = "report"\nSEED = 1\nRATE = 0.5\nWORD = "a"\nCOUNT = 3'


@pytest.fixture
def project(tmp_path):
    """A project of its own: the real helpers, and notebooks that the test adds."""
    for name in ("helpers", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def add(project, *sources, name="01_try", parameters=PARAMETERS, plain=False):
    """Add a notebook; a plain one is as other editors leave it, without a kernel or a language."""
    cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    metadata = {} if plain else metadata
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), project / "notebooks" / f"{name}.ipynb")


@pytest.fixture
def command(project, places, capfd, monkeypatch):
    """A function that gives `python -m helpers` a command, in this process but in that project (CompletedProcess)."""
    monkeypatch.setenv("PYTHONPATH", str(project))
    monkeypatch.setattr(run.signal, "signal", lambda *_: None)

    def given(*arguments):
        capfd.readouterr()
        return subprocess.CompletedProcess(arguments, main(arguments), *capfd.readouterr())

    return given


def start(project, *arguments, **settings):
    environment = os.environ | {"PYTHONPATH": str(project)} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *arguments],
        cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def executed(project, name="01_try"):
    return nbformat.read(project / "outputs" / "executed" / f"{name}.ipynb", as_version=4)


def test_a_run_executes_reports_and_records_and_is_not_repeated(project, command):
    add(project, "from helpers.core import project\nproject.report_progress('epoch 1 of 1')", "COUNT * RATE")
    done = command("run", "01_try", "-p", "COUNT", "3", "-p", "RATE", "0.5")  # the notebook's own: the report
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "  epoch 1 of 1" in done.stdout.splitlines()
    assert "peak memory" in done.stdout and "outputs/executed/01_try.ipynb" in done.stdout
    assert executed(project).cells[-1].outputs[0].data["text/plain"] == "1.5"
    assert not [
        output
        for cell in executed(project).cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    ]
    record = json.loads((project / "outputs" / "run.json").read_text())["01_try"]
    assert record["status"] == "done" and record["seconds"] > 0 and record["peak_memory_gib"] > 0
    (project / "notebooks" / "01_try.ipynb").touch()
    assert command("run", "all").stdout == "01_try: up to date\n"
    assert "done in" in command("run", "--force", "1").stdout


OWN = """
from helpers.core import project, store
profile = project.profile_named(PROFILE)
store.write_json(profile.results / "01_try.json", {"seed": SEED})
store.write_text(profile.figures / "01-a.svg", str(SEED))
store.read_json(profile.results / "long.json"), sorted(path.name for path in profile.models.glob("*"))
"""


def test_a_run_with_parameters_of_its_own_is_never_the_report(project, command):
    add(project, OWN)
    for name in ("results/long.json", "models/net.keras"):
        (project / "outputs" / name).parent.mkdir(parents=True)
        (project / "outputs" / name).write_text('"long"')
    assert command("run", "1").returncode == 0
    report, record = contents(project), notebooks.run_record()
    done = command("run", "1", "-p", "SEED", "7")
    assert done.returncode == 0 and "SEED 7" in done.stdout, done.stderr
    (place,) = (project / "outputs" / "runs").glob("01_try-*")
    found = notebooks.run_record()
    assert found["01_try"] == record["01_try"] and set(found) == {"01_try", place.name}
    assert json.loads((place / "results" / "01_try.json").read_text()) == {"seed": 7}
    assert (place / "figures" / "01-a.svg").read_text() == "7"
    own = nbformat.read(place / "01_try.ipynb", as_version=4)
    assert own.cells[-1].outputs[0].data["text/plain"] == "('long', ['net.keras'])"
    assert {name: text for name, text in contents(project).items() if "/runs/" not in name} == report
    shutil.copy(place / "01_try.ipynb", project / "outputs" / "executed")  # by hand
    assert_one_sentence(command("store", "1"), "01_try cannot be stored", "01_try.ipynb is not as the run left it")

    trained = command("run", "1", "-p", "SEED", "7", "--profile", "train")  # its networks go there, too
    assert trained.returncode == 0, trained.stderr
    assert not (place / "models").is_symlink() and (project / "outputs" / "models" / "net.keras").is_file()


def test_a_failing_cell_is_named_and_its_output_kept_beside_the_last_good_one(project, command):
    add(project, "x = 1", "x + 1")
    assert command("run", "01_try").returncode == 0
    add(project, "x = 1", "x / 0")
    done = command("run", "01_try")
    assert_one_sentence(done, "01_try, code cell 3: ZeroDivisionError: division by zero", "01_try.broken.ipynb")
    assert done.returncode == 2
    broken = project / "outputs" / "executed" / "01_try.broken.ipynb"
    assert "ZeroDivisionError" in broken.read_text()
    assert executed(project).cells[-1].outputs[0].data["text/plain"] == "2"
    assert json.loads((project / "outputs" / "run.json").read_text())["01_try"]["status"] == "failed"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ValueError", "one\ntwo", "ValueError: one two."),
        ("AssertionError", "", "AssertionError."),
        ("Problem", "So.", "So."),
    ],
)
def test_whatever_a_cell_raises_is_said_in_one_line(tmp_path, name, value, told):
    error = PapermillExecutionError(2, 2, "", name, value, [])
    assert str(run._failure("01_try", tmp_path / "none", tmp_path / "a.ipynb", error)) == f"01_try, code cell 2: {told}"


def test_a_problem_in_a_cell_is_said_in_its_own_words(project, command):
    add(project, "from helpers.core.project import Problem\nraise Problem('The cat is missing: feed it.')")
    assert_one_sentence(command("run", "01_try"), "error: 01_try, code cell 2: The cat is missing: feed it.")


def test_a_kernel_that_dies_is_one_sentence(project, command):
    add(project, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert_one_sentence(command("run", "01_try"), "01_try: the notebook's process died")


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("2", 0.5, 2.0),
        ("2", 3, 2),
        ("2", "a", "2"),
        ("(1, 2)", (), (1, 2)),
        ("a b", "a", "a b"),
        ("None", "a", "None"),
        ("(1,)", (2,), (1,)),
    ],
)
def test_a_parameter_has_the_type_of_its_default(text, default, value):
    found = run._typed("01_try", "NAME", text, default)
    assert found == value and type(found) is type(value)


def test_smoke_and_train_write_elsewhere(project, command):
    add(project, "PROFILE")
    assert command("run", "01_try", "--profile", "smoke").returncode == 0
    assert not (project / "outputs" / "executed").exists()
    notebook = nbformat.read(project / "outputs" / "smoke" / "executed" / "01_try.ipynb", as_version=4)
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "'smoke'"


def test_a_killed_run_leaves_nothing_that_is_taken_for_good(project, command):
    add(project, "import time\nfrom helpers.core import project\nproject.report_progress('going')\ntime.sleep(60)")
    process = start(project, "run", "01_try")
    while "going" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (project / "outputs" / "executed" / "01_try.ipynb").exists()
    add(project, "1 + 1")
    assert command("run", "01_try").returncode == 0


WRITER = """
from helpers.core import store
from helpers.core.project import profile_named
profile = profile_named(PROFILE)
for round in range(30):
    store.write_json(profile.results / "numbers.json", {"round": round, "values": [round] * 20_000})
    store.write_bytes(profile.figures / "01-picture.svg", b"picture" * 5_000)
"""


@pytest.mark.slow
def test_killed_at_ten_random_moments_a_report_ends_the_same(project, command):
    """Ten runs, two at once, each killed at a moment of its own, with its kernel or without; then two to the end."""
    add(project, WRITER, "round")
    began = time.monotonic()
    assert command("run", "01_try").returncode == 0
    longest = time.monotonic() - began
    undisturbed = contents(project)
    assert {"outputs/results/numbers.json", "figures/01-picture.svg", "outputs/executed/01_try.ipynb"} <= set(
        undisturbed
    )
    for name in undisturbed:
        (project / name).unlink()
    draw = random.Random(2019)
    for _ in range(5):
        began, moments = time.monotonic(), sorted(draw.uniform(0, longest) for _ in range(2))
        both = [start(project, "run", "01_try") for _ in moments]
        for process, moment, kernel_too in zip(both, moments, (True, False), strict=True):
            time.sleep(max(0, began + moment - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if kernel_too else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
        found = contents(project)  # whatever is there, is whole
        for name in set(found) - {"outputs/results/numbers.json"}:
            assert found[name] == undisturbed[name]
        if "outputs/results/numbers.json" in found:
            numbers = json.loads(found["outputs/results/numbers.json"])
            assert numbers["values"] == [numbers["round"]] * 20_000
    both = [start(project, "run", "01_try") for _ in range(2)]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert contents(project) == undisturbed
    assert json.loads((project / "outputs" / "run.json").read_text())["01_try"]["status"] == "done"


def contents(project):
    """What a run has left for others to read: name -> bytes; of an executed notebook, the outputs alone."""
    found = {}
    for path in [*(project / "outputs").rglob("[!.]*"), *(project / "figures").glob("[!.]*")]:
        name = path.relative_to(project).as_posix()
        if path.is_file() and path.suffix == ".ipynb":
            cells = nbformat.read(path, as_version=4).cells
            found[name] = json.dumps([[cell.source, cell.get("outputs")] for cell in cells])
        elif path.is_file() and path.name != "run.json" and "cache" not in path.parts:
            found[name] = path.read_bytes()
    return found


def tree(folder):
    """Every file below a folder but what Python has compiled (set of Path)."""
    return {path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"}


def test_chapters_run_side_by_side_and_the_last_after_all_others(project):
    """The first two wait for one another; what the last finds is what they left when they ended."""
    meeting = """
from pathlib import Path
import time
Path("{0}-began").touch()
while not Path("{1}-began").exists():
    time.sleep(0.02)
time.sleep(0.3)
Path("{0}-ended").touch()"""
    add(project, meeting.format("a", "b"), name="01_a")
    add(project, meeting.format("b", "a"), name="02_b")
    add(project, "from pathlib import Path\nsorted(path.name for path in Path().glob('?-ended'))", name=notebooks.LAST)
    process = start(project, "run", "all")
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    shown = executed(project, notebooks.LAST).cells[-1].outputs[0].data["text/plain"]
    assert ast.literal_eval(shown) == ["a-ended", "b-ended"]
    assert set(json.loads((project / "outputs" / "run.json").read_text())) == {"01_a", "02_b", notebooks.LAST}


def test_where_one_fails_the_others_are_run_but_not_the_last(project, command, monkeypatch):
    """With a stand-in for the commands of the single chapters, of which one fails."""
    python = project / "python"
    python.write_text('#!/bin/sh\necho "$@" >> calls\n[ "$5" != 01_a ]\n')
    python.chmod(0o755)
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("01_a", "02_b", "03_c", notebooks.LAST):
        add(project, name=name)
    done = command("run", "all", "--jobs", "1", "-p", "COUNT", "4")
    assert done.returncode == 2 and f"{notebooks.LAST}: not run, since" in done.stdout
    calls = [f"-m helpers run --force {name} -p COUNT 4" for name in ("01_a", "02_b", "03_c")]
    assert (project / "calls").read_text().splitlines() == calls
    (project / "calls").unlink()
    assert command("run", "2", "3", "8", "2").returncode == 0
    called = (project / "calls").read_text().splitlines()
    assert [line.split()[-1] for line in called][2:] == [notebooks.LAST] and len(called) == 3


def test_ending_a_run_ends_all_that_it_started(project):
    waiting = """
from pathlib import Path
import time
Path("{0}").touch()
while not Path("go").exists():
    time.sleep(0.05)
Path("{0}-late").touch()"""
    for name in ("01_a", "02_b"):
        add(project, waiting.format(name), name=name)
    process = start(project, "run", "all")
    deadline = time.monotonic() + 60
    while not ((project / "01_a").exists() and (project / "02_b").exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=30)
    (project / "go").touch()
    time.sleep(2)
    assert process.returncode != 0 and (project / "02_b").exists() and not list(project.glob("*-late"))


def test_a_run_that_cannot_be_recorded_leaves_nothing_behind(project, command, monkeypatch):
    def refuse(key, entry, working=None, *_):
        if working is not None:
            raise Problem("The record is closed.")

    add(project, "1 + 1")
    monkeypatch.setattr(run, "record", refuse)
    assert_one_sentence(command("run", "1"), "The record is closed.")
    assert [path for path in project.rglob("*.ipynb") if "executed" in path.parts] == []


def test_a_full_disk_is_one_sentence(project, command, small_disk):
    add(project, "print('x' * 2_000_000)")
    (project / "outputs").mkdir()
    (project / "outputs" / "executed").symlink_to(small_disk)
    done = command("run", "01_try")
    assert_one_sentence(done, "01_try", "No space left on device")
    assert not list(small_disk.glob("*01_try.ipynb")) and not list(small_disk.glob("*.partial*"))


IN_OUR_WORLD = """
import locale, os, sys
from pathlib import Path
import matplotlib
import helpers.fashion.predict, helpers.report.site
from matplotlib.figure import Figure
from helpers.core import plotting, project
from helpers.core.backend import keras
from helpers.report.page import Page
ours = dict(matplotlib.rcParamsDefault)
plotting.use_style()
page, figure = Page("01_try", PROFILE, SEED), Figure()
figure.subplots().plot([1, 2], [1, 2])
page.publish(figure, "line", caption="A line.", alt="A line that rises.")
page.finish()
locale.setlocale(locale.LC_ALL, "")
(Path.cwd() == project.ROOT, sys.executable, keras.backend.floatx(), matplotlib.rcParams["xtick.major.size"] == ours["xtick.major.size"],
 matplotlib.rcParams["lines.markersize"] == ours["lines.markersize"], os.environ["OMP_NUM_THREADS"], "user" in globals())
"""


def test_what_a_user_has_set_changes_nothing_and_nothing_is_written_to_the_home(project, tmp_path_factory):
    """Kernels, IPython's and Jupyter's configuration, matplotlibrc, keras.json, PYTHONPATH, a locale that is not installed.

    What is written lies in outputs/ and figures/; nothing is left where temporary files go.
    """
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary")
    wicked = {
        ".local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "", "language": "R"}',
        ".ipython/profile_default/startup/00-user.py": "user = 1",
        ".config/matplotlib/matplotlibrc": "lines.markersize: 12\nxtick.major.size: 9\n",
        ".keras/keras.json": '{"floatx": "float64", "backend": "torch"}',
        "path/yaml.py": "raise SystemExit('wicked')",
        "path/sitecustomize.py": "print('wicked')",
    }
    for name, text in wicked.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    settings = {
        "HOME": home, "IPYTHONDIR": home / ".ipython", "JUPYTER_PATH": home / ".local/share/jupyter",
        "JUPYTER_DATA_DIR": home / ".local/share/jupyter", "KERAS_HOME": home / ".keras", "LANG": "xx_XX.UTF-8",
        "LC_TIME": "yy_YY", "MATPLOTLIBRC": home / ".config/matplotlib", "MPLCONFIGDIR": home / ".config/matplotlib",
        "MPLBACKEND": "no-such", "OMP_NUM_THREADS": "3", "PYTHONSTARTUP": home / "path/yaml.py", "TMPDIR": temporary,
        "PYTHONPATH": f"{project}:{home / 'path'}",
    }  # fmt: skip
    add(project, IN_OUR_WORLD, plain=True)
    shutil.copy(home / ".config/matplotlib/matplotlibrc", project)
    before = {path: path.read_bytes() for folder in (project, home) for path in tree(folder)}
    process = start(project, "run", "1", **{key: str(value) for key, value in settings.items()})
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert err == "" and out.count("wicked") <= 1  # said before we begin anew
    shown = executed(project).cells[-1].outputs[-1].data["text/plain"]
    assert ast.literal_eval(shown) == (True, sys.executable, "float32", True, True, "1", False)
    assert {path: path.read_bytes() for path in before} == before
    new = {path.relative_to(project) for path in tree(project) - set(before)}
    assert {path.parts[0] for path in new} == {"outputs", "figures"}
    assert {path.parts[1] for path in new if path.parts[0] == "outputs" and len(path.parts) > 2} <= {
        "cache", "executed", "results",
    }  # fmt: skip
    assert tree(home) <= set(before) and tree(temporary) == set()


def test_no_setting_of_this_session_leads_out_of_the_project():
    for variable in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR", "KERAS_HOME"):
        assert Path(os.environ[variable]).is_relative_to(ROOT)


FORBIDDEN = """
import os
from pathlib import Path
from helpers.core import environment, project
environment.take_over()
from helpers.__main__ import main

def refused(folder, *arguments):
    folder.chmod(0o555)
    print(main(arguments), flush=True)
    folder.chmod(0o755)

refused(project.ROOT, "run", "1")
print(main(["run", "1"]))
refused(project.NOTEBOOKS, "store", "1")
for place in (project.EXECUTED, project.CACHE, project.OUTPUTS, project.OUTPUTS / ".run.json.lock"):
    refused(place, "run", "--force", "1")
"""


def test_a_project_that_may_not_be_written_is_one_sentence(project):
    """Root is made to heed the rights, too. There is no HOME."""
    hindered = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    if hindered and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to hinder it")
    add(project, "1 + 1")
    done = subprocess.run(
        [*hindered, sys.executable, "-c", FORBIDDEN],
        cwd=project, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert [line for line in done.stdout.splitlines() if line.isdecimal()] == ["2", "0", "2", "2", "2", "2", "2"]
    assert done.stdout.count("01_try: running") == 1
    refusals = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(refusals) == 6 and "Traceback" not in done.stderr
    assert "may not be written by you" in refusals[0]
    assert "notebooks/01_try.ipynb cannot be written" in refusals[1]
    for name, refusal in zip(("outputs/executed", "outputs/cache", "outputs"), refusals[2:5], strict=True):
        assert f"error: {name} may not be written by you" in refusal
    assert "error: outputs/run.json cannot be written" in refusals[5]
