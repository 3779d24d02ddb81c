"""Files that are whole or not there: atomic writes, digests, and the cards that vouch for trained networks."""

import errno
import hashlib
import json
import math
import os
import stat
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from helpers.core.project import Problem, shown, typed


@contextmanager
def atomic_write(path):
    """A temporary path to write to, renamed to `path` once the block ends well: readers see the old file or the new.

    path : target; its folder is made. The temporary file lies beside it, carries the ids of process and thread, and keeps the suffix,
    by which some libraries choose a format. It is removed when the block fails; a killed process leaves it behind,
    but nothing ever reads it.
    Raises Problem if the disk is full or the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}-{threading.get_ident()}.partial{path.suffix}")
    try:
        with write_problems(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def write_problems(path):
    """Turn what goes wrong on the disk while a block writes `path`, or into it, into a Problem."""
    try:
        yield
    except BrokenPipeError:  # nobody reads what is printed: no fault of the disk
        raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Problem(
            f"The disk is full: {shown(path)} could not be written and is left as it was; free some space and run again."
            if full
            else f"{shown(path)} cannot be written ({error.strerror or error}); what was there is left as it was."
        ) from error


def named_output(path, inputs=()):
    """Check the name of a file that the user wants written, before the work begins.

    path : str or Path, as typed (see project.typed).   inputs : Paths of files read for it, none of which it may be.
    Returns (path, mode): the Path, and st_mode of what stands there, links followed, or 0 if nothing does.
    Raises Problem for no name, a folder, a disk, a write-protected file or folder, or one of the inputs.
    """
    if not str(path):
        raise Problem("The name of the output is empty: name a file.")
    name = typed(path)
    mode = 0
    with write_problems(name), suppress(FileNotFoundError):
        mode = name.stat().st_mode
    if str(path).endswith(os.sep) or stat.S_ISDIR(mode):
        raise Problem(f"The output {path} is a folder: name a file in it.")
    if stat.S_ISBLK(mode):
        raise Problem(f"The output {path} is a disk: name a file.")
    if stat.S_ISREG(mode):
        for each in inputs:
            if each.exists() and name.samefile(each):
                raise Problem(f"The output {path} is the same file as the input {each}: name another.")
        if not os.access(name, os.W_OK):
            raise Problem(f"The output {path} is write-protected: name another, or change its permissions.")
    if not mode or stat.S_ISREG(mode):
        place = next(place for place in Path(os.path.realpath(name)).parents if place.exists())
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise Problem(f"The output {path} cannot be written: {place} is no folder that you may write in.")
    return name, mode


def write_named(path, content, inputs=()):
    """Write bytes to a file that the user named: a plain file is replaced whole, or stays as it was.

    Its permissions are kept, and a link stays a link, to the file that is replaced or made. A device or a pipe is
    written to. A missing folder is made.
    path, inputs : as in named_output.   content : bytes.
    Raises Problem as named_output does, and if the disk is full, the folder is closed, or nobody reads from the pipe.
    """
    path, mode = named_output(path, inputs)
    if mode and not stat.S_ISREG(mode):
        _write_to_device(path, content)
        return
    with atomic_write(os.path.realpath(path)) as temporary:
        temporary.write_bytes(content)
        if mode:
            temporary.chmod(stat.S_IMODE(mode))


def _write_to_device(path, content):
    """Write into a device or a pipe; a pipe without a reader is a Problem, where open() would wait for ever."""
    try:
        device = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(device, True)
        with os.fdopen(device, "wb") as file:
            file.write(content)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EPIPE):
            raise Problem(f"The output {path} could not be written: nobody reads from it.") from None
        raise Problem(f"The output {path} could not be written ({error.strerror}).") from None


def write_bytes(path, content):
    """Write bytes atomically. A file that holds them already is left untouched."""
    path = Path(path)
    if path.is_file() and path.read_bytes() == content:
        return
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def write_text(path, text):
    """Write text as UTF-8, atomically; see write_bytes."""
    write_bytes(path, text.encode())


def write_json(path, value):
    """Write a JSON value atomically, one key a line, so that changes read well in a diff."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path, remedy=""):
    """The JSON value in a file.

    remedy : the command that makes the file anew, where there is one.
    Raises Problem if the file is missing or is no JSON; it says how to get the file back, from git or by that command.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        fault = "is missing"
    except ValueError as error:
        fault = f"is not valid JSON ({error})"
    raise _spoilt(path, fault, remedy)


def _spoilt(path, fault, remedy):
    """A Problem with a stored file, which git or, where there is one, a command brings back."""
    anew = f", or make it anew with `{remedy}`" if remedy else ""
    return Problem(f"{shown(path)} {fault}: get it back with `git checkout -- {shown(path)}`{anew}.")


def rounded(value, digits=6):
    """A value as JSON can hold it, with every float rounded to `digits` significant digits.

    NumPy's scalars and arrays become numbers and lists, and an Interval the list of its ends. The last bits of a sum
    differ between processors; a file that is committed must not.
    """
    if hasattr(value, "low"):
        value = [value.low, value.high]
    elif hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    return value


def digest(path):
    """SHA-256 of a file's bytes, as 64 hex digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def lock(path):
    """A lock on `path` between processes, for a `with` block; the second comer waits. It is a file beside `path`.

    Raises Problem if the folder cannot be written.
    """
    path = Path(path)
    with write_problems(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path.with_name(f".{path.name}.lock")).acquire()
    with held:
        yield


