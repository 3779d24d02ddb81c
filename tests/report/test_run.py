"""The runner, on small notebooks of its own in a copy of the project's layout."""

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

from tests.conftest import ROOT, assert_one_sentence

PARAMETERS = 'PROFILE = "report"\nSEED = 1\nRATE = 0.5\nWORD = "a"\nCOUNT = 3'


@pytest.fixture
def project(tmp_path):
    """A project of its own: the real helpers, and notebooks that the test adds."""
    for name in ("helpers", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def add(project, *sources, name="01_try", parameters=PARAMETERS):
    cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), project / "notebooks" / f"{name}.ipynb")


def start(project, *arguments, **settings):
    environment = {**os.environ, "PYTHONPATH": str(project), **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *arguments],
        cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def command(project, *arguments):
    process = start(project, *arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def executed(project, name="01_try"):
    return nbformat.read(project / "outputs" / "executed" / f"{name}.ipynb", as_version=4)


def test_a_run_executes_reports_and_records(project):
    add(project, "from helpers.core import project\nproject.report_progress('epoch 1 of 1')", "COUNT * RATE")
    done = command(project, "run", "01_try", "-p", "COUNT", "4", "-p", "RATE", "1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "  epoch 1 of 1" in done.stdout.splitlines()
    assert "peak memory" in done.stdout and "outputs/executed/01_try.ipynb" in done.stdout
    assert executed(project).cells[-1].outputs[0].data["text/plain"] == "4.0"
    assert not [
        output
        for cell in executed(project).cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    ]
    record = json.loads((project / "outputs" / "run.json").read_text())["01_try"]
    assert record["status"] == "done" and record["seconds"] > 0 and record["peak_memory_gib"] > 0
    rule = (project / "outputs" / "executed" / "01_try.d").read_text()
    assert "outputs/executed/01_try.ipynb: notebooks/01_try.ipynb" in rule and "helpers/core/project.py" in rule
    assert "helpers/fashion/training.py" not in rule


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["COUTN", "4"], ["no parameter 'COUTN'", "did you mean COUNT?"]),
        (["zzz", "4"], ["no parameter 'zzz'", "PROFILE, SEED, RATE, WORD, COUNT"]),
        (["COUNT", "four"], ["COUNT takes a value of type int (default 3), not 'four'"]),
        (["COUNT", "4.5"], ["COUNT takes a value of type int"]),
        (["RATE", "fast"], ["RATE takes a value of type float"]),
        (["PROFILE", "smok"], ["no profile 'smok'", "did you mean 'smoke'?"]),
    ],
)
def test_bad_parameters_are_refused_before_the_start(project, given, words):
    add(project, "1 + 1")
    done = command(project, "run", "01_try", "-p", *given)
    assert_one_sentence(done, *words)
    assert not (project / "outputs").exists()


def test_an_unknown_notebook_is_refused(project):
    add(project, "1 + 1")
    assert_one_sentence(command(project, "run", "01_tyr"), "no notebook '01_tyr'; did you mean 01_try?")


def test_a_failing_cell_is_named_and_its_output_kept(project):
    add(project, "x = 1", "x / 0")
    done = command(project, "run", "01_try")
    assert_one_sentence(done, "01_try, code cell 3: ZeroDivisionError: division by zero", "01_try.broken.ipynb")
    assert done.returncode == 2
    broken = project / "outputs" / "executed" / "01_try.broken.ipynb"
    assert "ZeroDivisionError" in broken.read_text()
    assert not (project / "outputs" / "executed" / "01_try.ipynb").exists()
    assert json.loads((project / "outputs" / "run.json").read_text())["01_try"]["status"] == "failed"


def test_a_problem_in_a_cell_is_said_in_its_own_words(project):
    add(project, "from helpers.core.project import Problem\nraise Problem('The cat is missing: feed it.')")
    assert_one_sentence(command(project, "run", "01_try"), "error: 01_try, code cell 2: The cat is missing: feed it.")


