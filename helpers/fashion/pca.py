"""Principal components and logistic regression on them: one objective for every number of components, nested fits,
cross-validation with everything fitted inside the folds, and how far clusters agree with classes.

The objective is that of scikit-learn's LogisticRegression() on the component scores: the sum of the cross-entropies
plus half the squared weights divided by C. Since principal axes are a rotation, all 784 components are the pixels
themselves, and neither the fit nor its penalty notices. Nothing but the road to the minimum differs: L-BFGS works in
coordinates in which the components have about equal spread, and starts from the fit with fewer components.
"""

from dataclasses import dataclass
from time import process_time

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import linear_sum_assignment, minimize
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from helpers.core.stats import Accuracy, Interval


@dataclass(frozen=True)
class Logit:
    """A fitted multinomial logistic regression.

    weights : float (k, classes).   bias : float (classes,).   loss : the minimised objective, divided by n (nats).
    iterations : of L-BFGS.   converged : whether the gradient got below the tolerance.   seconds : of the processor, spent on the fit.
    """

    weights: np.ndarray
    bias: np.ndarray
    loss: float
    iterations: int
    converged: bool
    seconds: float

    def predicted(self, scores):
        """The most probable class of each row, int (n,). scores : (n, k or more); further components are ignored."""
        return (scores[:, : len(self.weights)] @ self.weights + self.bias).argmax(axis=1)


def fit_logits(scores, labels, components, c=1.0, tolerance=1e-4, max_iterations=1000):
    """Logistic regressions on the first 2, 5, 10 ... columns of one matrix, each started from the one before.

    scores     : float (n, p), centred, the columns in falling order of spread.   labels : int (n,), 0 .. classes - 1.
    components : the numbers of columns to use, rising, none above p.
    c          : scikit-learn's C.   tolerance : for the largest entry of the mean loss's gradient, as scikit-learn's
                 tol, in coordinates in which the columns have about unit spread.
    Returns a list of Logit, one per number of components. Raises ValueError if those do not rise or exceed p.
    """
    components = list(components)
    if components != sorted(set(components)) or not 0 < components[0] <= components[-1] <= scores.shape[1]:
        raise ValueError(f"numbers of components must rise within 1 .. {scores.shape[1]}, not {components}")
    n, classes = len(scores), int(labels.max()) + 1
    alpha = 1 / (c * n)
    # 20 alpha: where the data say next to nothing, the penalty sets the curvature, and no column is blown up
    spread = np.sqrt(scores[:, : components[-1]].var(axis=0) + 20 * alpha)
    columns = np.empty((components[-1], n))  # a component a row, so that the first k of them lie together
    np.divide(scores[:, : components[-1]].T, spread[:, None], out=columns)
    fits, start = [], np.zeros((classes, 1))
    for k in components:
        began = process_time()
        start = np.hstack([start[:, :-1], np.zeros((classes, k - start.shape[1] + 1)), start[:, -1:]])
        found = minimize(
            _penalised_loss, start.ravel(), args=(columns[:k], labels, alpha / spread[:k] ** 2), jac=True, method="L-BFGS-B",
            options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 0, "maxcor": 20, "maxls": 50},
        )  # fmt: skip
        start = found.x.reshape(classes, k + 1)
        fits.append(
            Logit(
                weights=(start[:, :k] / spread[:k]).T,
                bias=start[:, k].copy(),
                loss=float(found.fun),
                iterations=int(found.nit),
                converged=bool(np.abs(found.jac).max() <= tolerance),
                seconds=process_time() - began,
            )
        )
    return fits


def _penalised_loss(parameters, columns, labels, penalty):
    """The objective and its gradient. parameters : (classes * (k + 1),).   columns : (k, n).   penalty : (k,)."""
    k, n = columns.shape
    table = parameters.reshape(-1, k + 1)
    weights, rows = table[:, :k], np.arange(n)
    z = weights @ columns  # (classes, n): sums over classes run along the short axis, which is fast this way round
    z += table[:, k:]
    z -= z.max(axis=0)
    loss = -z[labels, rows].sum()
    np.exp(z, out=z)
    total = z.sum(axis=0)
    loss += np.log(total).sum()
    z /= total
    z[labels, rows] -= 1
    gradient = np.empty_like(table)
    gradient[:, :k] = z @ columns.T / n + penalty * weights
    gradient[:, k] = z.sum(axis=1) / n
    return loss / n + 0.5 * (penalty * weights**2).sum(), gradient.ravel()


@dataclass(frozen=True)
class Fold:
    """What one fold says about one number of components: accuracy on the images held out, and how it was come by."""

    components: int
    accuracy: Accuracy
    iterations: int
    converged: bool
    fit_seconds: float


