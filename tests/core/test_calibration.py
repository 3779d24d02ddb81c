import numpy as np
import pytest
from sklearn.metrics import log_loss

from helpers.core import stats


@pytest.fixture(scope="module")
def honest():
    """Probabilities over four classes, and labels drawn from just these: nobody could be better calibrated."""
    random = np.random.default_rng(3)
    scores = random.dirichlet([0.5] * 4, 40_000)
    labels = (scores.cumsum(axis=1) > random.random((len(scores), 1))).argmax(axis=1)
    return scores, labels


def test_bins_hold_every_image_once_and_say_what_is_in_them():
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.0, 1.0], [0.5, 0.5]])
    bins = stats.reliability(scores, np.array([0, 1, 1, 1, 0]), bins=10)
    assert [each.count for each in bins] == [0, 0, 0, 0, 1, 0, 1, 1, 1, 1]  # (low, high]: 0.5 belongs to the fifth
    assert bins[7].confidence == pytest.approx(0.8) and bins[7].accuracy == 0
    assert np.isnan(bins[0].accuracy)


def test_calibration_error_by_hand():
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    bins = stats.reliability(scores, np.array([0, 1, 0, 0]), bins=10)
    assert stats.expected_calibration_error(bins) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_honest_probabilities_have_no_error_and_temperature_one(honest):
    scores, labels = honest
    assert stats.expected_calibration_error(stats.reliability(scores, labels)) < 0.01
    assert stats.fitted_temperature(scores, labels) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_a_wrong_temperature_is_found_and_undone(honest, factor):
    scores, labels = honest
    spoilt = stats.tempered(scores, 1 / factor)
    error = stats.expected_calibration_error(stats.reliability(spoilt, labels))
    found = stats.fitted_temperature(spoilt, labels)
    mended = stats.tempered(spoilt, found)
    assert found == pytest.approx(factor, rel=0.05)
    assert stats.expected_calibration_error(stats.reliability(mended, labels)) < 0.01 < 0.05 < error
    assert log_loss(labels, mended) < log_loss(labels, spoilt)


def test_temperature_moves_no_label_and_keeps_sums(honest):
    scores, _ = honest
    warm = stats.tempered(scores, 3.0)
    np.testing.assert_array_equal(warm.argmax(axis=1), scores.argmax(axis=1))
    np.testing.assert_allclose(warm.sum(axis=1), 1)
    np.testing.assert_allclose(stats.tempered(scores, 1.0), scores, atol=1e-12)


def test_certain_and_wrong_stays_finite():
    assert np.isfinite(stats.tempered(np.array([[1.0, 0.0]]), 0.5)).all()


def test_bins_share_their_edges_and_span_all_confidences():
    bins = stats.reliability(np.array([[0.9, 0.1]]), np.array([0]), bins=4)
    assert [each.low for each in bins] == [0, 0.25, 0.5, 0.75]
    assert [each.high for each in bins] == [0.25, 0.5, 0.75, 1]
