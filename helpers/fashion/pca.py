"""Principal components and logistic regression on them: one objective for every number of components, nested fits,
cross-validation with everything fitted inside the folds, and how far clusters agree with classes.

The objective is that of scikit-learn's LogisticRegression() on the component scores: the sum of the cross-entropies
plus half the squared weights divided by C. Since principal axes are a rotation, all 784 components are the pixels
themselves, and neither the fit nor its penalty notices. Nothing but the road to the minimum differs: L-BFGS works in
coordinates in which the components have about equal spread, and starts from the fit with fewer components. Newton's
steps then end it so close to the minimum that no prediction depends on how a processor adds up.
"""

import base64
from dataclasses import dataclass
from time import process_time

import numpy as np
from joblib import Parallel, delayed
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment, minimize
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from helpers.core import store
from helpers.core.stats import Accuracy, Interval

EXACT = 1e-10  # the largest entry of the gradient after Newton's steps: no prediction hangs on the processor then
KEPT = 1e-6  # the same of a stored fit, whose weights are in single precision; scikit-learn itself stops at 1e-4
PIXEL_FITS = "pca_pixel_fits.json"
PRECONDITIONING = 6000  # images that the preconditioner of Newton's steps is made from


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


def fit_logits(scores, labels, components, c=1.0, tolerance=1e-4, max_iterations=1000, newton_steps=10):
    """Logistic regressions on the first 2, 5, 10 ... columns of one matrix, each started from the one before.

    scores     : float (n, p), centred, the columns in falling order of spread.   labels : int (n,), 0 .. classes - 1.
    components : the numbers of columns to use, rising, none above p.
    c          : scikit-learn's C.   tolerance : for the largest entry of the mean loss's gradient, as scikit-learn's
                 tol, in coordinates in which the columns have about unit spread.   max_iterations : of L-BFGS.
    newton_steps : at most so many of Newton's steps after L-BFGS, until the gradient is below EXACT; 0 stops at `tolerance`.
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
    fits, table = [], np.zeros((classes, 1))
    for k in components:
        began = process_time()
        problem = columns[:k], labels, alpha / spread[:k] ** 2
        start = np.hstack([table[:, :-1], np.zeros((classes, k - table.shape[1] + 1)), table[:, -1:]])
        found = minimize(
            _penalised_loss, start.ravel(), args=problem, jac=True, method="L-BFGS-B",
            options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 0, "maxcor": 20, "maxls": 50},
        )  # fmt: skip
        table = _newton(found.x.reshape(classes, k + 1), *problem, newton_steps)
        loss, gradient = _penalised_loss(table.ravel(), *problem)
        fits.append(
            Logit(
                weights=(table[:, :k] / spread[:k]).T,
                bias=table[:, k].copy(),
                loss=float(loss),
                iterations=int(found.nit),
                converged=bool(np.abs(gradient).max() <= (EXACT if newton_steps else tolerance)),
                seconds=process_time() - began,
            )
        )
    return fits


# Of the fits below, a table holds the parameters: (classes, k + 1), the bias last.   columns : (k, n).   penalty : (k,).


def _penalised_loss(parameters, columns, labels, penalty):
    """The objective and its gradient at a table written as one row."""
    k, n = columns.shape
    table, rows = parameters.reshape(-1, k + 1), np.arange(n)
    shares = _softmax(table, columns)
    loss = -np.log(np.maximum(shares[labels, rows], 1e-300)).mean()
    shares[labels, rows] -= 1
    return loss + 0.5 * (penalty * table[:, :k] ** 2).sum(), _slopes(shares, table, columns, penalty).ravel()


def _softmax(table, columns):
    """The classes' probabilities, (classes, n): sums over classes run along the short axis, which is fast this way round."""
    z = table[:, :-1] @ columns
    z += table[:, -1:]
    z -= z.max(axis=0)
    np.exp(z, out=z)
    z /= z.sum(axis=0)
    return z


def _slopes(residuals, table, columns, penalty):
    """The table of derivatives that residuals (classes, n) and the penalty on a table add up to."""
    return np.hstack(
        [residuals @ columns.T / columns.shape[1] + penalty * table[:, :-1], residuals.mean(axis=1, keepdims=True)]
    )


def _newton(table, columns, labels, penalty, steps):
    """Newton's method with whole steps from a table near the minimum, each found by preconditioned conjugate gradients."""
    preconditioner = None
    for _ in range(steps):
        gradient = _penalised_loss(table.ravel(), columns, labels, penalty)[1]
        if np.abs(gradient).max() <= EXACT:
            break
        preconditioner = preconditioner or _inverse_curvature(table, columns, penalty)
        shares = _softmax(table, columns)

        def curvature(direction, shares=shares, shape=table.shape):
            direction = direction.reshape(shape)
            change = direction[:, :-1] @ columns
            change += direction[:, -1:]
            change -= (shares * change).sum(axis=0)
            change *= shares
            return _slopes(change, direction, columns, penalty).ravel()

        hessian = LinearOperator((table.size, table.size), curvature, dtype=float)
        step, _ = cg(hessian, -gradient, rtol=0.01, maxiter=200, M=preconditioner)
        table = table + step.reshape(table.shape)
    return table


