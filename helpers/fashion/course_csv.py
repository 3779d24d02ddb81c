"""The course's CSV format: an image a row, its label and 784 grey values, with or without a header that names them."""

import gzip
import io
import re
import zipfile
from collections import namedtuple

import numpy as np

from helpers.core.project import Problem, typed
from helpers.fashion.dataset import PIXELS

LABELS = ("label", "class")  # how a header may call the labels
NAME = re.compile(r"pixel(\d{1,4})")

# whether there is a header; the label's column or None; the pixels'
Layout = namedtuple("Layout", "header label pixels")


def read_csv(path, labelled=True):
    """Images and labels from the course's CSV format, in the order of the rows (nothing is shuffled).

    Without a header, a row is a label, then 784 grey values 0..255, row by row. A header may put the columns in any
    order: it calls them label (or class) and pixel1 to pixel784 (or pixel0 to pixel783).
    path : the file, as typed; plain, gz, or a zip that holds one CSV file.   labelled : whether labels count; if not
    (the course's test file has dummies), they may be anything, and a header need not have them.
    Returns (images, labels): uint8 (n, 28, 28), and int32 (n,) or None if not labelled.
    Raises Problem, naming file, line and column, for a header that does not fit, a row of another length, a value that
    is no whole number 0..255, a label outside 0..9, a file that is empty, missing or no such text.
    """
    text = _text(path)
    first, rest = text.split(b"\n", 1)
    layout = _layout(path, first.decode("utf-8", "replace"), labelled)
    rows = rest if layout.header else text
    if not rows:
        raise Problem(f"{path} has a header and no rows.")
    table = _table(rows, layout, labelled)
    if table is None:
        raise _bad_row(path, rows, layout, labelled)
    if not layout.header:
        _require_labels_first(path, table)
    return table[:, layout.pixels].reshape(-1, 28, 28), table[:, layout.label].astype(np.int32) if labelled else None


def _text(path):
    """The file's text (bytes), unpacked, lines ended by one newline each, without blank lines at its end."""
    if not str(path).strip():
        raise Problem("A CSV file without a name cannot be read: name one.")
    try:
        content = _unpacked(path, typed(path).read_bytes())
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:100]:
        raise Problem(f"{path} is text in UTF-16, or no text at all: save it as CSV in UTF-8.")
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip()
    if not content:
        raise Problem(f"{path} is empty: expected rows of a label and {PIXELS} grey values.")
    line = content.split(b"\n", 1)[0]
    for mark, name in ((b";", "';'"), (b"\t", "tabs"), (b"|", "'|'")):
        if line.count(mark) > line.count(b","):
            raise Problem(f"{path}, line 1: the values are separated by {name}, where commas belong.")
    if line and b"," not in line:
        raise Problem(f"{path}, line 1: there is no comma, and so neither a header nor an image.")
    return content + b"\n"


def _unpacked(path, content):
    """The bytes of a plain file, of a gz file, or of the one CSV file in a zip. Raises Problem if they are damaged."""
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        if not content.startswith(b"PK\x03\x04"):
            return content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv") and "/._" not in f"/{name}"]
            if len(names) != 1:
                raise Problem(
                    f"{path} is a zip file with {len(names)} CSV files in it, where one belongs; save an Excel sheet as CSV."
                )
            return archive.read(names[0])
    except Problem:
        raise
    except Exception as error:  # whatever a damaged file raises
        raise Problem(f"{path} cannot be unpacked: {error}.") from None


def _layout(path, first, labelled):
    """Where the label and pixels 1 to 784 stand, as the first line says if it is a header. Raises Problem if it misfits."""
    names = [cell.strip().strip("\"'").strip().lower() for cell in first.split(",")]
    if not _is_header(names):
        return Layout(False, 0, range(1, PIXELS + 1))
    labels = [place for place, name in enumerate(names) if name in LABELS]
    start = 0 if "pixel0" in names else 1
    wanted = [f"pixel{number}" for number in range(start, start + PIXELS)]
    fits = {*LABELS, *wanted}
    for place, name in enumerate(names, 1):
        if name not in fits:
            raise Problem(
                f"{path}, line 1: the header calls column {place} {name[:20]!r}, which is neither label nor {wanted[0]} to "
                f"{wanted[-1]}: take the column out or name it."
            )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or len(labels) > 1:
        raise Problem(f"{path}, line 1: the header has two columns {twice or 'label'}.")
    places = {name: place for place, name in enumerate(names)}
    missing = next((name for name in wanted if name not in places), None)
    if missing or (labelled and not labels):
        raise Problem(f"{path}, line 1: the header has no column {missing or 'label'}.")
    return Layout(True, labels[0] if labels else None, [places[name] for name in wanted])


def _is_header(names):
    """Whether a first line is a header: it has one of our names, or for the most part no numbers. One bad cell is none."""
    others = sum(not re.fullmatch(r"[-+.\deE]*", name) for name in names)
    return 2 * others > len(names) or any(name in LABELS or NAME.fullmatch(name) for name in names)


def _table(rows, layout, labelled):
    """The values of all rows, uint8 (n, columns), labels that do not count as 0; None unless every row is as it should be."""
    if not labelled and layout.label is not None:  # whatever stands there
        rows = re.sub(rb"(?m)^(?=.)((?:[^,\n]*,){%d})[^,\n]*" % layout.label, rb"\g<1>0", rows)
    if rows.translate(None, b"0123456789, \t\n"):  # NumPy would take +7 as well
        return None
    try:
        table = np.loadtxt(io.BytesIO(rows), np.uint8, comments=None, delimiter=",", ndmin=2)
    except ValueError:
        return None
    fits = table.shape == (rows.count(b"\n"), PIXELS + (layout.label is not None))  # NumPy skips blank lines
    return table if fits and not (labelled and table[:, layout.label].max() > 9) else None


def _bad_row(path, rows, layout, labelled):
    """The Problem that names the first bad line."""
    for number, line in enumerate(rows.decode("utf-8", "replace").split("\n")[:-1], 2 if layout.header else 1):
        fault = _row_fault(line.split(","), layout, labelled)
        if fault:
            return Problem(f"{path}, line {number}: {fault}.")
    return Problem(f"{path} is not in the course's CSV format.")


def _row_fault(cells, layout, labelled):
    width = PIXELS + (layout.label is not None)
    if len(cells) != width:
        belongs = f"{'a label and ' if width > PIXELS else ''}{PIXELS} grey values belong"
        return f"{len(cells) if cells != [''] else 'no'} values where {belongs}"
    if labelled and not _whole(cells[layout.label], 9):
        elsewhere = "" if layout.header else "; if labels stand in another column, a header has to say so"
        return f"the label is {cells[layout.label][:20]!r}, not a class 0..9{elsewhere}"
    for number, place in enumerate(layout.pixels, 1):
        if not _whole(cells[place], 255):
            return f"grey value {number} is {cells[place][:20]!r}, not a whole number 0..255"
    return None


def _whole(cell, highest):
    digits = cell.strip(" \t")
    return digits.isascii() and digits.isdecimal() and int(digits.lstrip("0")[:4] or 0) <= highest


def _require_labels_first(path, table):
    """Raise Problem if the last column looks like labels: those are mostly not 0, and the last pixel mostly is."""
    last = table[:, -1]
    if last.max() <= 9 and np.mean(last > 0) > 0.5 and len(np.unique(last)) > 2:
        raise Problem(
            f"{path} has no header, and its last column looks like the labels, with values up to {last.max()} that are seldom 0: "
            f"put the labels first, or name the columns in a header."
        )
