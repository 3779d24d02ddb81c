"""The notebooks as they lie in the repository: run, clean, current, and written the way this house writes."""

import ast
import json
import re
import shutil
from statistics import median

import nbformat
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import ledger, notebooks
from tests.conftest import python

NAMES = notebooks.names()
TYPED_RESULT = re.compile(r"\d+\.\d+\s*%|\b0\.\d{2,}")


@pytest.fixture(params=NAMES)
def notebook(request):
    loaded = notebooks.read(notebooks.source_path(request.param))
    loaded.metadata["name"] = request.param
    return loaded


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def complaint(notebook):
    """What is to be said of a notebook whose outputs are older than its code or its helpers; None if they are not."""
    if notebook.metadata.get(notebooks.STAMP) == notebooks.code_digest(notebook):
        return None
    name = notebook.metadata["name"]
    return f"the outputs stored in notebooks/{name}.ipynb are older than its code or its helpers: run `make store`"


def test_stored_outputs_belong_to_the_code(notebook):
    assert complaint(notebook) is None, complaint(notebook)


def test_every_cell_was_run_in_order_and_without_error(notebook):
    code = cells(notebook, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") not in ("stderr", "stdout"), f"a log line: {output.text[:100]}"


def test_the_metadata_name_no_machine(notebook):
    assert notebook.metadata["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert set(notebook.metadata) == {"kernelspec", "language_info", notebooks.STAMP, "name"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_it_opens_with_a_question_and_has_parameters(notebook):
    assert re.match(r"# .*\?", notebook.cells[0].source)
    assert "parameters" in notebook.cells[1].metadata.tags
    names = [node.targets[0].id for node in ast.parse(notebook.cells[1].source).body]
    assert names[:2] == ["PROFILE", "SEED"]


def test_cells_are_short_and_never_four_without_a_sentence(notebook):
    lengths = [len(cell.source.splitlines()) for cell in cells(notebook, "code")]
    assert max(lengths) <= 20
    assert median(lengths) <= 10
    sentences = [cell.cell_type == "markdown" or "page.say(" in cell.source for cell in notebook.cells]
    assert "cccc" not in "".join("s" if sentence else "c" for sentence in sentences)


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_no_result_is_typed(notebook):
    for cell in cells(notebook, "markdown"):
        prose = re.sub(r"\$[^$]*\$|`[^`]*`|\([^)]*\)", "", cell.source)
        assert not TYPED_RESULT.search(prose), prose
    for cell in cells(notebook, "code"):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "say":
                template = " ".join(part.value for part in ast.walk(call.args[0]) if _is_text(part))
                words = re.sub(r"\{[^}]*\}|\$[^$]*\$|\bL[12]\b|\bv\d\b|95 %", "", template)  # names, not numbers
                assert not re.search(r"\d", words), f"a number typed into a sentence: {words}"


def test_every_figure_shown_is_in_figures(notebook):
    for cell in cells(notebook, "code"):
        for output in cell.outputs:
            facts = output.get("metadata", {}).get("figure")
            if facts:
                kinds = [facts["format"]] if "format" in facts else ["svg", "png"]
                assert all((project.FIGURES / f"{facts['name']}.{kind}").is_file() for kind in kinds), facts["name"]


def test_figures_holds_nothing_that_no_notebook_shows():
    shown = {
        output.metadata.figure.name
        for name in NAMES
        for cell in cells(notebooks.read(notebooks.source_path(name)), "code")
        for output in cell.outputs
        if "figure" in output.get("metadata", {})
    }
    assert {path.stem for path in project.FIGURES.iterdir() if not path.name.startswith(".")} == shown


# --- the machinery ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["04_mlp", "04_mlp.ipynb", "notebooks/04_mlp.ipynb", "4", "04"])
def test_a_chapter_answers_to_its_name_and_number(typed):
    assert notebooks.source_path(typed).name == "04_mlp.ipynb"


@pytest.mark.parametrize("typed", ["04_mpl", "99", "", "mlp.txt"])
def test_an_unknown_chapter_is_a_problem(typed):
    with pytest.raises(Problem, match="There is no notebook"):
        notebooks.source_path(typed)


def test_the_digest_follows_code_and_helpers_but_not_prose(tmp_path, monkeypatch):
    root = tmp_path
    (root / "helpers").mkdir()
    for name, text in {"__init__": "", "a": "from helpers import b", "b": "x = 1", "c": "y = 1"}.items():
        (root / "helpers" / f"{name}.py").write_text(text)
    monkeypatch.setattr(project, "ROOT", root)

    def digest(prose="words", code="from helpers import a"):
        cells = [nbformat.v4.new_markdown_cell(prose), nbformat.v4.new_code_cell(code)]
        return notebooks.code_digest(nbformat.v4.new_notebook(cells=cells))

    first = digest()
    assert digest(prose="other words") == first
    assert digest(code="from helpers import a; a") != first
    (root / "helpers" / "c.py").write_text("y = 2")
    assert digest() == first  # not reached
    (root / "helpers" / "b.py").write_text("x = 2")
    assert digest() != first  # reached through a


def test_a_stale_notebook_is_named_with_the_command(tmp_path, monkeypatch):
    """A copy of the project in which every single thing that a chapter's outputs come from is changed in turn."""
    notebook = notebooks.read(notebooks.source_path("04_mlp"))
    notebook.metadata["name"] = "04_mlp"
    shutil.copytree(project.ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    reached = [path.relative_to(project.ROOT) for path in notebooks.helper_files(notebook)]
    monkeypatch.setattr(project, "ROOT", tmp_path)
    notebook.metadata[notebooks.STAMP] = notebooks.code_digest(notebook)
    assert complaint(notebook) is None
    for path in reached:
        text = (tmp_path / path).read_text(encoding="utf-8")
        (tmp_path / path).write_text(text + "# changed\n", encoding="utf-8")
        assert complaint(notebook), path
        (tmp_path / path).write_text(text, encoding="utf-8")
    for cell in cells(notebook, "code")[::10]:
        cell.source += " "
        assert re.search(r"notebooks/04_mlp\.ipynb .*`make store`", complaint(notebook))
        cell.source = cell.source[:-1]
    assert complaint(notebook) is None


def test_the_digest_covers_every_helper_that_is_really_imported():
    """Against Python itself: what stands in sys.modules once a notebook's imports have been carried out."""
    imports = {}
    for name in NAMES:
        nodes = [
            node for cell in cells(notebooks.read(notebooks.source_path(name)), "code")
            for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Import | ast.ImportFrom)
        ]  # fmt: skip
        imports[name] = "\n".join(ast.unparse(node) for node in nodes)
    code = """
        import json, sys
        found = {}
        for name, imports in json.loads(sys.argv[1]).items():
            for module in [module for module in sys.modules if module.split(".")[0] == "helpers"]:
                del sys.modules[module]
            exec(imports, {})
            found[name] = [module.__file__ for key, module in sys.modules.items() if key.split(".")[0] == "helpers"]
        print(json.dumps(found))
    """
    out, complaints = python(code, json.dumps(imports)).communicate()
    assert out, complaints
    for name, files in json.loads(out.splitlines()[-1]).items():
        covered = {str(path) for path in notebooks.helper_files(notebooks.read(notebooks.source_path(name)))}
        assert files and set(files) <= covered, name


def test_no_helper_is_imported_by_a_road_that_the_digest_does_not_see():
    for path in (project.ROOT / "helpers").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        relative = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
        assert not relative and "import_module(" not in text and "__import__(" not in text, path


def test_outputs_of_other_code_are_not_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(project, "EXECUTED", tmp_path / "executed")
    for folder, code in (("notebooks", "1 + 1"), ("executed", "1 + 2")):
        (tmp_path / folder).mkdir()
        nbformat.write(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), tmp_path / folder / "01_a.ipynb"
        )
    with pytest.raises(Problem, match="made from other code"):
        notebooks.keep_outputs("01_a")


def test_a_profile_is_the_first_parameter_everywhere(notebook):
    assert f'PROFILE = "{project.PROFILES["report"].name}"' in notebook.cells[1].source


def test_the_readme_shows_the_verdicts_of_the_stored_results():
    text = (project.ROOT / "README.md").read_text(encoding="utf-8")
    assert ledger.readme_part() in text, "the README's verdicts are old: run `make store`"


def test_the_stored_results_agree_with_the_networks_cards():
    """The chapter's numbers, recomputed from what training wrote down: another road to the same figures."""
    results = store.read_json(project.RESULTS / "04_mlp.json")["numbers"]
    known = {path.stem: store.read_json(path) for path in sorted((project.MODELS / "mlp").glob("*.json"))}
    cards = [card for name, card in known.items() if name.startswith(("sgd-", "adam-"))]
    assert len(cards) == 2 * results["seeds"]
    sgd = [card["val_accuracy"] for card in cards if card["name"].startswith("mlp/sgd")]
    claimed = next(
        row for row in store.read_json(project.RESULTS / "04_mlp.json")["claims"] if row["id"] == "mlp-val-acc-a"
    )
    assert claimed["measured"] == pytest.approx(sum(sgd) / len(sgd), abs=1e-5)
    assert results["epoch"] in [card["kept_epoch"] for card in cards]
