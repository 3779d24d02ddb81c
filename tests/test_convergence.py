import numpy as np
import pytest

from helpers import convergence
from helpers.playground import Config, page_seeds, train

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


def test_a_loss_shows_as_the_number_that_rounds_to_it():
    losses = np.array([0.0004, 0.00049, 0.0006, 0.0014, 0.0016, np.nan])
    assert convergence.shows(losses, 0).tolist() == [True, True, False, False, False, False]
    assert convergence.shows(losses, 0.001).tolist() == [False, False, True, True, False, False]
    assert [f"{loss:.3f}" == "0.001" for loss in losses] == convergence.shows(losses, 0.001).tolist()


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
