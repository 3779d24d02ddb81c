"""The rules: every verdict turns when the printed value moves, and when ours does."""

import numpy as np
import pytest

from helpers.core.stats import Accuracy, next_run_interval
from helpers.report import claims, rules
from helpers.report.rules import Bound, Estimate, Runs, Seeds

CLAIMS = claims.all_claims()
CLOUD = np.exp(np.random.default_rng(7).normal(np.log([0.1, 0.2]), 0.1, (200, 2)))
HALF = Bound("at least", 0.5, "the share", "a half")


def evidence_for(claim):
    """Evidence under which a claim comes out well, and evidence under which it does not."""
    match claim.rule:
        case rules.AmongSeeds():
            pair = np.array(list(claim.value.values()), dtype=float)
            cloud = np.maximum(pair, 0.0005) * np.exp(np.random.default_rng(1).normal(0, 0.05, (100, 2)))
            return Seeds(cloud), Seeds(cloud + 0.25)
        case rules.NextRun():
            n = 6000 if claim.value < 1 else None
            runs = claim.value + np.array([-0.001, 0.0, 0.001])
            return Runs(runs, n), Runs(runs * 0.9, n)
        case rules.FoldMeans():
            return Runs(claim.value), Runs(np.array(claim.value) - 0.1)
        case Bound():
            beyond = 1 if claim.rule.side == "at least" else -1
            return Estimate(claim.rule.bound + 0.1 * beyond), Estimate(claim.rule.bound - 0.1 * beyond)
    if claim.rule is rules.RULES["counted"]:
        return claim.value, [0] if isinstance(claim.value, list) else claim.value + 1
    return (True, False) if claim.rule is rules.RULES["derived"] else None


@pytest.mark.parametrize("name", CLAIMS)
def test_moving_our_value_turns_the_verdict(name):
    claim = CLAIMS[name]
    if evidence := evidence_for(claim):
        good, bad = (claim.rule.judge(claim.value, each).word for each in evidence)
        assert good in rules.GOOD and bad in rules.BAD
        assert {good, bad} <= set(rules.WORDS[claim.kind])
    else:
        word = claim.rule.judge(claim.value, 1).word
        assert word in (rules.AS_SET, rules.UNTESTABLE) and word in rules.WORDS[claim.kind]


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.value is not None])
def test_moving_the_printed_value_turns_the_verdict(name):
    claim = CLAIMS[name]
    if evidence := evidence_for(claim):
        match claim.value:
            case dict():
                moved = {key: value + 0.3 for key, value in claim.value.items()}
            case [float(), *_]:
                moved = [value + 0.1 for value in claim.value]
            case list():
                moved = claim.value[::-1]
            case _:
                moved = claim.value * 1.1
        assert claim.rule.judge(moved, evidence[0]).word in rules.BAD


def test_a_near_miss_is_one_unit_of_the_last_digit_or_a_few_epochs_away():
    rule, zeros = rules.AmongSeeds(), Seeds(np.full((200, 2), 0.001))
    printed = {"train_loss": 0.001, "test_loss": 0.001}
    assert rule.judge(printed, zeros).word == rules.REPRODUCED
    assert rule.judge({"train_loss": 0, "test_loss": 0}, zeros).word == rules.NEAR_MISS
    far = {"train_loss": 0.02, "test_loss": 0.02}
    assert rule.judge(far, zeros).word == rules.NOT_REPRODUCED
    assert rule.judge(far, Seeds(zeros.pairs, (np.full((200, 2), 0.02),))).word == rules.NEAR_MISS


def test_the_p_value_is_joint():
    """Each loss alone lies among the seeds', the pair does not: the marginal ranges would have let it pass."""
    two = np.vstack([np.full((100, 2), 0.009), np.full((100, 2), 0.5)]) * np.exp(CLOUD / 100)
    found = rules.AmongSeeds().judge({"train_loss": 0.2, "test_loss": 0.2}, Seeds(two))
    assert found.p < 0.05 and found.word == rules.NOT_REPRODUCED


