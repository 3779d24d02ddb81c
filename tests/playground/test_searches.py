"""The searches that are stored: what is read is what was made, for these settings and no others."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.playground import features, searches, sweeps
from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import FEATURES
from helpers.playground.engine import train
from helpers.report.claims import all_claims

SEEDS = page_seeds(8)
CIRCLE = Config("circle", FEATURES, (5, 5), "sigmoid", "L1", 0.01, 0.1, train_percent=70)
SMALL = Config(learning_rate=0.1, train_percent=70, hidden=(5, 5), activation="relu")


@pytest.fixture
def profiles(tmp_path):
    """A profile that trains and one that reads what it stored."""
    trains = replace(project.PROFILES["smoke"], results=tmp_path)
    return trains, replace(project.PROFILES["report"], results=tmp_path)


# --- chapter 03's grid -----------------------------------------------------------------------------------------------


def test_what_the_store_gives_back_is_what_was_trained(profiles):
    configs = {"xor": replace(SMALL, dataset="xor", hidden=(5, 5, 5)), "never": replace(SMALL, hidden=(1,))}
    trained, read = (searches.grid_times(configs, page_seeds(5), 60, 0.01, profile) for profile in profiles)
    for key, config in configs.items():
        run = train(config, page_seeds(5), 60, at=[60], stop_below=0.01)
        assert trained[key].first_below.tolist() == read[key].first_below.tolist() == run.first_below.tolist()
        late = run.first_below < 0
        assert trained[key].learned == read[key].learned == (run.train_loss[late, 0] < 0.01).sum()
    assert (read["xor"].first_below > 0).any()
    assert (read["never"].first_below == -1).all()


@pytest.mark.parametrize(
    ("configs", "count", "limit", "bar", "differing"),
    [
        ({"one": replace(SMALL, hidden=(4,))}, 2, 3, 0.001, r"settings\.sha256_pages is '"),
        ({"one": SMALL}, 3, 3, 0.001, r"settings\.seeds is 2, not 3"),
        ({"one": SMALL}, 2, 4, 0.001, r"settings\.epochs is 3, not 4"),
        ({"one": SMALL}, 2, 3, 0.01, r"settings\.bar is 0\.001, not 0\.01"),
    ],
)
def test_a_grid_made_for_something_else_is_refused(profiles, configs, count, limit, bar, differing):
    trains, reads = profiles
    with pytest.raises(Problem, match="missing"):
        searches.grid_times({"one": SMALL}, page_seeds(2), 3, 0.001, reads)
    searches.grid_times({"one": SMALL}, page_seeds(2), 3, 0.001, trains)
    with pytest.raises(Problem, match=f"{differing}.*`make train ONLY=03_automated_features`"):
        searches.grid_times(configs, page_seeds(count), limit, bar, reads)


def test_the_stored_grid_can_be_trained_again():
    stored = store.read_json(project.RESULTS / "convergence_grid.json")
    seeds = page_seeds(stored["settings"]["seeds"])
    assert stored["settings"]["first_seed"] == seeds[0]
    for hidden, dataset in (((10,) * 4, "circle"), ((5, 5), "xor")):
        config = replace(SMALL, dataset=dataset, hidden=hidden)
        first_below = np.array(stored["rows"][config.to_url()]["first_below"].split(), dtype=int)
        again = train(config, seeds[:8], 25, at=[0], stop_below=stored["settings"]["bar"]).first_below
        assert (again == np.where(first_below[:8] <= 25, first_below[:8], -1)).all()


# --- chapter 02's search around the printed rows ---------------------------------------------------------------------


def test_neighbours_are_the_whole_grid_without_the_setting_itself():
    around = searches.nearby(CIRCLE)
    assert len(around) == len(set(around)) == 5 * 3 * 2 - 1
    assert CIRCLE not in around
    assert len(searches.nearby(replace(CIRCLE, hidden=(5, 5, 5)))) == 5 * 3 * 2 - 1 + 3


def test_a_search_is_stored_and_read_back(profiles):
    trains, reads = profiles
    sliver = replace(reads, sliver=True)
    rows = {"a": (CIRCLE, (0.4, 0.4), 3)}
    made, read = (searches.search_nearby(rows, SEEDS[:2], profile)["a"] for profile in (trains, sliver))
    assert [t.config for t in made] == [t.config for t in read] == searches.nearby(CIRCLE)[::10]
    assert all((m.pairs == r.pairs).all() and m.quarter == r.quarter for m, r in zip(made, read, strict=True))
    assert read[0].epochs == (1, 2, 3)
    for other, count, profile, differing in (
        ({"b": rows["a"]}, 2, sliver, r"settings\.printed\.b is None"),
        ({"a": (CIRCLE, (0.4, 0.5), 3)}, 2, sliver, r"settings\.printed\.a is \["),
        (rows, 3, sliver, r"settings\.seeds is 2, not 3"),
        (rows, 2, reads, r"settings\.one_in is 10, not 1"),
    ):
        with pytest.raises(Problem, match=f"{differing}.*`make train ONLY=02_regularization`"):
            searches.search_nearby(other, SEEDS[:count], profile)


@pytest.mark.parametrize(("name", "place"), [("t2-gaussian-l2", 4), ("t2-xor-l1", 20), ("t2-spiral-l1", 8)])
def test_the_stored_search_is_what_the_engine_gives(name, place):
    """The first two seeds of a stored setting, trained again, have the stored losses."""
    row = all_claims()[name]
    setting = row.facts["setting"]
    config = replace(
        CIRCLE, dataset=setting["dataset"], hidden=setting["hidden"], regularization=setting["regularization"]
    )
    stored = store.read_json(project.RESULTS / "regularization_search.json")
    rows = {
        name: (Config.from_url(page), printed, epochs)
        for name, (page, *printed, epochs) in stored["settings"]["printed"].items()
    }
    assert rows[name] == (config, list(row.value.values()), setting["epochs"])
    tried = searches.search_nearby(rows, page_seeds(16), project.PROFILES["report"])[name]
    assert [t.config for t in tried] == searches.nearby(config)
    kept = tried[place]
    assert kept.epochs[-1] == setting["epochs"] and len(kept.epochs) == 10
    again = train(kept.config, SEEDS[:8], setting["epochs"], at=kept.epochs)
    assert kept.pairs[:8] == pytest.approx(features.pairs_at(again, setting["epochs"]), rel=1e-5)
    nearest = sweeps.factors(kept.pairs, tuple(row.value.values()))
    assert kept.quarter[-1] == pytest.approx(np.quantile(nearest, 0.25), rel=1e-5)


# --- chapter 01's search for the spiral ------------------------------------------------------------------------------


def test_every_small_network_is_there_once_and_in_order():
    found = searches.small_networks(25)
    assert len(set(found)) == len(found)
    sizes = [sweeps.n_weights((len(features), *hidden, 1)) for features, hidden in found]
    assert sizes == sorted(sizes) and max(sizes) <= 25
    assert sum(hidden == () for _, hidden in found) == 2**7 - 1
    assert sum(hidden == (3, 2) and len(features) == 4 for features, hidden in found) == comb(7, 4)


def test_the_stored_search_for_the_spiral_is_what_is_found_again():
    """All three rounds, among the networks with a single weight."""
    stored = searches.search_spiral(0.01, project.PROFILES["report"])
    found = searches.spiral_winners(0.01, searches.SPIRAL_SEARCH | {"most_weights": 1})
    assert store.rounded(found) == stored["by_weights"][:1]


def test_every_round_is_on_the_first_seeds_of_the_page(monkeypatch):
    seen, real = [], sweeps.times_to_threshold
    monkeypatch.setattr(sweeps, "times_to_threshold", lambda *asked: seen.append(asked[1:3]) or real(*asked))
    rounds = [{"seeds": count, "epochs": count + 1} for count in (1, 2, 3)]
    searches.spiral_winners(0.01, searches.SPIRAL_SLIVER | {"most_weights": 1, "rounds": rounds})
    assert seen == [(page_seeds(count), count + 1) for count in (1, 2, 3)]


def test_another_bar_on_the_spiral_is_refused():
    with pytest.raises(Problem, match=r"settings\.bar is 0\.01, not 0\.02.*`make train ONLY=01_playground`"):
        searches.search_spiral(0.02, project.PROFILES["report"])


def test_a_sliver_of_the_search_has_a_winner_of_each_size(profiles):
    found = searches.search_spiral(0.01, profiles[0])
    assert [row["weights"] for row in found["by_weights"]] == [1, 2]
    assert all(len(row["features"]) >= 1 and row["below"] == 0 for row in found["by_weights"])
