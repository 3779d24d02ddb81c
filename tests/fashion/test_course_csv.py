"""The course's CSV format: read exactly, put right by its header, or refused by file, line and column."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core.project import Problem
from helpers.fashion import course_csv
from tests.conftest import assert_one_sentence, helpers_command


@pytest.fixture
def rows(data):
    flat = data.train_images[:20].reshape(20, -1)
    return [[label, *pixels] for label, pixels in zip(data.train_labels[:20].tolist(), flat.tolist(), strict=True)]


def written(path, rows, header=False, end="\n"):
    lines = [",".join(map(str, row)) for row in rows]
    if header:
        lines.insert(0, "label," + ",".join(f"pixel{number}" for number in range(1, 785)))
    path.write_text(end.join(lines) + end, newline="")
    return path


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_is_read_in_the_order_of_its_rows(tmp_path, data, rows, header, end):
    images, labels = course_csv.read_csv(written(tmp_path / "a.csv", rows, header, end))
    assert np.array_equal(images, data.train_images[:20])
    assert np.array_equal(labels, data.train_labels[:20])


def test_dummy_labels_are_not_read(tmp_path, data, rows):
    for row, dummy in zip(rows, ["?", "", "-1", "999", "nan", *[0] * 15], strict=True):
        row[0] = dummy
    images, labels = course_csv.read_csv(written(tmp_path / "a.csv", rows), labelled=False)
    assert np.array_equal(images, data.train_images[:20]) and labels is None


FAULTS = {
    "784 values where": lambda row: row[:-1],
    "786 values where": lambda row: [*row, 0],
    "label is '10'": lambda row: [10, *row[1:]],
    "label is '-1'": lambda row: [-1, *row[1:]],
    "label is ''": lambda row: ["", *row[1:]],
    "grey value 3 is '256'": lambda row: [*row[:3], 256, *row[4:]],
    "grey value 3 is '-1'": lambda row: [*row[:3], -1, *row[4:]],
    "grey value 3 is '1.5'": lambda row: [*row[:3], 1.5, *row[4:]],
    "grey value 3 is '1e2'": lambda row: [*row[:3], "1e2", *row[4:]],
    "grey value 3 is '7.'": lambda row: [*row[:3], "7.", *row[4:]],
    "grey value 3 is 'x'": lambda row: [*row[:3], "x", *row[4:]],
    "grey value 784 is ''": lambda row: [*row[:-1], ""],
    "grey value 3 is '99999999999999999999'": lambda row: [*row[:3], "9" * 20, *row[4:]],
}


@pytest.mark.parametrize("message", FAULTS)
@pytest.mark.parametrize(("place", "header"), [(0, False), (7, False), (7, True), (19, False)])
def test_a_bad_row_is_named_by_file_and_line(tmp_path, rows, message, place, header):
    rows[place] = FAULTS[message](rows[place])
    path = written(tmp_path / "bad.csv", rows, header)
    with pytest.raises(Problem, match=rf"bad\.csv, line {place + 1 + header}: .*{message}"):
        course_csv.read_csv(path)


@pytest.mark.parametrize(
    "content", ["", "\n\n", "label,pixel1\n", "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n"]
)
def test_a_file_without_rows_is_refused(tmp_path, content):
    path = tmp_path / "none.csv"
    path.write_text(content)
    with pytest.raises(Problem, match=r"none\.csv"):
        course_csv.read_csv(path)


def test_a_missing_csv_is_one_sentence_at_the_command(tmp_path):
    assert_one_sentence(helpers_command("data", tmp_path / "no.csv"), "no.csv cannot be read")


GOOD_ROW = ",".join(["7", *["12"] * 784])


@settings(max_examples=40)
@given(st.lists(st.one_of(st.just(GOOD_ROW), st.text(max_size=40), st.binary(max_size=40)), max_size=4))
def test_any_bytes_give_images_or_one_problem(tmp_path_factory, lines):
    """Never a traceback, and never a silent wrong answer: what is accepted has as many images as lines."""
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode("utf-8", "replace") for line in lines))
    try:
        images, labels = course_csv.read_csv(path)
    except Problem as problem:
        assert "any.csv" in str(problem)
        return
    assert (images == 12).all() and (labels == 7).all()
    assert len(images) >= lines.count(GOOD_ROW)


@settings(max_examples=60)
@given(st.integers(0, 784), st.text(st.characters(codec="utf-8", exclude_characters=",\n\r"), max_size=6))
def test_any_cell_is_read_as_the_number_it_is_or_refused(tmp_path_factory, column, cell):
    cells = GOOD_ROW.split(",")
    cells[column] = cell
    path = tmp_path_factory.mktemp("csv") / "cell.csv"
    path.write_text(GOOD_ROW + "\n" + ",".join(cells) + "\n" + GOOD_ROW + "\n", encoding="utf-8")
    try:
        images, labels = course_csv.read_csv(path)
    except Problem as problem:
        assert "cell.csv" in str(problem)
        return
    assert len(images) == 3
    assert int(cell) == (labels[1] if column == 0 else images[1].ravel()[column - 1])


ODD = st.text("0123456789,,, \t\r\n\x00\x1a\"'+-.eExX_#;/ﾃ٣１²NAnaninf", max_size=4)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 255)), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), ODD), max_size=2),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_a_csv_that_is_accepted_gives_exactly_its_rows(tmp_path_factory, rows, changes, end, header, labelled, mark):
    """Whole files in every form, with odd characters put in anywhere or put over others, against a reader by hand."""
    lines = [",".join(map(str, [label, *((grey + n) % 256 for n in range(784))])) for label, grey in rows]
    text = end.join([*([HEADER] if header else []), *lines]) + end
    for place, length, odd in changes:
        at = int(place * len(text))
        text = text[:at] + odd + text[at + length :]
    path = tmp_path_factory.mktemp("csv") / "odd.csv"
    path.write_bytes((mark + text).encode())
    expected = by_hand(text, labelled)
    try:
        images, labels = course_csv.read_csv(path, labelled)
    except Problem as problem:
        assert "odd.csv" in str(problem) and "\n" not in str(problem)
        assert changes  # whatever was not tampered with is read
        return
    assert expected is not None, "a file that is none in this format was read"
    assert images.reshape(len(images), -1).tolist() == [row[1:] for row in expected]
    assert labels is None if not labelled else labels.tolist() == [row[0] for row in expected]


HEADER = "label," + ",".join(f"pixel{number}" for number in range(1, 785))


def by_hand(text, labelled):
    """The rows of a CSV file as lists of int, read in the plainest way; None if any row is not as it should be."""
    lines = text.strip().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0] == HEADER:
        del lines[0]
    rows = []
    for line in lines:
        cells = [cell.strip(" \t") for cell in line.split(",")]
        cells[0] = cells[0] if labelled else "0"
        if len(cells) != 785 or not all(cell.isascii() and cell.isdecimal() for cell in cells):
            return None
        rows.append([int(cell) for cell in cells])
    fine = all(0 <= row[0] <= 9 and max(row[1:]) <= 255 for row in rows)
    return rows if rows and fine else None


# --- headers, packed files, other habits ------------------------------------------------------------------------------


NAMES = HEADER.split(",")


@pytest.mark.parametrize("label", ["label", "class", "Label", '"label"'])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("labelled", [True, False])
def test_columns_in_any_order_are_put_right_by_their_names(tmp_path, data, rows, label, first, labelled):
    names = [label, *(f"pixel{number}" for number in range(first, first + 784))]
    order = np.random.default_rng(4).permutation(785)
    lines = [[row[place] for place in order] for row in [names, *rows]]
    images, labels = course_csv.read_csv(written(tmp_path / "a.csv", lines), labelled)
    assert np.array_equal(images, data.train_images[:20])
    assert np.array_equal(labels, data.train_labels[:20]) if labelled else labels is None


@pytest.mark.parametrize("place", [1, 400, 784])
def test_dummies_in_any_column_are_not_read(tmp_path, data, rows, place):
    lines = [
        [*row[1 : place + 1], dummy, *row[place + 1 :]]
        for row, dummy in zip([NAMES, *rows], ["label", *["?"] * 20], strict=True)
    ]
    images, _ = course_csv.read_csv(written(tmp_path / "a.csv", lines), labelled=False)
    assert np.array_equal(images, data.train_images[:20])


def test_a_header_without_labels_serves_where_none_count(tmp_path, data, rows):
    path = written(tmp_path / "a.csv", [row[1:] for row in [NAMES, *rows]])
    assert np.array_equal(course_csv.read_csv(path, labelled=False)[0], data.train_images[:20])
    with pytest.raises(Problem, match=r"a\.csv, line 1: the header has no column label"):
        course_csv.read_csv(path)
    path = written(tmp_path / "a.csv", [NAMES[1:], rows[0][2:]])
    with pytest.raises(Problem, match="line 2: 783 values where 784 grey values belong"):
        course_csv.read_csv(path, labelled=False)


HEADERS = {
    "calls column 1 'id'": ["Id", *NAMES],
    "calls column 1 ''": ["", *NAMES],
    "calls column 786 'unnamed: 785'": [*NAMES, "Unnamed: 785"],
    "calls column 2 '1x1'": ["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))],
    "two columns pixel9": [*NAMES, "pixel9"],
    "two columns label": [*NAMES, "class"],
    "no column pixel784": NAMES[:-1],
    "calls column 785 'pixel784'": ["label", *(f"pixel{number}" for number in [*range(783), 784])],
}


@pytest.mark.parametrize("message", HEADERS)
@pytest.mark.parametrize("labelled", [True, False])
def test_a_header_that_does_not_fit_is_refused_by_name(tmp_path, rows, message, labelled):
    path = written(tmp_path / "a.csv", [HEADERS[message], [1] * len(HEADERS[message])])
    with pytest.raises(Problem, match=rf"a\.csv, line 1: the header .*{message}"):
        course_csv.read_csv(path, labelled)


@pytest.mark.parametrize("cell", ["NA", "x", "", "nan", "1.5", "pixel", '"3"'])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_first_row_with_one_bad_cell_is_no_header(tmp_path, rows, cell, labelled):
    rows[0][-1] = cell
    with pytest.raises(Problem, match=rf"a\.csv, line 1: grey value 784 is '{cell}'"):
        course_csv.read_csv(written(tmp_path / "a.csv", rows), labelled)


def test_labels_in_the_last_column_of_a_file_without_header_are_noticed(tmp_path, rows):
    for labelled in (True, False):
        with pytest.raises(Problem, match=r"last column looks like the labels"):
            course_csv.read_csv(written(tmp_path / "a.csv", [[*row[1:], row[0]] for row in rows]), labelled)
    with pytest.raises(
        Problem, match=r"line 1: the label is '77', not a class 0\.\.9; if labels stand in another column"
    ):
        course_csv.read_csv(written(tmp_path / "a.csv", [[77, *row[2:], row[0]] for row in rows]))


def test_packed_files_are_read(tmp_path, data, rows):
    plain = written(tmp_path / "a.csv", rows).read_bytes()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(plain))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/a.csv", plain)
        archive.writestr("__MACOSX/folder/._a.csv", b"x")
        archive.writestr("README", b"x")
    for name in ("a.csv.gz", "a.zip"):
        images, labels = course_csv.read_csv(tmp_path / name)
        assert np.array_equal(images, data.train_images[:20]) and np.array_equal(labels, data.train_labels[:20])


def packed(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"1")
    return buffer.getvalue()


CAUSES = {
    "separated by ';'": GOOD_ROW.replace(",", ";").encode(),
    "separated by tabs": GOOD_ROW.replace(",", "\t").encode(),
    r"separated by '\|'": GOOD_ROW.replace(",", "|").encode(),
    "there is no comma": GOOD_ROW.replace(",", " ").encode(),
    "no comma, and so neither a header nor an image": b"<!DOCTYPE html>\n<html></html>",
    "UTF-16": GOOD_ROW.encode("utf-16"),
    "UTF-16,": GOOD_ROW.encode("utf-16-be"),
    "no text at all": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "no text at all:": packed(),
    "with 0 CSV files .* Excel": packed("xl/workbook.xml"),
    "with 2 CSV files": packed("a.csv", "b.csv"),
    "cannot be unpacked": gzip.compress(GOOD_ROW.encode())[:-9],
    "cannot be unpacked: ": packed("a.csv")[:-9],
    "line 2: no values": f"{GOOD_ROW}\n\n{GOOD_ROW}".encode(),
    r"line 1: the label is '7\.0'": GOOD_ROW.replace("7", "7.0", 1).encode(),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_wrong_with_a_file_is_named(tmp_path, cause):
    (tmp_path / "a.csv").write_bytes(CAUSES[cause])
    with pytest.raises(Problem, match=rf"a\.csv.*{cause}"):
        course_csv.read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_and_blank_lines_at_the_end_do_not_matter(tmp_path, data, rows, end):
    path = written(tmp_path / "a.csv", rows, header=True, end=end)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + 2 * end.encode())
    assert np.array_equal(course_csv.read_csv(path)[0], data.train_images[:20])


def test_folders_and_no_name_are_one_sentence(tmp_path):
    for name in ("", ".", tmp_path, tmp_path / "no" / "a.csv"):
        with pytest.raises(Problem, match="cannot be read"):
            course_csv.read_csv(name)
