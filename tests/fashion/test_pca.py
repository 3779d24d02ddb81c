"""Nested logistic regressions against scikit-learn's, cross-validation without a leak, agreement of clusters and classes."""

import json
from dataclasses import replace

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline

from helpers.core.project import Problem, profile_named
from helpers.fashion import dataset, pca
from tests.conftest import python

COMPONENTS = [2, 5, 20]


@pytest.fixture(scope="module")
def small(data):
    """A hundred images of each class, their labels, and their component scores."""
    rows = np.concatenate([np.flatnonzero(data.train_labels == label)[:100] for label in range(10)])
    x, y = dataset.scaled(data.train_images[rows]), data.train_labels[rows]
    return x, y, PCA(50, svd_solver="covariance_eigh").fit_transform(x.astype(float))


def sklearn_loss(model, scores, y, c=1.0):
    p = model.predict_proba(scores)[np.arange(len(y)), y]
    return -np.log(p).mean() + 0.5 * (model.coef_**2).sum() / (c * len(y))


@pytest.mark.parametrize("c", [1.0, 0.01])
def test_fits_reach_scikit_learns_minimum(small, c):
    _, y, scores = small
    for k, fit in zip(COMPONENTS, pca.fit_logits(scores, y, COMPONENTS, c=c, tolerance=1e-8), strict=True):
        theirs = LogisticRegression(C=c, tol=1e-9, max_iter=20_000).fit(scores[:, :k], y)
        assert fit.converged and fit.weights.shape == (k, 10)
        assert fit.loss == pytest.approx(sklearn_loss(theirs, scores[:, :k], y, c), abs=1e-9)
        assert np.allclose(fit.weights, theirs.coef_.T, atol=2e-4)
        assert (fit.predicted(scores) == theirs.predict(scores[:, :k])).all()


def test_the_gradient_agrees_with_central_differences(small):
    from helpers.questions.derivations import central_differences

    _, y, scores = small
    columns, penalty = np.ascontiguousarray(scores[:60, :3].T), np.array([0.1, 0.2, 0.3])
    at = np.random.default_rng(1).normal(size=40)
    arguments = (columns, y[::16][:60], penalty)
    measured = central_differences(lambda v: pca._penalised_loss(v, *arguments)[0], at)
    assert np.allclose(pca._penalised_loss(at, *arguments)[1], measured, atol=1e-8)


def test_more_components_never_fit_worse_and_starts_do_not_matter(small):
    _, y, scores = small
    nested = pca.fit_logits(scores, y, COMPONENTS, tolerance=1e-7)
    losses = [fit.loss for fit in nested]
    assert losses == sorted(losses, reverse=True)
    alone = pca.fit_logits(scores, y, COMPONENTS[-1:], tolerance=1e-7)[0]
    assert nested[-1].loss == pytest.approx(alone.loss, abs=1e-7)


def test_all_components_are_the_pixels(small):
    x, y, _ = small
    pixels = x[:, 300:340].astype(float)
    fit = pca.fit_logits(PCA(40).fit_transform(pixels), y, [40], tolerance=1e-8)[0]
    centred = pixels - pixels.mean(axis=0)
    theirs = LogisticRegression(tol=1e-9, max_iter=50_000).fit(centred, y)
    assert fit.loss == pytest.approx(sklearn_loss(theirs, centred, y), abs=1e-8)


def test_one_penalty_after_the_other_ends_where_each_alone_does(small):
    x, y, scores = small
    strengths = [0.01, 10.0, 0.5]
    for c, fit in zip(strengths, pca.fit_logits(scores, y, [5] * 3, c=strengths), strict=True):
        (alone,) = pca.fit_logits(scores, y, [5], c=c)
        assert fit.converged and np.allclose(fit.weights, alone.weights, atol=1e-7)
    swept = pca.cross_validated(x, y, [5] * 3, c=strengths)
    assert list(swept) == strengths
    assert [fold.accuracy for fold in swept[0.5]] == [
        fold.accuracy for fold in pca.cross_validated(x, y, [5], c=0.5)[5]
    ]


def test_a_fit_that_is_cut_short_says_so(small):
    _, y, scores = small
    fit = pca.fit_logits(scores, y, [20], max_iterations=3, newton_steps=0)[0]
    assert fit.iterations == 3 and not fit.converged


@pytest.mark.parametrize("components", [[5, 2], [0, 1], [2, 51]])
def test_numbers_of_components_must_not_fall_and_lie_within_the_columns(small, components):
    _, y, scores = small
    with pytest.raises(ValueError, match="must not fall"):
        pca.fit_logits(scores, y, components)


