"""The site, built from the stored outputs and opened from the disk in a real browser."""

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import nbformat
import pytest

from helpers.core import project
from helpers.core.project import Problem
from helpers.playground.config import Config
from helpers.playground.engine import train
from helpers.report import claims, notebooks, rules, site, tables

NAMES = ["index", *notebooks.names(), "playground", "figures", "glossary", "bibliography"]
AXE_PAGES = ("index", "08_what_reproduces", "playground")  # these always; the others in the slow run
GRAVE = ("serious", "critical")  # axe's grades for what keeps somebody from reading
MOST = 3_000_000  # bytes of a page with its pictures
BEYOND = """width => [...document.querySelectorAll('main *')].filter(e => {
    if (e.getBoundingClientRect().width === 0 || e.getBoundingClientRect().right <= width + 1) return false;
    for (let box = e; box && box !== document.body; box = box.parentElement)
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX)) return false;
    return true;
}).map(e => e.outerHTML.slice(0, 100))"""  # what sticks out to the right, outside any box that scrolls
SEEN = "all => all.filter(e => e.getBoundingClientRect().height > 0).length"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "site"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(site, "BROWSER_SECONDS", 400)  # other tests run beside this one
        lines = site.build(stored=True, output=folder)
    assert lines[0].endswith("index.html")
    return folder


# --- the pages --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def requested(tab):
    """What the page asks for (list of str, which grows)."""
    found = []
    tab[0].on("request", lambda asked: found.append(asked.url))
    return found


@pytest.fixture
def opened(tab, requested, built):
    """A function from a page's name to that page of the site at rest; it must not complain, nor ask the network."""
    page, complaints = tab

    def open_page(name):
        page.goto("about:blank")
        page.set_viewport_size({"width": 1300, "height": 900})
        page.emulate_media(media="screen")
        page.goto((built / f"{name}.html").as_uri(), wait_until="networkidle")
        return page

    complaints.clear()
    requested.clear()
    yield open_page
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    assert complaints == []
    assert {urlparse(url).scheme for url in requested} <= {"file", "data", "about"}


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_on_any_screen_and_on_paper(opened, name):
    page = opened(name)
    every_image_is_there_and_described(page)
    every_link_leads_somewhere(page)
    mathematics_is_rendered(page)
    if name in AXE_PAGES:
        nobody_is_kept_from_reading(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in background[4:-1].split(",")) < 150
    page.set_viewport_size({"width": 390, "height": 800})  # what is wider scrolls in a box of its own
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(BEYOND, 390) == []
    shrunk = "all => all.filter(each => each.clientWidth < each.naturalWidth - 1).length"
    assert page.eval_on_selector_all("figure img", shrunk) == 0  # its text stays as large as it was drawn
    page.emulate_media(media="print")
    assert page.eval_on_selector_all(".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article", SEEN) == 0
    assert page.eval_on_selector_all("h1", SEEN) == 1


def every_image_is_there_and_described(page):
    words = page.eval_on_selector_all(
        "article img", "all => all.map(i => { i.loading = 'eager'; return i.getAttribute('alt'); })"
    )
    page.wait_for_function("[...document.querySelectorAll('article img')].every(i => i.complete)")
    assert all(alt and len(alt) > 20 for alt in words), words
    assert all(page.eval_on_selector_all("article img", "all => all.map(i => i.naturalWidth)"))


def every_link_leads_somewhere(page):
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


def mathematics_is_rendered(page):
    rendered = page.eval_on_selector_all(
        ".math mjx-container svg", "all => all.filter(s => s.getBoundingClientRect().width > 0).length"
    )
    assert rendered >= page.eval_on_selector_all(".math", "all => all.length")
    assert page.eval_on_selector_all("mjx-merror", "all => all.length") == 0


def nobody_is_kept_from_reading(page):
    """Contrast, names, alternative texts, landmarks and the like, as axe-core sees them, in both modes."""
    from axe_playwright_python.sync_playwright import Axe

    for mode in ("light", "dark"):
        page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
        page.wait_for_timeout(300)
        found = Axe().run(page, options={"preload": False}).response["violations"]
        grave = {one["id"]: [node["html"][:120] for node in one["nodes"]] for one in found if one["impact"] in GRAVE}
        assert not grave, f"{mode}: {grave}"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", [name for name in NAMES if name not in AXE_PAGES])
def test_nobody_is_kept_from_reading(opened, name):
    nobody_is_kept_from_reading(opened(name))


@pytest.mark.browser
def test_search_finds_a_word_without_a_server(opened, built):
    page = opened("search")
    page.goto((built / "search.html").as_uri() + "?q=speckle")
    page.wait_for_selector("#search-results li a")
    assert "04_mlp" in page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")[0]


