"""What stands in Markdown: no result is typed there, and a chapter can be read in ten minutes or so."""

import ast
import re

import pytest
import yaml

from helpers.core import project, store
from helpers.report import notebooks
from helpers.report.claims import all_claims

NAMES = notebooks.names()
PAGES = [project.ROOT / "README.md", *sorted((project.NOTEBOOKS / "site").glob("[!.]*.md"))]
MINUTES = 12

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

# Words that readers stumbled over, and what to write.
PLAIN = {
    r"\b(?:on|of|by|in) the page\b|\bthe page'?s\b": "the Playground; a notebook is a chapter",
    r"\bslivers?\b": "a small part",
    r"\breadouts?\b": "what was measured",
    r"\bmanieth\b": "every tenth, or whichever",
    r"\b(?:is|are) such as\b": "typical of",
    r"\bdetours?\b": "residual connection",
    r"\bno bargain\b": "does not help",
    r"\b(?:our|own|both) roads?\b": "function, way",
    r"\bdear(?:er|est)?\b": "expensive, slow",
    r"\bwitness(?:es)?\b": "another computation",
    r"\bhangs? on\b": "depends on",
    r"\blonel\w+": "farther from its neighbours",
    r"\bfair rivals?\b": "the same network with hand-made features",
    r"\barriv\w+": "reaches the bar",
    r"\bparts? (?:them|the)\b|\bcan part\b": "separate",
    r"\bstands? still\b": "does not learn",
    r"\bat the quickest\b": "the quickest needs",
    r"\bno say\b": "does not count",
    r"\bodd is\b|\bgone is\b|\bwhat is gone\b": "subject, verb, object",
    r"\bmended\b": "corrected",
    r"\bconvinc\w+": "answers nearly one",
    r"\bto be had\b": "available",
    r"\bcharges for\b": "is large for",
    r"\bdoes? for\b": "is enough for",
}


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


def read_by_people(name):
    """What a reader meets in a chapter: its text, the sentences, captions, alternative texts and headings in its code."""
    for cell in notebooks.read(notebooks.source_path(name)).cells:
        if cell.cell_type == "markdown":
            yield re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", cell.source, flags=re.DOTALL)
        elif cell.cell_type == "code":
            nodes = [node.value for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Constant)]
            yield "\n".join(value for value in nodes if isinstance(value, str))


def stumbling_blocks(text):
    """Every word of a text that PLAIN knows better, with what to write (list of str)."""
    text = " ".join(text.split())
    return [
        f"{found[0]!r} in {text[max(0, found.start() - 40) : found.end() + 20]!r}: {better}"
        for pattern, better in PLAIN.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_has_plain_words(name):
    assert [block for text in read_by_people(name) for block in stumbling_blocks(text)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_pages_beside_the_chapters_have_plain_words(path):
    assert stumbling_blocks(path.read_text(encoding="utf-8")) == []


def test_claims_are_put_in_plain_words():
    rows = yaml.safe_load((project.ROOT / "helpers" / "report" / "claims.yaml").read_text(encoding="utf-8"))
    assert [block for row in rows for key in ("label", "says") for block in stumbling_blocks(row.get(key, ""))] == []


def test_a_riddle_is_found():
    (block,) = stumbling_blocks("The losses are such as 200 seeds\ngive.")
    assert "typical of" in block


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


# What is bold for weight, or is explained where it stands, and is no term to look up.
EMPHASIS = {
    "+1", "-1", "engine", "dependable", "same amount", "same share", "dead", "has learned", "survives", "both", "confident", "grid",
    "step", "one", "one more run", "v1", "v2", "v3", "pool first, then normalise", "without", "stored", "bent", "pull", "measured",
    "statements", "counted", "derived", "the course's own data", "in brief",
}  # fmt: skip


def glossary():
    """The terms of the glossary, in lower case (set of str)."""
    text = (project.NOTEBOOKS / "site" / "glossary.md").read_text(encoding="utf-8").lower()
    heads = re.findall(r"^(.+)\n: ", text, re.MULTILINE)
    return {part.strip(" )") for head in heads for part in re.split(r"[,;(]", head)}


def test_every_term_in_bold_is_in_the_glossary_and_every_chapter_leads_there():
    missing, terms = [], glossary()
    for name in NAMES:
        text = "\n".join(
            cell.source for cell in notebooks.read(notebooks.source_path(name)).cells if cell.cell_type == "markdown"
        )
        assert "(site/glossary.md)" in text, name
        for bold in re.findall(r"\*\*([^*]+)\*\*", text):
            word = " ".join(bold.lower().split()).rstrip(".")
            if word not in EMPHASIS and not {word, word.removesuffix("s"), f"{word} map", f"{word} search"} & terms:
                missing.append(f"{name}: {word}")
    aliases = {
        "stochastic gradient descent": "sgd",
        "principal component analysis": "pca",
        "cross-validation": "five-fold cross-validation",
    }
    assert [each for each in missing if aliases.get(each.partition(": ")[2]) not in terms] == []


def test_definitions_are_short():
    text = (project.NOTEBOOKS / "site" / "glossary.md").read_text(encoding="utf-8")
    definitions = re.findall(r"^: (.+(?:\n  .+)*)", text, re.MULTILINE)
    assert len(definitions) > 50 and max(len(each.split()) for each in definitions) <= 45


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


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_read_in_ten_minutes_or_so(name):
    assert notebooks.reading_minutes(notebooks.read(project.NOTEBOOKS / f"{name}.ipynb")) <= MINUTES