def test_the_power_is_the_share_of_other_rows_that_would_pass():
    others = ((0.1, 0.2), (0.5, 0.5))
    assert rules.AmongSeeds(others).judge({"train_loss": 0.1, "test_loss": 0.2}, Seeds(CLOUD)).power == 0.5


@pytest.mark.parametrize(("seeds", "word"), [(19, rules.REPRODUCED), (20, rules.NOT_REPRODUCED)])
def test_a_pair_beyond_all_others_is_one_in_twenty_or_less(seeds, word):
    far = {"train_loss": 9.0, "test_loss": 9.0}
    found = rules.AmongSeeds().judge(far, Seeds(CLOUD[:seeds]))
    assert (found.p, found.word) == (pytest.approx(1 / (seeds + 1)), word)


def test_true_pairs_are_rejected_one_time_in_twenty():
    random = np.random.default_rng(3)
    clouds = np.exp(random.normal(-2, 0.5, (400, 100, 2)))
    p = [rules.conformal_p_value(cloud[1:], cloud[0]) for cloud in clouds]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_the_prediction_interval_covers_one_more_run_on_fresh_images(runs):
    """A world in which the truth is known: runs differ, our runs share their images, the report has its own."""
    random, n, sd, covered, trials = np.random.default_rng(runs), 2000, 0.004, 0, 2000
    for _ in range(trials):
        ours, theirs = random.normal(0, np.sqrt(0.9 * 0.1 / n), 2)
        values = 0.9 + random.normal(0, sd, runs + 1)
        covered += values[0] + theirs in next_run_interval(values[1:] + ours, n)
    assert 0.93 <= covered / trials <= 0.995


def test_one_run_needs_a_borrowed_spread():
    with pytest.raises(ValueError, match="spread"):
        next_run_interval([0.9], 6000)
    found, few = (next_run_interval([0.9], 6000, like=like) for like in ([0.8, 0.802, 0.804], [0.8, 0.804]))
    assert 0.9 in found and few.low < found.low  # Student's t: fewer runs tell less of the spread
    assert next_run_interval([0.9, 0.91], 6000, like=[0.1, 0.5]) == next_run_interval([0.9, 0.91], 6000)


def test_the_interval_of_a_share_ends_where_shares_do():
    far = [0.9, 0.999]
    assert next_run_interval(far, 6000).high == 1 < next_run_interval(far).high
    assert next_run_interval([0.001, 0.1], 6000).low == 0 > next_run_interval([0.001, 0.1]).low


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        (0.95, rules.REPRODUCED), (0.96, rules.NEAR_MISS), (0.97, rules.NOT_REPRODUCED),
        (0.92, rules.NEAR_MISS), (0.91, rules.NOT_REPRODUCED),
    ],
)  # fmt: skip
def test_rounding_of_the_printed_value_counts(printed, word):
    """The interval is [0.9291, 0.9509]: 0.92 could be anything up to 0.925, and 0.93 would be inside."""
    runs = Runs(np.array([0.938, 0.94, 0.942]), 6000)
    assert rules.NextRun(2).judge(printed, runs).word == word


def test_every_claim_has_a_place_and_something_claimed():
    assert len(CLAIMS) > 70
    for one in CLAIMS.values():
        assert one.place and one.line > 0 and 1 <= one.chapter <= 7
        assert one.says or one.value is not None, one.id


def test_a_value_is_compared_to_the_digits_that_are_printed():
    judged = [claim for claim in CLAIMS.values() if isinstance(claim.rule, rules.NextRun)]
    assert judged and all(f"{claim.value:.{claim.rule.digits}f}" == str(claim.value) for claim in judged)


def test_a_p_value_agrees_with_its_interval():
    runs = Runs(np.array([0.89, 0.9, 0.91]), 6000)
    edge = rules.NextRun(9).judge(0.9, runs).interval.high
    assert rules.NextRun(9).judge(edge, runs).p == pytest.approx(0.05, rel=0.03)
    within = edge - 1e-9
    assert (
        rules.NextRun(9).judge(within, runs).p >= 0.05 and rules.NextRun(9).judge(within, runs).word == rules.REPRODUCED
    )
    assert rules.NextRun(9).judge(0.9, runs).p > 0.97
    assert rules.NextRun(9).judge(0.1, runs).p < 0.01


