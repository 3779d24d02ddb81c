"""One file for all benchmarks, outputs/results/benchmarks.json: what the bench_*.py measure, and on what.

Run by hand from the project's folder: python -m tests.benchmarks.gather
It takes a second: it reads what longer measurements and the last `make report` have written down already. A benchmark
that writes no file of its own calls `keep`. Entries that are not renewed stay as they are.

{name: {"what": a sentence, "unit": "...", "better": "more", "less" or null, "made_with": {...}, "values": {group: {label: number}}}}
"""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from helpers import paths, store

FILE = paths.RESULTS / "benchmarks.json"


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


def keep(name, what, unit, values, made_with, better="more"):
    """Renew one entry of the file and leave the others as they are.

    values : {group: {label: number}}.   made_with : as `machine` gives it.   better : "more", "less", or None where nothing is compared.
    """
    entry = {"what": what, "unit": unit, "better": better, "made_with": made_with, "values": store.rounded(values, 4)}
    with store.lock(FILE):
        entries = store.read_json(FILE) if FILE.is_file() else {}
        store.write_json(FILE, dict(sorted({**entries, name: entry}.items())))


def gather():
    """Renew the entries whose numbers lie in other files; yields a line for each, or for what is not there."""
    for name, file, renew in (
        ("pca_logit", paths.RESULTS / "pca_logit_timing.json", _pca_logit),
        ("training", paths.RESULTS / "cnn_speed.json", _training),
        ("report", paths.RUN_RECORD, _report),
    ):
        if file.is_file():
            renew(store.read_json(file))
            yield f"{name}: kept, from {paths.shown(file)}"
        else:
            yield f"{name}: left as it was, for there is no {paths.shown(file)}"


def _pca_logit(timing):
    values = {"the listing, literally": timing["listing_seconds"], "nested components": timing["nested_seconds"]}
    what = (
        "Six projections, each cross-validated with logistic regression: Listing 1 of the report against one PCA a fold"
    )
    keep("pca_logit", what, "processor seconds", {"PCA + logit": values}, timing["made_with"], "less")


def _training(speed):
    kinds = {
        "training, bfloat16": "training",
        "training, float32": "training_float32",
        "labelling": "labelling",
    }
    values = {name: {label: row[key] for label, key in kinds.items()} for name, row in speed["networks"].items()}
    what = "Images that the networks of chapter 05 learn from, and label"
    keep("training", what, f"images per {speed['per']}", values, speed["made_with"])


def _report(record):
    done = {name: run for name, run in sorted(record.items()) if (run["profile"], run["status"]) == ("report", "done")}
    if not done:
        return
    facts = {**machine(("keras", "tensorflow", "numpy"), os.cpu_count())}
    facts["date"] = max(run["finished"] for run in done.values())[:10]
    for name, key, unit in (("report_seconds", "seconds", "seconds"), ("report_memory", "peak_memory_gib", "GiB")):
        what = f"What each chapter of the report profile takes, in {unit}, two running at a time"
        keep(name, what, unit, {"make report": {chapter: run[key] for chapter, run in done.items()}}, facts, None)


if __name__ == "__main__":
    for line in gather():
        print(line)
