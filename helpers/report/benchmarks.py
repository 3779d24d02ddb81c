"""What was measured with a clock, as it is stored in outputs/results/benchmarks.json by `make bench`.

{name: {"what": a sentence, "unit": "...", "ours": label or null, "better": "more" or "less", "made_with": {...},
"values": {group: {label: number}}}}. Where `ours` names a label, the others of its group are alternatives to it.
"""

from helpers.core import project, store

FILE = project.RESULTS / "benchmarks.json"
REMEDY = "make bench"


def entries():
    """Every entry by its name (dict). Raises Problem, which names `make bench`, if nothing was ever measured."""
    return store.read_json(FILE, REMEDY)


def gains(entry):
    """How many times better ours is than each alternative: dict of group -> dict of label -> factor (float)."""
    ours, sign = entry["ours"], {"more": 1, "less": -1}[entry["better"]]
    return {
        group: {label: (values[ours] / value) ** sign for label, value in values.items() if label != ours}
        for group, values in entry["values"].items()
    }


def all_gains(found):
    """The gains of all entries, each under a heading that says what is compared: dict of heading -> dict of label -> factor.

    An entry with one alternative has one heading, and its groups below it; with several, a heading a group.
    """
    headed = {}
    for entry in [entry for entry in found.values() if entry["ours"]]:
        groups, ours = gains(entry), entry["ours"]
        others = {label for group in groups.values() for label in group}
        if len(others) == 1:
            (other,) = others
            headed[f"{ours} instead of {other}"] = {group: factors[other] for group, factors in groups.items()}
        else:
            headed |= {f"{ours}, {group}, instead of": factors for group, factors in groups.items()}
    return headed


def machines(found):
    """What each entry was measured on, an entry a row: what, processor, cores and date (list of lists of str)."""
    return [
        [entry["what"], *(entry["made_with"].get(key, "") for key in ("processor", "cores", "date"))]
        for entry in found.values()
    ]