def test_a_kernel_that_dies_is_one_sentence(project):
    add(project, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert_one_sentence(command(project, "run", "01_try"), "01_try: the notebook's process died")


def test_after_a_failure_the_last_good_output_stays(project):
    add(project, "1 + 1")
    assert command(project, "run", "01_try").returncode == 0
    add(project, "1 / 0")
    assert command(project, "run", "01_try").returncode == 2
    assert executed(project).cells[-1].outputs[0].data["text/plain"] == "2"


def test_smoke_and_train_write_elsewhere(project):
    add(project, "PROFILE")
    assert command(project, "run", "01_try", "--profile", "smoke").returncode == 0
    assert not (project / "outputs" / "executed").exists()
    notebook = nbformat.read(project / "outputs" / "smoke" / "executed" / "01_try.ipynb", as_version=4)
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "'smoke'"


def test_a_killed_run_leaves_nothing_that_is_taken_for_good(project):
    add(project, "import time\nfrom helpers.core import project\nproject.report_progress('going')\ntime.sleep(60)")
    process = start(project, "run", "01_try")
    while "going" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (project / "outputs" / "executed" / "01_try.ipynb").exists()
    add(project, "1 + 1")
    assert command(project, "run", "01_try").returncode == 0


def test_two_runs_at_once_are_both_recorded(project):
    add(project, "1 + 1", name="01_a")
    add(project, "2 + 2", name="02_b")
    both = [start(project, "run", name) for name in ("01_a", "02_b")]
    for process in both:
        process.communicate()
    assert set(json.loads((project / "outputs" / "run.json").read_text())) == {"01_a", "02_b"}
    assert executed(project, "02_b").cells[-1].outputs[0].data["text/plain"] == "4"


WRITER = """
from helpers.core import store
from helpers.core.project import profile_named
profile = profile_named(PROFILE)
for round in range(30):
    store.write_json(profile.results / "numbers.json", {"round": round, "values": [round] * 20_000})
    store.write_bytes(profile.figures / "01-picture.svg", b"picture" * 5_000)
"""


def test_killed_at_ten_random_moments_a_report_ends_the_same(project):
    """Ten runs, two at once, each killed at a moment of its own, with its kernel or without; then two to the end."""
    add(project, WRITER, "round")
    began = time.monotonic()
    assert command(project, "run", "01_try").returncode == 0
    longest = time.monotonic() - began
    undisturbed = contents(project)
    assert {"outputs/results/numbers.json", "figures/01-picture.svg", "outputs/executed/01_try.d"} <= set(undisturbed)
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


ALL_LAYERS = """
import helpers.core.backend, helpers.fashion.predict, helpers.report.site
from matplotlib.figure import Figure
from helpers.core import plotting
from helpers.report.page import Page
plotting.use_style()
page, figure = Page("01_try", PROFILE, SEED), Figure()
figure.subplots().plot([1, 2], [1, 2])
page.publish(figure, "line", caption="A line.", alt="A line that rises.")
page.finish()
"""


def test_nothing_is_written_outside_outputs_and_figures(project, tmp_path_factory):
    """Not into the project, not into the home, and nothing is left where temporary files go."""
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary")
    elsewhere = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    for variable in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR", "KERAS_HOME"):
        assert variable not in os.environ or Path(os.environ[variable]).is_relative_to(ROOT)
    add(project, ALL_LAYERS)
    before = tree(project)
    contents_before = {path: path.read_bytes() for path in before}
    process = start(project, "run", "01_try", **elsewhere)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert {path: path.read_bytes() for path in before} == contents_before
    new = {path.relative_to(project) for path in tree(project) ^ before}
    assert {path.parts[0] for path in new} == {"outputs", "figures"}
    assert {path.parts[1] for path in new if path.parts[0] == "outputs" and len(path.parts) > 2} <= {
        "cache", "executed", "results",
    }  # fmt: skip
    assert tree(home) == set() and tree(temporary) == set()


def tree(folder):
    """Every file below a folder (set of Path)."""
    return {path for path in folder.rglob("*") if path.is_file()}


def test_several_notebooks_are_run_one_after_the_other(project):
    add(project, "1 + 1", name="01_a")
    add(project, "1 / 0", name="02_b")
    add(project, "3 + 3", name="03_c")
    done = command(project, "run", "all")
    assert done.returncode == 2
    assert executed(project, "01_a") and executed(project, "03_c")
    assert "02_b, code cell 2" in done.stderr


def test_a_full_disk_is_one_sentence(project, small_disk):
    add(project, "print('x' * 2_000_000)")
    (project / "outputs").mkdir()
    (project / "outputs" / "executed").symlink_to(small_disk)
    done = command(project, "run", "01_try")
    assert_one_sentence(done, "01_try", "No space left on device")
    assert not (small_disk / "01_try.ipynb").exists()


def test_the_kernel_starts_in_the_projects_folder(project):
    add(project, "from pathlib import Path\nfrom helpers.core import project\nPath.cwd() == project.ROOT")
    assert command(project, "run", "01_try").returncode == 0
    assert executed(project).cells[-1].outputs[0].data["text/plain"] == "True"