@pytest.mark.parametrize(
    ("low", "high", "at_least", "at_most"),
    [
        (0.2, 0.4, rules.FAILS, rules.HOLDS), (0.4, 0.6, rules.UNDECIDED, rules.UNDECIDED), (0.6, 0.8, rules.HOLDS, rules.FAILS),
        (0.5, 0.7, rules.HOLDS, rules.UNDECIDED), (0.3, 0.5, rules.UNDECIDED, rules.HOLDS), (0.5, 0.5, rules.HOLDS, rules.HOLDS),
    ],
)  # fmt: skip
def test_a_statement_is_undecided_where_its_interval_holds_the_bound(low, high, at_least, at_most):
    evidence = Estimate((low + high) / 2, low, high)
    assert HALF.judge(None, evidence).word == at_least
    assert Bound("at most", 0.5, "", "").judge(None, evidence).word == at_most


def test_a_share_counts_with_its_interval():
    assert HALF.judge(None, Accuracy(50, 100)).word == rules.UNDECIDED
    assert HALF.judge(None, Accuracy(90, 100)).word == rules.HOLDS


def test_a_cell_that_ends_with_a_verdict_shows_it_once(capsys):
    from IPython.core.formatters import DisplayFormatter

    verdict = rules.Verdict(rules.HOLDS, 0.123456789)
    assert DisplayFormatter().format(verdict) == DisplayFormatter().format(rules.Verdicts(a=verdict)) == ({}, {})
    assert capsys.readouterr().out == ""


def test_holm_steps_down():
    assert rules.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_every_statement_says_its_criterion_and_why():
    for claim in CLAIMS.values():
        assert (claim.kind == "statement") == isinstance(claim.rule, Bound), claim.id
        assert claim.says or claim.kind in ("setting", "measured"), claim.id
        assert claim.line > 0 and claim.where.endswith(str(claim.line))
        if isinstance(claim.rule, Bound):
            assert claim.rule.of in claim.rule.description and claim.rule.because in claim.rule.description


@pytest.mark.parametrize(
    ("bound", "form", "words"),
    [(0.5, ".1%", "50%"), (0.031, "+.2% points", "3.1 points"), (0.01, ".2% points", "1 point"), (15, ".0f°", "15°"), (1.2, ".2f", "1.2")],
)  # fmt: skip
def test_a_criterion_is_written_in_the_unit_of_its_claim(bound, form, words):
    assert f" is at least {words} throughout " in Bound("at least", bound, "it", "of that", form).description


def test_a_verdict_says_what_another_number_of_neighbours_would_give():
    found = rules.AmongSeeds().judge({"train_loss": 0.1, "test_loss": 0.2}, Seeds(CLOUD))
    assert found.also == {"5 neighbours": rules.REPRODUCED, "25 neighbours": rules.REPRODUCED}
    lonely = np.vstack([CLOUD, np.tile(CLOUD.max(axis=0) * 3, (8, 1))])
    edge = rules.AmongSeeds().judge(
        {"train_loss": CLOUD[:, 0].max() * 3, "test_loss": CLOUD[:, 1].max() * 3}, Seeds(lonely)
    )
    assert edge.also["5 neighbours"] == rules.REPRODUCED and edge.also["25 neighbours"] != rules.REPRODUCED


@pytest.mark.parametrize(("values", "word"), [([10, 50, 90], rules.UNTESTABLE), ([49, 50, 51], rules.REPRODUCED)])
def test_runs_that_no_possible_value_could_contradict_judge_none(values, word):
    found = rules.NextRun(0).judge(50, Runs(values, possible=(1, 100)))
    assert found.word == word
    assert (found.power == 1, bool(found.why)) == (word == rules.UNTESTABLE,) * 2
    assert found.power == 1 or 0.05 < found.power < 0.2
    assert found.interval.low >= 1 and found.interval.high <= 100  # what is not possible is not in the interval
