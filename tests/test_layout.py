"""The rooms of the package: imports go one way, and importing does nothing."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import helpers
from helpers.core import project
from tests.conftest import python

FOLDER = Path(helpers.__file__).parent
ROOMS = {
    "core": {"core"},
    "playground": {"core", "playground"},
    "fashion": {"core", "fashion"},
    "questions": {"core", "questions"},
    "report": {"core", "playground", "fashion", "questions", "report"},
}
HEAVY = "keras", "tensorflow", "jax", "numba"


def imported(path, inside=True):
    """The modules (set of str, such as "helpers.core.store") that a file imports, `inside` functions too."""
    found, tree = set(), ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if inside else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_file_has_its_room():
    assert {path.stem for path in FOLDER.glob("*.py")} == {"__init__", "__main__"}
    assert {path.parent.name for path in FOLDER.glob("*/*.py")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    for path in (FOLDER / room).glob("*.py"):
        rooms = {name.split(".")[1] for name in imported(path) if name.startswith("helpers.")}
        assert rooms <= ROOMS[room], path
        assert path.stem != "__init__" or not imported(path), path


def reached(path, inside=True):
    """Every module that importing a file leads to, ours followed to their ends (set of str); `inside` as above."""
    found, open_ends = set(), imported(path, inside)
    while open_ends - found:
        name = (open_ends - found).pop()
        found.add(name)
        file = project.ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name.startswith("helpers.") and file.is_file():
            open_ends |= imported(file, inside)
    return found


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*/*charts.py")), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_charts_reach_neither_keras_nor_numba(path):
    assert not {name.split(".")[0] for name in reached(path, inside=False)} & set(HEAVY)


def test_what_is_slow_to_import_is_imported_only_where_it_is_needed():
    code = """
        import sys
        import helpers.playground.config
        print({"numba", "matplotlib"} & set(sys.modules))
        import helpers.report.page, helpers.report.run, helpers.report.site, helpers.fashion.dataset
        import helpers.fashion.charts, helpers.fashion.pca_charts, helpers.questions.charts
        print({"keras", "tensorflow"} & set(sys.modules))
    """
    out, complaints = python(code).communicate()
    assert out.split("\n") == ["set()", "set()", ""], complaints


def test_importing_sets_no_seed_no_style_and_writes_nothing():
    code = """
        import random, numpy, matplotlib, pkgutil, importlib, sys
        import sklearn.decomposition, sklearn.linear_model, sklearn.manifold  # draw on `random` when imported
        state = lambda: (random.getstate(), numpy.random.get_state()[1].tolist(), dict(matplotlib.rcParams))
        before = state()
        import helpers
        for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
            if module.name not in sys.argv[1:]:
                importlib.import_module(module.name)
        print(before == state())
    """
    with_keras = [  # which sets seeds itself
        ".".join(path.relative_to(project.ROOT).with_suffix("").parts)
        for path in FOLDER.glob("*/*.py")
        if {name.split(".")[0] for name in reached(path)} & {"keras"} or path.stem == "backend"
    ]
    assert 1 < len(with_keras) < len([*FOLDER.glob("*/*.py")]) / 2
    process = python(code, "helpers.__main__", *with_keras)
    out, complaints = process.communicate()
    assert out.split() == ["True"], complaints


def test_no_path_of_a_machine_is_tracked():
    for path in [
        *FOLDER.rglob("*.py"),
        *project.NOTEBOOKS.glob("*.ipynb"),
        project.ROOT / "README.md",
        project.ROOT / "Makefile",
    ]:
        text = path.read_text(encoding="utf-8")
        assert not re.search("/(root|home)/", text), path


def test_no_link_is_tracked():
    """A link leads to a place on one machine, and in a clone to nowhere."""
    tracked = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=project.ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("this is no clone")
    assert [line for line in tracked.stdout.splitlines() if line.startswith("120000")] == []
