"""What a chapter writes on its page: computed sentences, tables, figures and verdicts.

Everything shown goes through here, so that each number of the prose is an output (nbval compares it), each figure has
a caption and an alternative text, and each claim of the report a verdict in outputs/results/.
"""

import dataclasses
import io
import os
import platform
import re
import string
import sys
from importlib import metadata

import matplotlib
from IPython.display import Markdown, display
from PIL import Image

from helpers.core import plotting, store
from helpers.core.project import Problem, profile_named
from helpers.report import rules
from helpers.report.claims import claim

PACKAGES = ("keras", "tensorflow", "jax", "scikit-learn", "numpy", "scipy", "matplotlib")
ANIMATION_DPI = 100
BRIEF, LATER = "brief", "*In brief: this is written by the last cells of the chapter.*"


class Page:
    """One chapter's page.

    chapter : str such as "04_mlp", the notebook's name; its number leads the figure numbers.
    profile : the notebook's PROFILE.   seed : the notebook's SEED.
    Raises Problem if there is no such profile.
    """

    def __init__(self, chapter, profile, seed):
        self.chapter, self.seed = chapter, seed
        self.number = int(chapter[:2])
        self.profile = profile_named(profile)
        self._numbers, self._claims, self._verdicts, self._figures, self._brief = {}, {}, {}, {}, ""

    def say(self, sentence, **numbers):
        """Show a sentence of Markdown whose figures are computed, and keep them for outputs/results/.

        sentence : a str.format template; every field names one of `numbers`, as in "{accuracy:.1%} of {n:,}".
        Raises ValueError if a field has no number, a number no field, or a name already stands for another value.
        """
        display(Markdown(self._filled(sentence, numbers)))

    def _filled(self, sentence, numbers):
        fields = {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(sentence) if name}
        if fields != set(numbers):
            raise ValueError(f"say: fields {sorted(fields)} do not match the numbers {sorted(numbers)}")
        for name, value in numbers.items():
            self._keep(name, value)
        return sentence.format(**numbers)

    def _keep(self, name, value):
        kept = store.rounded(value)
        known = self._numbers.setdefault(name, kept)
        if known is not kept and known != kept and not self.profile.sliver:  # NaN differs from itself
            raise ValueError(f"say: {name} is {known} already and cannot be {kept} as well")

    def in_brief(self):
        """Keep the place at the top of the chapter where `brief` shows what was found."""
        display(Markdown(LATER), display_id=BRIEF)

    def brief(self, sentences, **numbers):
        """Show what the chapter found at its top, where `in_brief` keeps the place; the arguments are those of `say`."""
        self._brief = self._filled(sentences, numbers)
        display(Markdown(f"**In brief.** {self._brief}"), display_id=BRIEF, update=True)

    def table(self, columns, rows=None):
        """Show a table.

        columns : a pandas DataFrame, whose cells are shown by `str` and whose numbers stand right; or a dict of
        heading -> "l" or "r" (alignment), with `rows`, lists of cells (str).
        """
        if rows is None:
            kinds = {str(name): "r" if columns[name].dtype.kind in "iuf" else "l" for name in columns}
            columns, rows = kinds, columns.itertuples(index=False)
        display(Markdown(markdown_table(columns, rows)))

    def check(self, claim_id, evidence=None, *, n=None, what="", why="", untestable="", under=None):
        """Set a claim of the report beside what was measured; show the verdict and keep it for the ledger.

        evidence   : what its rule takes (rules.py): Seeds, Runs, Estimate or a stats.Accuracy, a bool, a plain value.
        n          : what it was measured on, in words.   what : the quantity that was measured, in words.
        why        : a remark, which changes no verdict.
        untestable : a sentence that says why the claim cannot be tested here; a rule may find that, too.
        under      : evidence by setting (dict), where the report leaves one open.
        Returns the rules.Verdict.
        """
        stated, found, remark, others = self._settled(claim_id, evidence, n, why, untestable, under)
        theirs, measured = self._verdicts[claim_id][2:4]
        named = "" if stated.value is None else f"{stated.label}. "
        ours = "Ours" if what in ("", stated.label) else f"Ours, {what}"
        line = f"**{found.word}** · {named}The report ({stated.place}): {theirs}. {ours}: {measured}"
        line += (f" ({n})" if n else "") + "." + (f" {remark}" if remark else "")
        display(Markdown(line), metadata={"claims": [claim_id]})
        if others:
            self.table({"under another setting": "l", "ours": "l", "verdict": "l"}, others)
        return found

    def check_all(self, evidence, *, n):
        """Set several claims beside what was measured on the same, as `check` does with one, and show them in one table.

        evidence : by claim id (dict).   n : what all were measured on, in words.   Returns the rules.Verdicts.
        """
        found = rules.Verdicts({claim_id: self._settled(claim_id, each, n)[1] for claim_id, each in evidence.items()})
        rows = [self._verdicts[claim_id][1:] for claim_id in found]
        table = markdown_table({"claim": "l", "the report": "l", f"ours ({n})": "l", "verdict": "l"}, rows)
        display(Markdown(table), metadata={"claims": list(found)})
        return found

    def _settled(self, claim_id, evidence, n, why="", untestable="", under=None):
        """Judge a claim and keep the verdict: its Claim, the rules.Verdict, a remark (str), and rows for other settings."""
        stated = claim(claim_id)
        found = self._judged(stated, evidence, untestable)
        others = {name: self._judged(stated, each, "") for name, each in (under or {}).items()}
        rows = [[name, _measured(stated, each), each.word] for name, each in others.items()]
        listed = "; ".join(f"{name}: {ours}, {word}" for name, ours, word in rows)
        remark = " ".join(filter(None, (found.why, why)))
        kept = {"measured": found.measured, "interval": found.interval, "p": found.p, "power": found.power}
        self._claims[claim_id] = {
            "id": claim_id, "chapter": self.chapter, **store.rounded(kept), "n": n, "verdict": found.word,
            "why": " ".join(filter(None, (remark, listed and f"Under other settings: {listed}."))),
            "under": {name: each.word for name, each in others.items()} | found.also,
        }  # fmt: skip
        theirs = in_words(stated.says if stated.value is None else stated.value, stated.form)
        self._verdicts[claim_id] = [claim_id, stated.label, theirs, _measured(stated, found), found.word]
        return stated, found, remark, rows

    def _judged(self, stated, evidence, untestable):
        """The rules.Verdict on a Claim."""
        if untestable and evidence is None:
            return rules.Verdict(rules.UNTESTABLE, None, why=untestable)
        found = stated.rule.judge(stated.value, evidence)
        return dataclasses.replace(found, word=rules.UNTESTABLE, why=untestable) if untestable else found

    def verdicts(self):
        """Show the table of all claims checked so far: what the report states, what we measured, the verdict."""
        self.table(
            {"id": "l", "claim": "l", "the report": "l", "measured": "l", "verdict": "l"}, self._verdicts.values()
        )

    def publish(self, figure, slug, *, caption, alt, report=None):
        """Write a figure to figures/ as SVG and PNG, and show it under its number.

        figure  : a matplotlib Figure.   slug : its name, in words with hyphens; publishing it again keeps its number.
        caption : what to see in it.   alt : what is seen, for those who cannot.   report : the report's figure, if any.
        Raises Problem if caption or alt are missing.
        """
        facts = self._figure_facts(slug, caption, alt, report)
        dpi = matplotlib.rcParams["savefig.dpi"]
        _lay_out(figure, dpi)
        store.write_bytes(self.profile.figures / f"{facts['name']}.svg", plotting.as_svg(figure))
        figure.dpi = dpi  # to draw an SVG sets it to 72
        self._show_figure("png", plotting.as_png(figure), facts)

    def publish_animation(self, frames, slug, *, caption, alt, report=None, seconds=0.12):
        """Write figures to figures/ as one GIF that plays over and over, and show it under its number.

        frames : matplotlib Figures of one size, at least two.   seconds : how long each is shown; the last ten times that.
        The rest is as in `publish`, which should show a frame of it too: paper stands still.
        """
        facts = self._figure_facts(slug, caption, alt, report) | {"format": "gif"}
        self._show_figure("gif", _animated(frames, seconds), facts)

    def _figure_facts(self, slug, caption, alt, report):
        """What is known of a figure beside its picture (dict). Raises Problem if caption or alt are missing."""
        if not caption.strip() or not alt.strip():
            raise Problem(f"The figure {slug!r} needs both a caption and an alternative text.")
        number = self._figures.setdefault(slug, len(self._figures) + 1)
        name = f"{self.number:02d}-{slug}"
        return {"name": name, "number": f"{self.number}.{number}", "alt": alt, "caption": caption, "report": report}

    def _show_figure(self, kind, picture, facts):
        """Write a picture (bytes) to figures/ and show it, with its caption."""
        store.write_bytes(self.profile.figures / f"{facts['name']}.{kind}", picture)
        data, described = {f"image/{kind}": picture, "text/plain": facts["alt"]}, {"alt": facts["alt"]}
        display(data, raw=True, metadata={f"image/{kind}": described, "figure": facts})
        display(Markdown(figure_caption(facts)), metadata={"caption_of": facts["name"]})

    def finish(self):
        """Write the chapter's numbers and verdicts to outputs/results/, and show what this run was made with."""
        if not self.profile.sliver:
            record = {
                "chapter": self.chapter,
                "seed": self.seed,
                "brief": self._brief,
                "numbers": self._numbers,
                "claims": list(self._claims.values()),
            }
            store.write_json(self.profile.results / f"{self.chapter}.json", record)
        facts = environment(self.profile.name, self.seed)
        table = markdown_table({"this run": "l", "made with": "l"}, facts.items())
        display({"text/markdown": table, "application/json": facts}, raw=True)