@pytest.mark.browser
def test_the_keyboard_leads_to_the_text_and_through_it(opened):
    page = opened("08_what_reproduces")
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


def test_some_page_has_mathematics(built):
    assert any('class="math' in (built / f"{name}.html").read_text(encoding="utf-8") for name in NAMES)


def test_every_row_of_the_playground_tables_opens_the_page(built):
    """A claim's id or label leads to its setting where it begins a row; a table with addresses has one in each row, but for
    statements in words, which have no one setting."""
    cell = r"<td[^>]*>(?:<p>)?(.*?)(?:</p>)?</td>"
    for name, claim in tables.table_claims().items():
        chapter = next(built.glob(f"{claim.chapter:02d}_*.html")).read_text(encoding="utf-8")
        first = re.findall(rf"<tr[^>]*>\s*{cell}", chapter, re.S)
        cells = [found for found in first if re.sub("<.*?>", "", found).strip() in (name, claim.label)]
        page = tables.config_of(claim).to_url()
        leading = [f'href="{page}"' in html.unescape(found) for found in cells]
        assert any(leading) and all(led for led, found in zip(leading, cells, strict=True) if name in found), name
    statements = [claim for name, claim in claims.all_claims().items() if name not in tables.table_claims()]
    in_words = {text for claim in statements for text in (claim.id, html.escape(claim.label))}
    for chapter in sorted(built.glob("0[123]_*.html")):
        for table in re.findall("<table.*?</table>", chapter.read_text(encoding="utf-8"), re.S):
            rows = table.split("<tr")[2:]
            bare = [row for row in rows if "https://playground.tensorflow.org/#" not in row]
            assert len(bare) == len(rows) or all(any(f">{name}<" in row for name in in_words) for row in bare), bare[:1]


PLAYED = """async () => {
    const heads = [], {draw} = Playground.Player.prototype, drawn = {};  // of each shape one player is drawn
    Playground.Player.prototype.draw = function () { if ((drawn[this.engine.sizes] ??= this) === this) draw.call(this); };
    for (const link of document.querySelectorAll('main a[href*="playground.tensorflow.org/#"]:not(.playground a)')) {
        link.click();
        const player = document.querySelector(".playground-place .playground"), control = name => player.querySelector(`[name=${name}]`);
        control("stopAt").value = 10;
        control("speed").selectedIndex = 3;
        control("play").click();
        const until = async ready => { while (!ready()) await new Promise(done => setTimeout(done, 5)); };
        await until(() => player.querySelector(".playground-status").textContent.startsWith("Epoch 10:"));
        player.querySelector(".playground-numbers").open = true;
        await until(() => player.querySelector("pre").textContent);
        heads.push([link.href, player.querySelector("pre").textContent.split("\\n")[0]]);
        control("close").click();
    }
    return heads;
}"""  # every link's address, and the line with both losses that its player shows after ten epochs


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "least"), [("01_playground", 10), ("02_regularization", 30), ("03_automated_features", 120)]
)
def test_every_link_to_the_playground_plays_here_with_our_digits(opened, name, least):
    played = opened(name).evaluate(PLAYED)
    assert len(played) > least
    for address, head in set(map(tuple, played)):
        run = train(Config.from_url(address), epochs=10, at=[10])
        shown = [float(loss) for loss in re.findall(r"loss ([\d.e-]+)", head)]
        assert shown == [run.train_loss[0, 0], run.test_loss[0, 0]], address


@pytest.mark.browser
def test_every_verdict_has_a_bar_in_its_colour(opened):
    kinds = opened("04_mlp").evaluate(
        "[...document.querySelectorAll('p.verdict')].map(each => [each.querySelector('strong').textContent, each.className])"
    )
    outputs = [
        output for cell in notebooks.read(notebooks.source_path("4")).cells for output in cell.get("outputs", [])
    ]
    alone = [output for output in outputs if "claims" in output.metadata and "** · " in output.data["text/markdown"]]
    assert len(kinds) == len(alone) > 3
    assert all(name.split()[-1] == rules.grade(word) for word, name in kinds)


@pytest.mark.browser
def test_printing_opens_appendices_and_answers_but_no_code(opened):
    page = opened("07_sample_questions")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened_now = page.evaluate("[...document.querySelectorAll('main details:not(.hide)')].map(fold => fold.open)")
    assert len(opened_now) > 5 and all(opened_now)
    assert not any(page.evaluate("[...document.querySelectorAll('main details.hide')].map(fold => fold.open)"))


