"""The static site: executed notebooks become pages that open from the disk, without network or server, and one PDF.

Sphinx with MyST-NB does the work. Before that, each published figure is turned from the picture that a notebook holds
into a proper figure: the SVG file (or the GIF of an animation), its alternative text, its caption, and a target to link to.
"""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from helpers import ledger, notebooks, page, paths, store
from helpers.errors import Problem
from helpers.paths import shown

ASSETS = Path(__file__).parent / "site_assets"
TITLE = "Neural networks, measured again"
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
    output = Path(output) if output else paths.SITE
    output.parent.mkdir(parents=True, exist_ok=True)
    with store.lock(output), tempfile.TemporaryDirectory(prefix=".site-", dir=output.parent) as temporary:
        source, built = Path(temporary, "source"), Path(temporary, "built")
        _write_source(source, stored)
        _sphinx(source, built, "html")
        lines = [f"site: {shown(output)}/index.html"]
        if pdf:
            lines.append(_pdf(source, Path(temporary, "single"), built / "report.pdf", output))
        _replace_folder(built, output)
    return lines


def _replace_folder(new, old):
    """Put folder `new` in the place of `old`, which is there whole until the last moment."""
    aside = new.with_name("aside")
    if old.exists():
        old.rename(aside)
    new.rename(old)


# --- the source that Sphinx reads -------------------------------------------------------------------------------------


def _write_source(source, stored):
    """Write the prepared chapters, their figures, the opening page and the assets into the folder `source`."""
    shutil.copytree(paths.FIGURES, source / "figures")
    shutil.copytree(ASSETS, source / "_static", ignore=shutil.ignore_patterns("*.md"))
    shutil.copy(_mathjax(), source / "_static" / "mathjax.js")
    chapters, figures = {}, []
    for name in notebooks.names():
        path = notebooks.source_path(name) if stored else paths.EXECUTED / f"{name}.ipynb"
        if not path.is_file():
            raise Problem(f"{shown(path)} is missing: run `make report`, which executes the chapters first.")
        notebook = notebooks.read(path)
        figures += _prepare(notebook)
        chapters[name] = _title(notebook)
        nbformat.write(notebook, source / f"{name}.ipynb")
    settings = "".join(f"{key} = {value!r}\n" for key, value in _configuration().items())
    (source / "conf.py").write_text(settings, encoding="utf-8")
    (source / "index.md").write_text(_opening_page(chapters, figures), encoding="utf-8")


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
                output.get("data", {}).pop("application/json", None)
                outputs.append(output)
        cell.outputs = outputs
        cell.metadata.pop("papermill", None)
    return figures


def _figure_directive(facts):
    alt = " ".join(facts["alt"].split())
    file = f"{facts['name']}.{facts.get('format', 'svg')}"
    return f"```{{figure}} figures/{file}\n:name: fig-{facts['name']}\n:alt: {alt}\n\n{page.figure_caption(facts)}\n```"


def _title(notebook):
    """A notebook's first heading (str)."""
    return next(line for cell in notebook.cells for line in cell.source.splitlines() if line.startswith("# "))[
        2:
    ].strip()


def _opening_page(chapters, figures):
    """The opening page in Markdown: what this is, the chapters, the verdicts so far, the report's figures and ours."""
    listed = "\n".join(f"- **{int(name[:2])}** · [{title}]({name}.ipynb)" for name, title in chapters.items())
    toctree = "\n".join(f"{title} <{name}>" for name, title in chapters.items())
    text = (ASSETS / "index.md").read_text(encoding="utf-8")
    for field, value in {
        "chapters": listed,
        "toctree": toctree,
        "verdicts": ledger.verdict_table("{chapter}.ipynb"),
        "figures": _figures(figures),
    }.items():
        text = text.replace("{{" + field + "}}", value)
    return text


def _figures(figures):
    """A table that leads from the report's figures to ours."""
    lines = ["| the report's | ours | |", "|:--|:--|:--|"]
    for facts in figures:
        if facts["report"]:
            first = facts["caption"].split(". ")[0].rstrip(".")
            lines.append(f"| {facts['report']} | [Figure {facts['number']}](#fig-{facts['name']}) | {first}. |")
    return "\n".join(lines)


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
        "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence"],
        "mathjax_path": "mathjax.js",
        "mathjax3_config": {"options": {"enableMenu": False}, "svg": {"fontCache": "global"}},
        "html_theme": "sphinx_book_theme",
        "html_static_path": ["_static"],
        "html_context": {"default_mode": "auto"},
        "html_css_files": ["site.css"],
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
