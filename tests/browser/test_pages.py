"""The published pages as a reader opens them: offline, on a telephone, in the dark, on paper, by screen reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from analysis.parameters import ROOT
from analysis.report.editions import EDITIONS
from shared_results import EDITIONS_IN, published

pytestmark = pytest.mark.slow
QUARTER = Path("khanh-hoa-2021", "2021-Q3")
NOTEBOOKS = [path.stem for path in sorted((ROOT / "notebooks" / "report").glob("*.ipynb"))]
EDITION = {code: f"{EDITIONS}-ubnd-{code}" for code in ("cl", "cr", "dk", "ks", "kv", "nh", "nt", "ts", "vn")}
# Of the editions one of many cases, and one of so few that some are hidden.
LOOKED_AT = ("nt", "ts")
WITH_CARDS = {"index", "06_targets", *(EDITION[code] for code in LOOKED_AT)}
TELEPHONE = {"width": 360, "height": 740}
# The sizes of what can be read, in pixels; a value is named by its column with generated text.
SIZES = """() => {
  const sizes = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    // In a drawing a size is one of the drawing, which is shown larger or smaller.
    const matrix = element.ownerSVGElement ? element.getScreenCTM() : {a: 1, b: 0};
    const scale = Math.hypot(matrix.a, matrix.b);
    sizes.add(Math.round(parseFloat(getComputedStyle(element).fontSize) * scale * 100) / 100);
    if (!element.ownerSVGElement) sizes.add(parseFloat(getComputedStyle(element, '::before').fontSize));
  }
  return [...sizes];
}"""
# Of each card, its lines: the name of the column, the value, and how many pixels it is high.
CARDS = """all => all.map(card => [...card.querySelectorAll('td')].map(
  cell => [cell.dataset.label || '', cell.innerText.trim(), cell.offsetHeight]))"""
ACCESSIBLE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


def _pages(language: str) -> list[Path]:
    """Return the pages that are looked at: editions are published in one language."""
    names = ["index" if name == "00_summary" else name for name in NOTEBOOKS if name != EDITIONS]
    if language == EDITIONS_IN:
        names += [EDITIONS, *(EDITION[code] for code in LOOKED_AT)]
    return [Path("index.html"), *(QUARTER / f"{name}.html" for name in names)]


@pytest.fixture(
    scope="module",
    params=[(language, page) for language in ("en", "vi") for page in _pages(language)],
    ids=lambda param: "-".join([*param[1].parts[1:-1], param[1].stem, param[0]]),
)
def path(request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    language, page = request.param
    return published(language, tmp_path_factory) / page


@pytest.fixture(scope="module")
def page(chromium: Browser, path: Path) -> Iterator[Page]:
    """The page opened without a network, once for all tests that only look; what a reader may unfold is unfolded."""
    context = chromium.new_context(offline=True)
    yield _opened(context.new_page(), path)
    context.close()


def _opened(page: Page, path: Path) -> Page:
    page.goto(path.as_uri())
    page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    return page


def _barriers(page: Page, only: list[str]) -> str:
    """Return what axe finds that hinders people, a line each, with the elements it hinders them at."""
    found = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return "\n".join(f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}" for rule in found)


@cache
def _ids(html: Path) -> set[str]:
    return {str(tag["id"]) for tag in BeautifulSoup(html.read_bytes(), "html.parser").find_all(id=True)}


def test_every_page_is_looked_at(language, reports):
    found = [*reports.glob("*.html"), *(reports / QUARTER).glob("*.html")]
    others = [QUARTER / f"{name}.html" for code, name in EDITION.items() if code not in LOOKED_AT]
    looked_at = {*_pages(language), *(others if language == EDITIONS_IN else [])}
    assert {path.relative_to(reports) for path in found} == looked_at


def test_a_page_asks_for_nothing_and_complains_of_nothing(new_page, path):
    page, asked, told = new_page(offline=True), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert told == []


def test_nobody_is_shut_out_and_colours_keep_their_contrast_in_the_dark(new_page, path):
    # The page's own policy forbids scripts, axe among them.
    page = _opened(new_page(offline=True, bypass_csp=True), path)
    assert _barriers(page, ACCESSIBLE) == ""
    page.emulate_media(color_scheme="dark")
    assert _barriers(page, ["color-contrast"]) == ""


def test_every_picture_shows_and_says_its_numbers(page):
    drawn = "all => all.filter(one => one.clientWidth).map(one => [one.getAttribute('aria-label'), one.clientWidth])"
    figures = page.locator("figure").count()
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 740})
        # Each figure shows one of its drawings, made for what it is read on.
        pictures = page.eval_on_selector_all("svg.drawing", drawn)
        assert len(pictures) == figures
        assert [alt for alt, _ in pictures if len(alt) < 20 or not re.search(r"\d", alt)] == []
        assert page.locator("img").count() == 0


def test_a_drawing_follows_the_dark(page):
    inks = "all => all.map(one => getComputedStyle(one).fill)"
    light = page.eval_on_selector_all(".drawing .f-ink", inks)
    page.emulate_media(color_scheme="dark")
    dark = page.eval_on_selector_all(".drawing .f-ink", inks)
    page.emulate_media(color_scheme="light")
    assert set(light) <= {"rgb(31, 41, 51)"}
    assert set(dark) <= {"rgb(230, 232, 234)"}


def test_a_telephone_does_not_scroll_sideways_and_shows_no_small_print(page):
    page.set_viewport_size(TELEPHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert min(page.evaluate(SIZES)) >= 12


def test_on_a_telephone_promises_are_cards_without_empty_lines(page, path):
    page.set_viewport_size(TELEPHONE)
    cards = page.locator(".cards tbody tr").evaluate_all(CARDS)
    assert bool(cards) == (path.stem in WITH_CARDS)
    boxes = page.locator(".scroll:has(> .cards, > div > .cards)")
    assert boxes.evaluate_all("all => all.filter(box => box.scrollWidth > box.clientWidth).length") == 0
    assert [line for card in cards for line in card if bool(line[0]) != (line[1] not in ("", "–"))] == []
    # A line is there or it is not; it is never a gap.
    assert [line for card in cards for line in card if (line[2] > 12) != bool(line[0])] == []


def test_a_screen_reader_finds_the_same_tables_in_cards(new_page, path):
    page = _opened(new_page(offline=True, bypass_csp=True), path)
    wide = _table_roles(page)
    page.set_viewport_size(TELEPHONE)
    assert _table_roles(page) == wide
    if path.stem in WITH_CARDS:
        assert wide["rowheader"] > 0
        assert _barriers(page, ["aria-required-children", "aria-required-parent", "td-headers-attr"]) == ""


def _table_roles(page: Page) -> dict[str, int]:
    """Return how many of each part of a table Chromium tells a screen reader of."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [node["role"]["value"] for node in nodes if not node["ignored"]]
    return {role: told.count(role) for role in ("table", "row", "columnheader", "rowheader", "cell")}