# --- cross-validation


@pytest.mark.long
def test_cross_validation_agrees_with_a_pipeline_of_scikit_learn(small):
    x, y, _ = small
    ours = pca.cross_validated(x, y, COMPONENTS, tolerance=1e-8)
    for k in COMPONENTS:
        pipeline = make_pipeline(
            PCA(k, svd_solver="arpack", random_state=0), LogisticRegression(tol=1e-9, max_iter=20_000)
        )
        theirs = cross_validate(pipeline, x.astype(float), y, cv=5)["test_score"]
        assert [fold.accuracy.share for fold in ours[k]] == pytest.approx(list(theirs))


def test_the_held_out_fold_has_no_say_in_the_fit(small):
    """Spoil the first held-out fold: without a leak its components, and so its fits, stay as they were."""
    x, y, _ = small
    train, held_out = next(StratifiedKFold(5).split(x, y))
    spoilt = x.copy()
    spoilt[held_out] = 50 * np.random.default_rng(0).random(spoilt[held_out].shape)

    def first_fold(images, axes=None):
        return pca.cross_validated(images, y, [5], axes=axes)[5][0]

    assert first_fold(spoilt).iterations == first_fold(x).iterations
    axes, after = pca._axes(x[train], 5), pca._axes(spoilt[train], 5)
    assert np.allclose(axes.components_, after.components_)
    leaks = (PCA(5, svd_solver="full").fit(images) for images in (spoilt, x))
    assert len({first_fold(spoilt, leak).iterations for leak in leaks}) == 2


@pytest.mark.long
def test_the_numbers_do_not_depend_on_the_number_of_processes(small):
    x, y, _ = small
    one, two = (pca.cross_validated(x, y, COMPONENTS, jobs=jobs) for jobs in (1, 2))
    assert told(one) == told(two)


def test_a_dask_cluster_gives_the_same_numbers(small):
    distributed = pytest.importorskip("dask.distributed", reason="dask is not installed; it is optional")
    x, y, _ = small
    here = pca.cross_validated(x, y, COMPONENTS)
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        there = pca.cross_validated(x, y, COMPONENTS, jobs=-1)
    assert told(here) == told(there)


def told(results):
    return {k: [(fold.accuracy, fold.iterations, fold.converged) for fold in folds] for k, folds in results.items()}


def test_tested_judges_on_the_images_it_is_given(small):
    x, y, _ = small
    found = pca.tested(x, y, x[:50], y[:50], COMPONENTS, pca._axes(x, 50))
    scores = PCA(20, svd_solver="full").fit(x.astype(float))
    theirs = LogisticRegression(max_iter=5000).fit(scores.transform(x.astype(float)), y)
    assert found[20].accuracy.n == 50
    assert found[20].accuracy.share == pytest.approx(
        theirs.score(scores.transform(x[:50].astype(float)), y[:50]), abs=0.03
    )


# --- other processors


SHOWN = """
    import json, sys
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_info
    from helpers.core.plotting import rounded
    from helpers.fashion import dataset, pca

    data = dataset.load()
    x, y = dataset.scaled(data.train_images[:1500]), data.train_labels[:1500]
    scores = PCA(100, svd_solver="covariance_eigh").fit_transform(x.astype(float))
    weights = [fit.weights.tolist() for fit in pca.fit_logits(scores, y, [10, 100], **json.loads(sys.argv[1]))]
    clusters, centres = pca.clustered(scores[:, :2], y, seed=1)
    print(sorted(pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"))
    print(json.dumps([weights, clusters.tolist(), rounded(centres).tolist()]))
"""


def shown_under(*environments, **settings):
    """What chapter 06 computes from 1,500 images in processes with these environments: (kernels, outputs)."""
    started = [python(SHOWN, json.dumps(settings), **each) for each in environments]
    answers = [process.communicate() for process in started]
    assert all(process.returncode == 0 for process in started), answers
    kernels, outputs = zip(*(answer.splitlines() for answer, _ in answers), strict=True)
    return kernels, [json.loads(output) for output in outputs]


@pytest.mark.long
def test_what_is_shown_does_not_depend_on_processor_or_threads():
    """OpenBLAS adds up in another order on another processor, and with another number of threads."""
    kernels, outputs = shown_under(
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"},
    )
    if len(set(kernels)) == 1:
        pytest.skip("OpenBLAS has one kernel only for this machine, or NumPy another BLAS")
    (weights, *rest), (other_weights, *other_rest) = outputs
    assert rest == other_rest
    for one, other in zip(weights, other_weights, strict=True):  # so near that no label turns
        assert np.allclose(one, other, rtol=0, atol=1e-7)


