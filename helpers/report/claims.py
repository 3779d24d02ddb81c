"""The figures that the report of 2019 states, by id; see claims.yaml."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from helpers.core import project
from helpers.core.project import Problem

DATASETS = {"xor": "XOR", "gauss": "Gaussian"}


@dataclass(frozen=True)
class Claim:
    """One figure or statement of the report.

    id, chapter (of ours, int), place (in the report) · label : the claim in a few words, such as "circle, sigmoid 5-5" ·
    value : as printed, or None if it is a statement in words · says : the statement, in our words ·
    form : the format of its numbers · note : what is odd about it · facts : any further entries (dict).
    """

    id: str
    chapter: int
    place: str
    label: str
    value: Any = None
    says: str = ""
    form: str = ".1%"
    note: str = ""
    facts: dict = field(default_factory=dict)


@cache
def all_claims():
    """Every claim by its id, in the report's order (dict of Claim)."""
    rows = yaml.safe_load((project.ROOT / "helpers" / "report" / "claims.yaml").read_text(encoding="utf-8"))
    named = set(Claim.__dataclass_fields__)
    return {
        row["id"]: Claim(
            **_of_setting(row) | {key: row[key] for key in named & row.keys()},
            facts={key: row[key] for key in row if key not in named},
        )
        for row in rows
    }


def _of_setting(row):
    """What a row of a Playground table is called, by its setting, and the format of losses (dict; {} for another claim)."""
    if "setting" not in row:
        return {}
    setting, dataset = row["setting"], row["setting"]["dataset"]
    made_by = setting.get("regularization") or f"{setting['activation']} {'-'.join(map(str, setting['hidden']))}"
    return {"label": f"{DATASETS.get(dataset, dataset)}, {made_by}", "form": ".3f"}


def claim(claim_id):
    """The Claim with this id. Raises Problem if there is none."""
    try:
        return all_claims()[claim_id]
    except KeyError:
        raise Problem(f"There is no claim {claim_id!r} in helpers/report/claims.yaml.") from None
