"""What the report of 2019 states, by id, and the rule that each claim is judged by; see claims.yaml and rules.py."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from helpers.core import project
from helpers.core.project import Problem
from helpers.report import rules

DATASETS = {"xor": "XOR", "gauss": "Gaussian"}


@dataclass(frozen=True)
class Claim:
    """One figure or statement of the report.

    id, chapter (of ours, int), kind (one of rules.WORDS) · place, line : where it stands in the report ·
    label : the claim in a few words, such as "circle, sigmoid 5-5" · value : as printed, or None ·
    says : what it states, in our words · form : how its numbers are written · note : what is odd about it ·
    rule : one of the rules in rules.py · facts : any further entries (dict).
    """

    id: str
    chapter: int
    kind: str
    place: str
    line: int
    label: str
    rule: Any
    value: Any = None
    says: str = ""
    form: str = ".1%"
    note: str = ""
    facts: dict = field(default_factory=dict)

    @property
    def where(self):
        """Where it stands in the report, such as "Table 1, line 16" (str)."""
        return f"{self.place}, line {self.line}"


@cache
def all_claims():
    """Every claim by its id, in the report's order (dict of Claim)."""
    rows = yaml.safe_load((project.ROOT / "helpers" / "report" / "claims.yaml").read_text(encoding="utf-8"))
    pairs = {row["id"]: tuple(row["value"].values()) for row in rows if "setting" in row}
    named = set(Claim.__dataclass_fields__) - {"rule"}
    return {
        row["id"]: Claim(
            **_of_setting(row) | {key: row[key] for key in named & row.keys()},
            rule=_rule(row, pairs),
            facts={key: row[key] for key in row if key not in named | {"rule", "criterion"}},
        )
        for row in rows
    }


def _of_setting(row):
    """What a row of a Playground table is called and states, by its setting (dict; {} for another claim)."""
    if "setting" not in row:
        return {}
    setting, dataset = row["setting"], row["setting"]["dataset"]
    made_by = setting.get("regularization") or f"{setting['activation']} {'-'.join(map(str, setting['hidden']))}"
    label = f"{DATASETS.get(dataset, dataset)}, {made_by}"
    train, test = row["value"].values()
    says = f"{label}, after {setting['epochs']} epochs: training loss {train:g}, test loss {test:g}"
    return {"label": label, "form": ".3f", "says": says}


def _rule(row, pairs):
    """The rule of a row of claims.yaml. pairs : the printed losses of all Playground rows, by id."""
    if "criterion" in row:
        return rules.Bound(*row["criterion"], row.get("form", Claim.form))
    if "setting" in row:
        own = pairs[row["id"]]
        return rules.AmongSeeds(tuple(dict.fromkeys(pair for pair in pairs.values() if pair != own)))
    name = row.get("rule", row["kind"])
    return rules.NextRun(len(str(row["value"]).partition(".")[2])) if name == "measured" else rules.RULES[name]


def claim(claim_id):
    """The Claim with this id. Raises Problem if there is none."""
    try:
        return all_claims()[claim_id]
    except KeyError:
        raise Problem(f"There is no claim {claim_id!r} in helpers/report/claims.yaml.") from None
