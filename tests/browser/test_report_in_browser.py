"""The report in a real browser: it asks for nothing, fits a small screen, and text stays text.

Chromium is looked for in TUTELAGE_CHROMIUM, then on the path, then where playwright keeps its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tutelage.recipe import load_recipe
from tutelage.report.writing import write_report
from tutelage.study.running import Choices, run_study

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
playwright = pytest.importorskip("playwright.sync_api")

ATTACK = "<script>document.title='owned'</script></style><img src=http://127.0.0.1:9/x>{{7*7}}"
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
RECIPE = """
name: seen
about: {about}
task: {{kind: classification, labels: [routine, watch, urgent]}}
gold:
  train: train.csv
  dev: {{world: composition, rows: 30}}
  test: test.csv
  unlabelled: {{world: composition, rows: 40}}
teacher: {{kind: scripted, world: composition, budget: {{usd: 1}}, prices: {{input: 1, output: 1}}}}
student: {{kind: linear, bootstrap: true}}
arms:
  gold_only: {{grid: {{c: [0.1, 10]}}}}
  annotated_by_a_teacher_with_a_rather_long_name: {{synthesis: {{annotate: {{rows: 20}}}}}}
  in_turns: {{synthesis: {{annotate: {{rows: 10}}}}, turns: 2, patience: 1}}
rivals: {{majority: {{}}, teacher_zero_shot: {{rows: 20}}}}
primary: annotated_by_a_teacher_with_a_rather_long_name > gold_only
seeds: {{student: 2}}
"""


@dataclass
class Seen:
    """A page with all that it said and asked for."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a real run whose gold texts attack the reader."""
    from tutelage.teacher.worlds import write_gold

    folder = tmp_path_factory.mktemp("seen")
    for role in ("train", "test"):
        rows = write_gold("composition", role, 60, seed=0)
        lines = [f'"{row["text"]} {ATTACK}",{row["label"]}' for row in rows]
        (folder / f"{role}.csv").write_text("\n".join(["text,label", *lines]))
    recipe = folder / "seen.yaml"
    recipe.write_text(RECIPE.format(about=repr(ATTACK)))
    outcome = run_study(load_recipe(recipe), folder / "run", choices=Choices(final=True))
    return write_report(outcome.folder)[1]


@pytest.fixture(scope="module")
def browser(report: Path) -> Iterator[Any]:
    """Chromium, started after the run: playwright keeps an event loop in this thread."""
    found = os.environ.get("TUTELAGE_CHROMIUM") or shutil.which("chromium")
    with playwright.sync_playwright() as engine:
        try:
            started = engine.chromium.launch(executable_path=found, args=list(SWITCHES))
        except playwright.Error as e:
            pytest.skip(f"There is no Chromium here (set TUTELAGE_CHROMIUM): {e.message[:80]}")
        yield started
        started.close()


def opened(browser: Any, report: Path, *, width: int, scheme: str = "light") -> Seen:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Seen(page)
    seen.listen()
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    return seen


@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_asked_for_and_nothing_complains(browser: Any, report: Path, width: int) -> None:
    seen = opened(browser, report, width=width)
    assert seen.requests == [report.as_uri()]
    assert seen.complaints == []


@pytest.mark.parametrize("width", [400, 768, 1200])
def test_page_never_scrolls_sideways(browser: Any, report: Path, width: int) -> None:
    page = opened(browser, report, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
          .filter(e => !e.closest('.scroll') && !e.closest('svg') && !e.closest('thead'))
          .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
          .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def test_headline_needs_no_scrolling_on_a_small_screen(browser: Any, report: Path) -> None:
    page = opened(browser, report, width=400).page
    cells = page.locator("table.headline td")
    rights = [cells.nth(i).evaluate("e => e.getBoundingClientRect().right") for i in range(4)]
    assert max(rights) <= 400


def test_injected_markup_stays_text(browser: Any, report: Path) -> None:
    page = opened(browser, report, width=1200).page
    assert page.title() == "seen: report"
    assert page.locator("script, img, iframe, object").count() == 0
    assert "<script>document.title='owned'</script>" in page.inner_text("header p")
    assert "{{7*7}}" in page.inner_text("article >> nth=0")


def test_dark_page_has_light_text_in_figures_too(browser: Any, report: Path) -> None:
    def lightness(page: Any, where: str, what: str) -> float:
        shade = page.locator(where).first.evaluate(f"e => getComputedStyle(e).{what}")
        parts = shade.removeprefix("rgb(").removesuffix(")").split(",")
        return sum(map(float, parts)) / 3

    for scheme, light_ink in (("light", False), ("dark", True)):
        page = opened(browser, report, width=1200, scheme=scheme).page
        ink = lightness(page, "figure svg text", "fill")
        paper = lightness(page, "body", "backgroundColor")
        assert (ink > paper) == light_ink
        assert abs(ink - paper) > 80


def test_text_of_figures_stays_inside_them(browser: Any, report: Path) -> None:
    page = opened(browser, report, width=1200).page
    outside = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
          const frame = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter(t => {
            const box = t.getBoundingClientRect();
            return box.left < frame.left - 2 || box.right > frame.right + 2;
          }).map(t => t.textContent);
        })"""
    )
    assert outside == []


def test_page_prints_dark_on_white_and_within_the_sheet(browser: Any, report: Path) -> None:
    page = opened(browser, report, width=720, scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert page.pdf(format="A4").startswith(b"%PDF")
