"""Running chapters without a browser: papermill executes; this adds what it lacks.

Only chapters whose inputs have changed are run. Names and types of parameters are checked before the start; progress is
shown while a cell works; a failure names notebook, cell and error; outputs/run.json records what ran, on what, for how
long. A run with parameters of its own has a folder of its own, and never counts as the report.
"""

import ast
import contextlib
import hashlib
import logging
import os
import resource
import shutil
import signal
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


def run(names, given, force=False, jobs=2):
    """Execute chapters, `jobs` at a time, each in a process of its own so that its peak memory can be told.

    names : notebooks' names.   given : dict of parameter -> text, as typed.   force : also run what is up to date.
    The last chapter, which reads what the others found, runs after them. Returns the exit status, 0 if all went well.
    """
    names = list(dict.fromkeys(notebooks.source_path(name).stem for name in names))
    checked = {name: _checked_parameters(name, given) for name in names}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended, too
    if len(names) == 1:
        (name,) = names
        return _run_one(name, *checked[name]) if force or _is_due(name, *checked[name]) else 0
    options = [word for key, value in given.items() for word in ("-p", key, value)]
    others = [name for name in names if name != notebooks.LAST]
    if _together(others, checked, options, force, jobs):
        if notebooks.LAST in names:
            _say(f"{notebooks.LAST}: not run, since it reads what the others find and one of them failed")
        return 2
    return _together([name for name in names if name == notebooks.LAST], checked, options, force, jobs)


def _is_due(name, profile, own):
    """Whether a chapter is to be run; if not, that is said. Only the report can be up to date."""
    if profile.name != "report" or _others(own) or notebooks.why_not_current(name):
        return True
    _say(f"{name}: up to date")
    return False


def _together(names, checked, options, force, jobs):
    """Run those chapters that are due, `jobs` at a time, each by a command of its own.

    Returns 2 if any fails, else 0. When this is interrupted, what still runs is ended.
    """
    due = [name for name in names if force or _is_due(name, *checked[name])]
    commands = [[sys.executable, "-m", "helpers", "run", "--force", name, *options] for name in due]
    waiting, running, status = commands, [], 0
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(subprocess.Popen(waiting.pop(0)))
            time.sleep(0.05)
            ended = [process for process in running if process.poll() is not None]
            running = [process for process in running if process not in ended]
            status = 2 if any(process.returncode for process in ended) else status
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
    return status


# --- parameters -------------------------------------------------------------------------------------------------------


