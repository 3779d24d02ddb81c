"""Running chapters without a browser: papermill executes; this adds what it lacks.

Names and types of parameters are checked before the start; progress is shown while a cell works; a failure names
notebook, cell and error; outputs/run.json records what ran, on what, for how long.
"""

import contextlib
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from difflib import get_close_matches

from helpers.core import project, store
from helpers.core.project import Problem, shown
from helpers.report import notebooks

# Where the notebook's process keeps what it would otherwise put into the user's home.
OWN_FOLDERS = {"IPYTHONDIR": "ipython", "MPLCONFIGDIR": "matplotlib", "JUPYTER_RUNTIME_DIR": "jupyter"}


def run(names, given):
    """Execute chapters one after the other, each in a process of its own so that its peak memory can be told.

    names : notebooks' names.   given : dict of parameter -> text, as typed. Returns the exit status, 0 if all went well.
    """
    sources = [notebooks.source_path(name) for name in names]
    if len(sources) == 1:
        return _run_one(sources[0], _checked_parameters(sources[0], given))
    for source in sources:
        _checked_parameters(source, given)
    options = [word for key, value in given.items() for word in ("-p", key, value)]
    return max(subprocess.call([sys.executable, "-m", "helpers", "run", source.stem, *options]) for source in sources)


def _checked_parameters(source, given):
    """The given parameters with the types of their defaults. Raises Problem for an unknown name or a value that does not fit."""
    import papermill

    known = papermill.inspect_notebook(str(source))
    checked = {}
    for name, text in given.items():
        if name not in known:
            near = get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f": it has {', '.join(known)}."
            raise Problem(f"{source.stem} has no parameter {name!r}{hint}")
        checked[name] = _typed(source, name, text, known[name]["default"])
    project.profile_named(checked.get("PROFILE", "report"))
    return checked


def _typed(source, name, text, default):
    """`text` as a value of the type of the parameter's default, itself Python source such as "100" or '"report"'."""
    kind = type(_literal(default))
    value = text if kind is str else _literal(text)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise Problem(
            f"{source.stem}: the parameter {name} takes a value of type {kind.__name__} (default {default}), not {text!r}."
        )
    return value


def _literal(text):
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _run_one(source, parameters):
    """Execute one notebook and record it. Returns 0; raises Problem if it fails."""
    profile = project.profile_named(parameters.get("PROFILE", "report"))
    target = _target(source.stem, profile)
    working = target.with_name(f".{target.stem}.{os.getpid()}.partial.ipynb")
    started = time.perf_counter()
    _say(f"{source.stem}: running, profile {profile.name}")
    try:
        try:
            working.parent.mkdir(parents=True, exist_ok=True)
            with _progress_shown():
                notebook = _execute(source, working, parameters)
        except BaseException as error:
            _record(source.stem, profile, "failed", started, None)
            raise _failure(source.stem, working, target, error) from (None if isinstance(error, Exception) else error)
        working.replace(target)
    finally:
        working.unlink(missing_ok=True)
    if profile.name == "report":
        store.write_text(target.with_suffix(".d"), notebooks.make_rule(source.stem, target))
    if profile.name == "train":
        shutil.rmtree(profile.training / source.stem.partition("_")[2], ignore_errors=True)
    entry = _record(source.stem, profile, "done", started, notebook)
    _say(
        f"{source.stem}: done in {entry['seconds']:.0f} s, peak memory {entry['peak_memory_gib']:.1f} GiB -> {shown(target)}"
    )
    return 0


def _target(name, profile):
    """Where the executed notebook goes."""
    folder = {"report": project.EXECUTED, "train": project.EXECUTED / "train", "smoke": project.SMOKE / "executed"}[
        profile.name
    ]
    return folder / f"{name}.ipynb"


