"""One file for all benchmarks, outputs/results/benchmarks.json: what the bench_*.py measure, and on what.

    make bench                    the engine, the training of networks, the report profile: some minutes
    make bench ONLY=engine        one of them; or ONLY=pca_logit, which takes half an hour and is never run by the way

Each is a process of its own and writes its entry when it is done; the entries of the others stay as they are. Two of
them write files of their own, which chapters quote (cnn_speed.json, pca_logit_timing.json). Run without anything else,
python -m tests.benchmarks.gather takes the entries from those files, so that no two places tell different seconds.
"""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from helpers.core import project, store
from helpers.report import benchmarks


def machine(packages=("scikit-learn", "numpy", "scipy"), threads=1):
    """What something was measured on (dict of str): date, processor, cores, system, versions; never a name of the machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": str(os.cpu_count()),
        "threads": str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        **{package: metadata.version(package) for package in packages},
    }


def keep(name, what, unit, values, made_with, ours=None, better="more"):
    """Renew one entry of the file and leave the others as they are.

    values : {group: {label: number}}.   made_with : as `machine` gives it.   ours : the label that the others of its group
    are alternatives to, or None.   better : "more" or "less".
    """
    entry = {"what": what, "unit": unit, "ours": ours, "better": better, "made_with": made_with}
    entry["values"] = store.rounded(values, 4)
    with store.lock(benchmarks.FILE):
        entries = benchmarks.entries() if benchmarks.FILE.is_file() else {}
        store.write_json(benchmarks.FILE, dict(sorted({**entries, name: entry}.items())))


def gather():
    """Renew the entries whose numbers lie in other files; yields a line for each, or for what is not there."""
    for name, file, renew in (
        ("pca_logit", project.RESULTS / "pca_logit_timing.json", _pca_logit),
        ("training", project.RESULTS / "cnn_speed.json", _training),
    ):
        if file.is_file():
            renew(store.read_json(file))
            yield f"{name}: kept, from {project.shown(file)}"
        else:
            yield f"{name}: left as it was, for there is no {project.shown(file)}"


def _pca_logit(timing):
    listing, nested = "the report's listing", "nested components"
    values = {"PCA + logit": {nested: timing["nested_seconds"], listing: timing["listing_seconds"]}}
    what = "Components and logistic regression, six numbers of components, cross-validated"
    keep("pca_logit", what, "processor seconds", values, timing["made_with"], nested, "less")


def _training(speed):
    fast, plain = "training in sixteen bits", "thirty-two"
    rows = {name: (row["training"], row["training_float32"]) for name, row in speed["networks"].items()}
    values = {name: dict(zip((fast, plain), pair, strict=True)) for name, pair in rows.items()}
    keep(
        "training", "Training of convolutional networks", f"images per {speed['per']}", values, speed["made_with"], fast
    )
    shares = {"share of the peak": {name: row["training_share"] for name, row in speed["networks"].items()}}
    what = "The same, as a share of what the machine does in products of large matrices"
    keep("training_share", what, "share of the multiply-adds", shares, speed["made_with"])


if __name__ == "__main__":
    for line in gather():
        print(line)
