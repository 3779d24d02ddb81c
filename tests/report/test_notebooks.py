"""The notebooks as they lie in the repository: run, clean, current, and written the way this house writes."""

import ast
import json
import re
import shutil
from statistics import median

import nbformat
import pytest

from helpers.__main__ import main
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
    if notebook.metadata.get(notebooks.STAMP) == notebooks.code_digest(notebooks.code_cells(notebook)):
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
            printed = output.get("name") == "stdout" and ".summary(" in cell.source
            assert printed or output.get("name") not in ("stderr", "stdout"), f"a log line: {output.text[:100]}"


def test_the_metadata_name_no_machine(notebook):
    assert notebook.metadata["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert set(notebook.metadata) == {"kernelspec", "language_info", notebooks.STAMP, "name"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_it_opens_with_a_question_and_has_parameters(notebook):
    assert re.match(r"# .*\?", notebook.cells[0].source)
    assert "parameters" in notebook.cells[1].metadata.tags
    names = [node.targets[0].id for node in ast.parse(notebook.cells[1].source).body]
    assert names[:2] == ["PROFILE", "SEED"]


def test_its_first_code_says_what_to_do_where_the_helpers_are_not_found(notebook):
    hint = "# If helpers is not found: `pip install -r requirements.txt` in a clone, then restart the kernel."
    assert cells(notebook, "code")[0].source.splitlines()[0] == hint


def test_what_says_shows_or_judges_is_folded(notebook):
    shown = [cell.source for cell in cells(notebook, "code") if "hide-input" not in cell.metadata.get("tags", [])]
    speaks = re.compile(r"page\.(say|publish|check|brief)")
    assert list(filter(speaks.search, shown)) == []


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


def test_every_picture_in_a_text_is_a_figure_and_described(notebook):
    for cell in cells(notebook, "markdown"):
        for alt, name in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", cell.source):
            assert len(alt.split()) > 5, f"{name} needs an alternative text"
            assert (project.NOTEBOOKS / name).resolve().parent == project.FIGURES.resolve(), name
            assert (project.NOTEBOOKS / name).is_file(), name


def test_figures_holds_all_that_the_notebooks_show_and_nothing_else():
    shown = {path for name in NAMES for path in notebooks._figures(notebooks.read(notebooks.source_path(name)))}
    assert {path for path in project.FIGURES.iterdir() if not path.name.startswith(".")} == shown


def test_figures_are_light():
    weights = {path.name: path.stat().st_size for path in project.FIGURES.iterdir()}
    assert max(weights.values()) < 400_000, max(weights, key=weights.get)
    assert sum(weights.values()) < 14_000_000


# --- the machinery ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["04_mlp", "04_mlp.ipynb", "notebooks/04_mlp.ipynb", "4", "04"])
def test_a_chapter_answers_to_its_name_and_number(typed):
    assert notebooks.source_path(typed).name == "04_mlp.ipynb"


def test_leavings_of_editors_are_no_chapters(house):
    for name in ("01_try-Copy1", "01_try copy", "._01_try", "01_try (1)", "Untitled", ".~01_try", "01_Try", "1_try"):
        shutil.copy(project.NOTEBOOKS / "01_try.ipynb", project.NOTEBOOKS / f"{name}.ipynb")
    shutil.copytree(project.NOTEBOOKS, project.NOTEBOOKS / ".ipynb_checkpoints")
    assert notebooks.names() == ["01_try", "02_other"]


@pytest.mark.parametrize("typed", ["04_mpl", "99", "", "mlp.txt", "04_mlp.txt"])
def test_an_unknown_chapter_is_a_problem(typed):
    with pytest.raises(Problem, match="There is no notebook"):
        notebooks.source_path(typed)


@pytest.fixture
def house(places):
    """A project of two chapters and four modules, of which the first chapter reaches two; it was run and recorded."""
    project.NOTEBOOKS.mkdir()
    project.EXECUTED.mkdir(parents=True)
    files = {
        "helpers/__init__.py": "",
        "helpers/a.py": '"""What it is for."""\nfrom helpers import b\nFILE = "long.json"',
        "helpers/b.py": 'def f():\n    """Says 1."""\n    return 1  # so far',
        "helpers/c.py": "y = 1",
        "requirements.txt": "numpy==1",
        "figures/01-one.svg": "one", "figures/01-one.png": "one", "figures/01-moving.gif": "moving",
        "outputs/models/try/net.keras": "network", "outputs/models/other/net.keras": "network",
        "outputs/results/long.json": "1", "outputs/results/other.json": "1", "outputs/results/02_other.json": "1",
        "outputs/results/01_try.json": "{}",
    }  # fmt: skip
    for name, text in files.items():
        (places / name).parent.mkdir(parents=True, exist_ok=True)
        (places / name).write_text(text)
    code = 'from helpers import a\na.b.f()\nNETWORK = "{}/net"'
    for facts, name in (({"name": "01-one"}, "01_try"), ({"name": "01-moving", "format": "gif"}, "02_other")):
        shown = nbformat.v4.new_output("display_data", {"text/plain": "a"}, metadata={"figure": facts})
        cells = [nbformat.v4.new_markdown_cell("words"), nbformat.v4.new_code_cell(code.format(name[3:]))]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), project.NOTEBOOKS / f"{name}.ipynb")
        cells[1].outputs = [shown]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), project.EXECUTED / f"{name}.ipynb")
        entry = {"status": "done", "inputs": notebooks.inputs_digest(name), "made": notebooks.made_by(name)}
        store.write_json(project.RUN_RECORD, {**notebooks.run_record(), name: entry})
    return places


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("helpers/b.py", 'def f():\n    """Says one."""\n\n    return (1)  # still', None),
        ("helpers/b.py", "def f():\n    return 2", "have changed"),
        ("helpers/a.py", 'from helpers import b\nFILE = "long.json"', None),
        ("helpers/a.py", 'from helpers import b\nFILE = "other.json"', "have changed"),
        ("helpers/c.py", "y = 2", None),
        ("helpers/__init__.py", "x = 1", "have changed"),
        ("requirements.txt", "numpy==2", "have changed"),
        ("outputs/models/try/net.keras", "another", "have changed"),
        ("outputs/models/try/net.keras", None, "have changed"),
        ("outputs/models/try/._net.keras", "left by a file manager", None),
        ("outputs/models/other/net.keras", "another", None),
        ("outputs/results/long.json", "2", "have changed"),
        ("outputs/results/long.json", None, "have changed"),
        ("outputs/results/other.json", "2", None),
        ("outputs/results/01_try.json", None, "outputs/results/01_try.json is missing"),
        ("outputs/results/01_try.json", "[]", "outputs/results/01_try.json is not as the run left it"),
        ("figures/01-one.png", None, "figures/01-one.png is missing"),
        ("figures/01-one.svg", "two", "figures/01-one.svg is not as the run left it"),
        ("figures/01-moving.gif", None, None),
        ("outputs/executed/01_try.ipynb", None, "it was not run yet"),
        ("outputs/run.json", None, "it was not run yet"),
        ("outputs/run.json", "{", "it was not run yet"),
        ("notebooks/01_try-Copy1.ipynb", "{}", None),
    ],
)
def test_a_chapter_is_run_again_when_what_it_is_made_from_has_changed(house, name, text, reason):
    assert notebooks.why_not_current("01_try") is None
    (house / name).unlink(missing_ok=True)
    if text is not None:
        (house / name).write_text(text)
    found = notebooks.why_not_current("01_try")
    assert found is None if reason is None else reason in found


