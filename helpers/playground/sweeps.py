"""Many settings, each over many seeds: where their losses lie, and how soon they fall below a bar.

The first epoch below a bar is an int array (n_seeds,), -1 for a seed that never got there, as Run.first_below is. All
seeds are watched equally long, so a share by some epoch is a plain count; Kaplan and Meier's estimate reduces to it.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from helpers.core import project
from helpers.core.stats import Accuracy, Interval
from helpers.playground.config import Config
from helpers.playground.datasets import FEATURES
from helpers.playground.engine import processors, train

SHOWN = 3  # decimals that the page shows


def train_all(configs, seeds, epochs, progress=None, **options):
    """Train many settings from the same seeds, as many at a time as there are processors, the largest first.

    configs : dict of key -> Config.   seeds, epochs, **options : as for engine.train.
    progress : called as progress(settings done, settings) after each.
    Returns a dict of key -> Run, in the order of `configs`; no digit depends on what runs beside what.
    """
    by_size = sorted(configs, key=lambda key: -n_weights(configs[key].layer_sizes))
    done = {}
    with ThreadPoolExecutor(processors()) as pool:
        jobs = {pool.submit(train, configs[key], seeds, epochs, threads=1, **options): key for key in by_size}
        for job in as_completed(jobs):
            done[jobs[job]] = job.result()
            if progress:
                progress(len(done), len(configs))
    return {key: done[key] for key in configs}


def n_weights(layer_sizes):
    """How many weights, without the biases, a network of these layers has (int); layer_sizes as in Config."""
    return sum(here * following for here, following in pairwise(layer_sizes))


def architecture(config):
    """A setting's layers as inputs-hidden-output, such as "4-5-5-1" (str)."""
    return "-".join(map(str, config.layer_sizes))


def feature_sets(sizes):
    """Every choice of input features of these sizes, the small ones first (list of tuples of str)."""
    return [chosen for size in sizes for chosen in combinations(FEATURES, size)]


# --- losses, as the page shows them ----------------------------------------------------------------------------------


def in_thousandths(losses):
    """Losses as the page shows them, in whole thousandths: int, of the same shape. 0.0004 is shown as 0.000."""
    return np.rint(1000 * np.asarray(losses, dtype=float)).astype(int)


def factors(pairs, printed):
    """Within which factor both losses of each pair lie of the printed ones, as the page shows them: floats (n,), from 1 up.

    pairs : float array (n, 2).   printed : the two losses. A loss shown as 0.000 counts as half the last decimal.
    """
    shown, wanted = (np.log(np.maximum(np.round(losses, SHOWN), 0.5 * 10.0**-SHOWN)) for losses in (pairs, printed))
    return np.exp(np.abs(shown - wanted).max(axis=-1))


# --- time to threshold -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TimeToThreshold:
    """How often, and when, a setting's test loss first fell below a bar.

    first_below : int array (n_seeds,), the first epoch below, -1 where there was none within `epochs`.
    learned : how many of the seeds never below it have a training loss below the bar at the end (int).
    at_end : float array (n_seeds,), the test loss after all epochs, NaN where training stopped at the bar; None if read
    from the store.
    """

    config: Config
    epochs: int
    first_below: np.ndarray
    learned: int
    at_end: np.ndarray | None = None

    @classmethod
    def of(cls, run, bar):
        """What a Run says, whose last recorded epoch was its last."""
        learned = int(np.sum(run.train_loss[run.first_below < 0, -1] < bar))
        return cls(run.config, int(run.epochs[-1]), run.first_below, learned, run.test_loss[:, -1])

    @property
    def rate(self):
        """The share of seeds that got below (Accuracy: a count with Wilson's interval)."""
        return Accuracy(int((self.first_below >= 0).sum()), self.first_below.size)

    @property
    def median_epoch(self):
        """The median of the first epochs below, over the seeds that got there; NaN if none did."""
        reached = self.first_below[self.first_below >= 0]
        return float(np.median(reached)) if reached.size else float("nan")


