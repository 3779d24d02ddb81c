"""Benchmarks: one file that grows entry by entry, two read beside it, and the designs on a very small scale."""

import json
import platform
import re

import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import benchmarks
from tests.benchmarks import bench_engine, bench_report, gather

VALUES = {"circle": {"engine": 90_000.0, "NumPy": 600.0}, "spiral": {"engine": 60_000.0, "NumPy": 500.0}}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty outputs/ of the test's own."""
    monkeypatch.setattr(project, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(benchmarks, "FILE", tmp_path / "results" / "benchmarks.json")
    return tmp_path / "results"


def test_without_measurements_the_command_is_named(results):
    with pytest.raises(Problem, match=r"benchmarks\.json is missing: .*`make bench`"):
        benchmarks.benchmark_entries()


def test_an_entry_is_renewed_and_the_others_stay(results):
    gather.keep("engine", "How fast", "per second", VALUES, gather.machine(), "engine")
    gather.keep("report", "How long", "seconds", {"chapters": {"01": 1 / 3}}, gather.machine())
    first = benchmarks.benchmark_entries()
    gather.keep("report", "How long", "seconds", {"chapters": {"01": 2.0}}, gather.machine())
    assert benchmarks.benchmark_entries()["engine"] == first["engine"]
    assert (first["report"]["values"], benchmarks.benchmark_entries()["report"]["values"]) == (
        {"chapters": {"01": 0.3333}},
        {"chapters": {"01": 2.0}},
    )


def test_gains_are_factors_over_each_alternative(results):
    gather.keep("engine", "How fast", "per second", VALUES, gather.machine(), "engine")
    gather.keep("roads", "How long", "s", {"a": {"ours": 4.0, "b": 10.0, "c": 2.0}}, gather.machine(), "ours", "less")
    found = benchmarks.benchmark_entries()
    assert benchmarks.speedups(found["engine"]) == {"circle": {"NumPy": 150.0}, "spiral": {"NumPy": 120.0}}
    assert benchmarks.speedups(found["roads"]) == {"a": {"b": 2.5, "c": 0.5}}
    assert benchmarks.headed_speedups(found) == {
        "engine instead of NumPy": {"circle": 150.0, "spiral": 120.0}, "ours, a, instead of": {"b": 2.5, "c": 0.5}
    }  # fmt: skip


def test_the_machine_is_described_but_not_named():
    facts = gather.machine()
    assert facts["processor"] and facts["cores"].isdigit() and re.fullmatch(r"\d{4}-\d\d-\d\d", facts["date"])
    assert not platform.node() or platform.node() not in json.dumps(facts)


def test_what_other_files_hold_is_read_from_there(results):
    store.write_json(results / "benchmarks.json", {})
    assert benchmarks.benchmark_entries() == {}
    timing = {"listing_seconds": 60.0, "nested_seconds": 20.0, "made_with": {"processor": "p"}}
    store.write_json(results / "pca_logit_timing.json", timing)
    speeds = {"training": 2.0, "training_float32": 1.0, "labelling": 9.0, "training_share": 0.5}
    store.write_json(
        results / "cnn_speed.json", {"networks": {"v1": speeds}, "per": "second", "made_with": {"processor": "p"}}
    )
    found = benchmarks.benchmark_entries()
    assert benchmarks.speedups(found["pca_logit"]) == {"PCA + logit": {"the report's listing": 3.0}}
    assert benchmarks.speedups(found["training"]) == {"v1": {"thirty-two": 2.0}}
    assert found["training_share"]["values"] == {"share of the peak": {"v1": 0.5}}


def test_every_stored_measurement_is_told():
    found = benchmarks.benchmark_entries()
    assert {"engine", "pca_logit", "report_memory", "report_seconds", "training", "training_share"} <= set(found)
    for entry in found.values():
        assert all(value > 0 for group in entry["values"].values() for value in group.values())


def test_the_engine_is_measured_against_numpy(results, monkeypatch):
    small = {name: (design, seeds, 1) for name, (design, seeds, _) in bench_engine.DESIGNS.items()}
    monkeypatch.setattr(bench_engine, "DESIGNS", small)
    monkeypatch.setattr(bench_engine, "CASES", dict(list(bench_engine.CASES.items())[:1]))
    monkeypatch.setattr(bench_engine.measure, "__defaults__", (1,))
    bench_engine.main()
    (gains,) = benchmarks.speedups(benchmarks.benchmark_entries()["engine"]).values()
    assert len(gains) == len(small) - 1 and all(factor > 0 for factor in gains.values())


def test_chapters_are_measured_in_a_copy(results, tmp_path, monkeypatch):
    """The copy holds what is needed and nothing that leads back, but the cache; its record becomes two entries."""
    root, folder = tmp_path / "root", tmp_path / "root" / "outputs" / "cache" / "bench"
    for name in (*bench_report.NEEDED, "outputs/cache"):
        (root / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(project, "ROOT", root)
    monkeypatch.setattr(project, "CACHE", root / "outputs" / "cache")
    bench_report.copied(folder)
    assert [path for path in folder.rglob("*") if path.is_symlink()] == [folder / "outputs" / "cache"]
    assert store.read_json(folder / "outputs" / "results" / "benchmarks.json") == {}
    (folder / "helpers" / "__main__.py").write_text(
        "import json, sys, pathlib\n"
        "name = sys.argv[-1]\n"
        "path = pathlib.Path('outputs/run.json')\n"
        "row = {'seconds': 7.5, 'peak_memory_gib': 0.5}\n"
        "path.write_text(json.dumps({name: row}))\n"
        "sys.exit(name == '02_b' and 2)\n"
    )
    record, seconds = bench_report.measured(["01_a"], folder)
    bench_report.kept(record, seconds, {"processor": "p"})
    found = benchmarks.benchmark_entries()
    assert found["report_seconds"]["values"]["chapters"] == {"01_a": 7.5}
    assert found["report_seconds"]["values"]["together"]["two at a time"] > 0
    assert found["report_memory"]["values"] == {"chapters": {"01_a": 0.5}}
    with pytest.raises(Problem, match="02_b failed, see above: nothing was kept"):
        bench_report.measured(["01_a", "02_b"], folder)