def test_a_chapter_whose_last_run_failed_is_run_again(house):
    record = notebooks.run_record()
    store.write_json(project.RUN_RECORD, {**record, "01_try": {**record["01_try"], "status": "failed"}})
    assert notebooks.why_not_current("01_try") == "its last run failed"


def test_a_chapter_is_run_again_when_its_own_cells_have_changed(house):
    path = project.NOTEBOOKS / "01_try.ipynb"
    whole = path.read_text()
    for old, new in (("words", "other words"), ("a.b.f()", "a.b.f();"), ("a.b.f()", "a.b.f() + 1")):
        path.write_text(whole.replace(old, new))
        assert "have changed" in notebooks.why_not_current("01_try")
    path.write_text(whole)
    assert notebooks.why_not_current("01_try") is None


def test_the_last_chapter_reads_the_results_of_all_others(house, monkeypatch):
    monkeypatch.setattr(notebooks, "LAST", "01_try")
    before = notebooks.inputs_digest("01_try")
    (house / "outputs/results/01_try.json").write_text("its own")
    (house / "outputs/results/ledger.json").write_text("its own")
    assert notebooks.inputs_digest("01_try") == before
    (house / "outputs/results/02_other.json").write_text("2")
    assert notebooks.inputs_digest("01_try") != before


