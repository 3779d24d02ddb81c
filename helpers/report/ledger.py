"""What became of every claim of the report: the chapters' results, gathered for chapter 08, the site and the README."""

import re
from collections import Counter
from functools import cache

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import claims, notebooks, page, spreads

FILE = project.RESULTS / "ledger.json"
FIELDS = ("id", "chapter", "reported", "measured", "interval", "n", "verdict", "why")
VERDICTS = (page.REPRODUCED, page.NOT_REPRODUCED, page.UNTESTABLE)
NOT_RUN = "its chapter has not been run"
NBSP = "\u00a0"  # a space at which a table's cell is not broken
BEGIN, END = "<!-- verdicts: written by `make store`, from outputs/results/ -->", "<!-- end of verdicts -->"

PARTS = {
    1: "Features by hand", 2: "Penalties", 3: "Features by itself", 4: "Multilayer perceptron",
    5: "Convolutional networks", 6: "Components and logistic regression", 7: "Questions for paper",
}  # fmt: skip
DATASETS = {"circle": "circle", "xor": "XOR", "gauss": "Gaussian", "spiral": "spiral"}
LABELS = {
    "p-relu-fastest": "relu is always first", "p-bigger-faster": "bigger networks are sooner",
    "p-xor-sigmoid": "sigmoid fails on XOR until it grows", "p-l2-sin": "the sines matter under L2",
    "mlp-params": "parameters", "mlp-val-acc-a": "validation accuracy, first account",
    "mlp-val-acc-b": "validation accuracy, second account", "mlp-plateau": "epoch of the plateau",
    "mlp-batch": "images per step", "mlp-epochs": "epochs at most",
    "cnn1-params": "first network: parameters", "cnn1-val-acc": "first network: validation accuracy",
    "cnn1-underfits": "first network: behind on its own training images", "cnn2-params": "second network: parameters",
    "cnn2-val-acc": "second network: validation accuracy", "cnn2-train-acc": "second network: training accuracy",
    "cnn-shapes": "shapes inside the first network", "cnn-predictions": "predicted classes equally frequent",
    "pca-components": "numbers of components", "pca-inflection": "accuracy flattens, fit time rises",
    "pca-kmeans": "classes overlap in two components", "logit-cv-acc": "five-fold accuracy, all pixels",
    "logit-fit-s": "seconds to fit", "logit-score-s": "seconds to score",
    "pca100-vs-full": "a hundred components beside all pixels", "q1a": "units for linear regression",
    "q1b": "units for the classifier", "q1c": "coefficients", "q1-backprop": "back-propagated gradients",
    "q2": "decision boundaries", "q3": "cross-entropy or squared error",
}  # fmt: skip


def label(claim_id):
    """A claim in a few words, such as "circle, sigmoid 5-5" (str)."""
    setting = claims.claim(claim_id).facts.get("setting")
    if setting is None:
        return LABELS[claim_id]
    layers = "-".join(map(str, setting["hidden"]))
    return f"{DATASETS[setting['dataset']]}, {setting.get('regularization') or setting['activation'] + ' ' + layers}"


def title(entry):
    """An entry's claim with its place in the report, such as "Table 1: circle, sigmoid 5-5" (str)."""
    return f"{claims.claim(entry['id']).place}: {label(entry['id'])}"


# --- gathering --------------------------------------------------------------------------------------------------------


def entries():
    """Every claim of claims.yaml, in its order, with what was measured (list of dicts with the keys FIELDS).

    A claim whose chapter has no results yet cannot be tested here. For a row of a Playground table, `measured` and
    `interval` are the median and the middle 95 % of the seeds, once those are stored; the verdict is the chapter's.
    Raises Problem if a chapter has results but passes over one of its claims.
    """
    chapters = {int(name[:2]): name for name in notebooks.names()}
    checked = {number: _checked(name) for number, name in chapters.items()}
    stored = project.RESULTS / spreads.FILE
    spread = store.read_json(stored) if stored.is_file() else {}
    return [
        _entry(claim, chapters.get(claim.chapter), checked.get(claim.chapter), spread.get(claim.id))
        for claim in claims.all_claims().values()
    ]


def _checked(name):
    """What a chapter's check calls left in its results, by claim id (dict), or None if it has none."""
    path = project.RESULTS / f"{name}.json"
    return {row["id"]: row for row in store.read_json(path)["claims"]} if path.is_file() else None


def _entry(claim, name, checked, spread):
    if checked is None:
        reported = claim.says if claim.value is None else claim.value
        row = {"chapter": name or f"{claim.chapter:02d}", "reported": reported, "measured": None, "interval": None}
        row |= {"n": None, "verdict": page.UNTESTABLE, "why": NOT_RUN}
    elif claim.id not in checked:
        raise Problem(f"Chapter {name} has results but says nothing of its claim {claim.id!r}.")
    else:
        row = dict(checked[claim.id])
        if spread:
            row["why"] = row["why"] or str(row["measured"])
            row |= {"measured": spread["median"], "interval": spread["central"], "n": f"{spread['seeds']} seeds"}
    row["id"] = claim.id
    return {field: row[field] for field in FIELDS}


def counts(rows):
    """How many entries have each verdict (dict in the order of VERDICTS)."""
    found = Counter(row["verdict"] for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS}


def by_chapter(rows):
    """Entries grouped by the number of their chapter (dict of int -> list)."""
    return {number: [row for row in rows if int(row["chapter"][:2]) == number] for number in PARTS}


def numbers(chapter):
    """What a chapter's sentences were computed from, by name (dict). Raises Problem if it was not run."""
    name = notebooks.source_path(chapter).stem
    return store.read_json(project.RESULTS / f"{name}.json", f"python -m helpers run {name}")["numbers"]


