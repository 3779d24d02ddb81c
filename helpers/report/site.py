"""The static site: executed notebooks become pages that open from the disk, without network or server, and one PDF.

Sphinx with MyST-NB does the work. Before that, each published figure is turned from the picture that a notebook holds
into a proper figure: the SVG file (or the GIF of an animation), its alternative text, its caption, and a target to link to.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from helpers.core import project, store
from helpers.core.project import Problem, shown
from helpers.report import claims, ledger, notebooks, page, spreads

ASSETS = Path(__file__).parent / "site_assets"
TITLE = "Neural networks, measured again"
REPORT_FIGURES = 17  # so many figures the report of 2019 has
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def build(stored=False, output=None, pdf=True):
    """Build the site and, where Chromium is installed, the PDF.

    stored : from the outputs stored in notebooks/ instead of those of the last run.   output : the folder to build
    into (default outputs/site); it is replaced as a whole once everything has been built.
    Returns lines that say what lies where. Raises Problem if a chapter was not run, or Sphinx fails.
    """
    output = Path(output) if output else project.SITE
    output.parent.mkdir(parents=True, exist_ok=True)
    with store.lock(output), tempfile.TemporaryDirectory(prefix=".site-", dir=output.parent) as temporary:
        source, built = Path(temporary, "source"), Path(temporary, "built")
        _write_source(source, stored)
        _sphinx(source, built, "html")
        lines = [f"site: {shown(output)}/index.html"]
        if pdf:
            lines.append(_pdf(source, Path(temporary, "single"), built / "report.pdf", output))
        _write_list(built)
        _replace_folder(built, output)
    return lines


def _write_list(folder):
    """Write the names of all files of a site into files.txt, by which make sees that one is gone."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    store.write_text(folder / "files.txt", "".join(f"{name}\n" for name in names))


def _replace_folder(new, old):
    """Put folder `new` in the place of `old`, which is there whole until the last moment."""
    aside = new.with_name("aside")
    if old.exists():
        old.rename(aside)
    new.rename(old)


# --- the source that Sphinx reads -------------------------------------------------------------------------------------


def _write_source(source, stored):
    """Write the prepared chapters, their figures, the pages of ASSETS and the assets into the folder `source`."""
    shutil.copytree(project.FIGURES, source / "figures")
    shutil.copytree(ASSETS, source / "_static", ignore=shutil.ignore_patterns("*.md"))
    shutil.copy(_mathjax(), source / "_static" / "mathjax.js")
    chapters, figures, answer = {}, {}, ""
    for name in notebooks.names():
        path = notebooks.source_path(name) if stored else project.EXECUTED / f"{name}.ipynb"
        if not path.is_file():
            raise Problem(f"{shown(path)} is missing: run `make report`, which executes the chapters first.")
        notebook = notebooks.read(path)
        figures[name] = _prepare(notebook)
        chapters[name] = _title(notebook)
        answer += _answer(notebook)
        nbformat.write(notebook, source / f"{name}.ipynb")
    settings = "".join(f"{key} = {value!r}\n" for key, value in _configuration().items())
    (source / "conf.py").write_text(settings, encoding="utf-8")
    fields = _fields(chapters, figures, answer)
    for asset in ASSETS.glob("*.md"):
        (source / asset.name).write_text(_filled(asset.read_text(encoding="utf-8"), fields), encoding="utf-8")


def _mathjax():
    """MathJax as one file that asks for no other (tex-svg-full.js), from the wheel that carries it (Path)."""
    package = importlib.util.find_spec("mathjax")
    if package is None:
        raise Problem("MathJax is not installed (the wheel django-static-mathjax): run `make setup`.")
    return Path(package.submodule_search_locations[0], "static", "mathjax", "es5", "tex-svg-full.js")


