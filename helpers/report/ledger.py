"""What became of every claim of the report: the chapters' results, gathered for chapter 08, the site and the README."""

import re
from collections import Counter
from functools import cache

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.core.stats import Interval
from helpers.report import claims, notebooks, page, rules, tables

FILE = project.RESULTS / "ledger.json"
OURS = ("measured", "interval", "p", "power", "n", "verdict", "why", "under")
FIELDS = ("id", "chapter", "where", "says", "kind", "rule", "reported", *OURS, "holm")
NOT_RUN = "its chapter has not been run"
BEGIN, END = "<!-- results: written by `make store`, from outputs/results/ -->", "<!-- end of results -->"

PARTS = {
    1: "Features by hand", 2: "Penalties", 3: "Features by itself", 4: "Multilayer perceptron",
    5: "Convolutional networks", 6: "Components and logistic regression", 7: "Questions for paper",
}  # fmt: skip


# --- gathering --------------------------------------------------------------------------------------------------------


def entries():
    """Every claim of claims.yaml, in its order, with what was measured (list of dicts with the keys FIELDS).

    "holm" is the p-value of a row of a Playground table after Holm's correction for all these rows, else None.

    A claim whose chapter has no results yet cannot be tested here.
    Raises Problem if a chapter has results but passes over one of its claims.
    """
    chapters = {int(name[:2]): name for name in notebooks.names()}
    results = {number: _chapter_results(name) for number, name in chapters.items()}
    return _with_holm([_entry(claim, chapters, results.get(claim.chapter)) for claim in claims.all_claims().values()])


def _chapter_results(name):
    """What a chapter's check calls left in its results, by claim id (dict), or None if it has none."""
    path = project.RESULTS / f"{name}.json"
    return {row["id"]: row for row in _results(name)["claims"]} if path.is_file() else None


def _entry(claim, chapters, results):
    name = chapters.get(claim.chapter, f"{claim.chapter:02d}")
    facts = {"id": claim.id, "chapter": name, "where": claim.where, "says": claim.says, "kind": claim.kind}
    facts |= {"rule": claim.rule.description, "reported": claim.value}
    if results is None:
        return facts | dict.fromkeys(OURS) | {"verdict": rules.UNTESTABLE, "why": NOT_RUN, "under": {}}
    if claim.id not in results:
        raise Problem(f"Chapter {name} has results but says nothing of its claim {claim.id!r}.")
    return facts | {field: results[claim.id][field] for field in OURS}


def _with_holm(rows):
    """The entries `rows`, each with "holm"; see `entries` (list of dicts)."""
    judged = {row["id"]: row["p"] for row in rows if row["id"] in tables.table_claims() and row["p"] is not None}
    adjusted = dict(zip(judged, rules.holm(list(judged.values())), strict=True))
    return [row | {"holm": store.rounded(adjusted.get(row["id"]))} for row in rows]


def hangs_on_neighbours(row):
    """Whether a row of a Playground table would have another verdict with fewer or more neighbours in its p-value (bool)."""
    return any(row["under"][f"{count} neighbours"] != row["verdict"] for count in rules.OTHER_NEIGHBOURS)


def verdict_counts(rows):
    """How many entries of each kind have each verdict: dict of kind -> dict of verdict -> int, settings left out."""
    found = Counter((row["kind"], row["verdict"]) for row in rows)
    kinds = {kind: words for kind, words in rules.WORDS.items() if kind != "setting"}
    return {kind: {word: found[kind, word] for word in words if found[kind, word]} for kind, words in kinds.items()}


def rule_table(rows):
    """The rules by which entries were judged, each with the number of claims (list of [kind, rule, count])."""
    found = Counter((row["kind"], row["rule"]) for row in rows)
    return [[kind, rule, count] for (kind, rule), count in found.items()]


def by_chapter(rows):
    """Entries grouped by the number of their chapter (dict of int -> list)."""
    return {number: [row for row in rows if int(row["chapter"][:2]) == number] for number in PARTS}


def chapter_numbers(chapter):
    """What a chapter's sentences were computed from, by name (dict). Raises Problem if it was not run."""
    return _results(notebooks.source_path(chapter).stem)["numbers"]


def _results(name):
    """What a chapter has left in outputs/results/ (dict). Raises Problem if it was not run."""
    return store.read_json(project.RESULTS / f"{name}.json", f"python -m helpers run {name}")


# --- places -----------------------------------------------------------------------------------------------------------


def claim_address(entry):
    """The address of the place where a claim is measured: its chapter and, where known, the section (str, or "")."""
    name = entry["chapter"]
    if name not in notebooks.names():
        return ""
    section = _sections(name).get(entry["id"], "")
    return f"{name}.ipynb" + (f"#{section}" if section else "")


