from dataclasses import replace

import numpy as np
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.playground import convergence
from helpers.playground.config import Config, page_seeds
from helpers.playground.engine import train

SMALL = Config(learning_rate=0.1, train_percent=70, hidden=(5, 5), activation="relu")


def test_training_many_settings_gives_each_the_digits_it_has_alone():
    configs = {"deep": Config(dataset="xor", hidden=(3, 3, 3)), "none": Config(hidden=()), "small": SMALL}
    seen = []
    runs = convergence.train_all(
        configs, page_seeds(3), 12, progress=lambda done, total: seen.append((done, total)), at=[12], stop_below=0.001
    )
    assert list(runs) == list(configs)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for key, config in configs.items():
        alone = train(config, page_seeds(3), 12, at=[12], stop_below=0.001)
        assert (runs[key].test_loss == alone.test_loss).all()


@pytest.fixture
def profiles(tmp_path):
    """A profile that trains and one that reads what it stored."""
    trains = replace(project.PROFILES["smoke"], results=tmp_path)
    return trains, replace(project.PROFILES["report"], results=tmp_path)


def test_what_the_store_gives_back_is_what_was_trained(profiles):
    configs = {"xor": replace(SMALL, dataset="xor", hidden=(5, 5, 5)), "never": replace(SMALL, hidden=(1,))}
    trained, read = (convergence.grid_arrivals(configs, page_seeds(5), 60, 0.01, profile) for profile in profiles)
    for key, config in configs.items():
        run = train(config, page_seeds(5), 60, at=[60], stop_below=0.01)
        assert trained[key].first_below.tolist() == read[key].first_below.tolist() == run.first_below.tolist()
        late = run.first_below < 0
        assert trained[key].learned == read[key].learned == (run.train_loss[late, 0] < 0.01).sum()
    assert (read["xor"].first_below > 0).any()
    assert (read["never"].first_below == -1).all()


def test_a_store_made_for_something_else_is_refused(profiles):
    trains, reads = profiles
    with pytest.raises(Problem, match="missing"):
        convergence.grid_arrivals({"one": SMALL}, page_seeds(2), 3, 0.001, reads)
    convergence.grid_arrivals({"one": SMALL}, page_seeds(2), 3, 0.001, trains)
    for configs, count, limit, bar in (
        ({"one": replace(SMALL, hidden=(4,))}, 2, 3, 0.001),
        ({"one": SMALL}, 3, 3, 0.001),
        ({"one": SMALL}, 2, 4, 0.001),
        ({"one": SMALL}, 2, 3, 0.01),
    ):
        with pytest.raises(Problem, match="make train"):
            convergence.grid_arrivals(configs, page_seeds(count), limit, bar, reads)


def test_the_stored_grid_can_be_trained_again():
    stored = store.read_json(project.RESULTS / convergence.GRID_FILE)
    seeds = page_seeds(stored["seeds"])
    assert stored["first_seed"] == seeds[0]
    for hidden, dataset in (((10,) * 4, "circle"), ((5, 5), "xor")):
        config = replace(SMALL, dataset=dataset, hidden=hidden)
        first_below = np.array(stored["settings"][config.to_url()]["first_below"].split(), dtype=int)
        again = train(config, seeds[:8], 25, at=[0], stop_below=stored["bar"]).first_below
        assert (again == np.where(first_below[:8] <= 25, first_below[:8], -1)).all()


def test_a_seed_that_never_arrives_counts_in_every_share():
    first_below = np.array([3, -1, 0, 3])
    assert convergence.arrival_curve(first_below, 4).tolist() == [0.25, 0.25, 0.25, 0.75, 0.75]
    assert convergence.epochs_quantile(first_below, 0.25) == 0
    assert convergence.epochs_quantile(first_below, 0.5) == 3
    assert convergence.epochs_quantile(first_below, 0.76) == np.inf
    assert convergence.epochs_quantile([-1, -1], 0.5) == np.inf


def test_the_curve_reaches_a_half_at_the_half_quantile():
    first_below = np.random.default_rng(0).integers(-1, 50, 37)
    for q in (0.1, 0.5, 0.9):
        epoch = int(convergence.epochs_quantile(first_below, q))
        curve = convergence.arrival_curve(first_below, 50)
        assert curve[epoch] >= q > curve[epoch - 1]


def test_the_typical_seed_arrived_in_the_middle():
    assert convergence.typical([-1, 40, 10, 30, -1]) == 3
    assert convergence.typical([-1, 20, 10]) == 2
    assert convergence.typical([-1, -1]) == 0


def test_a_race_is_counted_seed_by_seed():
    result = convergence.race([5, 9, -1, -1, 7, 0], [6, 8, 3, -1, 7, -1])
    assert result == convergence.Race(first=2, second=2, level=1, neither=1)
    assert result.decided == 4
    assert result.clear == 0


@pytest.mark.parametrize(
    ("first", "second", "clear"), [(24, 0, 1), (0, 24, -1), (18, 6, 1), (17, 7, 1), (16, 8, 0), (0, 0, 0)]
)
def test_a_race_is_clear_only_if_its_interval_excludes_a_half(first, second, clear):
    result = convergence.Race(first, second, 0, 0)
    assert result.clear == clear
    assert (0.5 in result.interval) == (clear == 0)


def test_the_share_right_falls_to_chance_before_training_and_rises_with_it():
    fresh, trained = (train(SMALL, page_seeds(4), epochs, at=[epochs]) for epochs in (0, 100))
    assert convergence.shares_right(fresh).mean() < 0.8
    assert convergence.shares_right(trained).mean() > 0.97


def test_a_neurons_line_is_where_its_total_is_zero():
    weights = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
    distance, angle = convergence.neuron_lines(weights, np.array([10.0, -1.0, 0.0]))
    assert distance.tolist() == [2.0, 0.5, 0.0]
    assert angle == pytest.approx([np.degrees(np.arctan2(-3, 4)) % 180, 0.0, 90.0])


def test_a_linear_layer_holds_the_inputs_and_no_product_of_them():
    run = train(Config(hidden=(4,), activation="linear"), page_seeds(1), 0, at=[0])
    assert convergence.readout(run.initial, 0, lambda x, y: 2 * x - y + 1) == pytest.approx([1, 1])
    assert convergence.readout(run.initial, 0, lambda x, y: x * y) == pytest.approx([0, 0], abs=1e-12)


def test_chosen_features_are_read_from_the_inputs_in_full():
    run = train(Config(features=("xSquared", "ySquared"), hidden=(3,)), page_seeds(1), 0, at=[0])
    assert convergence.readout(run.initial, 0, lambda x, y: x * x + y * y)[0] == pytest.approx(1)
