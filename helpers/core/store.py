"""Files that are whole or not there: atomic writes, digests, and the cards that vouch for trained networks."""

import errno
import hashlib
import json
import os
import shutil
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from helpers.core.project import Problem, shown


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
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _write_problem(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _write_problem(path, error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(
            f"The disk is full: {shown(path)} could not be written and is left as it was; free some space and run again."
        )
    return Problem(f"{shown(path)} cannot be written ({error.strerror or error}); what was there is left as it was.")


def write_bytes(path, content):
    """Write bytes atomically. A file that holds them already is left untouched, so that make sees nothing new."""
    path = Path(path)
    if path.is_file() and path.read_bytes() == content:
        return
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def check_named(path):
    """Whether a file that the user names can be written at all; raises Problem, in one sentence, if it cannot."""
    place = Path(path)
    if not str(path):
        raise Problem("No file is named to write to: the name is empty.")
    if place.is_dir() or str(path).endswith(("/", os.sep)):
        raise Problem(f"{path} is a folder and not a file that could be written to.")
    if not os.path.lexists(place) and not place.parent.is_dir():
        raise Problem(f"{path} cannot be written: there is no folder {place.parent}.")
    if place.exists() and not os.access(place, os.W_OK):
        raise Problem(f"{path} cannot be written: it is write-protected.")


def write_named(path, content):
    """Write bytes to a file that the user names: a plain file is replaced atomically and keeps its permissions, a link is
    followed, and what is no plain file (a device, a pipe) is written to. Raises Problem if it cannot be written.
    """
    check_named(path)
    place = Path(path)
    try:
        if str(place.absolute()).startswith(("/dev/", "/proc/")) or (place.exists() and not place.is_file()):
            with place.open("ab") as file:
                file.write(content)
            return
        target = Path(os.path.realpath(place))
        check_named(target)
        with atomic_write(target) as temporary:
            temporary.write_bytes(content)
            if target.exists():
                shutil.copymode(target, temporary)
    except OSError as error:
        raise Problem(f"{path} cannot be written ({error.strerror or error}).") from error


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
    except (ValueError, UnicodeDecodeError) as error:
        fault = f"is not valid JSON ({error})"
    anew = f", or make it anew with `{remedy}`" if remedy else ""
    raise Problem(f"{shown(path)} {fault}: {_back(path)}{anew}.")


def stored(path, settings, make, remedy):
    """A record that takes long to make: read from where it is stored, or made and stored there.

    path : a JSON file.   settings : dict, all that the record depends on.   make : called without arguments, gives the
    record (a JSON dict); None where it is to be read, not made.   remedy : the command that makes the file anew.
    Returns the record, with `settings` in it. Raises Problem if the file is missing or was made with other settings.
    """
    if make is not None:
        write_json(path, {"settings": settings, **make()})
    record = read_json(path, remedy)
    asked, kept = json.loads(json.dumps(settings)), record.get("settings", {}) if isinstance(record, dict) else {}
    for name in {**asked, **kept}:
        if asked.get(name) != kept.get(name):
            raise Problem(
                f"{shown(path)} was made with {name} = {_brief(kept.get(name))}, and {_brief(asked.get(name))} is asked "
                f"for: ask for what it was made with, or make it anew with `{remedy}`."
            )
    return record


def _brief(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:40]}..."


def _back(path):
    return f"get it back with `git checkout -- {shown(path)}`"


def rounded(value, digits=6):
    """A JSON value with every float rounded to `digits` significant digits.

    The last bits of a sum differ between processors; a file that is committed must not.
    """
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


def lock(path):
    """A lock on `path` between processes, for a `with` block; the second comer waits. It is a file beside `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"))


def write_card(model, facts):
    """Write the card of a stored network: `facts` (a JSON dict) and the digest of the file, beside it as .json.

    The card is written last, so that a network without a matching card is one that was never finished.
    """
    write_json(Path(model).with_suffix(".json"), {**facts, "file": Path(model).name, "sha256": digest(model)})


def read_card(model, remedy):
    """The card of a stored network, once the file is seen to match it.

    model : path of the network's file.   remedy : str, the command that makes it anew.
    Returns the card (dict). Raises Problem if the file or its card is missing, or the digest differs.
    """
    model = Path(model)
    if not model.is_file():
        raise Problem(f"The trained network {shown(model)} is missing: {_back(model)}, or train it with `{remedy}`.")
    card_path = model.with_suffix(".json")
    if not card_path.is_file():
        raise Problem(
            f"The trained network {shown(model)} has no card: {_back(card_path)}, or train it anew with `{remedy}`."
        )
    card = read_json(card_path, remedy)
    if not isinstance(card, dict) or card.get("sha256") != digest(model):
        raise Problem(
            f"The trained network {shown(model)} does not match the digest on its card: {_back(model)}, or train it anew "
            f"with `{remedy}`."
        )
    return card
