"""What a measured accuracy is worth: counts, intervals and the mistakes behind them."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import softmax


@dataclass(frozen=True)
class Interval:
    """A closed interval. Formatting applies to both ends: f"{interval:.1%}" gives "[88.2%, 89.5%]"."""

    low: float
    high: float

    def __contains__(self, value):
        return self.low <= value <= self.high

    def __format__(self, spec):
        return f"[{self.low:{spec}}, {self.high:{spec}}]"


@dataclass(frozen=True)
class Accuracy:
    """The share of n images that were labelled correctly: a count, never a mean of means."""

    correct: int
    n: int

    @property
    def share(self):
        """correct / n, in 0..1."""
        return self.correct / self.n

    @property
    def interval(self):
        """Wilson's 95 % interval for the share (Wilson 1927), as an Interval."""
        ends = stats.binomtest(self.correct, self.n).proportion_ci(0.95, method="wilson")
        return Interval(float(ends.low), float(ends.high))


def accuracy(probabilities, labels):
    """Accuracy of the most probable classes. probabilities : (n, classes). labels : int (n,)."""
    if len(probabilities) != len(labels):
        raise ValueError(f"{len(probabilities)} predictions for {len(labels)} labels")
    return Accuracy(int((probabilities.argmax(axis=1) == labels).sum()), len(labels))


def mean_and_sd(values):
    """Mean and sample standard deviation (ddof 1) of some floats, at least two, as two floats."""
    return float(np.mean(values)), float(np.std(values, ddof=1))


def pooled_variance(groups):
    """The variance of values about the mean of their group, pooled over groups (lists of floats), and its degrees of freedom."""
    degrees = sum(len(each) - 1 for each in groups)
    squares = sum(np.square(np.subtract(each, np.mean(each))).sum() for each in groups)
    return float(squares / max(degrees, 1)), degrees


def group_difference(first, second, level=0.95):
    """The mean share of some runs less that of others, and its Interval for other seeds and other images.

    first, second : lists of Accuracy, a run each; the runs of a list label the same images, so these count once.
    The spread between runs is pooled over both lists, by Student's t; where each has one run only, it is left out.
    """
    shares = [[one.share for one in group] for group in (first, second)]
    means = [float(np.mean(each)) for each in shares]
    variance, degrees = pooled_variance(shares)
    runs = (
        stats.t.ppf((1 + level) / 2, degrees) * np.sqrt(variance * sum(1 / len(each) for each in shares))
        if degrees
        else 0
    )
    images = sum(mean * (1 - mean) / group[0].n for mean, group in zip(means, (first, second), strict=True))
    half = float(np.hypot(runs, stats.norm.ppf((1 + level) / 2) * np.sqrt(images)))
    middle = means[0] - means[1]
    return middle, Interval(middle - half, middle + half)


def next_run_interval(values, n_images=None, level=0.95, like=()):
    """Where the value of one more run falls, were it trained from another seed and judged on n_images fresh images.

    A prediction interval: Student's t on the spread between our runs, and beside it the binomial spread of our images
    and of theirs, since all our runs are judged by the same images. The yardstick for a single figure that somebody else
    states: inside, it could be a run of ours. tests/report/test_rules.py shows its coverage by simulation.

    values : one float per run, shares in 0..1 if n_images is given.   n_images : int, or None if no images are behind them.
    like   : values of runs of a like network, whose spread a single run borrows; needed for one.
    Returns an Interval; that of shares ends at 0 and 1. Raises ValueError for a single run without `like`.
    """
    runs, mean = len(values), float(np.mean(values))
    spread = values if runs > 1 else like
    if len(spread) < 2:
        raise ValueError("one run tells no spread: give the values of runs of a like network")
    variance, degrees = pooled_variance([spread])
    width = stats.t.ppf((1 + level) / 2, degrees) * np.sqrt(variance)
    images = 2 * mean * (1 - mean) / n_images if n_images else 0.0
    half = float(np.hypot(width * np.sqrt(1 + 1 / runs), stats.norm.ppf((1 + level) / 2) * np.sqrt(images)))
    low, high = mean - half, mean + half
    return Interval(max(low, 0.0), min(high, 1.0)) if n_images else Interval(low, high)


def means_interval(values, count, level=0.95):
    """Where the mean of `count` further values falls that are drawn as ours were (Student's t); an Interval."""
    mean, sd = mean_and_sd(values)
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1) * sd * np.sqrt(1 / len(values) + 1 / count))
    return Interval(mean - half, mean + half)


NEIGHBOURS = 10  # of a pair of losses, whose distance is its score


