"""The losses that each row of the report's Playground tables gives from many seeds, so that all rows can be seen on one scale."""

import numpy as np

from helpers.core import store
from helpers.core.project import Problem
from helpers.playground import sweeps
from helpers.playground.config import Config, page_seeds
from helpers.report.claims import all_claims

FILE = "loss_spreads.json"
REMEDY = "make train ONLY=08_what_reproduces"
KINDS = ("train_loss", "test_loss")
INPUTS = {
    "x1": "x", "x2": "y", "x1^2": "xSquared", "x2^2": "ySquared", "x1*x2": "xTimesY", "sin(x1)": "sinX", "sin(x2)": "sinY"
}  # fmt: skip


def rows():
    """The claims that are a row of a Playground table, by id (dict of Claim)."""
    return {name: claim for name, claim in all_claims().items() if "setting" in claim.facts}


def config_of(claim):
    """The setting of a table's row (Config). Table 2 has all seven inputs, Table 3 the two coordinates."""
    setting = claim.facts["setting"]
    inputs = setting.get("features") or (list(INPUTS) if "regularization" in setting else ["x1", "x2"])
    return Config(
        dataset=setting["dataset"], features=[INPUTS[name] for name in inputs], hidden=setting["hidden"],
        activation=setting.get("activation", "sigmoid"), learning_rate=0.1, train_percent=70,
        regularization=setting.get("regularization", "none"), regularization_rate=setting.get("rate", 0),
    )  # fmt: skip


def loss_spreads(n_seeds, profile):
    """Where the losses of each row lie: measured anew where the profile trains, else as stored.

    n_seeds : seeds a row, counted as the page counts them.   profile : settings.Profile; a sliver stops after five epochs.
    Returns a dict of claim id -> {"seeds", "median" and "central", the last two by kind of loss}; "central" holds what the
    middle 95 % of the seeds show. Raises Problem if the store is missing or was made for other rows or seeds.
    """
    path, claims = profile.results / FILE, rows()
    if profile.trains:
        found = {}
        for name, claim in claims.items():
            epochs = min(claim.facts["setting"]["epochs"], 5 if profile.sliver else np.inf)
            losses = sweeps.losses_at(config_of(claim), page_seeds(n_seeds), epochs, label=name)
            found[name] = summary(losses)
        store.write_json(path, found)
    found = store.read_json(path, REMEDY)
    if found.keys() != claims.keys() or any(row["seeds"] != n_seeds for row in found.values()):
        raise Problem(f"{path.name} holds other rows or seeds than asked for: `{REMEDY}` makes it anew.")
    return found


def summary(losses):
    """The entry of one setting: medians and middle 95 % of its Losses, in the page's thousandths (dict)."""
    each = dict(zip(KINDS, (losses.train, losses.test), strict=True))
    middle = {kind: sweeps.central(values) for kind, values in each.items()}
    return {
        "seeds": len(losses.seeds),
        "median": {kind: round(float(np.median(values)), 3) for kind, values in each.items()},
        "central": {kind: [interval.low, interval.high] for kind, interval in middle.items()},
    }