def markdown_table(columns, rows):
    """A table in Markdown (str); the arguments are those of Page.table."""
    rule = {"l": ":--", "r": "--:"}
    lines = [list(columns), [rule[side] for side in columns.values()], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def figure_caption(facts):
    """A figure's caption in Markdown: its number, its words, and the figure of the report that it answers to."""
    answer = f" *(The report's {facts['report']}.)*" if facts["report"] else ""
    return f"**Figure {facts['number']}.** {facts['caption']}{answer}"


def environment(profile, seed):
    """What a run is made with (dict of str): profile, seed, device, Python, versions of the main packages."""
    backend = sys.modules.get("helpers.core.backend")  # only a chapter that uses Keras has loaded it
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "profile": profile,
        "seed": str(seed),
        "Python": platform.python_version(),
        "device": backend.device_name() if backend else f"CPU, {os.cpu_count()} cores",
        **({"keras backend": backend.keras.backend.backend()} if backend else {}),
        "system": f"{platform.system()} {platform.machine()}",
        **versions,
    }


def _lay_out(figure, dpi):
    """Give a figure its dpi, and lay it out for its first picture only, since that takes as long as drawing one."""
    figure.dpi = dpi
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")


def _animated(figures, seconds):
    """Figures of one size as a GIF that loops: the same bytes on every run, with one palette for all frames.

    The palette is that of the last figure, where the colours are fullest. No dithering: its specks would flicker.
    """
    for figure in figures:
        _lay_out(figure, ANIMATION_DPI)
    pictures = [plotting.as_picture(figure).convert("RGB") for figure in figures]
    palette = pictures[-1].quantize(128, method=Image.Quantize.MEDIANCUT)
    first, *rest = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [round(1000 * seconds)] * len(rest) + [round(10000 * seconds)]
    buffer = io.BytesIO()
    first.save(buffer, format="gif", save_all=True, append_images=rest, duration=durations, loop=0)
    return buffer.getvalue()