def write_card(path, facts, files):
    """Write the card of something that was trained: `facts` (a JSON dict) and the digest of each file that belongs to it.

    path : the card's file.   files : paths of files in the same folder, already written.
    The card is written last, so that files without a card that fits are those of a run that was never finished.
    """
    write_json(path, {**facts, "files": {Path(file).name: digest(file) for file in files}})


def read_card(path, remedy):
    """The card (dict) in `path`, once every file that it vouches for is seen to be there and to match.

    remedy : str, the command that makes them anew. Raises Problem if a file or the card is missing, or a digest differs.
    """
    path = Path(path)
    card = read_json(path, remedy)
    files = card.get("files") if isinstance(card, dict) else None
    if not isinstance(files, dict):
        raise _spoilt(path, "is no card of this version", remedy)
    for name, known in files.items():
        file = path.with_name(name)
        if not file.is_file():
            raise _spoilt(file, "is missing", remedy)
        if digest(file) != known:
            raise _spoilt(file, "does not match its card", remedy)
    return card


def stored(path, settings, make, remedy):
    """A measurement that takes long: read from `path`, or made anew and stored there.

    settings : JSON dict, all that decides the outcome.   make : a function without arguments that returns the record (a
    JSON dict), or None to read.   remedy : str, the command that makes it anew.
    Returns the record (dict), with "settings" in it. Floats are stored with six significant digits.
    Raises Problem if the file is missing, or was made with other settings than are asked for.
    """
    settings = json.loads(json.dumps(rounded(settings)))
    if make is not None:
        write_json(path, rounded({"settings": settings, **make()}))
    record = read_json(path, remedy)
    for where, known, asked in differences(record.get("settings", {}), settings, "settings"):
        raise Problem(
            f"{shown(path)} was made with other settings ({where} is {known}, not {asked}): make it anew with `{remedy}`."
        )
    return record


def differences(known, asked, place):
    """Where two JSON values part: yields the place, what is known there and what is asked for (str); floats may differ by 1e-6."""
    if isinstance(known, dict) and isinstance(asked, dict):
        for key in [*asked, *(key for key in known if key not in asked)]:
            yield from differences(known.get(key), asked.get(key), f"{place}.{key}")
    elif not (
        known == asked
        or (isinstance(known, float) and isinstance(asked, int | float) and math.isclose(known, asked, rel_tol=1e-6))
    ):
        yield place, f"{known!r:.60}", f"{asked!r:.60}"
