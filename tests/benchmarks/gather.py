"""Keeping what the bench_*.py measure: one entry each in outputs/results/benchmarks.json, and on what it was measured.

    make bench                    the engine, the training of networks, the report profile: some minutes
    make bench ONLY=engine        one of them; or ONLY=pca_logit, which takes half an hour and is never run by the way

Each is a process of its own and writes its entry when it is done; the entries of the others stay as they are. Two of
them write files of their own, which chapters quote (cnn_speed.json, pca_logit_timing.json).
"""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from helpers.core import store
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


def keep(name, *facts, **more):
    """Renew one entry of the file and leave the others as they are; the arguments are those of benchmark_entry."""
    with store.lock(benchmarks.FILE):
        entries = store.read_json(benchmarks.FILE) if benchmarks.FILE.is_file() else {}
        entries[name] = benchmarks.benchmark_entry(*facts, **more)
        store.write_json(benchmarks.FILE, dict(sorted(entries.items())))