def test_no_page_is_heavy(built):
    for name in NAMES:
        text = (built / f"{name}.html").read_text(encoding="utf-8")
        pictures = set(re.findall(r'<img[^>]* src="([^"]+)"', text))
        weight = len(text) + sum((built / unquote(picture)).stat().st_size for picture in pictures)
        assert weight < MOST, f"{name} weighs {weight / 1e6:.1f} MB"


def test_the_opening_page_says_what_came_of_it(built):
    index = (built / "index.html").read_text(encoding="utf-8")
    answer = index.partition('id="what-we-found"')[2].partition('id="chapters"')[0]
    assert "<strong>In brief.</strong>" in answer and answer.count("<h3") == 4 and "<table" not in answer
    assert index.count("<figure") == answer.count("<figure") == 4


def test_the_opening_page_says_how_long_each_chapter_takes(built):
    index = (built / "index.html").read_text(encoding="utf-8").partition('id="chapters"')[2].partition("</section>")[0]
    times = re.findall(r"<td[^>]*><p>(\d+)</p></td>\s*<td[^>]*><p>(\d+|–)</p></td>\s*</tr>", index)
    assert len(times) == len(notebooks.names()) and all(2 < int(minutes) <= 12 for minutes, _ in times)


def test_a_copy_that_an_editor_left_is_no_page():
    assert site.PAGE_NAME.fullmatch("index.md")
    assert not any(map(site.PAGE_NAME.fullmatch, ("index-Copy1.md", "index copy.md", "._index.md", ".#index.md")))


def test_the_bibliography_holds_what_is_cited_and_nothing_else():
    pages = project.NOTEBOOKS / "site"
    works = (pages / "bibliography.md").read_text(encoding="utf-8").split("\n- ")[1:]
    listed = {(re.match(r"(?:[A-Z]\. )+(\w+)", work)[1], re.search(r"\((\d{4})\)", work)[1]) for work in works}
    glossary = (pages / "glossary.md").read_text(encoding="utf-8")
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


def test_a_figure_shown_again_in_a_text_has_its_own_caption_and_must_have_been_published():
    text = nbformat.v4.new_markdown_cell("One.\n\n![a line](../figures/01-line.svg)\n\n## Two")
    known = {"01-line": {"name": "01-line", "number": "1.2", "alt": "A line.", "caption": "It rises.", "report": None}}
    site._prepare(nbformat.v4.new_notebook(cells=[text]), known)
    assert text.source.startswith("One.\n\n```{figure} figures/01-line.svg\n:alt: A line.\n\n**Figure 1.2.** It rises.")
    assert "(#fig-01-line)" in text.source and text.source.endswith("```\n\n## Two")
    with pytest.raises(Problem, match="01-other"):
        site._prepare(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("![x](../figures/01-other.png)")]), {}
        )


def test_the_lists_of_figures_and_tables_are_whole(built):
    text = html.unescape((built / "figures.html").read_text(encoding="utf-8"))
    numbers = [int(number) for number in re.findall(r"<td[^>]*>(?:<p>)?Fig\u00a0(\d+)<?", text)]
    assert sorted(set(numbers)) == list(range(1, site.REPORT_FIGURES + 1)) and numbers == sorted(numbers)
    found = re.findall(r"<td[^>]*>(?:<p>)?((?:Table|Listing) \d)</?.*?#([\w-]+)", text, re.S)
    assert [place for place, _ in found] == ["Listing 1", "Table 1", "Table 2", "Table 3", "Table 4"]


def test_an_animation_is_shown_from_its_gif():
    facts = {"name": "01-moving", "number": "1.2", "alt": "A line that\nturns.", "caption": "It moves.", "report": None}
    assert "{figure} figures/01-moving.svg\n:name: fig-01-moving\n:alt: A line that turns.\n" in site._figure_directive(
        facts
    )
    again = site._figure_directive(facts | {"format": "gif"}, again=True)
    assert "{figure} figures/01-moving.gif\n:alt" in again and "(#fig-01-moving)" in again


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{{ figure("09-none") }}', "'09-none', which no chapter has"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% for %}", "cannot be filled in"),
    ],
)
def test_a_page_that_asks_for_what_is_not_there_is_a_problem(text, words):
    with pytest.raises(Problem, match=words):
        site._filled(text, [], "")


def test_the_pdf_holds_the_report(built):
    if site.find_browser() is None:
        pytest.skip("no Chromium is installed")
    content = (built / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF") and len(content) > 200_000


def test_the_site_keeps_a_list_of_its_files(built):
    names = (built / site.LIST).read_text().splitlines()
    assert "index.html" in names
    found = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert set(names) == found - {site.LIST}