def test_the_last_chapter_leads_to_the_headings_of_all_others(house, monkeypatch):
    path = project.NOTEBOOKS / "01_try.ipynb"
    shutil.copy(path, project.NOTEBOOKS / "02_last.ipynb")
    monkeypatch.setattr(notebooks, "LAST", "02_last")
    before = notebooks.inputs_digest("02_last")
    path.write_text(path.read_text().replace("words", "other words"))
    assert notebooks.inputs_digest("02_last") != before


SEARCHES = {"spiral_search", "regularization_search", "convergence_grid"}  # one module reads all three


def test_a_chapter_reads_the_folders_of_networks_that_its_cells_name():
    """So it is run again when another network of theirs is stored: chapter 05 reads the perceptrons and the ablation, too."""
    folders = {"04_mlp": {"mlp"}, "05_cnn": {"mlp", "cnn", "ablation", "settings"}}
    for name in NAMES:
        found = notebooks.stored_for(name, notebooks.read(notebooks.source_path(name)))
        assert {path.parent.name for path in found if path.parent != project.RESULTS} == folders.get(name, set()), name
    assert {"plain-0.json", "v1-0.npz", "sgd-0.json"} <= {
        path.name for path in notebooks.stored_for("05_cnn", notebooks.read(notebooks.source_path("05_cnn")))
    }


def test_a_chapter_reads_those_results_that_its_code_names():
    """The stored measurements of this house, by the chapter that quotes them."""
    quoted = {
        "01_playground": SEARCHES, "02_regularization": SEARCHES, "03_automated_features": SEARCHES,
        "04_mlp": {"mlp_search", "mlp_reshuffle"},
        "05_cnn": {"cnn_speed", "cnn_under_change"}, "06_pca_logit": {"pca_logit_timing", "pca_pixel_fits"}, "07_sample_questions": set(),
    }  # fmt: skip
    for name, results in quoted.items():
        found = notebooks.stored_for(name, notebooks.read(notebooks.source_path(name)))
        assert {path.stem for path in found if path.parent == project.RESULTS} == results


PARAMETERS = 'PROFILE = "report"\nSEED = 1\nRATE = 0.5\nWORD = "a"\nCOUNT = 3\nHALF = COUNT / 2'


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["COUTN", "4"], ["no parameter 'COUTN'", "did you mean COUNT?"]),
        (["zzz", "4"], ["no parameter 'zzz'", "PROFILE, SEED, RATE, WORD, COUNT."]),
        (["COUNT", "four"], ["COUNT takes a value of type int (default 3), not 'four'"]),
        (["COUNT", "4.5"], ["COUNT takes a value of type int"]),
        (["RATE", "fast"], ["RATE takes a value of type float"]),
        (["PROFILE", "smok"], ["no profile 'smok'", "did you mean 'smoke'?"]),
    ],
)
def test_bad_parameters_are_refused_before_the_start(house, capsys, given, words):
    cell = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), project.NOTEBOOKS / "01_try.ipynb")
    assert main(["run", "01_try", "-p", *given]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert all(word in sentence for word in words), sentence


def test_what_is_no_chapter_is_refused_in_one_sentence(house, capsys):
    def refused(name):
        assert main(["run", str(name)]) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        return sentence

    for copy in ("01_try-Copy1", "01_try copy"):  # as JupyterLab and VS Code name them
        shutil.copy(project.NOTEBOOKS / "01_try.ipynb", project.NOTEBOOKS / f"{copy}.ipynb")
        assert "is not a chapter" in refused(copy)
    shutil.copy(project.NOTEBOOKS / "01_try.ipynb", house / "01_try.ipynb")
    assert "is not a notebook in notebooks/" in refused(house / "01_try.ipynb")
    assert "no notebook '01_tyr'; did you mean 01_try?" in refused("01_tyr")
    for text in (
        "",
        "[1, 2]",
        '{"nbformat": 4, "cells": 3}',
        "\x00",
        "{}",
        '{"nbformat": 4, "cells": [{"source": 1}]}',
    ):
        (project.NOTEBOOKS / "01_try.ipynb").write_text(text)
        assert "notebooks/01_try.ipynb cannot be read as a notebook" in refused("1"), text


def digest(*sources):
    return notebooks.code_digest(sources)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = f(1)  # why", "x = f( 1 )", True),
        ('def f():\n    """Words."""\n    return 1', "def f():\n    return 1", True),
        ('"""Shown."""', '"""Shown, too."""', False),  # in a cell, a text is an output
        ('def f():\n    return "a"', 'def f():\n    return "b"', False),
        ("x", "x;", False),
        ("None", "0", False),
        ("f(a=1)", "f(b=1)", False),
        (
            "%matplotlib inline\nfrom helpers.core import stats",
            "%matplotlib inline\nfrom helpers.core import store",
            False,
        ),
        ("this is no Python", "nor is this", False),
    ],
)
def test_the_digest_is_one_of_the_syntax(one, other, same):
    assert (digest(one) == digest(other)) is same