def _checked_parameters(name, given):
    """The profile that a run has, and those of the given parameters that differ from the notebook's own (dict).

    Raises Problem for an unknown name or a value that does not fit.
    """
    known = notebooks.parameters(notebooks.read(notebooks.source_path(name)))
    own = {}
    for key, text in given.items():
        if key not in known:
            near = get_close_matches(key.upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f": it has {', '.join(known) or 'none'}."
            raise Problem(f"{name} has no parameter {key!r}{hint}")
        value = _typed(name, key, text, known[key])
        if value != known[key]:
            own[key] = value
    return project.profile_named(own.get("PROFILE", known.get("PROFILE", "report"))), own


def _others(own):
    """Parameters without PROFILE (dict): with any of these, a run is not the report."""
    return {key: value for key, value in own.items() if key != "PROFILE"}


def _typed(name, key, text, default):
    """`text` as a value of the type of the parameter's default."""
    kind, value = type(default), text
    if kind is not str:
        with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            value = ast.literal_eval(text)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise Problem(
            f"{name}: the parameter {key} takes a value of type {kind.__name__} (default {default}), not {text!r}."
        )
    return value


# --- places -----------------------------------------------------------------------------------------------------------


def _own_place(name, profile, own):
    """The folder of a run with parameters of its own, made ready; None for a run that needs none.

    What such a run does not make itself, it reads from the report: its folder has links to the stored results, and to the
    stored networks unless it trains, or has trained, its own.
    """
    if not _others(own) or profile.sliver:
        return None
    digest = hashlib.sha256(repr(sorted(_others(own).items())).encode()).hexdigest()
    place = project.RUNS / f"{name}-{digest[:8]}"
    with store.lock(place):
        (place / "results").mkdir(parents=True, exist_ok=True)
        links = {place / "results" / path.name: path for path in project.RESULTS.glob("[!.]*.json")}
        for other in notebooks.names() if name == notebooks.LAST else ():  # what they found under these parameters
            found = project.RUNS / f"{other}-{digest[:8]}" / "results" / f"{other}.json"
            links |= {place / "results" / found.name: found} if other != name and found.is_file() else {}
        if profile.trains and (place / "models").is_symlink():
            (place / "models").unlink()
        elif not profile.trains:
            links[place / "models"] = project.MODELS
        for link, target in links.items():
            if link.is_symlink() and link.readlink() != target:
                link.unlink()
            if not os.path.lexists(link):
                link.symlink_to(target)
    return place


def _require_writable(*folders):
    """Raise Problem if a folder, or the nearest one above it that exists, may not be written."""
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise Problem(
                f"{shown(there)} may not be written by you: make it yours (chown -R), or use a checkout of your own."
            )


# --- one chapter ------------------------------------------------------------------------------------------------------


def _run_one(name, profile, own):
    """Execute one notebook and record it. Returns 0; raises Problem if it fails."""
    _require_writable(project.OUTPUTS, project.CACHE)
    place = _own_place(name, profile, own)
    folders = {"report": project.EXECUTED, "train": project.EXECUTED / "train", "smoke": project.SMOKE / "executed"}
    target = (place or folders[profile.name]) / f"{name}.ipynb"
    _require_writable(target.parent, *([] if place or profile.sliver else [project.FIGURES, project.RESULTS]))
    with store.lock(project.RUN_RECORD):
        pass  # the lock may be another user's: better to know before the work
    key = place.name if place else name if profile.name == "report" else f"{name} ({profile.name})"
    inputs = notebooks.inputs_digest(name) if key == name else None  # only the report's run can be up to date
    changed = ", ".join(f"{parameter} {value}" for parameter, value in _others(own).items())
    _say(f"{name}: running, profile {profile.name}" + (f", {changed}" if changed else ""))
    working = target.with_name(f".{target.stem}.{os.getpid()}.partial.ipynb")
    started = time.perf_counter()
    try:
        try:
            working.parent.mkdir(parents=True, exist_ok=True)
            with _set(project.PLACE_VARIABLE, place), _progress_shown():
                notebook = _execute(name, working, own)
        except BaseException as error:
            record(key, _entry(profile, "failed", started, None))
            if not isinstance(error, Exception):
                raise  # Ctrl-C and the like pass through
            raise _failure(name, working, target, error) from None
        entry = _entry(profile, "done", started, notebook)
        record(key, entry, working, target, inputs)
    finally:
        working.unlink(missing_ok=True)
    if profile.name == "train":
        shutil.rmtree((place or project.OUTPUTS) / "training" / name.partition("_")[2], ignore_errors=True)
    _say(f"{name}: done in {entry['seconds']:.0f} s, peak memory {entry['peak_memory_gib']:.1f} GiB -> {shown(target)}")
    return 0


def _execute(name, working, parameters):
    """Have papermill execute a chapter in our Python, whatever kernel its file names, and write `working` at the end."""
    import papermill

    logging.getLogger().addHandler(logging.NullHandler())  # what went wrong is said once, by _failure
    return papermill.execute_notebook(
        notebooks.source_path(name), working, parameters=parameters, kernel_name="python3", language="python",
        cwd=project.ROOT, progress_bar=False, request_save_on_cell_execute=False,
        extra_arguments=[f"--log-level={logging.CRITICAL}"],  # what a cell raises comes otherwise
    )  # fmt: skip


def _failure(name, working, target, error):
    """The Problem of a run that broke: one sentence with notebook, cell and error; the broken output is kept."""
    kept, where = target.with_name(f"{target.stem}.broken.ipynb"), ""
    if working.is_file():
        with contextlib.suppress(OSError):
            working.replace(kept)
            where = f" The broken output is {shown(kept)}."
    if hasattr(error, "ename"):  # papermill's own error, raised by a cell
        said = ([] if error.ename == "Problem" else [error.ename]) + ([error.evalue] if error.evalue.strip() else [])
        what = " ".join(": ".join(said).split())
        return Problem(f"{name}, code cell {error.exec_count}: {what.removesuffix('.')}.{where}")
    if type(error).__name__ == "DeadKernelError":
        return Problem(
            f"{name}: the notebook's process died, for want of memory perhaps; close what else runs and try again."
        )
    if isinstance(error, OSError):
        return Problem(
            f"{name} could not be run or written ({error.strerror or error}); free some space or mend the folder, and run again."
        )
    gist = " ".join(str(error).split())[:200]
    return Problem(f"{name} stopped: {type(error).__name__}: {gist}{where}")


@contextlib.contextmanager
def _set(variable, value):
    """Set a variable of the environment while the block runs, unless the value is None."""
    before = os.environ.get(variable)
    if value is not None:
        os.environ[variable] = str(value)
    try:
        yield
    finally:
        os.environ.pop(variable, None)
        if before is not None:
            os.environ[variable] = before


@contextlib.contextmanager
def _progress_shown():
    """Print, while the block runs, the lines that the notebook's process reports (helpers/core/project.py)."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", suffix=".progress") as file:
        ended = threading.Event()
        follower = threading.Thread(target=_follow, args=(file, ended), daemon=True)
        with _set(project.PROGRESS_CHANNEL, file.name):
            follower.start()
            try:
                yield
            finally:
                ended.set()
                follower.join()


def _follow(file, ended):
    with contextlib.suppress(OSError):  # if nobody reads any more, the last line of the run will tell
        while True:
            last_look = ended.is_set()
            for line in file:
                _say("  " + line.rstrip("\n"))
            if last_look:
                return
            ended.wait(0.3)


def _say(line):
    print(line, flush=True)


# --- the record -------------------------------------------------------------------------------------------------------


def _entry(profile, status, started, notebook):
    """What outputs/run.json tells of a run (dict)."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "status": status,
        "profile": profile.name,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_memory_gib": round(peak / 2**30, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": _made_with(notebook),
    }


def record(key, entry, working=None, target=None, inputs=None):
    """Put the executed notebook `working` into its place and add the run to outputs/run.json, as one step.

    inputs : the digest of what the report's run was made from, or None for any other run.
    """
    with store.lock(project.RUN_RECORD):
        if working is not None:
            working.replace(target)
        if inputs is not None:
            entry = {**entry, "inputs": inputs, "made": notebooks.made_by(key)}
        with contextlib.suppress(Problem):  # a full disk is reported once, by what ran into it first
            store.write_json(project.RUN_RECORD, {**notebooks.run_record(), key: entry})


def _made_with(notebook):
    """The environment that the notebook's last cell showed: seed, device, versions (dict), or None."""
    cells = notebook.cells if notebook else []
    told = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return next((data["application/json"] for data in reversed(told) if "application/json" in data), None)
