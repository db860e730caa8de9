from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from tutelage.report.facts import Confusion, report_of
from tutelage.report.page import MOST_MISTAKES, mistakes, page

Results = dict[str, Any]
NASTY = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "</title></bdi></main>",
    "{{7*7}}{% raw %}",
    "\x00\x07\x1b[31m",
    "\u202edesrever\u2066",
    '"><a href="http://evil.example/">',
    "\ud800",
)


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    return reader


def outside_figures(tags: list[str]) -> list[str]:
    """Tags of the page itself: long names leave room for other ticks in a figure."""
    return [tag for tag in tags if tag not in ("g", "path", "text", "use", "defs")]


def soiled(value: Any, text: str) -> Any:
    """`value` with `text` at the end of every string that no rule of the report depends on."""
    kept = ("arm", "grid", "rule", "split", "mode", "kind", "metric", "format", "contender", "a")
    kept = (*kept, "b", "primary", "decision", "verdict", "steps", "cluster", "chosen", "rivals")
    kept = (*kept, "measure", "check", "rules", "sliced_by", "student", "teacher")
    if isinstance(value, dict):
        return {k: v if k in kept else soiled(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [soiled(inner, text) for inner in value]
    return value + text if isinstance(value, str) else value


def renamed(results: Results, old: str, new: str) -> Results:
    """The same results with another name of an arm."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {change(k): change(v) for k, v in value.items()}
        if isinstance(value, list):
            return list(map(change, value))
        return re.sub(rf"\b{old}\b", lambda _: new, value) if isinstance(value, str) else value

    found: Results = change(results)
    return found


@pytest.fixture(scope="module")
def made(untouched: Results) -> str:
    """The page of the results by hand, for tests that change nothing."""
    return page(report_of(untouched))


def test_no_text_of_users_or_teachers_becomes_markup(results: Results) -> None:
    plain = read(page(report_of(renamed(soiled(results, " plain"), "explain", "explain_x"))))
    dirty = renamed(soiled(results, " ".join(NASTY)), "explain", "explain<i title=\"{{7*7}}'&")
    markup = page(report_of(dirty))
    found = read(markup)
    assert set(found.tags) == set(plain.tags)
    assert outside_figures(found.tags) == outside_figures(plain.tags)
    assert {name for name, _ in found.attributes} == {name for name, _ in plain.attributes}
    assert "alert(1)" in found.text and "{{7*7}}" in found.text
    markup.encode("utf-8")


def test_no_written_text_becomes_markup(texts: Results, taught: Callable[..., Results]) -> None:
    taught(texts, student=2, teacher=1)
    nasty = " ".join(NASTY)
    plain = read(page(report_of(soiled(texts, " plain"))))
    found = read(page(report_of(soiled(texts, nasty))))
    assert set(found.tags) == set(plain.tags)
    assert outside_figures(found.tags) == outside_figures(plain.tags)
    assert {name for name, _ in found.attributes} == {name for name, _ in plain.attributes}
    assert "a fine day<script>alert(1)</script>" in found.text  # a reference


def test_long_and_invisible_text_is_cut_and_made_visible(results: Results) -> None:
    results["examples"][0]["fields"]["text"] = "a\x00b\u202ec" + "<b>" * 40_000
    markup = page(report_of(results))
    assert "a␀b‹U+202E›c&lt;b&gt;" in markup
    assert "(1,500 of 120,005 characters)" in markup
    assert len(markup) < 200_000


def test_page_asks_for_nothing(made: str) -> None:
    found = read(made)
    links = [value or "" for name, value in found.attributes if name in ("href", "src")]
    assert links and all(link.startswith("#") for link in links)
    assert made.count("url(") == made.count("url(#") and "@import" not in made
    assert not {"script", "link", "iframe", "img", "object"} & set(found.tags)


def test_every_anchor_leads_somewhere_and_no_id_is_used_twice(made: str) -> None:
    found = read(made)
    ids = [value for name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for n, v in found.attributes if n == "href" and v} <= set(ids)


def test_the_story_comes_in_order(made: str) -> None:
    heads = re.findall(r"<h2[^>]*>([^<]*)</h2>", made)
    assert heads == [
        "Scores",
        "Figures",
        "Findings",
        "What the data became",
        "Slices",
        "Confusion",
        "Examples",
        "Costs",
        "How it was made",
    ]
    assert made.index("Gain: explain beats") < made.index("<h2")


def test_best_of_grid_on_test_stands_only_as_published_with_its_label(
    results: Results, made: str
) -> None:
    assert "Best of grid on test" not in made
    results["mode"] = "as_published"
    assert "Best of grid on test" in page(report_of(results))


def test_what_does_not_apply_is_not_shown_as_passed(made: str) -> None:
    assert re.search(r'class="absent" id="t107"', made)
    assert not re.search(r'class="clear" id="t107"', made)


def test_many_labels_are_shown_as_their_commonest_mistakes(results: Results) -> None:
    names = [f"label {i}" for i in range(150)]
    counts = [[i + j if i != j else 500 for j in range(151)] for i in range(150)]
    results["confusion"] = {
        "label_only": {
            "rows": names,
            "columns": [*names, "unparseable"],
            "counts": counts,
            "students": 1,
        }
    }
    markup = page(report_of(results))
    assert "The commonest mistakes" in markup and 'class="matrix"' not in markup


def test_mistakes_are_counted_beside_the_diagonal() -> None:
    confusion = Confusion("a", 1, ("x", "y"), ("x", "y", "unparseable"), ((6, 3, 1), (0, 10, 0)))
    assert [(m.gold, m.said, m.count, m.share) for m in mistakes(confusion)] == [
        ("x", "y", 3, 0.3),
        ("x", "unparseable", 1, 0.1),
    ]
    assert len(mistakes(confusion)) <= MOST_MISTAKES


def test_a_run_with_next_to_nothing(results: Results) -> None:
    """One arm on dev, no teacher, no comparison: nothing is missed, nothing is invented."""
    results.update(
        split="dev",
        comparisons=[],
        primary="",
        rivals=[],
        slices={},
        confusion={},
        examples=[],
        units=results["units"][:1],
        chosen={"label_only": results["chosen"]["label_only"]},
        costs={"charged": [], "unpriced": 0},
    )
    results["recipe"]["teacher"] = None
    text = read(page(report_of(results))).text
    assert "No verdict" in text and "Nothing was bought" in text
    assert "the test is still sealed" in text


def test_a_metric_without_intervals_or_values(results: Results) -> None:
    """Such as BLEU, or one that some arm lacks: no interval is invented, no zero put in its place."""
    results["task"]["metric"] = "bleu"
    results["comparisons"] = []
    for standing in (*results["standings"], *results["dev_standings"]):
        standing.update(interval=None, mean=31.25, metric="bleu")
    results["standings"][-1]["mean"] = None
    results["slices"] = {}
    markup = page(report_of(results))
    text = read(re.sub(r"<svg.*?</svg>", "", markup, flags=re.DOTALL)).text
    assert "31.2" in text and "3125" not in text
    assert re.search(r'<span class="score">–</span>', markup)
    assert "nan" not in markup.lower().replace("nanousd", "")
