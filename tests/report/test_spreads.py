"""The seeds behind the Playground's tables: the settings are the report's, and the medians are the chapters'."""

import re
from dataclasses import replace

import pytest

from helpers.core import project, store
from helpers.core.project import Problem, profile_named
from helpers.playground import sweeps
from helpers.playground.config import page_seeds
from helpers.report import spreads
from helpers.report.claims import claim


def test_a_setting_is_the_reports():
    hand, penalty, own = (spreads.config_of(claim(name)) for name in ("t1-circle", "t2-xor-l2", "t3-xor-tanh"))
    assert (hand.features, hand.hidden, hand.activation) == (("xSquared", "ySquared"), (5, 5), "sigmoid")
    assert (penalty.regularization, penalty.regularization_rate, len(penalty.features)) == ("L2", 0.01, 7)
    assert (own.features, own.activation, own.regularization) == (("x", "y"), "tanh", "none")
    assert {(c.learning_rate, c.train_percent, c.batch_size) for c in (hand, penalty, own)} == {(0.1, 70, 10)}


def test_the_stored_medians_are_those_that_the_chapters_found():
    stored = store.read_json(project.RESULTS / spreads.FILE)
    chapters = ("01_playground", "02_regularization", "03_automated_features")
    found = {row["id"]: row for name in chapters for row in store.read_json(project.RESULTS / f"{name}.json")["claims"]}
    assert stored.keys() == spreads.rows().keys()
    for name, row in stored.items():
        told = re.sub(r"\[.*?\]", "", found[name]["measured"])  # the first two numbers outside brackets
        medians = [float(number) for number in re.findall(r"\d\.\d{3}", told)][:2]
        assert medians == pytest.approx(list(row["median"].values()), abs=1e-9), name


def test_a_row_run_afresh_gives_what_is_stored():
    name = "t3-circle-relu4"
    losses = sweeps.losses_at(spreads.config_of(claim(name)), page_seeds(200), claim(name).facts["setting"]["epochs"])
    assert spreads.summary(losses) == store.read_json(project.RESULTS / spreads.FILE)[name]


def test_a_sliver_is_stored_apart_and_other_rows_are_a_problem(tmp_path):
    smoke = replace(profile_named("smoke"), results=tmp_path)
    found = spreads.loss_spreads(2, smoke)
    assert found == store.read_json(tmp_path / spreads.FILE)
    assert all(row["seeds"] == 2 for row in found.values())
    reading = replace(smoke, trains=False)
    with pytest.raises(Problem, match="other rows or seeds than asked for: `make train ONLY=08_what_reproduces`"):
        spreads.loss_spreads(3, reading)