def _inverse_curvature(table, columns, penalty):
    """The inverse of the Hessian as some of the images have it, in single precision: a LinearOperator for conjugate gradients."""
    some = columns[:, :: max(1, columns.shape[1] // PRECONDITIONING)]
    shares = _softmax(table, some).astype(np.float32)
    some = np.vstack([some, np.ones(some.shape[1])]).astype(np.float32)
    classes, k = table.shape
    hessian = np.zeros((classes, k, classes, k), np.float32)
    for one in range(classes):
        for other in range(one + 1):  # the lower triangle is all that a Cholesky decomposition reads
            weight = shares[one] * ((one == other) - shares[other]) / some.shape[1]
            hessian[one, :, other] = (some * weight) @ some.T
    hessian = hessian.reshape(table.size, table.size)
    hessian[np.diag_indices(table.size)] += (
        np.tile([*penalty, 0], classes) + 1e-6
    )  # a shift of all biases alters nothing
    factor = cho_factor(hessian, lower=True, overwrite_a=True)
    return LinearOperator(hessian.shape, lambda v: cho_solve(factor, v.astype(np.float32)).astype(float), dtype=float)


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


def pixel_fits(x, labels, profile, remedy, folds=5, jobs=1):
    """Logistic regressions without PCA, on the training part of each fold and then on all images: read, or made and stored.

    Each takes half a minute of processor time or more to find and a second to check: a table whose gradient is zero is
    the minimum, however it was found (see steepest). The folds are those of cross_validated; C is 1.
    x : (n, pixels).   labels : int (n,).   profile : project.Profile; only those that train make the fits.
    remedy : the command that makes them anew.
    Returns a list of folds + 1 tables, float (classes, pixels + 1), the bias last.
    Raises Problem if the report profile finds no fits, or those of other settings.
    """

    def make():
        parts = [train for train, _ in StratifiedKFold(folds).split(x, labels)] + [np.arange(len(x))]
        found = Parallel(n_jobs=jobs)(delayed(_pixel_fit)(x[part], labels[part]) for part in parts)
        return {"tables": [base64.b64encode(table.astype("<f4").tobytes()).decode() for table in found]}

    settings = {"images": len(x), "pixels": x.shape[1], "folds": folds, "c": 1.0}
    record = store.stored(profile.results / PIXEL_FITS, settings, make if profile.trains else None, remedy)
    tables = [np.frombuffer(base64.b64decode(text), "<f4") for text in record["tables"]]
    return [table.reshape(-1, x.shape[1] + 1).astype(float) for table in tables]


def _pixel_fit(x, labels):
    """The fit to all components, turned back into a table for the pixels."""
    with threadpool_limits(1):
        axes = _axes(x, x.shape[1])
        (fit,) = fit_logits(axes.transform(x.astype(float)), labels, [x.shape[1]])
    weights = axes.components_.T @ fit.weights
    return np.column_stack([weights.T, fit.bias - axes.mean_ @ weights])


def steepest(table, x, labels):
    """The largest entry of the objective's gradient at a table: zero at the minimum, and only there.

    table : float (classes, pixels + 1), the bias last.   x : (n, pixels).   labels : int (n,).
    """
    with threadpool_limits(1):
        penalty = np.full(x.shape[1], 1 / len(x))
        return float(np.abs(_penalised_loss(table.ravel(), x.T.astype(float), labels, penalty)[1]).max())


def judged_on_pixels(tables, x, labels, x_test, test_labels):
    """The Folds of stored pixel fits, each checked to be the minimum for its own images: (list, a fold each; one on the test images).

    tables : as pixel_fits returns them.   The rest as in cross_validated and tested.
    """
    everything = np.arange(len(x))
    parts = [(train, x[held], labels[held]) for train, held in StratifiedKFold(len(tables) - 1).split(x, labels)]
    folds = []
    for table, (train, unseen, truth) in zip(tables, [*parts, (everything, x_test, test_labels)], strict=True):
        right = (unseen.astype(float) @ table[:, :-1].T + table[:, -1]).argmax(axis=1) == truth
        minimum = steepest(table, x[train], labels[train]) <= KEPT
        folds.append(Fold(x.shape[1], Accuracy(int(right.sum()), len(unseen)), 0, minimum, 0.0))
    return folds[:-1], folds[-1]


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


# --- clusters, beside classes ------------------------------------------------------------------------------------------


def clustered(points, classes, seed):
    """k-means with as many clusters as there are classes, the best of 20 starts, on one thread.

    The clusters are numbered so that cluster i goes with class i, in the matching with the most images in it; the
    clustering itself never sees the classes.
    points : (n, k).   classes : int (n,).   Returns (clusters int (n,), centres (clusters, k)).
    """
    with threadpool_limits(1):
        found = KMeans(int(classes.max()) + 1, n_init=20, random_state=seed).fit(points)
    order = linear_sum_assignment(contingency_matrix(classes, found.labels_), maximize=True)[1]
    return np.argsort(order)[found.labels_], found.cluster_centers_[order]


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
