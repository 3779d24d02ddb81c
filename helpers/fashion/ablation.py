"""What changes of the training are worth: gains in accuracy, with an interval that counts images and seeds.

Evidence is, for each run of an arm, which validation images it labels correctly: bool (runs, images).
"""

from collections import namedtuple

import numpy as np
from scipy import stats

from helpers.core.stats import Interval

Spread = namedtuple("Spread", "variance degrees")
Spread.__doc__ = (
    "The variance of a run's accuracy about the mean of its arm, pooled over the arms, and its degrees of freedom."
)


def right_answers(arms, labels):
    """The evidence of trained arms. arms : dict of arm -> list of runs.Trained.   labels : int (images,), of the validation images."""
    return {arm: np.array([run.validation.argmax(axis=1) == labels for run in found]) for arm, found in arms.items()}


def changes(right, begin="plain+"):
    """The changes that were tried alone, or for "full-" those taken away alone, in order (list of str).

    right : dict of arm, such as "plain+shifts" or "full-shifts" -> bool (runs, images).
    """
    return [arm.removeprefix(begin) for arm in right if arm.startswith(begin)]


def gain_over(right, base, *arms):
    """The `gain` of some arms, averaged, over a base arm, such as "plain".

    The spread between seeds is pooled over the base's family: the arms of the full configuration, or all others.
    """
    family = {arm: hits for arm, hits in right.items() if arm.startswith("full") == base.startswith("full")}
    return gain([right[arm] for arm in arms], right[base], between_runs(family))


def between_runs(right):
    """The Spread of runs that differ by nothing but their seed. right : dict of arm -> bool (runs, images)."""
    shares = [hits.mean(axis=1) for hits in right.values()]
    degrees = sum(len(each) - 1 for each in shares)
    return Spread(float(sum(((each - each.mean()) ** 2).sum() for each in shares) / max(degrees, 1)), degrees)


def gain(changed, base, spread, level=0.95):
    """The mean gain in accuracy of some arms over a base, for other images and other seeds.

    changed : list of bool (runs, images), one an arm; more than one are averaged.   base : bool (runs, images).
    spread  : Spread between runs. The arms share no runs, so the variance of a mean of r runs is that between runs over r;
    to it comes that of the differences image by image, each averaged over the runs.
    Returns the mean gain and its Interval by Student's t; without degrees of freedom the interval is infinite.
    """
    each_image = np.mean([hits.mean(axis=0) for hits in changed], axis=0) - base.mean(axis=0)
    runs = sum(map(len, changed)), len(base)
    variance = spread.variance * sum(1 / count for count in runs) + each_image.var(ddof=1) / each_image.size
    middle = float(each_image.mean())
    half = float(stats.t.ppf((1 + level) / 2, spread.degrees) * np.sqrt(variance)) if spread.degrees else np.inf
    return middle, Interval(middle - half, middle + half)