def positions(entry):
    """Where a claim's printed values lie in our interval: 0 in its middle, -1 and 1 at its ends (list of float).

    Two for a pair of losses, one for a value, none without an interval or for a statement in words. A list of values is
    judged by its mean. An interval narrower than what the report's digits can tell is taken to be that wide.
    """
    reported, interval = entry["reported"], entry["interval"]
    if interval is None or isinstance(reported, str):
        return []
    if isinstance(interval, dict):
        return [_position(reported[kind], *interval[kind], least=0.0005) for kind in spreads.KINDS]
    value = sum(reported) / len(reported) if isinstance(reported, list) else reported
    return [_position(value, *interval, least=1e-12)]


def _position(value, low, high, least):
    return (value - (low + high) / 2) / max((high - low) / 2, least)


def farness(entry):
    """How far a claim's farthest value lies from the middle of our interval, in half-widths (float); 0 without one."""
    return max(map(abs, positions(entry)), default=0.0)


def remark(entry):
    """What to write in a picture where a claim has no position (str)."""
    if isinstance(entry["reported"], str):
        return "in words"
    return (
        "" if entry["verdict"] == page.UNTESTABLE else "equal" if entry["measured"] == entry["reported"] else "differs"
    )


# --- places -----------------------------------------------------------------------------------------------------------


def link(entry, folder=""):
    """The address of the place where a claim is measured: its chapter and, where known, the section (str, or "")."""
    if entry["chapter"] not in notebooks.names():
        return ""
    section = _sections(entry["chapter"]).get(entry["id"])
    return f"{folder}{entry['chapter']}.ipynb" + (f"#{section}" if section and not folder else "")


@cache
def _sections(name):
    """The anchor of the section in which each claim of a chapter is checked (dict), read off its outputs in order."""
    ids = list(_checked(name) or {})
    for path in (project.EXECUTED / f"{name}.ipynb", notebooks.source_path(name)):
        found = _sections_of_checks(notebooks.read(path)) if path.is_file() else []
        if len(found) == len(ids):
            return dict(zip(ids, found, strict=True))
    return {}


def _sections_of_checks(notebook):
    """For each verdict that a notebook shows, the anchor of the section that it stands in (list of str)."""
    found, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ (.*)$", cell.source, re.MULTILINE)
            section = anchor(headings[-1]) if headings else section
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/markdown", "")
            found += [section] * any(text.startswith(f"**{verdict}** · ") for verdict in VERDICTS)
    return found


def anchor(heading):
    """A heading as the last part of an address, the way the site and code hosts write it (str)."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- in words ---------------------------------------------------------------------------------------------------------


def words(claim_id, value):
    """A reported or measured value for a table cell: percent, seconds, losses or words, with the digits that matter."""
    if isinstance(value, dict):
        return ", ".join(f"{kind.partition('_')[0]}{NBSP}{item:.3f}" for kind, item in value.items())
    if isinstance(value, list) and not all(isinstance(item, int) for item in value):
        mean = f", mean {_number(claim_id, sum(value) / len(value))}"
        return f"{_number(claim_id, min(value))} to {_number(claim_id, max(value))}{mean}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value) if isinstance(value, str) else _number(claim_id, value)


def interval_words(claim_id, interval):
    """An interval for a table cell, such as "89.4% to 92.0%" (str)."""
    if interval is None:
        return ""
    if isinstance(interval, dict):
        return ", ".join(f"{kind.partition('_')[0]}{NBSP}{_span('', *ends)}" for kind, ends in interval.items())
    return _span(claim_id, *interval)


def _span(claim_id, low, high):
    ends = [_number(claim_id, end) if claim_id else f"{end:.3f}" for end in (low, high)]
    return f"{NBSP}to{NBSP}".join(dict.fromkeys(ends))


def _number(claim_id, value):
    parts = claim_id.split("-")
    if "acc" in parts:
        return f"{value:.1%}"
    if parts[-1] == "s":
        return f"{value:.1f}{NBSP}s" if value >= 1 else f"{value:.3f}{NBSP}s"
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


COLUMNS = {"claim": "l", "the report": "l", "measured": "l", "interval": "l", "n": "l", "verdict": "l"}


def table_rows(rows, folder=""):
    """Entries as the cells of a table with the headings COLUMNS (list of lists of str)."""
    return [
        [
            _linked(row, folder),
            words(row["id"], row["reported"]),
            words(row["id"], row["measured"]) or "–",
            interval_words(row["id"], row["interval"]) or "–",
            row["n"] or "–",
            f"**{row['verdict']}**" if row["verdict"] == page.NOT_REPRODUCED else row["verdict"],
        ]
        for row in rows
    ]


def _linked(row, folder):
    address = link(row, folder)
    return (f"[{title(row)}]({address})" if address else title(row)) + f" `{row['id']}`"


def verdict_table(folder=""):
    """All claims as one Markdown table. folder : put before the chapters' addresses, such as "notebooks/"."""
    rule = ":-- | " * len(COLUMNS)
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + rule.rstrip()]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in table_rows(entries(), folder))])


def count_line():
    """How many claims have each verdict, as a sentence (str)."""
    rows = entries()
    found = ", ".join(f"**{count}** {verdict}" for verdict, count in counts(rows).items())
    return f"Of {len(rows)} claims: {found}."


def write():
    """Write outputs/results/ledger.json: the entries, one file for machines."""
    store.write_json(FILE, entries())


def write_readme():
    """Renew the table of verdicts in README.md, between its two marks."""
    path = project.ROOT / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    store.write_text(path, f"{before}{BEGIN}\n{readme_part()}\n{END}{after}")


def readme_part():
    """What stands between the README's two marks (str)."""
    return f"{count_line()}\n\n{verdict_table('notebooks/')}"