def _execute(source, working, parameters):
    import papermill

    logging.getLogger().addHandler(logging.NullHandler())  # what went wrong is said once, by _failure
    for variable, folder in OWN_FOLDERS.items():
        (project.CACHE / folder).mkdir(parents=True, exist_ok=True)
        os.environ.setdefault(variable, str(project.CACHE / folder))
    return papermill.execute_notebook(
        str(source), str(working), parameters=parameters, kernel_name="python3", cwd=str(project.ROOT), progress_bar=False,
        engine_name=_saved_once(), extra_arguments=[f"--log-level={logging.CRITICAL}"],  # what a cell raises comes otherwise
    )  # fmt: skip


def _saved_once():
    """The name of an engine for papermill, registered: its own, but for writing the notebook only when it ends or breaks.

    papermill writes it twice a cell, which for a chapter with its pictures takes several seconds. And the kernel's log is
    kept off the screen: it warns that it talks to us in plain text, and it calls an error what papermill does at the end of
    every run, which is to interrupt the kernel before it asks it to leave.
    """
    from papermill import engines

    class SavedOnce(engines.NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            save, nb_man.save = nb_man.save, lambda **_: None
            try:
                return super().execute_managed_notebook(nb_man, kernel_name, **options)
            finally:
                nb_man.save = save  # papermill calls it next, whatever has happened

    engines.papermill_engines.register("saved once", SavedOnce)
    return "saved once"


def _failure(name, working, target, error):
    """What to raise for a run that broke: one sentence with notebook, cell and error; the broken output is kept."""
    if not isinstance(error, Exception):
        return error  # Ctrl-C and the like pass through
    kept = target.with_name(f"{target.stem}.broken.ipynb")
    where = ""
    if working.is_file():
        with contextlib.suppress(OSError):
            working.replace(kept)
            where = f" The broken output is {shown(kept)}."
    if hasattr(error, "ename"):  # papermill's own error, raised by a cell
        what = error.evalue if error.ename == "Problem" else f"{error.ename}: {error.evalue}"
        return Problem(f"{name}, code cell {error.exec_count}: {what.strip().removesuffix('.')}.{where}")
    if type(error).__name__ == "DeadKernelError":
        return Problem(
            f"{name}: the notebook's process died, for want of memory perhaps; close what else runs and try again.{where}"
        )
    if isinstance(error, OSError):
        return Problem(
            f"{name} could not be run or written ({error.strerror or error}); free some space or mend the folder, and run again."
        )
    gist = " ".join(str(error).split())[:200]
    return Problem(f"{name} stopped: {type(error).__name__}: {gist}{where}")


@contextlib.contextmanager
def _progress_shown():
    """Print, while the block runs, the lines that the notebook's process reports (helpers/core/project.py)."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", suffix=".progress") as file:
        ended = threading.Event()
        follower = threading.Thread(target=_follow, args=(file, ended), daemon=True)
        before = os.environ.get(project.PROGRESS_CHANNEL)
        os.environ[project.PROGRESS_CHANNEL] = file.name
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()
            os.environ.pop(project.PROGRESS_CHANNEL)
            if before is not None:
                os.environ[project.PROGRESS_CHANNEL] = before


def _follow(file, ended):
    while True:
        last_look = ended.is_set()
        for line in file:
            _say("  " + line.rstrip("\n"))
        if last_look:
            return
        ended.wait(0.3)


def _say(line):
    print(line, flush=True)


def _record(name, profile, status, started, notebook):
    """Add a run to outputs/run.json and return its entry (dict)."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    entry = {
        "status": status,
        "profile": profile.name,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_memory_gib": round(peak / 2**30, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": _made_with(notebook),
    }
    with store.lock(project.RUN_RECORD):
        try:
            record = store.read_json(project.RUN_RECORD)
        except Problem:
            record = {}
        record[name if profile.name == "report" else f"{name} ({profile.name})"] = entry
        with contextlib.suppress(Problem):  # a full disk is reported once, by what ran into it first
            store.write_json(project.RUN_RECORD, record)
    return entry


def _made_with(notebook):
    """The environment that the notebook's last cell showed: seed, device, versions (dict), or None."""
    for cell in reversed(notebook.cells if notebook else []):
        for output in cell.get("outputs", []):
            if "application/json" in output.get("data", {}):
                return output["data"]["application/json"]
    return None
