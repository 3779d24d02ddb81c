"""The static site: executed notebooks become pages that open from the disk, without network or server, and one PDF.

Sphinx with MyST-NB does the work. Before that, each published figure is turned from the picture that a notebook holds
into a proper figure: the SVG file (or the GIF of an animation), its alternative text, its caption, and a target to link to.
The pages beside the chapters are the templates in notebooks/site/.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

import jinja2
import nbformat

from helpers.core import project, store
from helpers.core.project import Problem, shown
from helpers.report import benchmarks, claims, ledger, notebooks, page, rules, run, tables

ASSETS = Path(__file__).parent / "site_assets"
RECORD = "site"  # its name in outputs/run.json
LIST = "files.txt"  # the names of a site's files: by it we know a folder that we made
LEAVINGS = re.compile(r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini")  # what file managers leave in any folder
PAGE_NAME = re.compile(r"[a-z_]+\.md")  # a page beside the chapters; copies that an editor leaves are named otherwise
SHOWN_AGAIN = re.compile(r"^!\[[^\]]*\]\(\.\./figures/([\w-]+)\.(?:svg|png|gif)\)$", re.MULTILINE)
REPORT_FIGURES = 17  # so many figures the report of 2019 has
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_SECONDS = 60  # then it hangs
BROWSER_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def build(stored=False, output=None, if_changed=False):
    """Build the site and, where Chromium is installed, the PDF.

    stored : from the outputs stored in notebooks/ instead of those of the last run.   output : the folder to build
    into (default outputs/site): one that is absent, empty, or a site that we made, which is replaced as a whole in the end.
    if_changed : outputs/site only if it is not as it would be made now.
    Returns lines that say what lies where. Raises Problem if the folder is none of these or cannot be written, a chapter
    was not run, or Sphinx fails.
    """
    usual = not stored and output is None
    inputs = _inputs() if usual else None  # what is made meanwhile is not in it
    if if_changed and usual and notebooks.run_record().get(RECORD) == {"inputs": inputs, "made": _held()}:
        return ["site: up to date"]
    output = _replaceable(project.SITE if output is None else output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with store.lock(output), tempfile.TemporaryDirectory(prefix=".site-", dir=output.parent) as temporary:
            source, built = Path(temporary, "source"), Path(temporary, "built")
            _write_source(source, stored)
            _sphinx(source, built, "html")
            made = _pdf(source, Path(temporary, "single"), built / "report.pdf", output)
            store.write_text(built / LIST, "".join(f"{name}\n" for name in _files(built)))
            _replace(_replaceable(output), built)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        fault = f"{error.strerror or error}{where}"
        raise Problem(f"The site could not be built: {fault}; {shown(output)} is left as it was.") from error
    if usual:
        run.record(RECORD, {"inputs": inputs, "made": _held()})
    return [f"site: {shown(output)}/index.html", made]


def _held():
    """SHA-256 over the names and sizes of what outputs/site holds."""
    files = sorted(path for path in project.SITE.rglob("*") if path.is_file())
    return notebooks.digest_with_files([[shown(path), path.stat().st_size] for path in files], [])


def _inputs():
    """SHA-256 over all that outputs/site is made from: executed notebooks, figures, results, its code and pages, a browser."""
    facts = [notebooks.code_digest(["from helpers.report import site"]), find_browser()]
    folders = project.NOTEBOOKS, project.ROOT / "helpers" / "report"
    found = [path for folder in folders for path in folder.rglob("*.*")]
    beside = [path for path in found if path.suffix not in (".ipynb", ".py", ".pyc") or path.name == "conf.py"]
    made = [*project.FIGURES.glob("*.*"), *project.RESULTS.glob("*.json"), project.ROOT / "requirements.txt"]
    paths = [*map(notebooks.executed_path, notebooks.names()), *made, *beside]
    return notebooks.digest_with_files(facts, sorted(path for path in paths if not path.name.startswith(".")))


# --- the folder that it goes to ---------------------------------------------------------------------------------------


def _replaceable(output):
    """The folder to build into, links followed (Path). Raises Problem if it is anything that we must not replace."""
    if not str(output).strip():
        raise Problem("The site needs a folder to go to: --output is empty.")
    try:
        folder = Path(output).expanduser().resolve()
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if any(place.is_relative_to(folder) for place in (project.ROOT, Path.cwd())):
            fault = "holds the project, or is the folder that you are in"
        elif not there.is_dir():
            fault = "is not a folder" if there == folder else f"lies in {there}, which is not a folder"
        elif os.path.ismount(folder):
            fault = "is a mount point"
        else:
            strange = _strange_file(folder)
            fault = f"holds {strange}, which the site did not write" if strange else ""
    except (OSError, RuntimeError, ValueError) as error:
        fault = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    if fault:
        raise Problem(
            f"The site cannot go to {output}: it {fault}. Name a folder that is new or empty, or an older site."
        )
    return folder


def _strange_file(folder):
    """The name of a file in a folder that is not of a site that we wrote there (str), or None."""
    present = _files(folder) if folder.exists() else []
    if present and not (LIST in present and "index.html" in present):
        return present[0]
    listed = {LIST, *(folder / LIST).read_text(encoding="utf-8").splitlines()} if present else ()
    return next((name for name in present if name not in listed), None)


def _files(folder):
    """The names of all that a folder holds but plain folders and leavings, from there and in order (list of str)."""
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths if not LEAVINGS.fullmatch(path.name))


def _replace(old, new):
    """Put folder `new` in the place of `old`, which is there whole until the last moment, and comes back on failure."""
    aside = new.with_name("aside")
    if not old.exists():
        new.rename(old)
        return
    shutil.copymode(old, new)
    old.rename(aside)
    try:
        new.rename(old)
    except BaseException:
        aside.rename(old)
        raise


# --- the source that Sphinx reads -------------------------------------------------------------------------------------


def _write_source(source, stored):
    """Write the prepared chapters, their figures, the pages beside them and the assets into the folder `source`."""
    shutil.copytree(project.FIGURES, source / "figures")
    shutil.copytree(ASSETS, source / "_static", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    try:
        mathjax = resources.files("mathjax") / "static/mathjax/es5/tex-svg-full.js"  # asks for no other file
    except ModuleNotFoundError:
        raise Problem("MathJax is not installed (the wheel django-static-mathjax): run `make setup`.") from None
    shutil.copy(mathjax, source / "_static" / "mathjax.js")
    shutil.copy(ASSETS / "conf.py", source)
    chapters, told, known = [], {}, {}
    seconds = benchmarks.chapter_seconds()
    for name in notebooks.names():
        path = notebooks.source_path(name) if stored else project.EXECUTED / f"{name}.ipynb"
        if not path.is_file():
            raise Problem(f"{shown(path)} is missing: run `make report`, which executes the chapters first.")
        notebook = notebooks.read(path)
        facts = {"name": name, "number": int(name[:2]), "title": notebooks.title(notebook)}
        facts |= {"minutes": notebooks.reading_minutes(notebook), "seconds": seconds.get(name)}
        chapters.append(facts | {"figures": _prepare(notebook, known)})
        told |= _told(notebook)
        nbformat.write(notebook, source / f"{name}.ipynb")
    for path in filter(lambda path: PAGE_NAME.fullmatch(path.name), (project.NOTEBOOKS / "site").iterdir()):
        text = _filled(path.read_text(encoding="utf-8"), chapters, told)
        (source / path.name).write_text(text, encoding="utf-8")


def _prepare(notebook, known):
    """Turn the published figures of a notebook into figure directives, in place. Returns the figures' facts in order.

    known : the facts of earlier chapters' figures by name, to which its own are added; a picture of one of them that
    stands in its text becomes that figure, with its caption. Raises Problem if there is no such figure.
    """
    figures = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            cell.source = cell.source.replace("](site/", "](")  # the pages beside the chapters lie beside them there
            cell.source = SHOWN_AGAIN.sub(lambda found: _shown_again(found[1], known), cell.source)
            continue
        outputs = []
        for output in cell.outputs:
            metadata, data = output.get("metadata", {}), output.get("data", {})
            if "figure" in metadata:
                figures.append(_listing_facts(metadata["figure"]))
                known[metadata["figure"]["name"]] = metadata["figure"]
                directive = _figure_directive(metadata["figure"])
                outputs.append(nbformat.v4.new_output("display_data", {"text/markdown": directive}))
            elif "caption_of" not in metadata and output.get("name") != "stderr":
                data.pop("application/json", None)
                if "text/markdown" in data:
                    data["text/markdown"] = _dressed(data["text/markdown"], metadata.get("claims", []))
                outputs.append(output)
        cell.outputs = outputs
        cell.metadata.pop("papermill", None)
    return figures


def _shown_again(name, known):
    """A figure of an earlier chapter as a directive (str). Raises Problem if there is none of this name."""
    if name not in known:
        raise Problem(f"A chapter shows the figure {name} again, but no chapter before it has published that.")
    return _figure_directive(known[name], again=True)


def _listing_facts(facts):
    """A figure's facts with what lists of figures show: the report's figures it answers to, a link, its first sentence."""
    return facts | {
        "answers_to": [int(number) for number in re.findall(r"\d+", facts["report"] or "")],
        "link": f"[Figure\u00a0{facts['number']}](#fig-{facts['name']})",
        "gist": facts["caption"].split(". ")[0].rstrip(".") + ".",
    }


def _dressed(text, shown):
    """What a cell says (Markdown), for the site: a verdict has a class, and a Playground row's name leads to its page.

    shown : ids of the claims whose verdicts it shows.
    """
    if text.startswith("|"):
        rows = tables.table_claims()
        names = {name: name for name in rows} | {rows[name].label: name for name in shown if name in rows}
        pages = {named: tables.config_of(rows[name]).to_url() for named, name in names.items()}
        return re.sub(
            r"(?<=^\| )([^|]+)(?= \|)",
            lambda found: f"[{found[1]}]({pages[found[1]]})" if found[1] in pages else found[1],
            text,
            flags=re.MULTILINE,
        )
    word = re.match(r"\*\*(.+?)\*\*", text) if shown else None
    return f"{{.verdict .{rules.grade(word[1])}}}\n{text}" if word else text


def _figure_directive(facts, again=False):
    """A figure in MyST's Markdown (str). again : on a page other than its chapter's, with a link instead of a target."""
    alt, file = " ".join(facts["alt"].split()), f"{facts['name']}.{facts.get('format', 'svg')}"
    target = "" if again else f":name: fig-{facts['name']}\n"
    place = f"\n[See it in its place.](#fig-{facts['name']})" if again else ""
    return f"```{{figure}} figures/{file}\n{target}:alt: {alt}\n\n{page.figure_caption(facts)}{place}\n```"


def _told(notebook):
    """What the cells tagged `answer` or `story-...` say, by tag, for the opening page (dict of str of Markdown)."""
    told = {}
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            if tag == "answer" or tag.startswith("story-"):
                told[tag] = "".join(output.data["text/markdown"] + "\n" for output in cell.outputs)
    return told


def _filled(text, chapters, told):
    """A page beside the chapters, from its Jinja template. Raises Problem if it asks for what no chapter has."""
    figures = {facts["name"]: facts for chapter in chapters for facts in chapter["figures"]}
    addresses = {}
    for entry in ledger.entries():
        place, address = claims.claim(entry["id"]).place, ledger.claim_address(entry)
        if place.startswith(("Table", "Listing")) and address:
            addresses.setdefault(place, (place, entry["chapter"][:2], address))
    try:
        return jinja2.Template(text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True).render(
            chapters=chapters,
            figures=figures.values(),
            figure=lambda name: _figure_directive(figures[name], again=True),
            tables=sorted(addresses.values()),
            report_figures=REPORT_FIGURES,
            told=lambda tag: told[tag],
        )
    except KeyError as error:
        raise Problem(f"A page of the site asks for {error}, which no chapter has.") from None
    except jinja2.TemplateError as error:
        raise Problem(f"A page in notebooks/site/ cannot be filled in: {error}.") from None


# --- building -----------------------------------------------------------------------------------------------------------


def _sphinx(source, output, builder):
    """Run one Sphinx builder, in a process of its own. Raises Problem with Sphinx' own words if it fails or warns."""
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-q", "-W", "--keep-going", "--no-color"]
    command += ["-d", output.with_name("doctrees"), source, output]  # what one builder has read, the next need not read
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise Problem(f"Sphinx could not build the site: {done.stderr.strip()}")