def conformal_p_value(pairs, printed, neighbours=NEIGHBOURS, decimals=3):
    """Were a printed pair of losses one more seed's, how often would a pair lie at least as far from the others?

    A joint conformal p-value (Vovk, Gammerman and Shafer 2005). Every pair's score is the factor that takes in its
    `neighbours` nearest others; the p-value is the share of pairs, the printed one among them, whose score is at least the
    printed one's: ties count in its favour. It asks for no shape of the distribution.

    pairs : float (n, 2).   printed : two losses.   All are rounded to `decimals`, and a loss shown as zero counts as half
    the last digit.   Returns a float from 1 / (n + 1) to 1.
    """
    losses = np.round(np.vstack([pairs, printed]).astype(float), decimals)
    points = np.log(np.maximum(losses, 0.5 * 10.0**-decimals))
    train, test = (np.abs(np.subtract.outer(column, column)) for column in points.T)
    rank = min(neighbours, len(pairs))
    scores = np.partition(np.maximum(train, test), rank, axis=1)[:, rank]  # rank 0 is the pair itself
    return float(np.mean(scores >= scores[-1] - 1e-9))


def mean_difference_interval(first, second, level=0.95):
    """Student's interval for the mean of first - second, paired by seed; two equally long lists of floats, at least two."""
    ends = stats.ttest_rel(first, second).confidence_interval(level)
    return Interval(float(ends.low), float(ends.high))


McNemar = namedtuple("McNemar", "only_first only_second p_value")


def mcnemar(first, second, labels):
    """McNemar's exact test between two classifiers on the same images.

    first, second : predicted classes, int (n,).   labels : the true ones, int (n,).
    Only images that exactly one of them labels correctly tell the two apart; if neither were better, each would win
    such an image with probability one half. Returns McNemar: how many only the first has right, how many only the
    second, and the two-sided binomial p-value (1.0 if there is no such image).
    """
    first_right, second_right = np.equal(first, labels), np.equal(second, labels)
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    split = only_first + only_second
    p_value = float(stats.binomtest(only_first, split, 0.5).pvalue) if split else 1.0
    return McNemar(only_first, only_second, p_value)


def most_confident_mistakes(probabilities, labels, count):
    """Rows of the wrongly labelled images of which the network was surest, the surest first; int array (<= count,)."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    surest = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[surest[:count]]


def neighbour_correlation(pictures):
    """How smooth pictures are: Pearson's correlation between pixels that touch, sideways or upright.

    pictures : float (n, height, width).   Returns float (n,): near 0 for independent random pixels, towards 1 for
    large even areas.
    """
    pairs = (pictures[:, :, :-1], pictures[:, :, 1:]), (pictures[:, :-1], pictures[:, 1:])
    first, second = (
        np.concatenate([side.reshape(len(pictures), -1) for side in sides], 1) for sides in zip(*pairs, strict=True)
    )
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    return (first * second).sum(axis=1) / np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))


# --- calibration: whether a network's confidence can be believed -----------------------------------------------------

Bin = namedtuple("Bin", "low high count confidence accuracy")


def reliability(probabilities, labels, bins=15):
    """Confidence against accuracy, in bins of equal width over 0..1.

    probabilities : (n, classes).   labels : int (n,).
    Returns a list of Bin: the edges, how many images' highest probability lies in (low, high], and their mean
    confidence and share labelled correctly (NaN for an empty bin).
    """
    confidence = probabilities.max(axis=1).astype(float)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        means = (confidence[inside].mean(), right[inside].mean()) if inside.any() else (np.nan, np.nan)
        found.append(Bin(float(edges[number]), float(edges[number + 1]), int(inside.sum()), *map(float, means)))
    return found


def expected_calibration_error(bins):
    """The mean distance between confidence and accuracy, each bin weighted by its images (Naeini et al. 2015)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins if each.count) / total


def fitted_temperature(probabilities, labels):
    """The temperature that makes these probabilities likeliest for these labels (Guo et al. 2017); a float.

    Fit it on validation images, never on those that it is judged by. 1 changes nothing, above 1 the network was too
    sure, below 1 not sure enough.
    """
    rows = np.arange(len(labels))

    def loss(log_temperature):
        scores = tempered(probabilities, np.exp(log_temperature))
        return -np.log(np.maximum(scores[rows, labels], 1e-300)).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def tempered(probabilities, temperature):
    """Probabilities (n, classes) whose logarithms are divided by the temperature, normalised again; float64."""
    return softmax(np.log(np.maximum(probabilities.astype(float), 1e-30)) / temperature, axis=1)
