"""What changes of the training are worth: gains in accuracy, with an interval that counts images and seeds.

Evidence is, for each run of an arm, which validation images it labels correctly: bool (runs, images).
"""

import numpy as np
from scipy import stats

from helpers.core.stats import Interval, pooled_variance


def right_answers(arms, labels):
    """The evidence of trained arms. arms : dict of arm -> list of runs.Trained.   labels : int (images,), of the validation images."""
    return {arm: np.array([run.validation.argmax(axis=1) == labels for run in found]) for arm, found in arms.items()}


def changes(right, begin="plain+"):
    """The changes that were tried alone, or for "full-" those taken away alone, in order (list of str).

    right : dict of arm, such as "plain+shifts" or "full-shifts" -> bool (runs, images).
    """
    return [arm.removeprefix(begin) for arm in right if arm.startswith(begin)]


def gain_over(right, base, *arms, level=0.95):
    """The mean gain in accuracy of some arms, averaged, over a base arm, such as "plain": for other images and other seeds.

    right : dict of arm -> bool (runs, images).
    Arms share no runs, so the variance of a mean of r runs is that between runs over r. It is pooled over the base's family:
    the arms of the full configuration, or all others. To it comes that of the differences image by image, each averaged
    over the runs.
    Returns the mean gain and its Interval by Student's t; with one run an arm the interval is infinite.
    """
    changed = [right[arm] for arm in arms]
    family = [right[arm].mean(axis=1) for arm in right if arm.startswith("full") == base.startswith("full")]
    between, degrees = pooled_variance(family)
    each_image = np.mean([hits.mean(axis=0) for hits in changed], axis=0) - right[base].mean(axis=0)
    runs = sum(map(len, changed)), len(right[base])
    variance = between * sum(1 / count for count in runs) + each_image.var(ddof=1) / each_image.size
    middle = float(each_image.mean())
    half = float(stats.t.ppf((1 + level) / 2, degrees) * np.sqrt(variance)) if degrees else np.inf
    return middle, Interval(middle - half, middle + half)
