"""Three searches that take long: made anew where the profile trains, else read from the profile's folder for results.

Each is stored beside the settings that it was made with, and refused for others (store.stored).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, product

import numpy as np

from helpers.core import project, store
from helpers.playground import sweeps
from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import FEATURES


def _stored(name, chapter, settings, make, profile):
    make = make if profile.trains else None
    return store.stored(profile.results / f"{name}.json", settings, make, f"make train ONLY={chapter}")


def _ends(seeds):
    return {"first_seed": seeds[0], "seeds": len(seeds)}


def grid_times(configs, seeds, epochs, bar, profile):
    """The TimeToThreshold of chapter 03's many settings, as trained or as stored (outputs/results/convergence_grid.json).

    configs : dict of key -> Config.   Returns a dict with the same keys. Raises Problem as store.stored does.
    """
    pages = {key: config.to_url() for key, config in configs.items()}
    digest = hashlib.sha256("\n".join(sorted(pages.values())).encode()).hexdigest()
    settings = {"epochs": epochs, "bar": bar, **_ends(seeds), "pages": len(pages), "sha256_pages": digest}

    def make():
        found = sweeps.times_to_threshold(configs, seeds, epochs, bar, "settings trained:")
        rows = {
            pages[key]: {"first_below": " ".join(map(str, one.first_below)), "learned": one.learned}
            for key, one in found.items()
        }
        return {"rows": rows}

    rows = _stored("convergence_grid", "03_automated_features", settings, make, profile)["rows"]
    found = {}
    for key, page in pages.items():
        first_below = np.array(rows[page]["first_below"].split(), dtype=int)
        found[key] = sweeps.TimeToThreshold(configs[key], epochs, first_below, rows[page]["learned"])
    return found


RATES = (0.001, 0.003, 0.01, 0.03, 0.1)  # of the penalty: neighbours on the page's menus
LEARNING_RATES = (0.1, 0.03)  # the report's, the page's own
HIDDEN_ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Tried:
    """One setting that the search around a printed row tried.

    config : Config.   epochs : the epochs looked at, the last one last.   quarter : at each of them the factor within
    which the nearest quarter of the seeds come of both printed losses.   pairs : float array (n_seeds, 2), the losses at
    the last epoch.
    """

    config: Config
    epochs: tuple
    quarter: tuple
    pairs: np.ndarray


def nearby(config):
    """The settings around one: any of RATES, HIDDEN_ACTIVATIONS and LEARNING_RATES, and two hidden layers for three.

    Returns a list of Config, without the setting itself.
    """
    grid = [
        replace(config, regularization_rate=rate, activation=activation, learning_rate=speed)
        for rate, activation, speed in product(RATES, HIDDEN_ACTIVATIONS, LEARNING_RATES)
    ]
    if len(config.hidden) > 2:
        grid += [replace(config, hidden=config.hidden[:2], activation=activation) for activation in HIDDEN_ACTIVATIONS]
    return [setting for setting in grid if setting != config]


def search_nearby(rows, seeds, profile):
    """What the settings near chapter 02's printed rows give, as tried or as stored (outputs/results/regularization_search.json).

    rows : dict of name -> (Config, two printed losses, epochs).   seeds : those to try, looked at ten times on the way.
    A sliver tries one setting in ten.   Returns a dict of name -> list of Tried. Raises Problem as store.stored does.
    """
    asked = {name: [config.to_url(), *printed, epochs] for name, (config, printed, epochs) in rows.items()}
    step = 10 if profile.sliver else 1

    def make():
        found = {}
        for name, (config, printed, epochs) in rows.items():
            around = dict(enumerate(nearby(config)[::step]))
            at = sorted({max(1, epochs * tenth // 10) for tenth in range(1, 11)})
            runs = sweeps.train_all(around, seeds, epochs, at=at)
            found[name] = [_tried_as_json(run, printed) for run in runs.values()]
            project.report_progress(f"{name}: {len(around)} nearby settings tried from {len(seeds)} seeds")
        return {"rows": found}

    grid = {"rates": RATES, "activations": HIDDEN_ACTIVATIONS, "learning_rates": LEARNING_RATES, "one_in": step}
    settings = {**_ends(seeds), **grid, "printed": asked}
    found = _stored("regularization_search", "02_regularization", settings, make, profile)["rows"]
    return {name: [_tried_from_json(row) for row in found[name]] for name in rows}


def _tried_as_json(run, printed):
    losses = np.stack([run.train_loss, run.test_loss], axis=-1)  # (n_seeds, epochs, 2)
    quarter = [np.quantile(sweeps.factors(losses[:, at], printed), 0.25) for at in range(run.epochs.size)]
    return {
        "page": run.config.to_url(),
        "epochs": " ".join(map(str, run.epochs)),
        "quarter": " ".join(f"{factor:.6g}" for factor in quarter),
        "pairs": [" ".join(f"{loss:.6g}" for loss in pair) for pair in losses[:, -1]],  # one seed a line
    }


def _tried_from_json(row):
    pairs = np.array([[float(loss) for loss in pair.split()] for pair in row["pairs"]])
    epochs, quarter = tuple(map(int, row["epochs"].split())), tuple(map(float, row["quarter"].split()))
    return Tried(Config.from_url(row["page"]), epochs, quarter, pairs)


SPIRAL_SEARCH = {
    "most_weights": 25,
    "scouts": [("tanh", 0.1), ("sigmoid", 0.3)],  # the first round's activations and learning rates
    "activations": ("tanh", "sigmoid", "relu"),  # the second round's
    "learning_rates": (0.03, 0.1, 0.3),
    "rounds": [{"seeds": 8, "epochs": 200}, {"seeds": 16, "epochs": 600}, {"seeds": 64, "epochs": 2000}],
    "kept": 5,
    "finalists": 3,
}
SPIRAL_SLIVER = SPIRAL_SEARCH | {"most_weights": 2, "rounds": [{"seeds": 2, "epochs": 2}] * 3}


def search_spiral(bar, profile):
    """Chapter 01's search for the simplest network that learns the spiral, as made or as stored (spiral_search.json).

    Simpler means fewer weights. Three rounds of successive halving, all on the first seeds of the page:
    1  every network with at most `most_weights` weights, briefly, in the `scouts`' settings;
    2  of each number of weights the `kept` networks with the lowest test loss, longer, in every activation and rate;
    3  of each number of weights the `finalists` that got below the bar most often (else came nearest), longer still.
    Returns the record: "rounds" in its settings, and "by_weights", a list with one dict for each number of weights: its
    winner and, of the last round's seeds, how many got `below`, the `lowest` and the `median` test loss.
    Raises Problem as store.stored does. It takes an hour on two busy cores.
    """
    plan = SPIRAL_SLIVER if profile.sliver else SPIRAL_SEARCH

    def make():
        return {"made": datetime.now(UTC).date().isoformat(), "by_weights": spiral_winners(bar, plan)}

    return _stored("spiral_search", "01_playground", {"bar": bar, **plan}, make, profile)


def spiral_winners(bar, plan):
    """Make the search: see search_spiral. plan : dict with the keys of SPIRAL_SEARCH."""
    networks = small_networks(plan["most_weights"])
    configs = {(network, scout): _spiral(network, *scout) for network in networks for scout in plan["scouts"]}
    scouted = _spiral_round(configs, bar, plan["rounds"][0], "the spiral's scouts:")
    lowest = {network: min(scouted[network, scout]["lowest"] for scout in plan["scouts"]) for network in networks}
    rows = []
    by_weights = groupby(sorted(networks, key=lambda network: (_weights(network), lowest[network])), key=_weights)
    for weights, group in ((weights, list(group)) for weights, group in by_weights):
        rates = plan["learning_rates"]
        configs = [
            _spiral(network, *one)
            for network in group[: plan["kept"]]
            for one in product(plan["activations"] if network[1] else plan["activations"][:1], rates)
        ]
        second = _spiral_round(dict(enumerate(configs)), bar, plan["rounds"][1])
        finalists = sorted(second, key=lambda place: _order(second[place]))[: plan["finalists"]]
        third = _spiral_round({place: configs[place] for place in finalists}, bar, plan["rounds"][2])
        place = min(third, key=lambda place: _order(third[place]))
        keys = ("features", "hidden", "activation", "learning_rate")
        winner = {key: getattr(configs[place], key) for key in keys}
        rows.append({"weights": weights, "networks": len(group), "settings": len(configs), **winner, **third[place]})
        project.report_progress(f"the spiral with {weights} weights: {third[place]['below']} seeds below the bar")
    return rows


def small_networks(most_weights, widest=8):
    """Every network with at most so many weights, the small ones first: list of (features, hidden).

    Hidden layers are none, one or two, of at most `widest` neurons (where the page's + button stops); with two, each
    has at least two neurons, since a layer of one lets only a single number through.
    """
    one = [(width,) for width in range(1, widest + 1)]
    two = [(first, second) for first in range(2, widest + 1) for second in range(2, widest + 1)]
    every = product(sweeps.feature_sets(range(1, len(FEATURES) + 1)), [(), *one, *two])
    return sorted((network for network in every if _weights(network) <= most_weights), key=_weights)


def _weights(network):
    features, hidden = network
    return sweeps.n_weights((len(features), *hidden, 1))


def _spiral(network, activation, learning_rate):
    return Config("spiral", *network, activation, learning_rate=learning_rate, train_percent=70)


def _spiral_round(configs, bar, length, label=None):
    """How settings do in a round: seeds below the bar, and the seeds' test losses at the end (the bar if below)."""
    found = sweeps.times_to_threshold(configs, page_seeds(length["seeds"]), length["epochs"], bar, label)
    results = {}
    for key, one in found.items():
        losses = np.where(one.first_below >= 0, bar, one.at_end)
        epoch = one.median_epoch if one.rate.correct else None
        results[key] = {
            "below": one.rate.correct, "lowest": float(losses.min()), "median": float(np.median(losses)), "epoch": epoch
        }  # fmt: skip
    return results


def _order(result):
    return -result["below"], result["median"], result["lowest"]
