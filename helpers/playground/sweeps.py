"""Many Playground settings, each over many seeds: how their losses spread, and how often they get below a bar."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from helpers.core import project
from helpers.core.stats import Accuracy, Interval
from helpers.playground.config import Config
from helpers.playground.datasets import FEATURES
from helpers.playground.engine import train

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Losses:
    """A setting's losses after `epochs` epochs, one a seed: float arrays (n_seeds,)."""

    config: Config
    seeds: tuple
    epochs: int
    train: np.ndarray
    test: np.ndarray

    @classmethod
    def of(cls, run):
        """The losses of a playground.Run at the last epoch that it recorded."""
        return cls(run.config, run.seeds, int(run.epochs[-1]), run.train_loss[:, -1], run.test_loss[:, -1])

    def showing(self, train_loss, test_loss):
        """Which seeds show these losses on the page, at its three decimals: bool arrays (train, test, both)."""
        train_same, test_same = shown(self.train) == shown(train_loss), shown(self.test) == shown(test_loss)
        return train_same, test_same, train_same & test_same

    def could_show(self, train_loss, test_loss):
        """Whether each printed loss lies between the two values that the middle 95 % of the seeds show (bool)."""
        return train_loss in central(self.train) and test_loss in central(self.test)

    def medians(self):
        """The medians as the page shows them, by the report's names (dict of float)."""
        return {
            "train_loss": round(float(np.median(self.train)), 3),
            "test_loss": round(float(np.median(self.test)), 3),
        }

    def middle(self):
        """Between which values the page shows the middle 95 % of the seeds, by the report's names (dict of Interval)."""
        return {"train_loss": central(self.train), "test_loss": central(self.test)}


def losses_at(config, seeds, epochs, label=None):
    """The Losses of a setting after so many epochs. label : names it in lines of progress; without it there are none."""
    return Losses.of(train(config, seeds, epochs, at=[epochs], progress=_teller(label)))


def _teller(label):
    """What `train` is to call with its progress: every 200 epochs or so a line. None without a label."""

    def tell(done, epochs):
        if done == epochs or done % 200 == 199:
            project.report_progress(f"{label}: epoch {done:,} of {epochs:,}")

    return tell if label else None


def shown(losses):
    """Losses as the page shows them, in whole thousandths: int, of the same shape. 0.0004 is shown as 0.000."""
    return np.rint(1000 * np.asarray(losses, dtype=float)).astype(int)


def central(losses, level=0.95):
    """Between which two values the page shows the middle `level` of some losses (Interval, multiples of 0.001)."""
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = np.quantile(shown(losses), tails, method="inverted_cdf")
    return Interval(float(low) / 1000, float(high) / 1000)


@dataclass(frozen=True)
class Success:
    """How often, and when, a setting's test loss first fell below a bar.

    first_below : int array (n_seeds,), the first epoch below, -1 where there was none within `epochs`.
    at_end : float array (n_seeds,), the test loss after all epochs; None where training stopped at the bar.
    """

    config: Config
    epochs: int
    first_below: np.ndarray
    at_end: np.ndarray | None = None

    @property
    def rate(self):
        """The share of seeds that got below (Accuracy: a count with Wilson's interval)."""
        return Accuracy(int((self.first_below >= 0).sum()), self.first_below.size)

    @property
    def median_epoch(self):
        """The median of the first epochs below, over the seeds that got there; NaN if none did."""
        reached = self.first_below[self.first_below >= 0]
        return float(np.median(reached)) if reached.size else float("nan")


def success(config, seeds, epochs, bar, label=None, to_the_end=False):
    """The Success of a setting: each seed is trained until its test loss is below `bar`, or for `epochs` epochs.

    label : as for losses_at.   to_the_end : train all seeds for all epochs, and say where they end.
    """
    bars = {"watch_below" if to_the_end else "stop_below": bar}
    run = train(config, seeds, epochs, at=[epochs], progress=_teller(label), **bars)
    return Success(config, epochs, run.first_below, run.test_loss[:, 0] if to_the_end else None)


def successes(configs, seeds, epochs, bar):
    """The Success of each of many settings, as many at a time as there are processors (list, in the order given)."""

    def one(config):
        run = train(config, seeds, epochs, at=[epochs], stop_below=bar, threads=1)
        return Success(config, epochs, run.first_below)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, configs))


def best(successes):
    """The Success with the highest share; among equals the one that needs the fewest epochs, then the first."""
    return min(successes, key=lambda one: (-one.rate.share, np.nan_to_num(one.median_epoch, nan=np.inf)))


def first_reliable(successes, share):
    """The first Success of more than this share of the seeds; if there is none, the last of all."""
    return next((one for one in successes if one.rate.share > share), successes[-1])


def n_weights(layer_sizes):
    """How many weights a network has: the lines between its neurons, without the biases (int).

    layer_sizes : neurons from the inputs to the output, as in Config.layer_sizes.
    """
    return sum(here * following for here, following in pairwise(layer_sizes))


def shape(config):
    """A setting's architecture as inputs-hidden-output, such as "4-5-5-1" (str)."""
    return "-".join(map(str, config.layer_sizes))


def feature_sets(sizes):
    """Every choice of input features of these sizes, the small ones first (list of tuples of str)."""
    return [chosen for size in sizes for chosen in combinations(FEATURES, size)]


def networks(most_weights, widest=8):
    """Every network with at most so many weights, the small ones first: list of (features, hidden).

    Hidden layers are none, one or two, of at most `widest` neurons (where the page's + button stops); with two, each
    has at least two neurons, since a layer of one lets only a single number through.
    """
    one = [(width,) for width in range(1, widest + 1)]
    two = [(first, second) for first in range(2, widest + 1) for second in range(2, widest + 1)]
    sizes = {
        (chosen, hidden): n_weights((len(chosen), *hidden, 1))
        for chosen in feature_sets(range(1, len(FEATURES) + 1))
        for hidden in [(), *one, *two]
    }
    return sorted((network for network, size in sizes.items() if size <= most_weights), key=sizes.get)