# --- clusters


@given(st.integers(0, 10_000))
def test_agreement_is_what_scikit_learn_computes(seed):
    chance = np.random.default_rng(seed)
    classes = chance.integers(0, 4, 60)
    clusters = np.where(chance.random(60) < 0.5, classes, chance.integers(0, 4, 60))
    classes[:4] = clusters[:4] = range(4)
    counts = contingency_matrix(classes, clusters)
    assert pca.adjusted_rand(counts) == pytest.approx(metrics.adjusted_rand_score(classes, clusters))
    assert pca.mutual_information(counts) == pytest.approx(metrics.normalized_mutual_info_score(classes, clusters))


def test_bootstrap_interval_has_the_width_that_images_give_it():
    counts = np.array([[400, 100], [150, 350]])
    value, interval = pca.with_interval(pca.adjusted_rand, counts, seed=1)
    assert interval.low < value < interval.high
    more, narrow = pca.with_interval(pca.adjusted_rand, 100 * counts, seed=1)
    assert more == pytest.approx(value, abs=0.01)
    assert narrow.high - narrow.low == pytest.approx((interval.high - interval.low) / 10, rel=0.1)


def test_clusters_are_numbered_by_the_class_that_they_go_with():
    chance = np.random.default_rng(2)
    classes = np.repeat([2, 0, 1], 50)
    points = np.array([[0.0, 0], [9, 0], [0, 9]])[classes] + chance.normal(size=(150, 2))
    clusters, centres = pca.clustered(points, classes, seed=3)
    assert (clusters == classes).all()
    assert np.allclose(centres, [points[classes == i].mean(axis=0) for i in range(3)])


def test_a_stored_pixel_fit_is_known_to_be_the_minimum_or_not(tmp_path):
    chance = np.random.default_rng(5)
    y = np.arange(300) % 3
    x = (chance.random((300, 12)) + 0.4 * np.eye(3, 12)[y]).astype(np.float32)
    profile = replace(profile_named("smoke"), results=tmp_path)
    made = pca.pixel_fits(x, y, profile, "make it", folds=3)
    kept = pca.pixel_fits(x, y, replace(profile, trains=False), "make it", folds=3)
    assert np.array_equal(made, kept)
    folds, test = pca.judged_on_pixels(kept, x, y, x, y)
    live = pca.cross_validated(x, y, [12], folds=3)[12]
    assert all(fold.converged for fold in [*folds, test])
    assert [fold.accuracy for fold in folds] == [fold.accuracy for fold in live]
    assert all(0.5 < fold.accuracy.share < 0.95 for fold in folds)
    moved = [table + 1e-3 * np.eye(*table.shape) for table in kept]
    assert not any(fold.converged for fold in pca.judged_on_pixels(moved, x, y, x, y)[0])


def test_stored_pixel_fits_of_other_images_are_refused(tmp_path):
    y = np.arange(60) % 3
    x = np.random.default_rng(6).random((60, 4)).astype(np.float32)
    profile = replace(profile_named("smoke"), results=tmp_path)
    pca.pixel_fits(x, y, profile, "make it", folds=2)
    with pytest.raises(Problem, match="make it"):
        pca.pixel_fits(x[:50], y[:50], replace(profile, trains=False), "make it", folds=2)


# --- near-duplicates


def test_near_duplicates_are_those_that_all_distances_give():
    chance = np.random.default_rng(7)
    x = np.round(255 * chance.random((60, 100)) ** 3) / 255
    others = np.vstack([x[:20], x[20:40] + chance.integers(-40, 41, (20, 100)) / 255, 1 - x[40:]])
    x, others = x.astype(np.float32), others.astype(np.float32)
    distances = np.sqrt(((x[:, None].astype(float) - others[None]) ** 2).mean(axis=-1))
    limit = float(np.median(distances[range(20, 40), range(20, 40)])) + 1e-6
    found = pca.near_duplicates(x, others, pca._axes(x.astype(float), 50), limit, block=7)
    assert 20 < len(found) < 45
    assert sorted(map(tuple, found)) == sorted(zip(*np.nonzero(distances <= limit), strict=True))


def test_held_out_images_are_answered_by_the_fit_that_has_not_seen_them():
    y = np.arange(12) % 3
    x = np.eye(3, dtype=np.float32)[y]
    always = np.zeros((3, 3, 4))
    always[range(3), range(3), -1] = 1.0  # fit i says class i whatever it sees
    held_out, fold, test = pca.pixel_answers(always, x, y, x[:2])
    assert (held_out == fold).all() and set(fold) == {0, 1} and list(test) == [2, 2]
