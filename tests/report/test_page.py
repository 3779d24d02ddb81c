import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers.core import plotting, project
from helpers.core.project import Problem
from helpers.core.stats import Interval
from helpers.report import page as page_module
from helpers.report.page import Page
from helpers.report.rules import Estimate, Runs, Seeds


@pytest.fixture
def shown(monkeypatch):
    """What the page displays: a list of Markdown texts and of raw outputs with their metadata."""
    outputs = []
    monkeypatch.setattr(
        page_module,
        "display",
        lambda item, raw=False, metadata=None, **_: outputs.append((item if raw else item.data, metadata)),
    )
    return outputs


@pytest.fixture
def page(tmp_path, monkeypatch):
    here = replace(project.PROFILES["report"], results=tmp_path / "results", figures=tmp_path / "figures")
    monkeypatch.setitem(project.PROFILES, "report", here)
    return Page("04_mlp", "report", seed=3)


def figure():
    plotting.use_style()
    drawn = Figure(figsize=(3, 2))
    drawn.subplots().plot([1, 2, 3], plotting.rounded([0.1, 0.2, 0.15]))
    return drawn


def test_a_sentence_is_computed_and_its_numbers_are_kept(page, shown, tmp_path):
    page.say("**{share:.1%}** of {n:,}, {interval:.1%}", share=1 / 3, n=10000, interval=Interval(0.3, 0.4))
    page.finish()
    assert shown[0][0] == "**33.3%** of 10,000, [30.0%, 40.0%]"
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())
    assert stored["numbers"] == {"share": 0.333333, "n": 10000, "interval": [0.3, 0.4]}
    assert stored["seed"] == 3


@pytest.mark.parametrize("numbers", [{}, {"a": 1, "b": 2}])
def test_a_field_without_number_or_a_number_without_field_is_an_error(page, shown, numbers):
    with pytest.raises(ValueError, match="do not match"):
        page.say("{a}", **numbers)


def test_one_name_stands_for_one_number(page, shown):
    page.say("{a}", a=1)
    page.say("{a} again", a=1)
    with pytest.raises(ValueError, match="a is 1 already"):
        page.say("{a}", a=2)


def test_a_check_shows_and_keeps_the_verdict_of_the_claims_rule(page, shown, tmp_path):
    page.check("mlp-val-acc-a", Runs([0.9, 0.901, 0.899], 6000), n="3 runs")
    page.check("mlp-params", 244591)
    page.check("logit-fit-s", [1.0, 2.0], untestable="Another machine.")
    page.check("p-l2-sin", Estimate(0.6, 0.55, 0.65), what="the share", why="A remark.")
    page.finish()
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())["claims"]
    assert [row["verdict"] for row in stored] == ["not reproduced", "agrees", "cannot be tested here", "holds"]
    assert shown[0][0].startswith(
        "**not reproduced** · validation accuracy, first account. The report (text of 2.1): 87.4%. Ours: 90.0% ["
    )
    assert shown[0][0].endswith(" (3 runs).") and shown[0][1] == {"claims": ["mlp-val-acc-a"]}
    assert stored[0]["measured"] == 0.9 and stored[0]["interval"][0] < 0.9 < stored[0]["interval"][1]
    assert stored[2]["why"] == "Another machine." and stored[2]["measured"] == [1.0, 2.0]
    assert shown[3][0].startswith("**holds** · The report (text of 1.2): ") and shown[3][0].endswith(
        " Ours, the share: 60.0% [55.0%, 65.0%]. A remark."
    )


def test_a_value_has_its_unit_once(page, shown):
    page.check("p-cnn-vast", Estimate(0.0269, 0.0157, 0.0381))
    page.check("q2", Estimate(110.2))
    assert "Ours: +2.69 points [+1.57, +3.81]." in shown[0][0] and "Ours: 110°." in shown[1][0]


