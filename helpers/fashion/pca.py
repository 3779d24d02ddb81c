"""Principal components and logistic regression on them: one objective for every number of components, nested fits,
cross-validation with everything fitted inside the folds, and how far clusters agree with classes.

The objective is that of scikit-learn's LogisticRegression() on the component scores: the sum of the cross-entropies
plus half the squared weights divided by C. Since principal axes are a rotation, all 784 components are the pixels
themselves, and neither the fit nor its penalty notices. Nothing but the road to the minimum differs: L-BFGS works in
coordinates in which the components have about equal spread, starts from the fit with fewer components, and stops early.
Newton's steps then end it so close to the minimum that no prediction depends on how a processor adds up. Single
precision serves on the way; the gradient that decides whether a fit is finished is taken in double precision.
"""

import base64
from collections import namedtuple
from dataclasses import dataclass
from time import process_time

import numpy as np
from joblib import Parallel, delayed
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment, minimize
from scipy.sparse.linalg import LinearOperator, cg
from scipy.stats import entropy
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
PRECONDITIONING = 12_000  # images that the preconditioner of Newton's steps is made from


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


def fit_logits(scores, labels, components, c=1.0, tolerance=1e-3, max_iterations=1000, newton_steps=20):
    """Logistic regressions on the first 2, 5, 10 ... columns of one matrix, each started from the one before.

    scores     : float (n, p), centred, the columns in falling order of spread.   labels : int (n,), 0 .. classes - 1.
    components : the numbers of columns to use, never falling, none above p.
    c          : scikit-learn's C, one for all or one for each of `components`.
    tolerance  : for the largest entry of the mean loss's gradient, as scikit-learn's tol, in coordinates in which the
                 columns have about unit spread.   max_iterations : of L-BFGS.
    newton_steps : at most so many of Newton's steps after L-BFGS, until the gradient is below EXACT; with 0, L-BFGS
                 works in double precision and its end is the fit's.
    Returns a list of Logit, one for each of `components`. Raises ValueError if those fall or exceed p.
    """
    components = list(components)
    if components != sorted(components) or not 0 < components[0] <= components[-1] <= scores.shape[1]:
        raise ValueError(f"numbers of components must not fall and lie within 1 .. {scores.shape[1]}, not {components}")
    n, classes = len(scores), int(labels.max()) + 1
    alphas = 1 / (np.broadcast_to(c, len(components)) * n)
    # 20 alpha: where the data say next to nothing, the penalty sets the curvature, and no column is blown up
    spread = np.sqrt(scores[:, : components[-1]].var(axis=0) + 20 * alphas.min())
    columns = np.empty((components[-1], n))  # a component a row, so that the first k of them lie together
    np.divide(scores[:, : components[-1]].T, spread[:, None], out=columns)
    rough = columns.astype(np.float32) if newton_steps else columns
    fits, table = [], np.zeros((classes, 1))
    for k, alpha in zip(components, alphas, strict=True):
        began = process_time()
        penalty = alpha / spread[:k] ** 2
        start = np.hstack([table[:, :-1], np.zeros((classes, k - table.shape[1] + 1)), table[:, -1:]])
        found = minimize(
            _penalised_loss, start.ravel(), args=(rough[:k], labels, penalty), jac=True, method="L-BFGS-B",
            options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 0, "maxcor": 20, "maxls": 50},
        )  # fmt: skip
        table = _newton(found.x.reshape(classes, k + 1), columns[:k], rough[:k], labels, penalty, newton_steps)
        loss, gradient = _penalised_loss(table.ravel(), columns[:k], labels, penalty)
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


# Of the fits below, a table holds the parameters: float64 (classes, k + 1), the bias last.   columns : (k, n).   penalty : (k,).
# Sums over images are made in the precision of the columns.


def _penalised_loss(parameters, columns, labels, penalty):
    """The objective and its gradient at a table written as one row."""
    k, n = columns.shape
    table, rows = parameters.reshape(-1, k + 1), np.arange(n)
    shares = _softmax(table, columns)
    loss = -np.log(np.maximum(shares[labels, rows], 1e-30)).mean(dtype=float)
    shares[labels, rows] -= 1
    return loss + 0.5 * (penalty * table[:, :k] ** 2).sum(), _slopes(shares, table, columns, penalty).ravel()


def _softmax(table, columns):
    """The classes' probabilities, (classes, n): sums over classes run along the short axis, which is fast this way round."""
    z = _linear(table, columns)
    z -= z.max(axis=0)
    np.exp(z, out=z)
    z /= z.sum(axis=0)
    return z


def _linear(table, columns):
    table = table.astype(columns.dtype)
    z = table[:, :-1] @ columns
    z += table[:, -1:]
    return z


def _slopes(residuals, table, columns, penalty):
    """The table of derivatives that residuals (classes, n) and the penalty on a table add up to."""
    sums = np.column_stack([residuals @ columns.T, residuals.sum(axis=1)]).astype(float) / columns.shape[1]
    sums[:, :-1] += penalty * table[:, :-1]
    return sums


