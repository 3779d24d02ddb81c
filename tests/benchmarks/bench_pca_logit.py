"""Chapter 06's roads to the same accuracies: the report's listing run literally, the same converged, and ours.

Run by hand from the project's folder: make bench ONLY=pca_logit
It takes half an hour or so and writes outputs/results/pca_logit_timing.json, from which the chapter quotes fit times.
Everything runs on one thread, in one process. Seconds are of the processor, not of the wall clock, so that a busy
machine shifts them little; still, read the ratios.
"""

import warnings
from time import process_time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from helpers.core import project, store
from helpers.fashion import dataset, pca
from tests.benchmarks.gather import machine

COMPONENTS = [2, 5, 10, 25, 50, 100]
ALL = dataset.PIXELS


def timed(call):
    """A call's result and the processor seconds that it took."""
    began = process_time()
    return call(), process_time() - began


def fold_by_fold(model, x, y, folds=5):
    """scikit-learn's cross_validate(cv=5), with processor seconds instead of the clock's, for the first `folds` folds."""
    rows = []
    for train, held_out in list(StratifiedKFold(5).split(x, y))[:folds]:
        fitted, fit_seconds = timed(lambda train=train: model().fit(x[train], y[train]))
        predicted, score_seconds = timed(lambda held_out=held_out, fitted=fitted: fitted.predict(x[held_out]))
        inner = getattr(fitted, "estimators_", [fitted])
        rows.append(
            {
                "fit_seconds": fit_seconds,
                "score_seconds": score_seconds,
                "accuracy": float((predicted == y[held_out]).mean()),
                "iterations": int(max(np.max(one.n_iter_) for one in inner)),
                "converged": bool(all(np.all(one.n_iter_ < one.max_iter) for one in inner)),
            }
        )
        project.report_progress(f"  {rows[-1]}")
    return rows


def listing(x, y, model, folds=5):
    """The report's Listing 1: for every k, PCA on all images, then cross-validation on its scores. k -> PCA, folds."""
    found = {}
    for k in COMPONENTS:
        project.report_progress(f"listing, {k} components")
        scores, pca_seconds = timed(lambda k=k: PCA(n_components=k).fit_transform(x))
        found[k] = {"pca_seconds": pca_seconds, "folds": fold_by_fold(model, scores, y, folds)}
    return found


def nested(x, y, components):
    """helpers.fashion.pca on the same folds, stopped where scikit-learn stops: k -> folds."""
    project.report_progress(f"nested, up to {components[-1]}")
    return {
        k: {
            "folds": [
                {
                    "fit_seconds": fold.fit_seconds,
                    "accuracy": fold.accuracy.share,
                    "iterations": fold.iterations,
                    "converged": fold.converged,
                }
                for fold in folds
            ]
        }
        for k, folds in pca.cross_validated(x, y, components, tolerance=1e-4, newton_steps=0).items()
    }


def solvers(x, y):
    """Fits to all pixels, fold by fold, by the default solver of 2019, one class against the rest, and by today's."""
    return {
        "made_with": machine(),
        "liblinear": fold_by_fold(lambda: OneVsRestClassifier(LogisticRegression(solver="liblinear")), x, y),
        "lbfgs": fold_by_fold(LogisticRegression, x, y),
    }


def total(road):
    """All processor seconds of a listing: six projections, and fit and score of every fold."""
    each = [row["fit_seconds"] + row["score_seconds"] for step in road.values() for row in step["folds"]]
    return sum(each) + sum(step["pca_seconds"] for step in road.values())


def main():
    data = dataset.load()
    x, y = dataset.scaled(data.train_images).astype(float), data.train_labels
    warnings.simplefilter("ignore", ConvergenceWarning)
    patient = {"max_iter": 5000}
    with threadpool_limits(1):
        road, nested_seconds = timed(lambda: nested(x, y, COMPONENTS))
        literal = listing(x, y, LogisticRegression)
        found = {
            "made_with": machine(),
            "nested": road,
            "nested_seconds": nested_seconds,
            "listing": literal,
            "listing_seconds": total(literal),
            "ratio": total(literal) / nested_seconds,
            "nested_pixels": nested(x, y, [*COMPONENTS, ALL])[ALL]["folds"],
            "listing_converged": listing(x, y, lambda: LogisticRegression(**patient), folds=1),
            "solvers": solvers(x, y),
            "pixels_converged": fold_by_fold(lambda: LogisticRegression(**patient), x, y, 1),
        }
    found["pixels"] = found["solvers"]["lbfgs"]
    store.write_json(project.RESULTS / "pca_logit_timing.json", store.rounded(found, 4))
    print(f"the listing takes {found['ratio']:.1f} times as long as ours")


if __name__ == "__main__":
    main()