def _prepare(notebook):
    """Turn the published figures of a notebook into figure directives, in place. Returns the figures' facts in order."""
    figures = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs = []
        for output in cell.outputs:
            facts = output.get("metadata", {}).get("figure")
            if facts:
                figures.append(facts)
                outputs.append(nbformat.v4.new_output("display_data", {"text/markdown": _figure_directive(facts)}))
            elif "caption_of" not in output.get("metadata", {}) and output.get("name") != "stderr":
                data = output.get("data", {})
                data.pop("application/json", None)
                if data.get("text/markdown", "").startswith("|"):
                    data["text/markdown"] = _with_pages(data["text/markdown"])
                outputs.append(output)
        cell.outputs = outputs
        cell.metadata.pop("papermill", None)
    return figures


def _with_pages(table):
    """A table in which every cell that is the id of a Playground row leads to the page with that row's setting."""
    pages = {name: spreads.config_of(claim).to_url() for name, claim in spreads.rows().items()}
    return re.sub(
        r"(?<=\| )([\w-]+)(?= \|)",
        lambda found: f"[{found[1]}]({pages[found[1]]})" if found[1] in pages else found[1],
        table,
    )


def _figure_directive(facts):
    alt = " ".join(facts["alt"].split())
    file = f"{facts['name']}.{facts.get('format', 'svg')}"
    return f"```{{figure}} figures/{file}\n:name: fig-{facts['name']}\n:alt: {alt}\n\n{page.figure_caption(facts)}\n```"


def _title(notebook):
    """A notebook's first heading (str)."""
    return next(line for cell in notebook.cells for line in cell.source.splitlines() if line.startswith("# "))[
        2:
    ].strip()


def _answer(notebook):
    """What the cells tagged `answer` say: the opening page repeats it (str of Markdown, "" if a notebook has none)."""
    outputs = [o for cell in notebook.cells if "answer" in cell.metadata.get("tags", []) for o in cell.outputs]
    return "".join(output.data["text/markdown"] + "\n" for output in outputs)


def _fields(chapters, figures, answer):
    """What the pages of ASSETS leave to be filled in, by name (dict of str)."""
    every = [facts for found in figures.values() for facts in found]
    return {
        "chapters": "\n".join(f"- **{int(name[:2])}** · [{title}]({name}.ipynb)" for name, title in chapters.items()),
        "toctree": "\n".join(f"{int(name[:2])} · {title} <{name}>" for name, title in chapters.items()),
        "answer": answer,
        "counts": ledger.count_line(),
        "answering figures": _answering(every),
        "answering tables": _tables(),
        "all figures": "\n\n".join(_listed(chapters[name], found) for name, found in figures.items() if found),
        **{f"figure {facts['name']}": _shown_again(facts) for facts in every},
    }


def _filled(text, fields):
    """A page with its fields, written as {{name}}, filled in. Raises Problem if there is no such field."""
    unknown = set(re.findall(r"\{\{(.*?)\}\}", text)) - set(fields)
    if unknown:
        raise Problem(f"A page of the site asks for {', '.join(sorted(unknown))}, which no chapter has.")
    return re.sub(r"\{\{(.*?)\}\}", lambda found: fields[found[1]], text)


def _answering(figures):
    """A table that leads from the report's figures to ours, in the report's order."""
    pairs = [(int(number), facts) for facts in figures for number in re.findall(r"\d+", facts["report"] or "")]
    lines = ["| the report's | ours | what it shows |", "|:--|:--|:--|"]
    for number in range(1, REPORT_FIGURES + 1):
        ours = [facts for answered, facts in pairs if answered == number]
        for facts in ours:
            lines.append(f"| Fig\u00a0{number} | {_figure_link(facts)} | {_gist(facts)} |")
        if not ours:
            lines.append(f"| Fig\u00a0{number} | – | None of ours answers it. |")
    return "\n".join(lines)


def _figure_link(facts):
    return f"[Figure\u00a0{facts['number']}](#fig-{facts['name']})"


def _tables():
    """A table that leads from the report's tables to the places where ours are."""
    found = {}
    for entry in ledger.entries():
        place = claims.claim(entry["id"]).place
        if place.startswith(("Table", "Listing")) and ledger.link(entry):
            found.setdefault(place, f"[chapter {entry['chapter'][:2]}]({ledger.link(entry)})")
    lines = ["| the report's | where we repeat it |", "|:--|:--|"]
    return "\n".join([*lines, *(f"| {place} | {link} |" for place, link in sorted(found.items()))])