def time_to_threshold(config, seeds, epochs, bar):
    """The TimeToThreshold of a setting: each seed is trained until its test loss is below `bar`, or for `epochs` epochs."""
    return TimeToThreshold.of(train(config, seeds, epochs, at=[epochs], stop_below=bar), bar)


def times_to_threshold(configs, seeds, epochs, bar, label=None):
    """The TimeToThreshold of each of many settings, several trained at a time: dict of key -> Config to dict by key.

    label : begins a line of progress after every twentieth setting; without it there are none.
    """

    def tell(done, total):
        if label and (done == total or done % 20 == 0):
            project.report_progress(f"{label} {done:,} of {total:,}")

    runs = train_all(configs, seeds, epochs, tell, at=[epochs], stop_below=bar)
    return {key: TimeToThreshold.of(run, bar) for key, run in runs.items()}


def best_setting(times):
    """The TimeToThreshold with the highest share; among equals the one with the fewest epochs, then the first."""
    return min(times, key=lambda one: (-one.rate.share, np.nan_to_num(one.median_epoch, nan=np.inf)))


def first_reliable(times, share):
    """The first TimeToThreshold of more than this share of the seeds; if there is none, the last of all."""
    return next((one for one in times if one.rate.share > share), times[-1])


def epochs_quantile(first_below, q):
    """The epoch by which a share q of the seeds are below the bar: a float, infinite if fewer ever get there."""
    epochs = np.where(np.asarray(first_below) < 0, np.inf, first_below)
    return float(np.quantile(epochs, q, method="inverted_cdf"))


def median_seed(first_below, of_all=False):
    """Which seed was the middle one of those that got below the bar, or of all, with those that never did last (int).

    Where none got there it is the first seed; with of_all it is then the middle one.
    """
    epochs = np.where(np.asarray(first_below) < 0, np.inf, first_below)
    count = epochs.size if of_all else max(1, int(np.isfinite(epochs).sum()))
    return int(np.argsort(epochs, kind="stable")[(count - 1) // 2])


class Race(NamedTuple):
    """Two settings from the same seeds: in how many the first was sooner, in how many the second."""

    first: int
    second: int

    @property
    def clear(self):
        """1 if Wilson's 95 % interval for the first one's share of these seeds lies above a half, -1 if below, else 0."""
        if self == (0, 0):
            return 0
        interval = Accuracy(self.first, self.first + self.second).interval
        return int(interval.low > 0.5) - int(interval.high < 0.5)


def race(first_below, rival_first_below):
    """The Race between two settings, seed by seed. A seed that gets below the bar beats one that never does."""
    own, rival = (np.where(np.asarray(each) < 0, np.inf, each) for each in (first_below, rival_first_below))
    return Race(int((own < rival).sum()), int((own > rival).sum()))


def pooled_races(pairs):
    """How often the first of each pair is sooner, over all decided races: its Accuracy, and a 95 % interval clustered by seed.

    pairs : list of (first_below, rival_first_below), int arrays (n_seeds,) of the same seeds in the same order. Races that
    share a seed share its points, so the seeds are what is drawn independently: the interval is that of a ratio
    of sums over seeds. Where one side wins every race it is Wilson's, of as many tries as there are decided seeds.
    """
    own, rival = (np.where(np.array(side) < 0, np.inf, side) for side in zip(*pairs, strict=True))
    won, decided = (own < rival).sum(axis=0), (own != rival).sum(axis=0)
    total = Accuracy(int(won.sum()), int(decided.sum()))
    if total.correct in (0, total.n):
        seeds = int(np.count_nonzero(decided))
        return total, Accuracy(seeds if total.correct else 0, seeds).interval if seeds else Interval(0.0, 1.0)
    n_seeds = won.size
    spread = np.sqrt(n_seeds / (n_seeds - 1) * np.sum((won - total.share * decided) ** 2)) / total.n
    reach = float(t.ppf(0.975, n_seeds - 1) * spread)
    return total, Interval(max(total.share - reach, 0.0), min(total.share + reach, 1.0))
