"""The environment of our processes: what a user has set for other programs changes nothing here.

`python -m helpers` begins anew under it where the user's differs, so that kernels, Sphinx, JupyterLab and every process that
they start have it; the tests take it over before they import anything.
"""

import os
import pwd
import sys
import tempfile
from pathlib import Path

from helpers.core import project

# Settings of other programs' making, by the beginnings of their names. Those of keras-tuner stay.
DROPPED = (
    "IPYTHON", "JUPYTER", "PAPERMILL", "LC_", "LANG", "KERAS_", "MPL", "MATPLOTLIB", "PYTHON", "SPHINX", "HELPERS_PLACE",
    "OMP_", "OPENBLAS_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB", "NUMEXPR", "NUMBA_", "TF_CPP", "TF_USE_LEGACY", "SCIPY_", "SKLEARN_",
    "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_",
)  # fmt: skip
KEPT = ("KERAS_BACKEND", "NUMBA_CACHE_DIR")
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"  # both are always installed
KERNELS = project.ROOT / "helpers" / "report" / "jupyter"  # a kernel python3 that is the Python which starts it


def own_environment(given=None):
    """The environment that our processes run under (dict of str), made from `given`, by default that of this process.

    Folders of our own take the place of the user's configuration; one thread computes a product of matrices, so that its
    sum has one order. To make it from its own result changes nothing.
    """
    given = os.environ if given is None else given
    folder = _folder()
    kept = {key: value for key, value in given.items() if key in KEPT or not key.startswith(DROPPED)}
    return {
        **kept,
        **_identity(kept),
        "LC_ALL": LOCALE,
        "PYTHONPATH": str(project.ROOT),
        "PYTHONUTF8": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter" / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter" / "runtime"),
        "JUPYTER_PATH": str(KERNELS),
        "KERAS_HOME": str(folder / "keras"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
    }


def _folder():
    """Where our processes keep what they would otherwise put into the user's home: the cache, if it may be written."""
    there = next(path for path in (project.CACHE, *project.CACHE.parents) if path.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return project.CACHE
    return Path(tempfile.gettempdir(), f"{project.ROOT.name}-{os.getuid()}")


def _make_folder():
    """Make that folder; a link to nowhere in its place ends the process with a sentence."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        place = project.shown(error.filename)
        print(f"error: {place} is a link that leads nowhere: remove it, and run the command again.", file=sys.stderr)
        raise SystemExit(2) from None


def _identity(given):
    """A name and a home, for a user whom the machine does not know (dict)."""
    try:
        pwd.getpwuid(os.getuid())
        return {}
    except KeyError:
        return {"USER": given.get("USER") or "nobody", "HOME": given.get("HOME") or str(_folder() / "home")}


def take_over():
    """Make this process' environment ours; what Python itself read from it at its start stays."""
    ours = own_environment()
    _make_folder()
    for key in set(os.environ) - set(ours):
        del os.environ[key]
    os.environ.update(ours)


def begin_anew():
    """Start this command again under our environment, in the same process, unless it runs under it already."""
    ours = own_environment()
    _make_folder()
    if _opened_streams() or ours != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], ours)


def _opened_streams():
    """Open what is closed of the standard streams, to nowhere: else the next file takes its number, and what is printed.

    Returns whether any was closed.
    """
    opened = False
    while (stream := os.open(os.devnull, os.O_RDWR)) < 3:  # the lowest number that is free
        os.set_inheritable(stream, True)
        opened = True
    os.close(stream)
    return opened