def _listed(title, figures):
    """A chapter's figures as a list under its title."""
    lines = [f"- {_figure_link(facts)}: {_gist(facts)}" for facts in figures]
    return "\n".join([f"**{title}**", "", *lines])


def _gist(facts):
    """The first sentence of a figure's caption."""
    return facts["caption"].split(". ")[0].rstrip(".") + "."


def _shown_again(facts):
    """A figure as a page other than its chapter's shows it, with a link to its place."""
    directive = _figure_directive(facts).splitlines()
    without_target = [line for line in directive if not line.startswith(":name:")]
    return "\n".join([*without_target[:-1], f"[See it in its place.](#fig-{facts['name']})", without_target[-1]])


# --- building -----------------------------------------------------------------------------------------------------------


def _sphinx(source, output, builder):
    """Run one Sphinx builder, in a process of its own. Raises Problem with Sphinx' own words if it fails or warns."""
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-q", "-W", "--keep-going", "--no-color"]
    doctrees = output.with_name(f"{output.name}-doctrees")
    done = subprocess.run([*command, "-d", doctrees, source, output], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"Sphinx could not build the site: {done.stderr.strip()}")


def _configuration():
    """The settings of Sphinx (dict), written to its conf.py."""
    return {
        "project": TITLE,
        "author": "",
        "copyright": "",
        "html_title": TITLE,
        "language": "en",
        "extensions": ["myst_nb", "sphinx.ext.mathjax"],
        "nb_execution_mode": "off",
        "nb_render_markdown_format": "myst",
        "nb_merge_streams": True,
        "nb_code_prompt_show": "Show the code",
        "nb_code_prompt_hide": "Hide the code",
        "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence", "deflist"],
        "myst_heading_anchors": 3,
        "mathjax_path": "mathjax.js",
        "mathjax3_config": {"options": {"enableMenu": False}, "svg": {"fontCache": "global"}},
        "html_theme": "sphinx_book_theme",
        "html_static_path": ["_static"],
        "html_context": {"default_mode": "auto"},
        "html_css_files": ["site.css", "playground.css"],
        "html_js_files": ["site.js", "playground.js"],
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_copy_source": False,
        "html_show_search_summary": False,  # summaries are fetched page by page, which a browser forbids on file://
        "html_permalinks_icon": "#",
        "html_theme_options": {
            "use_download_button": False,
            "use_fullscreen_button": False,
            "show_toc_level": 2,
            "toc_title": "On this page",
            "navbar_persistent": [],
            "pygments_light_style": "a11y-high-contrast-light",
            "pygments_dark_style": "a11y-high-contrast-dark",
        },
        "exclude_patterns": ["_static"],
        "suppress_warnings": ["mystnb.unknown_mime_type"],
        "nb_number_source_lines": False,
        "numfig": False,
    }


def _pdf(source, single, target, output):
    """Print the whole report to one PDF with Chromium. Returns a line that says where it lies, or why there is none."""
    browser = find_browser()
    if browser is None:
        return "pdf: not made, since no Chromium was found (Debian: apt-get install chromium)"
    _sphinx(source, single, "singlehtml")
    printed = run_browser(
        browser,
        f"--print-to-pdf={target}",
        "--no-pdf-header-footer",
        "--virtual-time-budget=20000",
        (single / "index.html").as_uri(),
    )
    if printed.returncode or not target.is_file():
        said = printed.stderr.strip().splitlines() or ["no message"]
        return f"pdf: not made; {Path(browser).name} failed ({said[-1]})"
    return f"pdf:  {shown(output)}/{target.name}"


@functools.cache
def find_browser():
    """The path of an installed Chromium or Chrome, or None."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def run_browser(browser, *arguments, timeout=180):
    """Run Chromium headless with a profile of its own. Returns the CompletedProcess, its output as text."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        return subprocess.run(
            [browser, *BROWSER_FLAGS, f"--user-data-dir={profile}", *arguments],
            capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, "HOME": profile},
        )  # fmt: skip
