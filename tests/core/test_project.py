import re
from pathlib import Path

import pytest

from helpers.core.project import PROFILES, Problem, profile_named, seed_for, typed
from helpers.report.claims import claim


def test_a_named_seed_never_moves():
    """The stored networks were drawn from these: a change of the rule would orphan them."""
    assert seed_for("mlp/0", 2019) == 315156597
    assert seed_for("fashion/split", 2019) == 1907875982


def test_seeds_differ_by_name_and_by_seed():
    seeds = {seed_for(f"mlp/{number}", seed) for number in range(50) for seed in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(("typed", "meant"), [("repot", "report"), ("smoek", "smoke"), ("Train", "train")])
def test_a_misspelt_profile_is_answered_with_the_nearest(typed, meant):
    with pytest.raises(Problem, match=f"no profile '{typed}'.*did you mean '{meant}'"):
        profile_named(typed)


def test_smoke_writes_nowhere_else():
    smoke, report = PROFILES["smoke"], PROFILES["report"]
    for folder in ("models", "results", "figures", "training"):
        assert "smoke" in getattr(smoke, folder).parts
        assert "smoke" not in getattr(report, folder).parts


def test_the_counts_of_parameters_add_up():
    for name in ("mlp-params", "cnn1-params", "cnn2-params"):
        one = claim(name)
        assert one.value == one.facts["trainable"] + one.facts["non_trainable"]


def test_an_unknown_claim_is_a_problem():
    with pytest.raises(Problem, match=re.escape("'mlp-val-acc-c'")):
        claim("mlp-val-acc-c")


def test_a_typed_path_means_the_home_folder_by_its_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert typed("~/data") == Path("/somewhere/data")
    assert typed("data") == Path("data")
    assert typed("~no-such-user-here/data") == Path("~no-such-user-here/data")