def test_at_a_thousand_pixels_three_pictures_stand_in_a_row(new_page, reports):
    page = new_page(offline=True, viewport={"width": 1000, "height": 800})
    page.goto((reports / QUARTER / "index.html").as_uri())
    thirds = page.locator("figure.third").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(thirds) > 3
    assert [thirds.count(top) for top in sorted(set(thirds))][:-1] == [3] * ((len(thirds) - 1) // 3)


def test_every_link_leads_somewhere(page):
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert links
    lost = []
    for link in links:
        url, fragment = urldefrag(link)
        if urlsplit(url).scheme != "file":
            continue
        target = Path(unquote(urlsplit(url).path))
        if not target.is_file() or (fragment and unquote(fragment) not in _ids(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize(
    ("language", "name", "most"),
    [("en", "index", 1), ("vi", "index", 1), (EDITIONS_IN, EDITIONS, 3), (EDITIONS_IN, EDITION["nt"], 3)],
    indirect=["language"],
)
def test_it_prints_on_few_sheets_all_in_one_typeface(new_page, reports, name, most):
    page = new_page(offline=True)
    page.goto((reports / QUARTER / f"{name}.html").as_uri())
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    # Chromium compresses what is on a page, not the page object itself, nor the names of fonts.
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= most
    # The running head and foot have the typeface of the page, and not the browser's own, which has serifs.
    # The page's own font is a variable one, whose letters a PDF has as drawings (Type 3), without a name.
    fonts = set(re.findall(rb"/BaseFont\s*/(?:[A-Z]+\+)?([\w-]+)", pdf))
    assert b"/Type3" in pdf
    assert [font for font in fonts if re.search(rb"Serif|Times|Roman", font)] == []


def test_on_paper_there_is_no_link_that_leads_nowhere(page):
    page.emulate_media(media="print")
    shown = "all => all.filter(one => one.getClientRects().length).map(one => one.textContent)"
    assert page.locator("nav, .skip, .files, a.values").evaluate_all(shown) == []
    page.emulate_media(media="screen")


def test_each_promise_fits_a_screen(new_page, reports):
    page = new_page(offline=True, viewport={"width": 1440, "height": 900})
    page.goto((reports / QUARTER / "06_targets.html").as_uri())
    tops = page.eval_on_selector_all(
        "section.promise, section.promise:last-of-type ~ h2",
        "all => all.map(one => [one.id, one.getBoundingClientRect().top])",
    )
    heights = {name: below - top for (name, top), (_, below) in pairwise(tops) if name.startswith("promise-")}
    assert len(heights) == 10
    assert {name: height for name, height in heights.items() if height > 900} == {}
