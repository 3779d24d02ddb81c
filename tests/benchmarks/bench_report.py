"""What `make report` costs, chapter by chapter: seconds and peak memory of the report profile, two chapters at a time.

Run by hand from the project's folder: make bench ONLY=report
It takes as long as all chapters do, and changes none of the project's own results and figures: the chapters run in a
copy of what they need, in outputs/cache/, which is removed in the end.
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import benchmarks, notebooks
from tests.benchmarks import gather

ABREAST = 2  # chapters that run at a time, as in the Makefile
NEEDED = ("helpers", "notebooks", "outputs/models", "outputs/results")


def copied(folder):
    """Make a copy of what chapters need in `folder`, with the project's own cache, so that no data are copied."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in NEEDED:
        shutil.copytree(project.ROOT / name, folder / name)
    results = folder / "outputs" / "results" / benchmarks.FILE.name
    if not results.is_file():
        store.write_json(results, {})  # chapter 08 tells what is there
    (folder / "outputs" / "cache").symlink_to(project.CACHE)


def measured(names, folder):
    """Run chapters in `folder`. Returns what outputs/run.json says of each (dict) and the seconds that all of them took.

    Raises Problem if a chapter fails, in its own words.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run(name):
        done = subprocess.run(
            [sys.executable, "-m", "helpers", "run", name],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print("\n".join((done.stdout + done.stderr).splitlines()[-1:]), flush=True)
        return done.returncode

    began = time.perf_counter()
    with ThreadPoolExecutor(ABREAST) as pool:
        failed = [name for name, status in zip(names, pool.map(run, names), strict=True) if status]
    seconds = time.perf_counter() - began
    if failed:
        raise Problem(
            f"{', '.join(failed)} failed, see above: nothing was kept; mend that with `make report`, and measure again."
        )
    return store.read_json(folder / "outputs" / "run.json"), seconds


def kept(record, seconds, facts):
    """Write the two entries of a run: its seconds, chapter by chapter and all together, and its memory."""
    chapters = {name: (row["seconds"], row["peak_memory_gib"]) for name, row in sorted(record.items())}
    together = {"two at a time": seconds}
    values = {"chapters": {name: row[0] for name, row in chapters.items()}, "together": together}
    gather.keep("report_seconds", "The report profile, two chapters at a time", "seconds", values, facts, None, "less")
    memory = {"chapters": {name: row[1] for name, row in chapters.items()}}
    gather.keep("report_memory", "The memory that each chapter takes at most", "GiB", memory, facts, None, "less")


def main():
    folder = project.CACHE / "bench"
    try:
        copied(folder)
        record, seconds = measured(notebooks.names(), folder)
    except Problem as problem:
        sys.exit(f"error: {problem}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    kept(record, seconds, gather.machine(("keras", "tensorflow", "numpy"), os.cpu_count()))


if __name__ == "__main__":
    main()
