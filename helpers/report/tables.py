"""The rows of the report's Playground tables, as settings of the page."""

from helpers.playground.config import Config
from helpers.report.claims import all_claims

INPUTS = {
    "x1": "x", "x2": "y", "x1^2": "xSquared", "x2^2": "ySquared", "x1*x2": "xTimesY", "sin(x1)": "sinX", "sin(x2)": "sinY"
}  # fmt: skip


def table_claims():
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
