"""The notebooks as they lie in the repository: run, clean, current, and written the way this house writes."""

import ast
import re
from statistics import median

import nbformat
import pytest

from helpers import ledger, notebooks, paths, settings, store
from helpers.errors import Problem

NAMES = notebooks.names()
TYPED_RESULT = re.compile(r"\d+\.\d+\s*%|\b0\.\d{2,}")


@pytest.fixture(params=NAMES)
def notebook(request):
    loaded = notebooks.read(notebooks.source_path(request.param))
    loaded.metadata["name"] = request.param
    return loaded


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_stored_outputs_belong_to_the_code(notebook):
    name = notebook.metadata["name"]
    assert notebook.metadata.get(notebooks.STAMP) == notebooks.code_digest(notebook), (
        f"the outputs stored in notebooks/{name}.ipynb are older than its code or its helpers: run `make store`"
    )


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
                words = re.sub(r"\{[^}]*\}|95 %|\bv\d\b", "", template)  # v1, v2, v3 are names
                assert not re.search(r"\d", words), f"a number typed into a sentence: {words}"


def test_every_figure_shown_is_in_figures(notebook):
    for cell in cells(notebook, "code"):
        for output in cell.outputs:
            facts = output.get("metadata", {}).get("figure")
            if facts:
                kinds = [facts["format"]] if "format" in facts else ["svg", "png"]
                assert all((paths.FIGURES / f"{facts['name']}.{kind}").is_file() for kind in kinds), facts["name"]


def test_figures_holds_nothing_that_no_notebook_shows():
    shown = {
        output.metadata.figure.name
        for name in NAMES
        for cell in cells(notebooks.read(notebooks.source_path(name)), "code")
        for output in cell.outputs
        if "figure" in output.get("metadata", {})
    }
    assert {path.stem for path in paths.FIGURES.iterdir() if not path.name.startswith(".")} == shown


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
    monkeypatch.setattr(paths, "ROOT", root)

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


def test_outputs_of_other_code_are_not_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(paths, "EXECUTED", tmp_path / "executed")
    for folder, code in (("notebooks", "1 + 1"), ("executed", "1 + 2")):
        (tmp_path / folder).mkdir()
        nbformat.write(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), tmp_path / folder / "01_a.ipynb"
        )
    with pytest.raises(Problem, match="made from other code"):
        notebooks.keep_outputs("01_a")


def test_a_profile_is_the_first_parameter_everywhere(notebook):
    assert f'PROFILE = "{settings.PROFILES["report"].name}"' in notebook.cells[1].source


def test_the_readme_shows_the_verdicts_of_the_stored_results():
    text = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    assert ledger.verdict_table("notebooks/{chapter}.ipynb") in text, "the README's verdicts are old: run `make store`"


def test_the_stored_results_agree_with_the_networks_cards():
    """The chapter's numbers, recomputed from what training wrote down: another road to the same figures."""
    results = store.read_json(paths.RESULTS / "04_mlp.json")["numbers"]
    cards = [store.read_json(path) for path in sorted((paths.MODELS / "mlp").glob("*.json"))]
    assert len(cards) == 2 * results["seeds"]
    sgd = [card["val_accuracy"] for card in cards if card["name"].startswith("mlp/sgd")]
    claimed = next(
        row for row in store.read_json(paths.RESULTS / "04_mlp.json")["claims"] if row["id"] == "mlp-val-acc-a"
    )
    assert claimed["measured"] == pytest.approx(sum(sgd) / len(sgd), abs=1e-5)
    assert results["epoch"] in [card["kept_epoch"] for card in cards]
