"""The notebooks as files: which are chapters, what their outputs come from, whether those are current, and storing them.

A notebook's stored outputs are stamped with a digest of its code and of every helper module that it reaches, so that
outputs older than the code are found by a test and not by a reader. The digest is one of the syntax, not of the text.
"""

import ast
import functools
import hashlib
import json
import os
import re
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

import nbformat

from helpers.core import project, store
from helpers.core.project import Problem, shown

STAMP = "code_digest"
NAME = re.compile(r"\d\d_[a-z0-9_]+")  # editors and file managers leave copies beside the chapters, named otherwise
LAST = "08_what_reproduces"  # this chapter reads the results of all others, and runs after them
LEDGER = "ledger.json"  # which it writes
WORDS_A_MINUTE, SECONDS_A_FIGURE = 200, 20
DATA_FILES = {"claims.py": ["claims.yaml"]}  # what a module reads from its own folder


# --- names and content ------------------------------------------------------------------------------------------------


def names():
    """The names of all chapters in their order, such as "04_mlp" (list of str)."""
    return sorted(path.stem for path in project.NOTEBOOKS.glob("*.ipynb") if NAME.fullmatch(path.stem))


def source_path(name):
    """The path of a chapter's notebook, from its name, number or file name. Raises Problem, with the nearest name, if none."""
    typed = Path(name)
    stem = typed.stem if typed.suffix == ".ipynb" else typed.name
    fitting = [known for known in names() if stem == known or (stem and known.split("_")[0] == stem.zfill(2))]
    path = project.NOTEBOOKS / f"{fitting[0] if fitting else stem}.ipynb"
    if typed.is_file() and not (path.is_file() and typed.samefile(path)):
        raise Problem(f"{name} is not a notebook in {shown(project.NOTEBOOKS)}/.")
    if fitting:
        return path
    if path.is_file():
        raise Problem(
            f"{shown(path)} is not a chapter: those are named like 04_mlp, by a number and words in lower case."
        )
    near = get_close_matches(stem, names(), n=1)
    raise Problem(
        f"There is no notebook {name!r}"
        + (f"; did you mean {near[0]}?" if near else f": there are {', '.join(names())}.")
    )


def read(path):
    """A notebook (nbformat 4). Raises Problem if the file is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, AttributeError, TypeError, KeyError, nbformat.ValidationError) as error:
        gist = " ".join(str(error).split())[:100]
        raise Problem(f"{shown(path)} cannot be read as a notebook ({gist or type(error).__name__}).") from None
    return notebook


def code_cells(notebook):
    """The sources of a notebook's code cells in order (list of str), without the cell that papermill injects."""
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    ]


def parameters(notebook):
    """The parameters of a notebook with their values, from its cell tagged `parameters` (dict)."""
    tagged = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    found = {}
    for node in ast.walk(_tree(tagged[0])) if tagged else []:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed from others, so none to be given
    return found


def title(notebook):
    """A notebook's first heading (str)."""
    sources = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.search(r"^# (.*)$", sources, re.MULTILINE)[1].strip()


def reading_minutes(notebook):
    """How long the main line, all before the first appendix, takes to read: words, computed ones too, and a look at each figure."""
    words = figures = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^## Appendix", cell.source, re.MULTILINE):
            break
        texts = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            figures += "figure" in output.get("metadata", {})
            shown_there = output.get("data", {}).get("text/markdown", "")
            texts += [] if shown_there.startswith("|") else [shown_there]
        words += sum(len(text.split()) for text in texts)
    return words / WORDS_A_MINUTE + figures * SECONDS_A_FIGURE / 60


# --- what outputs come from -------------------------------------------------------------------------------------------


def _tree(source):
    """The syntax tree of a cell or module; what a notebook adds to Python (lines with % or !) counts as `pass`."""
    for text in (source, re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)):
        with suppress(SyntaxError, ValueError):
            return ast.parse(text)
    return ast.Module([], [])


def files_reached(sources):
    """Every file of the helpers package that pieces of Python (list of str) reach by imports, in order of path (list of Path)."""
    found, open_ends = set(), [imported_files(source) for source in sources]
    while open_ends:
        for path in open_ends.pop() - found:
            found.add(path)
            found.update(path.parent / extra for extra in DATA_FILES.get(path.name, []))
            open_ends.append(imported_files(path.read_text(encoding="utf-8")))
    return sorted(found)


def imported_files(source):
    """The files that a piece of code's imports of the helpers package lead to (set of Path)."""
    files = set()
    for module in _imports(source):
        parts = module.split(".")
        for length in range(1, len(parts) + 1):  # a package is imported on the way
            path = project.ROOT.joinpath(*parts[:length])
            files.update([path / "__init__.py"] if path.is_dir() else [path.with_suffix(".py")])
    return {path for path in files if path.is_file()}


@functools.cache
def _imports(source):
    """The names that a piece of code imports from the helpers package, some of them of modules (set of str)."""
    names = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return {name for name in names if name.split(".")[0] == "helpers"}


def code_digest(sources):
    """SHA-256 over the syntax of pieces of Python, such as code cells, and of the helper files that they reach (64 hex digits).

    Comments, layout and docstrings do not count. Of a file that is no Python (claims.yaml), the text does.
    """
    total = hashlib.sha256(json.dumps([_cell_meaning(source) for source in sources]).encode())
    for path in files_reached(sources):
        text = path.read_text(encoding="utf-8")
        total.update(path.relative_to(project.ROOT).as_posix().encode() + b"\0")
        total.update((_module_meaning(text) if path.suffix == ".py" else text).encode())
    return total.hexdigest()


