"""The site, built from the stored outputs and opened from the disk in a real browser."""

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe

from helpers.core import project
from helpers.core.project import Problem
from helpers.report import claims, notebooks, site, spreads

NAMES = ["index", *notebooks.names(), "figures", "glossary", "bibliography"]
GRAVE = ("serious", "critical")  # axe's grades for what keeps somebody from reading
MOST = 5_000_000  # bytes of a page with its pictures
BEYOND = """width => [...document.querySelectorAll('main *')].filter(e => {
    if (e.getBoundingClientRect().width === 0 || e.getBoundingClientRect().right <= width + 1) return false;
    for (let box = e; box && box !== document.body; box = box.parentElement)
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX)) return false;
    return true;
}).map(e => e.outerHTML.slice(0, 100))"""  # what sticks out to the right, outside any box that scrolls


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "site"
    lines = site.build(stored=True, output=folder)
    assert lines[0].endswith("index.html")
    return folder


@pytest.fixture(scope="module")
def browser():
    executable = site.find_browser()
    if executable is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(site.BROWSER_FLAGS[1:]))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def loaded(built, browser, request):
    """A page of the site in the browser, once it is at rest, with all that it complained of and asked for."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    complaints, requested = [], []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(f"request failed: {failed.url}"))
    page.on("request", lambda asked: requested.append(asked.url))
    page.goto((built / f"{request.param}.html").as_uri(), wait_until="networkidle")
    yield page, complaints, requested
    page.close()


@pytest.fixture
def opened(loaded):
    """The same, as it looks on a screen in the light, whatever another test has done to it."""
    page = loaded[0]
    page.set_viewport_size({"width": 1300, "height": 900})
    page.emulate_media(media="screen")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    return loaded


pages = pytest.mark.parametrize("loaded", NAMES, indirect=True)


@pages
def test_it_opens_from_the_disk_without_a_complaint(opened):
    page, complaints, requested = opened
    page.wait_for_timeout(300)
    assert complaints == []
    assert {urlparse(url).scheme for url in requested} <= {"file", "data"}


@pages
def test_every_image_is_there_and_has_an_alternative_text(opened):
    page, _, _ = opened
    images = page.eval_on_selector_all(
        "article img", "all => all.map(i => { i.loading = 'eager'; return [i.getAttribute('alt'), i.currentSrc]; })"
    )
    page.wait_for_function("[...document.querySelectorAll('article img')].every(i => i.complete)")
    sizes = page.eval_on_selector_all("article img", "all => all.map(i => i.naturalWidth)")
    assert all(alt and len(alt) > 20 for alt, _ in images), images
    assert all(sizes)


@pages
def test_no_link_is_broken(opened, built):
    page, _, _ = opened
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert len(links) > 3
    for link in links:
        parts = urlparse(link)
        if parts.scheme != "file":
            continue
        target = Path(unquote(parts.path))
        assert target.is_file(), link
        if parts.fragment and parts.fragment != "_":
            assert f'id="{unquote(parts.fragment)}"' in target.read_text(encoding="utf-8"), link


@pages
def test_mathematics_is_rendered(opened):
    page, _, _ = opened
    sources = page.eval_on_selector_all(".math", "all => all.length")
    rendered = page.eval_on_selector_all(
        ".math mjx-container svg", "all => all.filter(s => s.getBoundingClientRect().width > 0).length"
    )
    assert rendered >= sources
    assert page.eval_on_selector_all("mjx-merror", "all => all.length") == 0


def test_some_page_has_mathematics(built):
    assert any('class="math' in (built / f"{name}.html").read_text(encoding="utf-8") for name in NAMES)


@pytest.mark.parametrize("loaded", ["index"], indirect=True)
def test_search_finds_a_word_without_a_server(opened, built):
    page, complaints, _ = opened
    page.goto((built / "search.html").as_uri() + "?q=perceptron")
    page.wait_for_selector("#search-results li a")
    assert "04_mlp" in page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")[0]
    page.goto((built / "index.html").as_uri(), wait_until="networkidle")
    assert complaints == []


@pages
def test_nobody_is_kept_from_reading(opened):
    """Contrast, names, alternative texts, landmarks and the like, as axe-core sees them, in both modes."""
    page, _, _ = opened
    for mode in ("light", "dark"):
        page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
        page.wait_for_timeout(300)
        found = Axe().run(page).response["violations"]
        grave = {one["id"]: [node["html"][:120] for node in one["nodes"]] for one in found if one["impact"] in GRAVE}
        assert not grave, f"{mode}: {grave}"


@pages
def test_dark_mode_is_dark(opened):
    page, _, _ = opened
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in background[4:-1].split(",")) < 150


@pages
def test_a_narrow_screen_does_not_scroll_sideways(opened):
    """What is wider scrolls in a box of its own."""
    page, _, _ = opened
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(BEYOND, 390) == []


@pytest.mark.parametrize("loaded", ["08_what_reproduces"], indirect=True)
def test_the_keyboard_leads_to_the_text_and_through_it(opened):
    page, _, _ = opened
    page.reload(wait_until="networkidle")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate("document.activeElement.tagName + (document.activeElement.closest('main') ? ' in main' : '')")
        )
    assert "SUMMARY in main" in seen  # the folded code opens without a mouse


@pages
def test_paper_shows_the_text_alone(opened):
    page, _, _ = opened
    page.emulate_media(media="print")
    shown = "all => all.filter(e => e.getBoundingClientRect().height > 0).length"
    assert page.eval_on_selector_all(".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article", shown) == 0
    assert page.eval_on_selector_all("h1", shown) == 1


def test_every_row_of_the_playground_tables_opens_the_page(built):
    """A claim's id leads to its setting wherever it is a cell; a table with addresses has one in each row, but for
    statements in words, which have no one setting."""
    cell = r"<td[^>]*>(?:<p>)?(.*?)(?:</p>)?</td>"
    for name, claim in spreads.rows().items():
        chapter = next(built.glob(f"{claim.chapter:02d}_*.html")).read_text(encoding="utf-8")
        cells = [found for found in re.findall(cell, chapter, re.S) if re.sub("<.*?>", "", found).strip() == name]
        page = spreads.config_of(claim).to_url()
        assert cells and all(f'href="{page}"' in html.unescape(found) for found in cells), name
    in_words = claims.all_claims().keys() - spreads.rows().keys()
    for chapter in sorted(built.glob("0[123]_*.html")):
        for table in re.findall("<table.*?</table>", chapter.read_text(encoding="utf-8"), re.S):
            rows = table.split("<tr")[2:]
            bare = [row for row in rows if "https://playground.tensorflow.org/#" not in row]
            assert len(bare) == len(rows) or all(any(f">{name}<" in row for name in in_words) for row in bare), bare[:1]


def test_the_site_keeps_a_list_of_its_files(built):
    names = (built / "files.txt").read_text().splitlines()
    assert "index.html" in names and ("report.pdf" in names) == (site.find_browser() is not None)
    found = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert set(names) == found - {"files.txt"}
    assert not any(re.search(r"[\s#$%*?:]", name) for name in names)  # make would not take them for names


def test_no_page_is_heavy(built):
    for name in NAMES:
        text = (built / f"{name}.html").read_text(encoding="utf-8")
        pictures = set(re.findall(r'<img[^>]* src="([^"]+)"', text))
        weight = len(text) + sum((built / unquote(picture)).stat().st_size for picture in pictures)
        assert weight < MOST, f"{name} weighs {weight / 1e6:.1f} MB"


def test_the_opening_page_answers_in_ten_lines(built):
    index = (built / "index.html").read_text(encoding="utf-8")
    answer = index.partition('id="the-answer-in-ten-lines"')[2].partition("<ul")[2].partition("</ul>")[0]
    assert answer.count("<li>") == 10
    assert f"<strong>{len(claims.all_claims())}</strong> claims" in answer
    assert index.count("<figure") == 3


def test_a_page_that_asks_for_what_is_not_there_is_a_problem():
    assert site._filled("{{a}} and {{b c}}", {"a": "1", "b c": "{{2}}"}) == "1 and {{2}}"
    with pytest.raises(Problem, match="asks for figure 09-none, which no chapter has"):
        site._filled("{{figure 09-none}}", {"a": "1"})


def test_the_bibliography_holds_what_is_cited_and_nothing_else():
    works = site.ASSETS.joinpath("bibliography.md").read_text(encoding="utf-8").split("\n- ")[1:]
    listed = {(re.findall(r"[A-Z][\w-]{2,}", work)[0], re.search(r"\((\d{4})\)", work)[1]) for work in works}
    glossary = site.ASSETS.joinpath("glossary.md").read_text(encoding="utf-8")
    cited = re.findall(r"\[[^\]]*?([A-Z]\w+)[^\]]*? (\d{4})\]\(bibliography", glossary)
    assert listed == set(cited)


def test_code_is_folded_where_it_is_not_the_story(built):
    text = (built / "04_mlp.html").read_text(encoding="utf-8")
    assert text.count("Show the code") >= 5
    assert "Show traceback" not in text


def test_figures_are_numbered_and_answer_to_the_report(built):
    index = (built / "figures.html").read_text(encoding="utf-8")
    for name in notebooks.names():
        for cell in notebooks.read(notebooks.source_path(name)).cells:
            for output in cell.get("outputs", []):
                facts = output.get("metadata", {}).get("figure")
                if facts and facts["report"]:
                    assert f"Figure\u00a0{facts['number']}<" in index.replace("&#160;", "\u00a0")
                    assert f"{name}.html#fig-{facts['name']}" in index


def test_an_animation_is_shown_from_its_gif():
    facts = {"name": "01-moving", "number": "1.2", "alt": "A line that\nturns.", "caption": "It moves.", "report": None}
    assert "{figure} figures/01-moving.svg\n" in site._figure_directive(facts)
    assert "{figure} figures/01-moving.gif\n" in site._figure_directive(facts | {"format": "gif"})


def test_the_pdf_holds_the_report(built, browser):
    content = (built / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF") and len(content) > 200_000


def test_without_a_browser_the_site_is_built_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "find_browser", lambda: None)
    lines = site.build(stored=True, output=tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()
    assert not (tmp_path / "site" / "report.pdf").exists()
    assert "no Chromium was found" in lines[1]


def test_a_chapter_that_was_not_run_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "EXECUTED", tmp_path / "none")
    with pytest.raises(Problem, match=r"01_playground\.ipynb is missing: run `make report`"):
        site.build(output=tmp_path / "site", pdf=False)


def test_a_failed_build_leaves_the_old_site(tmp_path, monkeypatch):
    old = tmp_path / "site"
    old.mkdir()
    (old / "index.html").write_text("old")
    monkeypatch.setattr(site, "_filled", lambda *_: "# Title\n\n[nowhere](#no-such-figure)\n")
    with pytest.raises(Problem, match="Sphinx could not build the site"):
        site.build(stored=True, output=old, pdf=False)
    assert (old / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["site"]