def _pdf(source, single, target, output):
    """Print the whole report to one PDF with Chromium. Returns a line that says where it lies, or why there is none."""
    browser = find_browser()
    if browser is None:
        return "pdf: not made, since no Chromium was found (Debian: apt-get install chromium)"
    _sphinx(source, single, "singlehtml")
    address = (single / "index.html").as_uri()
    print_to = (f"--print-to-pdf={target}", "--no-pdf-header-footer", "--virtual-time-budget=20000")
    try:
        status, said = run_browser(browser, *print_to, address, seconds=BROWSER_SECONDS)
        fault = f"{Path(browser).name} failed: {said}" if status or not target.is_file() else ""
    except subprocess.TimeoutExpired:
        fault = f"timed out after {BROWSER_SECONDS} s"
    except OSError as error:
        fault = f"{Path(browser).name} could not be started: {error.strerror or error}"
    if fault:
        target.unlink(missing_ok=True)
        return f"pdf: not made ({fault})"
    return f"pdf:  {shown(output)}/{target.name}"


def find_browser():
    """The path of an installed Chromium or Chrome, or None."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def run_browser(browser, *arguments, seconds):
    """Run Chromium headless with a profile of its own. Returns its exit status and the last line that it said.

    Raises subprocess.TimeoutExpired after so many seconds. Whatever happens, no process of it is left.
    """
    with (
        tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile,
        Path(profile, "said").open("w+", encoding="utf-8", errors="replace") as said,
    ):
        process = subprocess.Popen(
            [browser, *BROWSER_FLAGS, f"--user-data-dir={profile}", *arguments], env={**os.environ, "HOME": profile},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        return status, (said.read().strip().splitlines() or ["no message"])[-1]
