"""By which rule a claim is judged. A rule computes the verdict and says in one sentence what it does.

Chapters hand over evidence (Seeds, Runs, Estimate, a stats.Accuracy, or a plain value); the threshold belongs to the
rule, and the bound of a statement to claims.yaml, where it stands with its reason.
"""

import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from helpers.core import store
from helpers.core.stats import NEIGHBOURS, Accuracy, Interval, conformal_p_value, means_interval, next_run_interval

REPRODUCED, NEAR_MISS, NOT_REPRODUCED = "reproduced", "near miss", "not reproduced"
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
CORRECT, IN_ERROR, AGREES, DIFFERS = "correct", "in error", "agrees", "differs"
UNTESTABLE, AS_SET = "cannot be tested here", "as set"
WORDS = {
    "measured": (REPRODUCED, NEAR_MISS, NOT_REPRODUCED, UNTESTABLE),
    "statement": (HOLDS, FAILS, UNDECIDED, UNTESTABLE),
    "derived": (CORRECT, IN_ERROR),
    "counted": (AGREES, DIFFERS),
    "setting": (AS_SET,),
}
GOOD = (REPRODUCED, HOLDS, CORRECT, AGREES)
BAD = (NOT_REPRODUCED, FAILS, IN_ERROR, DIFFERS)
LEVEL, TINY = 0.05, 1e-6
OTHER_NEIGHBOURS = 5, 25  # what else stats.NEIGHBOURS could be


# --- evidence ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seeds:
    """Losses of a Playground setting over seeds.

    pairs : float (n, 2), training and test loss of each seed after the printed number of epochs.
    later : such arrays after up to a fifth more epochs.
    """

    pairs: np.ndarray
    later: tuple = ()


@dataclass(frozen=True)
class Runs:
    """One value of each of several runs.

    values : floats, such as accuracies in 0..1.   n_images : what each was measured on, None if not on images.
    like   : values of runs of a like network, whose spread is borrowed where there is one run only.
    possible : the least and the greatest value that a run can have, where few are possible, such as its epochs.
    """

    values: Any
    n_images: int | None = None
    like: Any = ()
    possible: tuple | None = None


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; one number alone is taken as exact."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def interval(self):
        """The Interval; of no width for an exact value."""
        return Interval(*(self.value if end is None else end for end in (self.low, self.high)))


class _Shown:
    """What a cell may end with without showing it again, since the page has shown it."""

    def _ipython_display_(self):
        """Show nothing."""


class Verdicts(_Shown, dict):
    """Several verdicts, by claim id."""


@dataclass(frozen=True)
class Verdict(_Shown):
    """What a rule finds: the word, our value, and what it rests on (None where it does not apply).

    interval : Interval, or one for each of several named numbers (dict).
    p        : conformal p-value of a pair of losses; for another measured value one less the level of the narrowest
               prediction interval that holds it, no smaller than TINY.
    power    : share of the other rows' printed pairs, or of the possible values, that the rule would have accepted.
    why      : a sentence that says why the claim cannot be tested, or "".
    also     : the words that a choice of ours other than the rule's would have led to, by that choice (dict).
    """

    word: str
    measured: Any
    interval: Any = None
    p: float | None = None
    power: float | None = None
    why: str = ""
    also: dict = field(default_factory=dict)


EVERY_VALUE_PASSES = "Our runs lie so far apart that no possible value could fail."
CLOCK = "Times depend on a machine and on releases that are not known: shown beside ours, not judged."


# --- rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AmongSeeds:
    """A printed pair of losses among the pairs that the seeds give.

    others : the pairs that other rows print, for the power.
    """

    others: tuple = ()
    description: str = (
        f"reproduced if the conformal p-value of the printed pair of losses among those of our seeds is at least {LEVEL}; near miss "
        "if it is so for a pair that differs by one unit of the last digit, or after up to a fifth more epochs"
    )

    def judge(self, printed, evidence):
        """The Verdict on two printed losses (dict of float), from Seeds."""
        pair, pairs = np.array(list(printed.values()), dtype=float), np.asarray(evidence.pairs, dtype=float)
        passing = [conformal_p_value(pairs, other) >= LEVEL for other in self.others]
        middle, ends = np.median(pairs, axis=0), np.quantile(pairs, (0.025, 0.975), axis=0).T
        return Verdict(
            _among_seeds(pair, evidence, NEIGHBOURS),
            dict(zip(printed, map(float, middle), strict=True)),
            {name: Interval(*map(float, each)) for name, each in zip(printed, ends, strict=True)},
            conformal_p_value(pairs, pair),
            float(np.mean(passing)) if passing else None,
            also={f"{count} neighbours": _among_seeds(pair, evidence, count) for count in OTHER_NEIGHBOURS},
        )


def _among_seeds(pair, evidence, neighbours):
    """The verdict's word on a printed pair, from Seeds, when so many `neighbours` are looked at."""

    def accepted(pairs, printed):
        return conformal_p_value(pairs, printed, neighbours) >= LEVEL

    if accepted(evidence.pairs, pair):
        return REPRODUCED
    moved = np.maximum(pair + np.array(list(product((-0.001, 0, 0.001), repeat=2))), 0)
    near = any(accepted(evidence.pairs, each) for each in moved) or any(accepted(late, pair) for late in evidence.later)
    return NEAR_MISS if near else NOT_REPRODUCED


