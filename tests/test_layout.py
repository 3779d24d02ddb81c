"""The layers of the package: imports go one way, and importing does nothing."""

import ast
from pathlib import Path

import pytest

import helpers
from helpers import paths
from tests.conftest import python

FOLDER = Path(helpers.__file__).parent
GROUND = {"errors", "paths", "settings", "claims", "store", "progress", "backend"}
WORK = {"playground", "sweeps", "spreads", "regularization", "convergence"}
WORK |= {"fashion", "augmentation", "models", "training", "tuning", "leakage", "ablation", "calibration", "evaluation"}
WORK |= {"projection", "derivations", "benchmarks"}
PAGE = {"style", "charts", "page", "playground_charts", "sweep_charts", "regularization_charts", "convergence_charts"}
PAGE |= {"projection_charts", "question_charts", "tuning_charts", "ledger_charts", "benchmark_charts", "cnn_charts"}
DOORS = {"notebooks", "ledger", "run", "site", "predict", "__main__"}


def imported(path):
    """The helper modules that a file imports, by the first name after `helpers`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("helpers.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "helpers":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            found.add(node.module.split(".")[1])
    return found


def test_every_module_has_its_layer():
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert modules == GROUND | WORK | PAGE | DOORS


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [(GROUND, GROUND), (WORK, GROUND | WORK), (PAGE, GROUND | PAGE), (DOORS, GROUND | WORK | PAGE | DOORS)],
)
def test_imports_go_one_way(layer, allowed):
    for module in layer:
        for path in [FOLDER / f"{module}.py", *(FOLDER / module).glob("*.py")]:
            if path.is_file() and path.stem != "cli":  # a package's own door may import anything
                assert imported(path) <= allowed, path


def test_importing_sets_no_seed_no_style_and_writes_nothing():
    code = """
        import random, numpy, matplotlib, pkgutil, importlib, sys
        import sklearn.decomposition, sklearn.linear_model, sklearn.manifold  # draw on `random` when imported
        before = random.getstate(), numpy.random.get_state()[1].tolist(), dict(matplotlib.rcParams)
        import helpers
        for module in pkgutil.iter_modules(helpers.__path__):
            if module.name not in ("__main__", "backend", "models", "training", "tuning", "leakage", "ablation"):
                importlib.import_module(f"helpers.{module.name}")
        after = random.getstate(), numpy.random.get_state()[1].tolist(), dict(matplotlib.rcParams)
        print(before == after, "matplotlib.pyplot" in sys.modules and "drawn with pyplot")
    """
    process = python(code)
    assert process.communicate()[0].split()[0] == "True"


def test_no_path_of_a_machine_is_tracked():
    for path in [
        *FOLDER.rglob("*.py"),
        *paths.NOTEBOOKS.glob("*.ipynb"),
        paths.ROOT / "README.md",
        paths.ROOT / "Makefile",
    ]:
        text = path.read_text()
        assert "/root/" not in text and "/home/" not in text, path