def test_claims_that_were_measured_on_the_same_stand_in_one_table(page, shown, tmp_path):
    found = page.check_all({"mlp-params": 244591, "p-l2-sin": Estimate(0.6, 0.55, 0.65)}, n="3 runs")
    page.finish()
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())["claims"]
    assert [(row["id"], row["verdict"], row["n"]) for row in stored] == [
        (key, one.word, "3 runs") for key, one in found.items()
    ]
    text, metadata = shown[0]
    assert metadata == {"claims": ["mlp-params", "p-l2-sin"]}
    assert text.splitlines()[0] == "| claim | the report | ours (3 runs) | verdict |"
    assert text.splitlines()[2].endswith("| 244,591 | 244,591 | agrees |")


@pytest.mark.parametrize(("measured", "verdict"), [(244591, "agrees"), (244590, "differs")])
def test_a_remark_changes_no_verdict(page, shown, measured, verdict):
    page.check("mlp-params", measured)
    page.check("mlp-params", measured, why="A remark.")
    assert shown[0][0].startswith(f"**{verdict}** · ")
    assert shown[1][0] == f"{shown[0][0]} A remark."
    page.check("mlp-params", measured, untestable="No machine.", why="A remark.")
    assert shown[2][0].startswith("**cannot be tested here** · ") and shown[2][0].endswith(" No machine. A remark.")


def test_a_row_of_a_table_has_a_p_value_and_words_are_no_markdown(page, shown):
    seeds = Seeds(np.exp(np.random.default_rng(1).normal(-4, 0.3, (200, 2))))
    found = page.check("t4-spiral", seeds)
    page.check("q1c", True)
    page.verdicts()
    assert f"conformal p-value {found.p:.3f}, other rows passing {found.power:.0%}" in shown[0][0]
    assert "beta1 = w1\\*w5 + w2\\*w6" in shown[1][0]
    assert "| t4-spiral | spiral, sigmoid 5-5-5 | train loss 0.017, test loss 0.020 |" in shown[2][0]


def test_each_setting_that_the_report_leaves_open_has_a_verdict(page, shown, tmp_path):
    low = Runs([0.874, 0.8745, 0.8735], 6000)
    page.check("mlp-val-acc-a", Runs([0.9, 0.901, 0.899], 6000), under={"dropout 0.5": low})
    assert "dropout 0.5" not in shown[0][0] and "| dropout 0.5 | 87.4% [" in shown[1][0]
    page.finish()
    (stored,) = json.loads((tmp_path / "results" / "04_mlp.json").read_text())["claims"]
    assert stored["under"] == {"dropout 0.5": "reproduced"} and "dropout 0.5: 87.4%" in stored["why"]


def test_what_was_found_is_shown_at_the_top(page, shown, tmp_path):
    page.in_brief()
    page.brief("It is {share:.0%}.", share=0.25)
    page.finish()
    assert shown[0][0] == page_module.LATER and shown[1][0] == "**In brief.** It is 25%."
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())
    assert stored["brief"] == "It is 25%." and stored["numbers"] == {"share": 0.25}


def test_a_frame_is_a_table(page, shown):
    page.table(pd.DataFrame({"name": ["a", "b"], "n": [1, 2]}))
    assert shown[0][0] == "| name | n |\n| :-- | --: |\n| a | 1 |\n| b | 2 |"


def test_what_a_run_was_made_with_names_the_backend_only_where_keras_was_used(monkeypatch):
    monkeypatch.delitem(sys.modules, "helpers.core.backend", raising=False)
    assert "keras backend" not in page_module.environment("report", 1)
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax"))
    loaded = SimpleNamespace(keras=keras, device_name=lambda: "a device")
    monkeypatch.setitem(sys.modules, "helpers.core.backend", loaded)
    facts = page_module.environment("report", 1)
    assert (facts["keras backend"], facts["device"]) == ("jax", "a device")


def test_a_figure_needs_caption_and_alternative_text(page, shown, tmp_path):
    for words in ({"caption": " ", "alt": "a line"}, {"caption": "A line.", "alt": ""}):
        with pytest.raises(Problem, match="'lines' needs both"):
            page.publish(figure(), "lines", **words)
    assert not (tmp_path / "figures").exists()


