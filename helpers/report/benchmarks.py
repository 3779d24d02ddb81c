"""What was measured with a clock by `make bench`, as chapter 08 tells it.

outputs/results/benchmarks.json holds {name: {"what": a sentence, "unit": "...", "ours": label or null, "better": "more" or
"less", "made_with": {...}, "values": {group: {label: number}}}}. Where `ours` names a label, the others of its group are
alternatives to it. Two measurements that other chapters quote as well lie in files of their own, and are read from there.
"""

from helpers.core import project, store

FILE = project.RESULTS / "benchmarks.json"
REMEDY = "make bench"


def benchmark_entries():
    """Every entry by its name (dict). Raises Problem, which names `make bench`, if nothing was ever measured."""
    found = store.read_json(FILE, REMEDY)
    for name, read in (("pca_logit_timing", _pca_logit), ("cnn_speed", _training)):
        path = FILE.with_name(f"{name}.json")
        found |= read(store.read_json(path)) if path.is_file() else {}
    return dict(sorted(found.items()))


def chapter_seconds():
    """The seconds that each chapter took in the report profile when last measured, by name (dict; {} if never)."""
    measured = store.read_json(FILE) if FILE.is_file() else {}
    return measured.get("report_seconds", {"values": {"chapters": {}}})["values"]["chapters"]


def _pca_logit(timing):
    ours = "nested components"
    what = "Components and logistic regression, six numbers of components, cross-validated"
    values = {"PCA + logit": {ours: timing["nested_seconds"], "the report's listing": timing["listing_seconds"]}}
    return {"pca_logit": benchmark_entry(what, "processor seconds", values, timing["made_with"], ours, "less")}


def _training(speed):
    ours, made_with = "training in sixteen bits", speed["made_with"]
    values = {
        name: {ours: row["training"], "thirty-two": row["training_float32"]} for name, row in speed["networks"].items()
    }
    shares = {"share of the peak": {name: row["training_share"] for name, row in speed["networks"].items()}}
    what = "The same, as a share of the rate at which the machine multiplies large matrices"
    return {
        "training": benchmark_entry("Training of convolutional networks", f"images per {speed['per']}", values, made_with, ours),
        "training_share": benchmark_entry(what, "share of the multiply-adds", shares, made_with),
    }  # fmt: skip


def benchmark_entry(what, unit, values, made_with, ours=None, better="more"):
    """One entry (dict); see above. values : {group: {label: number}}, kept to four digits."""
    facts = {"what": what, "unit": unit, "ours": ours, "better": better, "made_with": made_with}
    return facts | {"values": store.rounded(values, 4)}


def speedups(entry):
    """How many times better ours is than each alternative: dict of group -> dict of label -> factor (float)."""
    ours, sign = entry["ours"], {"more": 1, "less": -1}[entry["better"]]
    return {
        group: {label: (values[ours] / value) ** sign for label, value in values.items() if label != ours}
        for group, values in entry["values"].items()
    }


def headed_speedups(found):
    """The speedups of all entries, each under a heading that says what is compared: dict of heading -> dict of label -> factor.

    An entry with one alternative has one heading, and its groups below it; with several, a heading a group.
    """
    headed = {}
    for entry in filter(lambda entry: entry["ours"], found.values()):
        groups, ours = speedups(entry), entry["ours"]
        others = {label for group in groups.values() for label in group}
        if len(others) == 1:
            (other,) = others
            headed[f"{ours} instead of {other}"] = {group: factors[other] for group, factors in groups.items()}
        else:
            headed |= {f"{ours}, {group}, instead of": factors for group, factors in groups.items()}
    return headed
