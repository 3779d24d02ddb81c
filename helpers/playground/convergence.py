"""How soon networks learn: epochs to a bar, races between settings, printed losses, and what the layers have found.

The first epoch below a bar is an int array (n_seeds,), -1 for a seed that never got there, as Run.first_below is. All
seeds are watched equally long, so a share by some epoch is a plain count; Kaplan and Meier's estimate reduces to it.
"""

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from helpers.core import store
from helpers.core.project import Problem
from helpers.core.stats import Accuracy, Interval
from helpers.playground.engine import train

GRID_FILE = "convergence_grid.json"
REMEDY = "make train ONLY=03_automated_features"


def train_all(configs, seeds, epochs, progress=None, **options):
    """Train many settings from the same seeds, as many at a time as there are processors, the largest first.

    configs : dict of key -> Config.   seeds, epochs, **options : as for playground.train.
    progress : called as progress(settings done, settings) after each.
    Returns a dict of key -> Run, in the order of `configs`; no digit depends on what runs beside what.
    """
    by_size = sorted(configs, key=lambda key: -sum(a * b for a, b in _links(configs[key])))
    done = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(train, configs[key], seeds, epochs, threads=1, **options): key for key in by_size}
        for job in as_completed(jobs):
            done[jobs[job]] = job.result()
            if progress:
                progress(len(done), len(configs))
    return {key: done[key] for key in configs}


def _links(config):
    return zip(config.layer_sizes, config.layer_sizes[1:], strict=False)


@dataclass(frozen=True)
class Arrivals:
    """When the seeds of one setting went below the bar.

    first_below : int array (n_seeds,), -1 for never.   learned : how many of those never there have a training loss below
    the bar at the end (int).
    """

    first_below: np.ndarray
    learned: int


def grid_arrivals(configs, seeds, limit, bar, profile, progress=None):
    """The Arrivals of many settings within `limit` epochs: trained anew where the profile trains, else as stored.

    configs : dict of key -> Config.   seeds, progress : as for train_all.   bar : a test loss.   profile :
    settings.Profile; its folder for results holds the store.
    Returns a dict of key -> Arrivals. Raises Problem if the store is missing or was made for something else.
    """
    path = profile.results / GRID_FILE
    made_for = {"epochs": limit, "bar": bar, "first_seed": seeds[0], "seeds": len(seeds)}
    if profile.trains:
        runs = train_all(configs, seeds, limit, progress, at=[limit], stop_below=bar)
        settings = {
            run.config.to_url(): {
                "first_below": " ".join(map(str, run.first_below)),
                "learned": int(np.sum(run.train_loss[run.first_below < 0, -1] < bar)),
            }
            for run in runs.values()
        }
        store.write_json(path, made_for | {"settings": settings})
    stored = store.read_json(path, REMEDY)
    pages = {key: config.to_url() for key, config in configs.items()}
    if {name: stored.get(name) for name in made_for} != made_for or set(stored["settings"]) != set(pages.values()):
        raise Problem(f"{path.name} was made for other settings than asked for: `{REMEDY}` makes it anew.")
    rows = {key: stored["settings"][page] for key, page in pages.items()}
    return {key: Arrivals(np.array(row["first_below"].split(), dtype=int), row["learned"]) for key, row in rows.items()}


def epochs_quantile(first_below, q):
    """The epoch by which a share q of the seeds are below the bar: a float, infinite if fewer ever get there."""
    epochs = np.where(np.asarray(first_below) < 0, np.inf, first_below)
    return float(np.sort(epochs)[int(np.ceil(q * epochs.size)) - 1])


def arrival_curve(first_below, limit):
    """The share of seeds that have been below the bar by each epoch: float array (limit + 1,), from epoch 0."""
    first_below = np.asarray(first_below)
    return np.bincount(first_below[first_below >= 0], minlength=limit + 1).cumsum() / first_below.size


def typical(first_below):
    """Which seed arrived in the middle of those that did (int); 0 where none did."""
    arrived = np.flatnonzero(np.asarray(first_below) >= 0)
    order = arrived[np.argsort(np.asarray(first_below)[arrived], kind="stable")]
    return int(order[(order.size - 1) // 2]) if order.size else 0


@dataclass(frozen=True)
class Race:
    """Two settings from the same seeds: how often the first, the second, both at one epoch, or neither was sooner."""

    first: int
    second: int
    level: int
    neither: int

    @property
    def decided(self):
        """How many seeds tell the two apart (int)."""
        return self.first + self.second

    @property
    def interval(self):
        """Wilson's 95 % interval for the first one's share of the decided seeds; all of 0..1 where none is."""
        return Accuracy(self.first, self.decided).interval if self.decided else Interval(0.0, 1.0)

    @property
    def clear(self):
        """1 if the first is sooner in more than half of the decided seeds with 95 % confidence, -1 if the second, else 0."""
        return int(self.interval.low > 0.5) - int(self.interval.high < 0.5)


def race(first_below, rival_first_below):
    """The Race between two settings, seed by seed. A seed that arrives beats one that never does."""
    own, rival = (np.where(np.asarray(each) < 0, np.inf, each) for each in (first_below, rival_first_below))
    both_never = np.isinf(own) & np.isinf(rival)
    counts = own < rival, own > rival, (own == rival) & ~both_never, both_never
    return Race(*(int(group.sum()) for group in counts))


def shares_right(run):
    """The share of its test points that each seed's final network puts on the right side: float array (n_seeds,)."""
    shares = []
    for index in range(len(run.seeds)):
        x, y, label = run.points(index)[1].T
        shares.append(np.mean((run.final.activations(x, y, index)[-1][0] > 0) == (label > 0)))
    return np.array(shares)


def neuron_lines(weights, biases):
    """Where each neuron's total input is zero: the line w.x + b = 0 in the plane.

    weights : float array (..., neurons, 2).   biases : (..., neurons).
    Returns (distance, angle), float arrays (..., neurons): the line's distance from the origin, and its direction in
    degrees from 0 (level) to below 180.
    """
    size = np.hypot(weights[..., 0], weights[..., 1])
    angle = np.degrees(np.arctan2(weights[..., 0], -weights[..., 1]))
    return np.abs(biases) / size, np.mod(angle, 180.0)


def readout(network, index, target):
    """How much of a function of the plane each layer holds, in straight sums of its outputs.

    network : playground.Network.   index : which of its seeds.   target : callable (x, y) -> float array.
    Returns a float array (n_layers,), the inputs first, the last hidden layer last: R squared of the least-squares fit
    of target to the layer's outputs and a constant, on a grid over the square from -5 to 5 where the data lie.
    """
    ticks = np.linspace(-5.0, 5.0, 21)
    x, y = (grid.ravel() for grid in np.meshgrid(ticks, ticks))
    wanted = target(x, y)
    return np.array([_r_squared(layer, wanted) for layer in network.activations(x, y, index)[:-1]])


def _r_squared(outputs, wanted):
    design = np.column_stack([outputs.T, np.ones(wanted.size)])
    coefficients = np.linalg.lstsq(design, wanted, rcond=1e-10)[0]
    rest = wanted - design @ coefficients
    return 1.0 - float(rest @ rest) / float(np.sum((wanted - wanted.mean()) ** 2))