def test_a_figure_is_written_numbered_and_described(page, shown, tmp_path):
    page.publish(figure(), "lines", caption="A line.", alt="One line that rises and falls.", report="Fig 6")
    page.publish(figure(), "more", caption="Another.", alt="The same line.")
    page.publish(figure(), "lines", caption="A line.", alt="One line.")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "04-lines.svg",
        "04-lines.png",
        "04-more.svg",
        "04-more.png",
    }
    numbers = [metadata["figure"]["number"] for _, metadata in shown if metadata and "figure" in metadata]
    assert numbers == ["4.1", "4.2", "4.1"]
    assert shown[1][0] == "**Figure 4.1.** A line. *(The report's Fig 6.)*"
    assert shown[0][1]["image/png"]["alt"] == "One line that rises and falls."


def test_figures_have_the_same_bytes_each_time(page, shown, tmp_path):
    kept = []
    for _ in range(2):
        page.publish(figure(), "lines", caption="A line.", alt="One line.")
        kept.append([(tmp_path / "figures" / f"04-lines.{kind}").read_bytes() for kind in ("svg", "png")])
    assert kept[0] == kept[1]
    assert b"Date" not in kept[0][0] and b"matplotlib" not in kept[0][1].lower()


def test_a_figure_is_laid_out_once_for_all_its_pictures(page, shown, monkeypatch):
    layouts = []
    drawn = figure()
    drawn.set_layout_engine("constrained")
    monkeypatch.setattr(type(drawn.get_layout_engine()), "execute", lambda *_: layouts.append("solved"))
    page.publish(drawn, "lines", caption="A line.", alt="One line.")
    assert layouts == ["solved"]


def test_an_animation_is_one_gif_with_all_its_frames(page, shown, tmp_path):
    page.publish(figure(), "still", caption="A line.", alt="One line.")
    kept = []
    for _ in range(2):
        frames = [figure() for _ in range(3)]
        for step, frame in enumerate(frames):
            frame.axes[0].plot([1, 3], [0.1, 0.1 * step])
        page.publish_animation(frames, "moving", caption="It moves.", alt="A line that turns upwards.", seconds=0.2)
        kept.append((tmp_path / "figures" / "04-moving.gif").read_bytes())
    assert kept[0] == kept[1]
    with Image.open(tmp_path / "figures" / "04-moving.gif") as gif:
        assert (gif.n_frames, gif.info["loop"]) == (3, 0)
        durations = []
        for index in range(3):
            gif.seek(index)
            durations.append(gif.info["duration"])
    assert durations == [200, 200, 2000]
    output, metadata = shown[2]
    assert output["image/gif"] == kept[0] and metadata["image/gif"]["alt"] == output["text/plain"]
    assert (metadata["figure"]["number"], metadata["figure"]["format"]) == ("4.2", "gif")
    with pytest.raises(Problem, match="'moving' needs both"):
        page.publish_animation(frames, "moving", caption="It moves.", alt=" ")


def test_smoke_stores_no_numbers(shown, tmp_path, monkeypatch):
    here = replace(project.PROFILES["smoke"], results=tmp_path / "results")
    monkeypatch.setitem(project.PROFILES, "smoke", here)
    smoke = Page("04_mlp", "smoke", seed=3)
    smoke.say("{a}", a=1)
    smoke.finish()
    assert not (tmp_path / "results").exists()


def test_rounding_for_drawing_forgets_the_last_bits():
    values = np.array([0.1 + 0.2, 1e-17, 0.0, -123456.789, np.nan])
    assert plotting.rounded(values)[:4].tolist() == [0.3, 1e-17, 0.0, -123460.0]
    assert np.isnan(plotting.rounded(values)[4])
    nudged = np.nextafter(values, np.inf)
    assert np.array_equal(plotting.rounded(values)[[0, 3]], plotting.rounded(nudged)[[0, 3]])