@functools.cache
def _module_meaning(text):
    """A module's syntax, as JSON (str)."""
    return json.dumps(_plain(_without_docstrings(_tree(text), ast.Module)))


def _cell_meaning(source):
    """A cell's syntax. A bare text is an output here, not the cell's docstring, and a semicolon at the end hides an output."""
    try:
        return [_plain(_without_docstrings(ast.parse(source))), source.rstrip().endswith(";")]
    except (SyntaxError, ValueError):
        return source


def _without_docstrings(tree, *more):
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, *more)) and ast.get_docstring(node):
            del node.body[0]
    return tree


def _plain(node):
    """A syntax tree as lists and strings. Unlike ast.dump's, its form is the same in every version of Python."""
    if isinstance(node, ast.JoinedStr):  # Python 3.12 begins to put empty texts between the parts
        return ["JoinedStr", *(_plain(part) for part in node.values if getattr(part, "value", None) != "")]
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
        return [type(node).__name__, *([name, _plain(value)] for name, value in fields)]
    return [_plain(item) for item in node] if isinstance(node, list) else repr(node)


def inputs_digest(name):
    """SHA-256 over all that a chapter's outputs come from, as 64 hex digits.

    That is its cells and helpers, the stored results and networks that it reads, the pinned packages and the backend. The data
    are always the same: their digests stand in the code.
    """
    notebook = read(source_path(name))
    told = names() if name == LAST else [name]  # the last leads to the sections of all others
    cells = [cell.source for each in told for cell in read(source_path(each)).cells]
    facts = [code_digest(code_cells(notebook)), cells, os.environ.get("KERAS_BACKEND")]
    return digest_with_files(facts, [project.ROOT / "requirements.txt", *stored_for(name, notebook)])


def digest_with_files(facts, paths):
    """SHA-256 over a JSON value, and over the names and bytes of those files that are there, as 64 hex digits."""
    total = hashlib.sha256(json.dumps(facts).encode())
    for path in filter(Path.is_file, paths):
        total.update(path.relative_to(project.ROOT).as_posix().encode() + store.digest(path).encode())
    return total.hexdigest()


def stored_for(name, notebook):
    """What the repository keeps that a chapter reads: the results and the folders of networks that its code names (list of Path)."""
    results = sorted(path for path in project.RESULTS.glob("[!.]*.json") if path.stem != name and path.name != LEDGER)
    if name == LAST:
        return results
    cells = code_cells(notebook)
    named = {word for source in cells for word in _words(source)}
    networks = [
        path for path in sorted(project.MODELS.glob("*/[!.]*")) if any(f"{path.parent.name}/" in word for word in named)
    ]
    code = [path.read_text(encoding="utf-8") for path in files_reached(cells)]
    words = named.union(*map(_words, code))
    chapters = names()
    return [path for path in results if {path.stem, path.name} & words and path.stem not in chapters] + networks


@functools.cache
def _words(source):
    """Every text that stands in a piece of code (set of str)."""
    return {
        node.value for node in ast.walk(_tree(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


# --- the report's last run --------------------------------------------------------------------------------------------


def executed_path(name):
    """Where the report's run leaves a chapter."""
    return project.EXECUTED / f"{name}.ipynb"


def run_record():
    """What outputs/run.json tells of the last runs (dict of name -> dict); empty if it cannot be read."""
    try:
        record = store.read_json(project.RUN_RECORD)
    except Problem:
        return {}
    return record if isinstance(record, dict) else {}


def made_by(name):
    """What the report's run of a chapter has made: digest by file (dict of str), the executed notebook among them."""
    figures = _figures(read(executed_path(name)))
    results = [project.RESULTS / f"{name}.json", *([project.RESULTS / LEDGER] if name == LAST else [])]
    files = [path for path in (executed_path(name), *figures, *results) if path.is_file()]
    return {path.relative_to(project.ROOT).as_posix(): store.digest(path) for path in files}


def _figures(notebook):
    """The files in figures/ that an executed notebook published (list of Path)."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    facts = [output["metadata"]["figure"] for output in outputs if "figure" in output.get("metadata", {})]
    kinds = {fact["name"]: [fact["format"]] if "format" in fact else ["svg", "png"] for fact in facts}
    return [project.FIGURES / f"{name}.{kind}" for name in kinds for kind in kinds[name]]


def why_not_current(name):
    """Why what there is of a chapter is not what the report's run would make now (str), or None if it is."""
    entry = run_record().get(name, {})
    if not entry or not executed_path(name).is_file():
        return "it was not run yet"
    if entry.get("status") != "done":
        return "its last run failed"
    if entry.get("inputs") != inputs_digest(name):
        return "its cells, its helpers or what it reads have changed"
    for made, digest in entry["made"].items():
        path = project.ROOT / made
        if not path.is_file():
            return f"{made} is missing"
        if store.digest(path) != digest:
            return f"{made} is not as the run left it"
    return None


def keep_outputs(name):
    """Write the outputs of an executed notebook back into notebooks/, cleaned and stamped (`make store`).

    Raises Problem if what there is was not made by the report's run from the code as it stands.
    """
    reason = why_not_current(name)
    if reason:
        raise Problem(f"The outputs of {name} cannot be stored, since {reason}: run `make report` first.")
    source, executed = read(source_path(name)), read(executed_path(name))
    outputs = iter(cell for cell in executed.cells if cell.cell_type == "code")
    for cell in source.cells:
        if cell.cell_type == "code":
            done = next(outputs)
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
    source.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        STAMP: code_digest(code_cells(source)),
    }
    store.write_text(source_path(name), nbformat.writes(source) + "\n")
    return source_path(name)