@cache
def _sections(name):
    """The anchor of the section in which each claim of a chapter is checked (dict): by its last run, or as stored."""
    current = notebooks.why_not_current(name) is None
    return sections_of_claims(notebooks.read(notebooks.executed_path(name) if current else notebooks.source_path(name)))


def sections_of_claims(notebook):
    """For each claim whose verdict a notebook shows, the anchor of the section that it stands in (dict of str)."""
    found, section = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ (.*)$", cell.source, re.MULTILINE)
            section = heading_anchor(headings[-1]) if headings else section
        for output in cell.get("outputs", []):
            found |= dict.fromkeys(output.get("metadata", {}).get("claims", []), section)
    return found


def heading_anchor(heading):
    """A heading as the last part of an address, the way the site and code hosts write it (str)."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- in words ---------------------------------------------------------------------------------------------------------


def claim_title(entry):
    """An entry's claim with its place in the report, such as "Table 1: circle, sigmoid 5-5" (str)."""
    claim = claims.claim(entry["id"])
    return f"{claim.place}: {claim.label}"


COLUMNS = {"claim": "l", "the report": "l", "measured": "l", "verdict": "l"}


def table_rows(rows):
    """Entries as the cells of a table with the headings COLUMNS (list of lists of str)."""
    cells = []
    for row in rows:
        title, address, word = claim_title(row), claim_address(row), row["verdict"]
        cells.append([f"[{title}]({address})" if address else title, reported_words(row), measured_words(row),
                      f"**{word}**" if word in rules.BAD else word])  # fmt: skip
    return cells


def reported_words(entry):
    """What the report states: the printed value, or the statement in our words (str)."""
    stated = entry["says"] if entry["reported"] is None else entry["reported"]
    return page.in_words(stated, claims.claim(entry["id"]).form)


def measured_words(entry):
    """Our value with its interval and p-value and, of few possible values, the share that would pass (str)."""
    if entry["measured"] is None:
        return "–"
    interval, p, claim = entry["interval"], entry["p"], claims.claim(entry["id"])
    if isinstance(interval, dict):
        interval = {name: Interval(*ends) for name, ends in interval.items()}
    elif interval is not None:
        interval = Interval(*interval)
    value = page.in_words(entry["measured"], claim.form, interval)
    if p is None:
        return value
    corrected = "" if entry["holm"] is None else f" ({entry['holm']:.2g} after Holm's correction)"
    of_few = isinstance(claim.rule, rules.NextRun) and entry["power"] is not None
    passing = f", possible values passing: {entry['power']:.0%}" if of_few else ""
    return f"{value}, p = {p:.2g}{corrected}{passing}"


def count_table(rows):
    """How many claims of each kind have each verdict, as the cells of a table (list of lists of str)."""
    counts = verdict_counts(rows)
    listed = {
        kind: ", ".join(f"{word}: **{count}**" for word, count in words.items()) for kind, words in counts.items()
    }
    return [[kind, str(sum(counts[kind].values())), words] for kind, words in listed.items()]


COUNTS = {"kind of claim": "l", "claims": "r", "verdicts": "l"}


SHOWN = {
    1: "01-smallest-spiral", 2: "02-printed-losses", 3: "03-epoch-maps", 4: "04-leaking-validation", 5: "05-under-change",
    6: "06-rebuilt", 7: "07-whole-network", 8: "08-printed-numbers",
}  # fmt: skip


def readme_part():
    """What stands between the README's two marks: chapter 08 in brief, and a table of the chapters (str of Markdown)."""
    chapters = page.markdown_table({"": "l", "chapter": "l", "in a line": "l"}, map(_chapter_line, notebooks.names()))
    return f"**In brief.** {_results(notebooks.LAST)['brief']}\n\n{chapters}"


def _chapter_line(name):
    """A chapter for the README: a picture of it, its question, and the first sentence of what it found (list of str)."""
    number, title = name[:2], notebooks.title(notebooks.read(notebooks.source_path(name)))
    picture = f'<img src="figures/{SHOWN[int(number)]}.png" width="150" alt="">'
    first = re.split(r"(?<=\.) (?=[A-Z0-9*])", _results(name)["brief"])[0]
    return [picture, f"[{number}](notebooks/{name}.ipynb) {title}", first]


def write():
    """Write outputs/results/ledger.json: the entries, one file for machines."""
    store.write_json(FILE, entries())


def write_readme():
    """Renew what the README tells of the results, between its two marks."""
    path, part = project.ROOT / "README.md", f"{BEGIN}\n{readme_part()}\n{END}"
    marked = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    store.write_text(path, marked.sub(lambda _: part, path.read_text(encoding="utf-8")))
