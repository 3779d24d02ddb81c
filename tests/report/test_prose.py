"""What stands in Markdown: no result is typed there, and a chapter can be read in ten minutes or so."""

import re

import pytest

from helpers.core import project, store
from helpers.report import notebooks
from helpers.report.claims import all_claims

NAMES = notebooks.names()
WORDS_A_MINUTE, SECONDS_A_FIGURE, MINUTES = 200, 20, 12

# What is no result, and is cut out before numbers are looked for.
NO_RESULT = [
    r"```.*?```", r"`[^`]*`", r"\$\$.*?\$\$", r"\$[^$]*\$", r"\]\([^)]*\)",  # code, formulas, addresses
    r"<[^>]*>", r"^\s*\d+\. ",  # tags, numbers of a list
    r"\b(?:Figures?|Tables?|Listing|Questions?|[Cc]hapters?|[Ss]ections?|Fig\.?)\s[\d.]+(?:(?:,| and| to) [\d.]+)*",  # places
    r"\b(?:19|20)\d\d\b", r"\b\d+(?:-\d+)+\b", r"\b\w*[A-Za-z]\d\w*\b",  # years, layer sizes, names such as L1 or x1
]  # fmt: skip
SPELT = {
    "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100,
    "hundreds": 100, "thousand": 1000, "dozen": 12,
}  # fmt: skip


def numbers(text):
    """The numbers in a text, written in digits or in words from ten up."""
    digits = [float(found.replace(",", "")) for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text)]
    return digits + [float(SPELT[word]) for word in re.findall(r"[a-z]+", text.lower()) if word in SPELT]


def settings(name, notebook):
    """The numbers that a chapter's text may name: those that stand in its cells, and those that the report prints."""
    found = numbers("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code").replace("_", ""))
    printed = [one for one in all_claims().values() if name.startswith(f"{one.chapter:02d}") or name.startswith("08")]
    for one in printed:
        found += numbers(f"{one.says} {one.note} {one.value} {one.facts} {one.rule}")
    return {*found, *(100 * number for number in found), *(round(number / 100, 6) for number in found)}


def main_line(notebook):
    """The cells before the first appendix."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and re.search(r"^## Appendix", cell.source, re.MULTILINE):
            return notebook.cells[:place]
    return notebook.cells


@pytest.mark.parametrize("name", NAMES)
def test_no_result_is_typed(name):
    notebook = notebooks.read(notebooks.source_path(name))
    allowed, typed = settings(name, notebook), []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source
            for pattern in NO_RESULT:
                text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE)
            typed += [(number, text.strip()[:60]) for number in numbers(text) if number not in allowed]
    assert typed == [], "compute these in a cell with page.say, or name them as a setting in one"


def test_a_typed_result_is_found(monkeypatch):
    assert numbers("In 97.5 of 12,000 cases, and some fifty more") == [97.5, 12000.0, 50.0]
    notebook = notebooks.read(notebooks.source_path(NAMES[0]))
    notebook.cells[0].source += "\nOf these, 83.71 % were right."
    monkeypatch.setattr(notebooks, "read", lambda path: notebook)
    with pytest.raises(AssertionError, match=r"83\.71"):
        test_no_result_is_typed(NAMES[0])


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_is_at_the_top_and_is_what_the_results_say(name):
    notebook = notebooks.read(project.NOTEBOOKS / f"{name}.ipynb")
    brief = store.read_json(project.RESULTS / f"{name}.json")["brief"]
    shown = [
        output.get("data", {}).get("text/markdown", "")
        for cell in notebook.cells[:5]
        for output in cell.get("outputs", [])
    ]
    assert brief and f"**In brief.** {brief}" in shown


def reading_minutes(notebook):
    """How long the main line takes to read: its words, computed ones too, and a look at each figure."""
    words = figures = 0
    for cell in main_line(notebook):
        texts = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            figures += "figure" in output.get("metadata", {})
            shown = output.get("data", {}).get("text/markdown", "")
            texts += [] if shown.startswith("|") else [shown]
        words += sum(len(text.split()) for text in texts)
    return words / WORDS_A_MINUTE + figures * SECONDS_A_FIGURE / 60


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_read_in_ten_minutes_or_so(name):
    assert reading_minutes(notebooks.read(project.NOTEBOOKS / f"{name}.ipynb")) <= MINUTES