def cross_validated(x, labels, components, folds=5, jobs=1, leak=False, **settings):
    """Accuracy of logistic regression on principal components, fold by fold, for several numbers of components.

    The folds are scikit-learn's stratified ones without shuffling, as in its cross_validate(cv=5). In each, the
    components are fitted once, to the training part only, and sliced; numbers above the pixels' are cut to them.
    Folds are spread over processes by joblib, so that `with joblib.parallel_config(backend="dask")` spreads them over a
    cluster. Every fold runs on one thread: the numbers do not depend on `jobs`. A fold of 48,000 images takes about
    1 GB while it works with all 784 components.

    x        : (n, pixels).   labels : int (n,).   components : as in fit_logits.   settings : passed on to fit_logits.
    leak     : fit the components to all images, the held-out ones too, as the report of 2019 did.
    Returns a dict of components -> list of Fold.
    """
    splits = StratifiedKFold(folds).split(x, labels)
    shared = _axes(x, components[-1]) if leak else None
    tasks = (delayed(_one_fold)(x, labels, train, held_out, components, shared, settings) for train, held_out in splits)
    results = Parallel(n_jobs=jobs)(tasks)
    return {k: [fold[place] for fold in results] for place, k in enumerate(components)}


def tested(x, labels, x_test, test_labels, components, **settings):
    """The same fitted to all training images and judged on the test images: a dict of components -> Fold."""
    with threadpool_limits(1):
        folds = _judged(x, labels, x_test, test_labels, components, _axes(x, components[-1]), settings)
    return dict(zip(components, folds, strict=True))


def _one_fold(x, labels, train, held_out, components, shared, settings):
    """The Folds of one split, a list as long as `components`; on one thread."""
    with threadpool_limits(1):
        axes = shared or _axes(x[train], components[-1])
        return _judged(x[train], labels[train], x[held_out], labels[held_out], components, axes, settings)


def _judged(x, labels, unseen, unseen_labels, components, axes, settings):
    fits = fit_logits(axes.transform(x.astype(float)), labels, components, **settings)
    scores = axes.transform(unseen.astype(float))
    return [
        Fold(
            k,
            Accuracy(int((fit.predicted(scores) == unseen_labels).sum()), len(unseen)),
            fit.iterations,
            fit.converged,
            fit.seconds,
        )
        for k, fit in zip(components, fits, strict=True)
    ]


def _axes(x, components):
    return PCA(components, svd_solver="covariance_eigh").fit(x.astype(float))


# --- clusters and a map, beside classes ------------------------------------------------------------------------------------------


def cluster_counts(classes, clusters):
    """How many images of each class each cluster holds: int (classes, clusters), from two int arrays (n,)."""
    counts = np.zeros((int(classes.max()) + 1, int(clusters.max()) + 1), int)
    np.add.at(counts, (classes, clusters), 1)
    return counts


def clustered(points, classes, seed):
    """k-means with as many clusters as there are classes, the best of 20 starts, on one thread.

    The clusters are numbered so that cluster i goes with class i, in the matching with the most images in it; the
    clustering itself never sees the classes.
    points : (n, k).   classes : int (n,).   Returns (clusters int (n,), centres (clusters, k)).
    """
    with threadpool_limits(1):
        found = KMeans(int(classes.max()) + 1, n_init=20, random_state=seed).fit(points)
    order = linear_sum_assignment(cluster_counts(classes, found.labels_), maximize=True)[1]
    return np.argsort(order)[found.labels_], found.cluster_centers_[order]


def neighbour_map(points, seed):
    """A map in two dimensions that keeps neighbours together: t-SNE (van der Maaten and Hinton 2008), on one thread.

    Its details differ between processors. points : (n, k), n above 90.   Returns float (n, 2).
    """
    with threadpool_limits(1):
        return TSNE(2, init="pca", random_state=seed).fit_transform(points)


def adjusted_rand(counts):
    """Adjusted Rand index (Hubert and Arabie 1985) of tables of counts, float (...): 1 for the same partition,
    0 on average for chance. counts : (..., classes, clusters)."""
    pairs = _pairs(counts).sum(axis=(-2, -1))
    rows, columns = _pairs(counts.sum(axis=-1)).sum(axis=-1), _pairs(counts.sum(axis=-2)).sum(axis=-1)
    chance = rows * columns / _pairs(counts.sum(axis=(-2, -1)))
    return (pairs - chance) / ((rows + columns) / 2 - chance)


def _pairs(counts):
    return counts * (counts - 1.0) / 2


def mutual_information(counts):
    """Normalised mutual information of tables of counts, float (...) in 0..1: the share of the mean of both entropies
    that class and cluster have in common. counts : (..., classes, clusters)."""
    shares = counts / counts.sum(axis=(-2, -1), keepdims=True)
    rows, columns = shares.sum(axis=-1), shares.sum(axis=-2)
    together = _entropy(rows) + _entropy(columns) - _entropy(shares.reshape(*shares.shape[:-2], -1))
    return 2 * together / (_entropy(rows) + _entropy(columns))


def _entropy(shares):
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=-1)


def with_interval(measure, counts, seed, draws=2000):
    """A measure of agreement with its 95 % bootstrap interval: images are drawn anew, clusters stay what they are.

    measure : adjusted_rand or mutual_information.   counts : (classes, clusters).   seed : int.
    Returns (value, Interval), percentiles of `draws` tables of as many images.
    """
    n = counts.sum()
    tables = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, size=draws).reshape(draws, *counts.shape)
    low, high = np.percentile(measure(tables), [2.5, 97.5])
    return float(measure(counts)), Interval(float(low), float(high))
