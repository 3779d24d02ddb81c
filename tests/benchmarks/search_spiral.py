"""The search for the simplest network that learns the spiral: from every small network to the best of each size.

Run by hand from the project's folder: python -m tests.benchmarks.search_spiral [--cache FILE]
Writes outputs/results/spiral_search.json, which notebooks/01_playground.ipynb reads. About an hour on two busy cores,
a quarter of that on quiet ones; with --cache the first round is kept in FILE and taken up where it stopped.

Simpler means fewer weights. Three rounds, all on the seeds SELECTION, which the chapter's confirmation does not use:
1  every network with at most MOST_WEIGHTS weights, briefly, in two settings that are known to learn;
2  of each number of weights the KEPT networks with the lowest test loss, longer, in every activation and learning rate;
3  of each number of weights the FINALISTS that got below BAR most often (else came nearest), longer still.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from helpers.core import project, store
from helpers.playground.config import Config, page_seeds
from helpers.playground.engine import train
from helpers.playground.sweeps import n_weights, networks

BAR = 0.01
MOST_WEIGHTS = 25
SELECTION = page_seeds(64)
SCOUTS = (("tanh", 0.1), ("sigmoid", 0.3))  # round 1's activations and learning rates
SETTINGS = [(kind, rate) for kind in ("tanh", "sigmoid", "relu") for rate in (0.03, 0.1, 0.3)]  # round 2's
ROUNDS = ({"seeds": 8, "epochs": 200}, {"seeds": 16, "epochs": 600}, {"seeds": 64, "epochs": 2000})
KEPT, FINALISTS = 5, 3


def weights_of(features, hidden):
    return n_weights((len(features), *hidden, 1))


def setting(features, hidden, activation, learning_rate):
    return Config("spiral", features, hidden, activation, learning_rate=learning_rate, train_percent=70)


def tried(config, number):
    """How a setting does in a round: seeds below the bar, and each seed's test loss at its end (the bar if below)."""
    seeds, epochs = SELECTION[: ROUNDS[number - 1]["seeds"]], ROUNDS[number - 1]["epochs"]
    run = train(config, seeds, epochs, at=[epochs], stop_below=BAR)
    reached = run.first_below >= 0
    losses = np.sort(np.where(reached, BAR, run.test_loss[:, 0]))
    when = np.median(run.first_below[reached]) if reached.any() else None
    return {"below": int(reached.sum()), "lowest": losses[0], "median": float(np.median(losses)), "epoch": when}


def first_round(cache):
    """The lowest test loss of every network: {(features, hidden): loss}, in the order of `networks`."""
    known = json.loads(cache.read_text()) if cache and cache.is_file() else {}
    found = {}
    for features, hidden in networks(MOST_WEIGHTS):
        key = f"{','.join(features)} {','.join(map(str, hidden))}"
        if key not in known:
            known[key] = min(tried(setting(features, hidden, *scout), 1)["lowest"] for scout in SCOUTS)
            if cache and len(known) % 20 == 0:
                cache.write_text(json.dumps(known))
        found[features, hidden] = known[key]
        say(f"round 1: {len(found)} networks, {weights_of(features, hidden)} weights", every=len(found) % 50 == 0)
    return found


def say(line, every=True):
    if every:
        print(line, file=sys.stderr, flush=True)


def search(cache=None):
    """All three rounds: a list with one dict for each number of weights."""
    scouted, rows = first_round(cache), []
    for weights in sorted({weights_of(*network) for network in scouted}):
        group = sorted((one for one in scouted if weights_of(*one) == weights), key=scouted.get)
        configs = [
            setting(*network, *one) for network in group[:KEPT] for one in (SETTINGS if network[1] else SETTINGS[:3])
        ]
        second = sorted(configs, key=lambda config: order(tried(config, 2)))
        third = {config: tried(config, 3) for config in second[:FINALISTS]}
        winner = min(third, key=lambda config: order(third[config]))
        chosen = {"features": winner.features, "hidden": winner.hidden, "activation": winner.activation,
                  "learning_rate": winner.learning_rate}  # fmt: skip
        rows.append({"weights": weights, "networks": len(group), "settings": len(configs), **chosen, **third[winner]})
        say(f"{weights} weights: {rows[-1]}")
    return rows


def order(result):
    return -result["below"], result["median"], result["lowest"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path)
    rows = search(parser.parse_args().cache)
    record = {
        "made": datetime.now(UTC).date().isoformat(),
        "command": "python -m tests.benchmarks.search_spiral",
        "bar": BAR,
        "seeds": [SELECTION[0], SELECTION[-1]],
        "rounds": ROUNDS,
        "by_weights": rows,
    }
    store.write_json(project.RESULTS / "spiral_search.json", store.rounded(record))
