"""The ledger: every claim once, from the chapters' own results, in words that can be read."""

import nbformat
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.report import claims, ledger, rules


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A copy of the stored results to change."""
    for path in project.RESULTS.glob("*.json"):
        store.write_bytes(tmp_path / path.name, path.read_bytes())
    monkeypatch.setattr(project, "RESULTS", tmp_path)
    ledger._sections.cache_clear()
    yield tmp_path
    ledger._sections.cache_clear()


def an_entry(claim_id="mlp-val-acc-a", **changed):
    entry = next(row for row in ledger.entries() if row["id"] == claim_id)
    return entry | changed


def test_every_claim_is_there_once_and_in_order():
    assert [row["id"] for row in ledger.entries()] == list(claims.all_claims())
    assert all(tuple(row) == ledger.FIELDS for row in ledger.entries())
    assert all(row["verdict"] in rules.WORDS[row["kind"]] + (rules.UNTESTABLE,) for row in ledger.entries())


def test_the_stored_ledger_is_what_the_results_say():
    assert store.read_json(ledger.FILE) == ledger.entries(), (
        "outputs/results/ledger.json is older than the chapters' results: run `make report` and `make store`"
    )


def test_what_cannot_be_tested_says_why():
    assert all(row["why"] for row in ledger.entries() if row["verdict"] == rules.UNTESTABLE)


def test_a_chapter_without_results_cannot_be_tested_until_it_has_some(results):
    name = "04_mlp"
    stored = store.read_json(results / f"{name}.json")
    (results / f"{name}.json").unlink()
    entry = an_entry("mlp-params")
    assert (entry["verdict"], entry["why"], entry["measured"]) == (rules.UNTESTABLE, ledger.NOT_RUN, None)
    assert entry["reported"] == 244591
    store.write_json(results / f"{name}.json", stored)
    assert an_entry("mlp-params")["verdict"] == rules.AGREES


def test_a_chapter_that_passes_over_a_claim_is_a_problem(results):
    stored = store.read_json(results / "04_mlp.json")
    store.write_json(results / "04_mlp.json", stored | {"claims": stored["claims"][1:]})
    with pytest.raises(Problem, match=r"04_mlp has results but says nothing of its claim 'mlp-params'"):
        ledger.entries()


def test_the_verdict_is_the_chapters_own(results):
    stored = store.read_json(results / "01_playground.json")
    for row in stored["claims"]:
        row["verdict"] = rules.UNTESTABLE
    store.write_json(results / "01_playground.json", stored)
    assert an_entry("t1-circle")["verdict"] == rules.UNTESTABLE


def test_verdicts_are_counted_by_kind_and_settings_are_not():
    rows = [{"kind": "measured", "verdict": rules.REPRODUCED}] * 2 + [{"kind": "setting", "verdict": rules.AS_SET}]
    counts = ledger.verdict_counts(rows)
    assert counts["measured"] == {rules.REPRODUCED: 2} and "setting" not in counts
    judged = [claim for claim in claims.all_claims().values() if claim.kind != "setting"]
    found = ledger.verdict_counts(ledger.entries())
    assert sum(sum(words.values()) for words in found.values()) == len(judged)


def test_the_rules_that_are_shown_are_those_that_judged():
    table = ledger.rule_table(ledger.entries())
    assert sum(count for *_, count in table) == len(claims.all_claims())
    assert {rule for _, rule, _ in table} == {claim.rule.description for claim in claims.all_claims().values()}


def test_a_verdict_hangs_on_the_neighbours_if_any_other_number_changes_it():
    row = {
        "verdict": "near miss",
        "under": {"5-5": "reproduced", "5 neighbours": "near miss", "25 neighbours": "near miss"},
    }
    assert not ledger.hangs_on_neighbours(row)
    assert ledger.hangs_on_neighbours(row | {"verdict": "reproduced"})


def test_holm_corrects_the_rows_of_tables_together():
    rows = [an_entry("t1-circle", p=0.01), an_entry("t1-xor", p=0.2), an_entry("mlp-params", p=None)]
    assert [row["holm"] for row in ledger._with_holm(rows)] == [0.02, 0.2, None]


@pytest.mark.parametrize(
    ("claim_id", "value", "expected"),
    [
        ("mlp-val-acc-a", 0.874, "87.4%"),
        ("mlp-params", 244591, "244,591"),
        ("mlp-plateau", 44.0, "44"),
        ("logit-fit-s", [90.03, 91.36], "90.0, 91.4"),
        ("logit-score-s", [0.0469, 0.0489], "0.047, 0.049"),
        ("pca-components", [2, 5, 10], "2, 5, 10"),
        ("t1-circle", {"train_loss": 0, "test_loss": 0.001}, "train loss 0.000, test loss 0.001"),
        ("q1a", "linear, linear", "linear, linear"),
    ],
)
def test_what_the_report_states_is_put_into_words(claim_id, value, expected):
    assert ledger.reported_words(an_entry(claim_id, reported=value)) == expected


def test_a_statement_is_told_in_our_words_and_a_table_stresses_what_failed():
    row = an_entry(reported=None, says="a_b", verdict=rules.FAILS)
    title = f"[{ledger.claim_title(row)}]({ledger.claim_address(row)})"
    assert ledger.table_rows([row]) == [[title, r"a\_b", ledger.measured_words(row), f"**{rules.FAILS}**"]]


@pytest.mark.parametrize(
    ("claim_id", "measured", "interval", "p", "expected"),
    [
        ("mlp-val-acc-a", 0.9, [0.8944, 0.9196], 0.0016, "90.0% [89.4%, 92.0%], p = 0.0016"),
        ("mlp-params", 244591, None, None, "244,591"),
        (
            "t1-circle", {"train_loss": 0.0, "test_loss": 0.001}, {"train_loss": [0.0, 0.0], "test_loss": [0.003, 0.222]}, 1.0,
            "train loss 0.000 [0.000, 0.000], test loss 0.001 [0.003, 0.222], p = 1",
        ),
        ("q1a", "confirmed", None, None, "confirmed"),
        ("cnn1-val-acc", None, None, None, "–"),
    ],
)  # fmt: skip
def test_what_was_measured_is_put_into_words(claim_id, measured, interval, p, expected):
    assert ledger.measured_words(an_entry(claim_id, measured=measured, interval=interval, p=p, holm=None)) == expected


def test_every_claim_has_a_title_of_its_own():
    titles = [ledger.claim_title(row) for row in ledger.entries()]
    assert len(set(titles)) == len(titles)
    assert all(claim.label for claim in claims.all_claims().values())
    assert {"Table 1: circle, sigmoid 5-5", "Table 2: Gaussian, L2", "Figure 5: parameters"} <= set(titles)


def test_a_claim_leads_to_the_section_that_measures_it():
    new = nbformat.v4
    verdicts = [new.new_output("display_data", metadata={"claims": [name]}) for name in ("a", "b")]
    plain = new.new_output("display_data", {"text/markdown": "**reproduced** · not a check"})
    cells = [
        new.new_markdown_cell("# Title\n\n## First, or not?"),
        new.new_code_cell(outputs=[plain, verdicts[0]]),
        new.new_markdown_cell("text\n### Second"),
        new.new_code_cell(outputs=[verdicts[1]]),
    ]
    found = ledger.sections_of_claims(new.new_notebook(cells=cells))
    assert found == {"a": "first-or-not", "b": "second"}


def test_every_stored_verdict_has_a_section():
    for row in ledger.entries():
        name, _, section = ledger.claim_address(row).partition("#")
        assert row["why"] == ledger.NOT_RUN or (name == f"{row['chapter']}.ipynb" and section), row["id"]


def test_a_chapter_that_is_not_there_is_not_linked():
    assert ledger.claim_address(an_entry(chapter="99_none")) == ""


def test_the_readme_is_renewed_between_its_marks(tmp_path, monkeypatch):
    table = ledger.readme_part()
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(ledger, "readme_part", lambda: table)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{ledger.BEGIN}\nold\n{ledger.END}\nafter\n")
    ledger.write_readme()
    assert readme.read_text() == f"before\n{ledger.BEGIN}\n{table}\n{ledger.END}\nafter\n"
    readme.write_text(f"before\n{ledger.BEGIN}\nwithout an end\n")
    ledger.write_readme()
    assert "without an end" in readme.read_text()


def test_a_p_value_is_shown_with_its_correction():
    words = ledger.measured_words(an_entry("t4-spiral", p=0.004, holm=0.08))
    assert words.endswith(", p = 0.004 (0.08 after Holm's correction)")


def test_a_value_that_nearly_every_epoch_could_have_says_so():
    words = ledger.measured_words(an_entry("mlp-best-epoch", p=0.1, power=0.85))
    assert words.endswith(", p = 0.1, possible values passing: 85%")