def _newton(table, columns, rough, labels, penalty, steps):
    """Newton's method with whole steps from a table near the minimum, each found by preconditioned conjugate gradients.

    rough : the columns in single precision, which serve for the steps; `columns` serve for the gradient that must vanish.
    """
    preconditioner = None
    for _ in range(steps):
        gradient = _penalised_loss(table.ravel(), columns, labels, penalty)[1]
        largest = np.abs(gradient).max()
        if largest <= EXACT:
            break
        preconditioner = preconditioner or _inverse_curvature(table, rough, penalty)
        shares = _softmax(table, rough)

        def curvature(direction, shares=shares, shape=table.shape):
            direction = direction.reshape(shape)
            change = _linear(direction, rough)
            change -= (shares * change).sum(axis=0)
            change *= shares
            return _slopes(change, direction, rough, penalty).ravel()

        hessian = LinearOperator((table.size, table.size), curvature, dtype=float)
        step, _ = cg(hessian, -gradient / largest, rtol=0.1, maxiter=200, M=preconditioner)
        table = table + largest * step.reshape(table.shape)
    return table


def _inverse_curvature(table, columns, penalty):
    """The inverse of the Hessian as some of the images have it, in single precision: a LinearOperator for conjugate gradients."""
    some = columns[:, :: max(1, columns.shape[1] // PRECONDITIONING)]
    shares = _softmax(table, some)
    some = np.vstack([some, np.ones_like(some[:1])])
    classes, k = table.shape
    hessian = np.zeros((classes, k, classes, k), np.float32)
    for one in range(classes):
        for other in range(one + 1):  # the lower triangle is all that a Cholesky decomposition reads
            weight = shares[one] * ((one == other) - shares[other]) / some.shape[1]
            hessian[one, :, other] = (some * weight) @ some.T
    hessian = hessian.reshape(table.size, table.size)
    # 1e-6: a shift of all biases alters nothing
    hessian[np.diag_indices(table.size)] += np.tile([*penalty, 0], classes) + 1e-6
    factor = cho_factor(hessian, lower=True, overwrite_a=True)
    return LinearOperator(hessian.shape, lambda v: cho_solve(factor, v.astype(np.float32)).astype(float), dtype=float)


# what one fold says about one number of components: accuracy (stats.Accuracy) on the images held out, and how it was come by
Fold = namedtuple("Fold", "components accuracy iterations converged fit_seconds")


def cross_validated(x, labels, components, folds=5, jobs=1, axes=None, **settings):
    """Accuracy of logistic regression on principal components, fold by fold, for several numbers of components.

    The folds are scikit-learn's stratified ones without shuffling, as in its cross_validate(cv=5). In each, the
    components are fitted once, to the training part only, and sliced.
    joblib works on `jobs` folds at a time; `with joblib.parallel_config(backend="dask")` spreads them over a cluster.
    Every fold runs on one thread: the numbers do not depend on `jobs`. A fold of 48,000 images takes about 1 GB while it
    works with all 784 components.

    x        : (n, pixels).   labels : int (n,).   components : as in fit_logits.   settings : passed on to fit_logits.
    axes     : a fitted PCA to use in every fold; one that has seen all images is the leak of the report of 2019.
    Returns a dict of components -> list of Fold; of C -> list of Fold, if settings have one C for each of `components`.
    """
    splits = StratifiedKFold(folds).split(x, labels)
    tasks = (delayed(_one_fold)(x, labels, train, held, components, axes, settings) for train, held in splits)
    with threadpool_limits(1):  # here, too: were it only in the folds, the first to end would lift the others' limit
        results = Parallel(n_jobs=jobs, prefer="threads")(tasks)
    names = components if np.isscalar(settings.get("c", 1.0)) else settings["c"]
    return {name: [fold[place] for fold in results] for place, name in enumerate(names)}


def tested(x, labels, x_test, test_labels, components, axes):
    """The same fitted to all training images and judged on the test images: a dict of components -> Fold.

    axes : a PCA fitted to x, of as many components at least.   The rest as in cross_validated.
    """
    with threadpool_limits(1):
        folds = _judged(x, labels, x_test, test_labels, components, axes, {})
    return dict(zip(components, folds, strict=True))


def pixel_fits(x, labels, profile, remedy, folds=5, jobs=1):
    """Logistic regressions without PCA, on the training part of each fold and then on all images: read, or made and stored.

    Each takes half a minute of processor time or more to find and a second to check: a table whose gradient is zero is
    the minimum, however it was found (see judged_on_pixels). The folds are those of cross_validated; C is 1.
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
        x = x.astype(float)
        axes = _axes(x, x.shape[1])
        (fit,) = fit_logits(axes.transform(x), labels, [x.shape[1]])
    weights = axes.components_.T @ fit.weights
    return np.column_stack([weights.T, fit.bias - axes.mean_ @ weights])


def pixel_answers(tables, x, labels, x_test):
    """What stored pixel fits say of images that they have not seen.

    tables : as pixel_fits returns them.   The rest as in cross_validated and tested.
    Returns the classes that the held-out images are given, int (n,), each by the fit of its fold; the number of that
    fold, int (n,); and the classes of the test images, int (m,).
    """
    held_out, fold = np.empty((2, len(x)), int)
    for number, (_, rows) in enumerate(StratifiedKFold(len(tables) - 1).split(x, labels)):
        held_out[rows], fold[rows] = _answers(tables[number], x[rows]), number
    return held_out, fold, _answers(tables[-1], x_test)


def _answers(table, x):
    return (x.astype(float) @ table[:, :-1].T + table[:, -1]).argmax(axis=1)


def judged_on_pixels(tables, x, labels, x_test, test_labels):
    """The Folds of stored pixel fits, each checked to be the minimum for its own images: (list, a fold each; one on the test images).

    The objective's gradient is zero at the minimum, and only there.
    tables : as pixel_fits returns them.   The rest as in cross_validated and tested.
    """
    held_out, fold, test = pixel_answers(tables, x, labels, x_test)
    right, folds = held_out == labels, []
    for number, table in enumerate(tables):
        seen, judged = fold != number, right[fold == number]
        judged = judged if len(judged) else test == test_labels  # the last table is fitted to all images
        with threadpool_limits(1):
            penalty = np.full(x.shape[1], 1 / seen.sum())
            gradient = _penalised_loss(table.ravel(), x[seen].T, labels[seen], penalty)[1]
        minimum = bool(np.abs(gradient).max() <= KEPT)
        folds.append(Fold(x.shape[1], Accuracy(int(judged.sum()), len(judged)), 0, minimum, 0.0))
    return folds[:-1], folds[-1]


def near_duplicates(images, others, axes, limit, block=500):
    """All pairs of nearly equal images: int (pairs, 2), rows of `images` and of `others`.

    images, others : float32 (n, pixels) and (m, pixels), grey values 0..1.   axes : a fitted PCA.
    limit          : for the root mean square difference between two images' pixels.
    A projection never makes a distance longer. So pairs far apart in the first component, and then in the first forty,
    are dropped unseen; the distance between the pixels decides on the others, in steps of whole grey values.
    """
    radius = limit * np.sqrt(images.shape[1])
    here, there = (component_scores(axes, each, 40).astype(np.float32) for each in (images, others))
    here_order, there_order = (np.argsort(each[:, 0], kind="stable") for each in (here, there))
    there = there[there_order]
    squares, found = (there**2).sum(axis=1), []
    for rows in np.split(here_order, range(block, len(here), block)):
        some = here[rows]
        low, high = np.searchsorted(there[:, 0], some[[0, -1], 0] + np.array([-radius, radius]) * 1.001)
        between = (some**2).sum(axis=1)[:, None] + squares[low:high] - 2 * some @ there[low:high].T
        one, other = np.nonzero(between <= 1.001 * radius**2)
        pairs = np.column_stack([rows[one], there_order[low + other]])
        steps = np.rint(255 * (images[pairs[:, 0]] - others[pairs[:, 1]]))
        found.append(pairs[(steps**2).mean(axis=1, dtype=float) <= (255 * limit) ** 2])
    return np.concatenate(found)


def _one_fold(x, labels, train, held_out, components, axes, settings):
    """The Folds of one split, a list as long as `components`; on one thread."""
    with threadpool_limits(1):
        return _judged(x[train], labels[train], x[held_out], labels[held_out], components, axes, settings)


def _judged(x, labels, unseen, unseen_labels, components, axes, settings):
    x = np.asarray(x, float)  # once, as a copy of all images is dear
    axes = axes or _axes(x, components[-1])
    scores, unseen_scores = (
        component_scores(axes, images, components[-1]) for images in (x, np.asarray(unseen, float))
    )
    folds = []
    for k, fit in zip(components, fit_logits(scores, labels, components, **settings), strict=True):
        right = int((fit.predicted(unseen_scores) == unseen_labels).sum())
        folds.append(Fold(k, Accuracy(right, len(unseen)), fit.iterations, fit.converged, fit.seconds))
    return folds


def component_scores(axes, x, k):
    """The first k component scores (n, k) of x (n, pixels): what axes.transform(x)[:, :k] is, without the others' cost."""
    return x @ axes.components_[:k].T - axes.mean_ @ axes.components_[:k].T


def _axes(x, components):
    return PCA(components, svd_solver="covariance_eigh").fit(x)


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
    both = sum(entropy(counts.sum(axis=side), axis=-1) for side in (-1, -2))
    return 2 - 2 * entropy(counts.reshape(*counts.shape[:-2], -1), axis=-1) / both


def with_interval(measure, counts, seed, draws=2000):
    """A measure of agreement with its 95 % bootstrap interval: images are drawn anew, clusters stay what they are.

    measure : adjusted_rand or mutual_information.   counts : (classes, clusters).   seed : int.
    Returns (value, Interval), percentiles of `draws` tables of as many images.
    """
    n = counts.sum()
    tables = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, size=draws).reshape(draws, *counts.shape)
    low, high = np.percentile(measure(tables), [2.5, 97.5])
    return float(measure(counts)), Interval(float(low), float(high))