@dataclass(frozen=True)
class NextRun:
    """A printed value beside the prediction interval for one more run on fresh images.

    digits : decimals that are printed.
    """

    digits: int
    description: str = (
        "reproduced if the value, to the digits printed, lies in the 95 % prediction interval for one more run (spread "
        "between our runs, sampling of our images and of theirs); near miss if a value one unit of the last digit away does; "
        "not judged if every possible value lies in it"
    )

    def judge(self, printed, evidence):
        """The Verdict on a printed number, from Runs."""

        def interval(level):
            found = next_run_interval(evidence.values, evidence.n_images, level, evidence.like)
            least, greatest = evidence.possible or (found.low, found.high)
            return Interval(max(found.low, least), min(found.high, greatest))

        unit = 10.0**-self.digits
        p = _p_value(lambda level: _rounds_into(printed, interval(level), unit))
        near = any(_rounds_into(printed + step, interval(1 - LEVEL), unit) for step in (-unit, unit))
        word = REPRODUCED if p >= LEVEL else NEAR_MISS if near else NOT_REPRODUCED
        found = Verdict(word, float(np.mean(evidence.values)), interval(1 - LEVEL), p)
        if evidence.possible is None:
            return found
        least, greatest = evidence.possible
        passing = np.mean([_rounds_into(value, found.interval, unit) for value in range(least, greatest + 1)])
        found = replace(found, power=float(passing))
        return found if passing < 1 else replace(found, word=UNTESTABLE, why=EVERY_VALUE_PASSES)


@dataclass(frozen=True)
class FoldMeans:
    """The mean of printed values, one a fold, beside the mean of ours."""

    description: str = (
        "reproduced if the mean over the folds lies in the 95 % prediction interval for the mean of as many folds"
    )

    def judge(self, printed, evidence):
        """The Verdict on a list of printed numbers, from Runs."""

        def interval(level):
            return means_interval(evidence.values, len(printed), level)

        p = _p_value(lambda level: np.mean(printed) in interval(level))
        word = REPRODUCED if p >= LEVEL else NOT_REPRODUCED
        return Verdict(word, float(np.mean(evidence.values)), interval(1 - LEVEL), p)


@dataclass(frozen=True)
class Bound:
    """A statement: its criterion's 95 % interval against a bound.

    side : "at least" or "at most".   bound : float.   of : what is measured.   because : why this bound.
    form : how its numbers are written (claims.yaml).
    """

    side: str
    bound: float
    of: str
    because: str
    form: str = ".1%"

    @property
    def description(self):
        """The rule in one sentence."""
        spec, unit = _parts(self.form)
        number = f"{self.bound * 100 if '%' in spec else self.bound:g}"
        bound = number + (unit.removesuffix("s" if number == "1" else "") or "%" * ("%" in spec))
        return f"holds if {self.of} is {self.side} {bound} throughout its 95 % interval, because {self.because}"

    def judge(self, printed, evidence):
        """The Verdict from an Estimate or a stats.Accuracy."""
        value = evidence.share if isinstance(evidence, Accuracy) else evidence.value
        low, high = evidence.interval.low, evidence.interval.high
        if self.side == "at most":
            good, bad = high <= self.bound, low > self.bound
        else:
            good, bad = low >= self.bound, high < self.bound
        exact = low == high == value
        return Verdict(
            HOLDS if good else FAILS if bad else UNDECIDED, float(value), None if exact else evidence.interval
        )


@dataclass(frozen=True)
class Plain:
    """A rule without a threshold: of arithmetic, of algebra, or for what is not judged.

    finds : function of the printed value and of ours that gives the Verdict.
    """

    description: str
    finds: Callable

    def judge(self, printed, evidence):
        """The Verdict on a number, a list or None, from ours; for a derivation, from a bool."""
        return self.finds(printed, store.rounded(evidence, 17))  # plain Python: 17 digits change no number


RULES = {
    "folds": FoldMeans(),
    "counted": Plain(
        "agrees if what we count is equal", lambda printed, ours: Verdict(AGREES if ours == printed else DIFFERS, ours)
    ),
    "derived": Plain(
        "correct if a machine check, by algebra or by differentiation, confirms it",
        lambda _, holds: Verdict(CORRECT, "confirmed") if holds else Verdict(IN_ERROR, "refuted"),
    ),
    "setting": Plain(
        "a setting of the report that we took over: shown, not counted", lambda _, ours: Verdict(AS_SET, ours)
    ),
    "clock": Plain("not judged: times are shown beside ours", lambda _, ours: Verdict(UNTESTABLE, ours, why=CLOCK)),
}  # by the name that claims.yaml gives, or by the kind of claim


def grade(word):
    """Whether a verdict's word is "good", "bad" or neither ("open")."""
    return "good" if word in GOOD else "bad" if word in BAD else "open"


def in_form(value, form):
    """A number by a claim's form (str), its unit behind it; an Interval without unit."""
    spec, unit = _parts(form)
    words = format(value, spec).replace("%", "" if unit else "%")
    return words if isinstance(value, Interval) else words + unit


def _parts(form):
    """A claim's form as a format of Python's and a unit (two str): "+.2% points" as "+.2%" and " points"."""
    return re.fullmatch(r"([^ °]*)(.*)", form).groups()


def _rounds_into(printed, interval, unit):
    """Whether a value that is printed in whole units may lie in an interval (bool)."""
    return bool(printed - unit / 2 <= interval.high and printed + unit / 2 >= interval.low)


def _p_value(covered):
    """One less the lowest level at which an interval covers a value. covered : function of a level that gives a bool."""
    p = np.union1d(np.geomspace(TINY, 1, 601)[:-1], LEVEL)  # with LEVEL, at which verdicts turn
    return float(p[max(bisect(p, -0.5, key=lambda each: -float(covered(1 - each))) - 1, 0)])


def holm(p_values):
    """Holm's adjusted p-values (Holm 1979), in the order given (list of float)."""
    order, steps = np.argsort(p_values), np.sort(p_values) * np.arange(len(p_values), 0, -1)
    return np.minimum(np.maximum.accumulate(steps), 1)[np.argsort(order)].tolist()