def _measured(stated, found):
    """What was measured, for a sentence (str): the value with its interval and, for a row of a table, its p-value."""
    if found.measured is None:
        return "not measured"
    words = in_words(found.measured, stated.form, found.interval)
    if found.p is None:
        return words
    if isinstance(stated.rule, rules.AmongSeeds):
        return f"{words}; conformal p-value {found.p:.3f}, other rows passing {found.power:.0%}"
    return f"{words}; p-value {found.p:.2g}" + (
        "" if found.power is None else f", possible values passing {found.power:.0%}"
    )


def in_words(value, form, interval=None):
    """A value for a sentence or a table cell (str): numbers by `form`, several with their names or with commas between.

    interval : what to write behind each number, or None.   Words are kept as they are, not taken for Markdown.
    """
    if isinstance(value, dict):
        ends = interval or dict.fromkeys(value)
        return ", ".join(f"{name.replace('_', ' ')} {in_words(value[name], form, ends[name])}" for name in value)
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, list | tuple) for item in value)
        words = ", ".join("×".join(map(str, item)) if nested else in_words(item, form) for item in value)
    else:
        words = re.sub(r"([*_])", r"\\\1", value) if isinstance(value, str) else rules.in_form(value, form)
    return words if interval is None else f"{words} {rules.in_form(interval, form)}"