def test_the_digest_is_the_same_in_every_version_of_python():
    """One that was taken under 3.11, 3.12 and 3.13, of things whose trees or dumps differ between them."""
    code = 'class A:\n    pass\ndef f(a, *, b=None):\n    return f"{a:{b}} {{}} {a!r:>{b}.3f}" f"{b}", [], {}\nf(1.5, b=-1)'
    assert digest(code) == "1c97ffdcc9a15a86bb412864eb95a5fe14bfb67557d6f02c37a882246da46448"


def test_a_stale_notebook_is_named_with_the_command(tmp_path, monkeypatch):
    """A copy of the project in which every single module that a chapter's outputs come from is changed in turn."""
    notebook = notebooks.read(notebooks.source_path("04_mlp"))
    notebook.metadata["name"] = "04_mlp"
    shutil.copytree(project.ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    reached = [path.relative_to(project.ROOT) for path in notebooks.files_reached(notebooks.code_cells(notebook))]
    monkeypatch.setattr(project, "ROOT", tmp_path)
    notebook.metadata[notebooks.STAMP] = notebooks.code_digest(notebooks.code_cells(notebook))
    assert complaint(notebook) is None
    for path in reached:
        text = (tmp_path / path).read_text(encoding="utf-8")
        changed = "\nchanged = 1\n" if path.suffix == ".py" else "# changed\n"
        (tmp_path / path).write_text(text + changed, encoding="utf-8")
        assert re.search(r"notebooks/04_mlp\.ipynb .*`make store`", complaint(notebook)), path
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert complaint(notebook) is None


@pytest.mark.keras
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
        code = notebooks.code_cells(notebooks.read(notebooks.source_path(name)))
        covered = {str(path) for path in notebooks.files_reached(code)}
        assert files and set(files) <= covered, name


def test_no_helper_is_imported_by_a_road_that_the_digest_does_not_see():
    for path in (project.ROOT / "helpers").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        relative = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
        assert not relative and "import_module(" not in text and "__import__(" not in text, path


def test_outputs_are_stored_where_they_belong_to_the_code(house):
    assert notebooks.keep_outputs("01_try") == project.NOTEBOOKS / "01_try.ipynb"
    stored = notebooks.read(project.NOTEBOOKS / "01_try.ipynb")
    assert stored.cells[1].outputs[0].metadata.figure.name == "01-one"
    assert stored.metadata[notebooks.STAMP] == notebooks.code_digest(notebooks.code_cells(stored))
    assert notebooks.why_not_current("01_try") is None  # storing makes nothing stale
    (house / "helpers/b.py").write_text("def f():\n    return 2")
    with pytest.raises(Problem, match=r"01_try cannot be stored.*have changed.*`make report`"):
        notebooks.keep_outputs("01_try")


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
    assert len(cards) == 2 * results["sgd_seeds"]
    sgd = [card["val_accuracy"] for card in cards if card["name"].startswith("mlp/sgd")]
    claimed = next(
        row for row in store.read_json(project.RESULTS / "04_mlp.json")["claims"] if row["id"] == "mlp-val-acc-a"
    )
    assert claimed["measured"] == pytest.approx(sum(sgd) / len(sgd), abs=1e-5)
    assert results["kept_epoch"] in [card["kept_epoch"] for card in cards]
