"""The notebooks as files: which helpers they use, a digest of the code behind their outputs, and storing those outputs.

A notebook's stored outputs are stamped with a digest of its code cells and of every helper module that they reach, so
that outputs older than the code are found by a test and not by a reader.
"""

import ast
import hashlib
import json
from difflib import get_close_matches
from pathlib import Path

import nbformat

from helpers.core import project, store
from helpers.core.project import Problem, shown

STAMP = "code_digest"
DATA_FILES = {"claims.py": ["claims.yaml"]}  # what a module reads from its own folder


def names():
    """The names of all chapters in their order, such as "04_mlp" (list of str)."""
    return sorted(path.stem for path in project.NOTEBOOKS.glob("[0-9]*.ipynb"))


def source_path(name):
    """The path of a chapter's notebook, from its name, number or file name. Raises Problem, with the nearest name, if none."""
    stem = Path(name).stem
    fitting = [known for known in names() if stem == known or (stem and known.split("_")[0] == stem.zfill(2))]
    if fitting:
        return project.NOTEBOOKS / f"{fitting[0]}.ipynb"
    near = get_close_matches(stem, names(), n=1)
    raise Problem(
        f"There is no notebook {name!r}"
        + (f"; did you mean {near[0]}?" if near else f": there are {', '.join(names())}.")
    )


def read(path):
    """A notebook (nbformat 4). Raises Problem if the file is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise Problem(f"{shown(path)} cannot be read as a notebook ({error}).") from None


def code_cells(notebook):
    """The sources of a notebook's code cells in order (list of str), without the cell that papermill injects."""
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    ]


def helper_files(notebook):
    """Every file of the helpers package that a notebook's code reaches by imports, in order of path (list of Path)."""
    found, open_ends = set(), [_imported(ast.parse(source)) for source in code_cells(notebook)]
    while open_ends:
        for path in open_ends.pop() - found:
            found.add(path)
            found.update(path.parent / extra for extra in DATA_FILES.get(path.name, []))
            open_ends.append(_imported(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(found)


def _imported(tree):
    """The files that a syntax tree's imports of the helpers package lead to (set of Path)."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    files = set()
    for module in modules:
        parts = module.split(".")
        for length in range(1, len(parts) + 1 if parts[0] == "helpers" else 0):  # a package is imported on the way
            path = project.ROOT.joinpath(*parts[:length])
            files.update([path / "__init__.py"] if path.is_dir() else [path.with_suffix(".py")])
    return {path for path in files if path.is_file()}


def code_digest(notebook):
    """SHA-256 over a notebook's code cells and the helper files that they reach, as 64 hex digits."""
    total = hashlib.sha256(json.dumps(code_cells(notebook)).encode())
    for path in helper_files(notebook):
        total.update(path.relative_to(project.ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def make_rule(name, target):
    """Rules for make (str): what the executed notebook `target` depends on, and what must be there beside it.

    It depends on its source and on the helper files that it reaches. Where a figure, a result or a stored network of
    the chapter is gone, the chapter is run again, which draws it anew or says what is needed.
    """
    files = [source_path(name), *helper_files(read(source_path(name)))]
    needed = " ".join(shown(path) for path in files)
    beside = " ".join(shown(path) for path in [*_figures(read(target)), *_stored_for(name)])
    lines = [f"{shown(target)}: {needed}", *(f"{shown(path)}:" for path in files), f"beside := {beside}"]
    return "\n".join([*lines, f"{shown(target)}: $(if $(filter-out $(wildcard $(beside)),$(beside)),gone)", ""])


def _figures(notebook):
    """The files in figures/ that an executed notebook published (list of Path)."""
    facts = [
        output["metadata"]["figure"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "figure" in output.get("metadata", {})
    ]
    return [
        project.FIGURES / f"{fact['name']}.{kind}"
        for fact in facts
        for kind in ([fact["format"]] if "format" in fact else ["svg", "png"])
    ]


def _stored_for(name):
    """What the repository keeps for a chapter: its results, and the networks in the folder of its name (list of Path)."""
    networks = sorted((project.MODELS / name.partition("_")[2]).glob("[!.]*"))
    result = project.RESULTS / f"{name}.json"
    return [*([result] if result.is_file() else []), *networks]


def keep_outputs(name):
    """Write the outputs of an executed notebook back into notebooks/, cleaned and stamped (`make store`).

    Raises Problem if it was not executed, or if its code is no longer that of the source.
    """
    executed_path = project.EXECUTED / f"{name}.ipynb"
    if not executed_path.is_file():
        raise Problem(f"{shown(executed_path)} is missing: run `make report` first.")
    source, executed = read(source_path(name)), read(executed_path)
    if code_cells(source) != code_cells(executed):
        raise Problem(
            f"{shown(executed_path)} was made from other code than {shown(source_path(name))}: run `make report` first."
        )
    outputs = iter(cell for cell in executed.cells if cell.cell_type == "code")
    for cell in source.cells:
        if cell.cell_type == "code":
            done = next(outputs)
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
    source.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        STAMP: code_digest(source),
    }
    store.write_text(source_path(name), nbformat.writes(source) + "\n")
    executed_path.touch()  # still current: only outputs have changed, so make need not run the chapter again
    return source_path(name)
