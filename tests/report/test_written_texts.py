from __future__ import annotations

import re
from typing import Any

import pytest

from tutelage.report.charts import charts
from tutelage.report.facts import report_of
from tutelage.report.page import page
from tutelage.report.written_texts import closeness, written_texts

Results = dict[str, Any]


def test_every_contender_has_its_measures_arms_first(texts: Results) -> None:
    found = written_texts(texts)
    assert [text.name for text in found] == ["label_only", "explain", "majority"]
    assert (found[1].chrf, found[1].bleu, found[1].words_ratio) == (45.0, 21.5, 0.92)


def test_labels_are_no_texts(results: Results) -> None:
    assert written_texts(results) == []
    report = report_of(results)
    assert (report.written, report.sliced_by) == ((), "accuracy")
    assert "What was written" not in page(report)


def test_scores_of_a_hundred_are_told_in_points(texts: Results) -> None:
    report = report_of(texts)
    assert report.verdict.claim == "Gain: explain beats label_only by 5.0 points of chrF."
    assert "(95 % interval +1.0 to +9.0;" in report.verdict.evidence
    markup = page(report)
    assert "chrF on test in points" in markup
    assert '<span class="score">45.0</span><small>40.0 to 50.0</small>' in markup
    assert "chrF on rows of one label or tag, in points" in markup
    assert "30.0<small>20.0 to 40.0</small>" in markup
    assert "a gain of 2.0 points or more" not in markup  # nothing was bought in turns
    assert report.chance is None


def test_the_page_has_the_measures_with_their_signatures(texts: Results) -> None:
    markup = page(report_of(texts))
    assert '<h2 id="texts">What was written</h2>' in markup
    assert 'chrF: <span class="mono">nrefs:var|nc:6</span>' in markup
    row = re.search(r"explain</bdi></span></th>(<td class=\"n\">21.5</td>.*?)</tr>", markup)
    assert row and re.findall(r">([^<]+)</td>", row[1]) == [
        *(
            "21.5",
            "45.0",
            "51.0",
            "24.0",
            "47.0",
            "11.5",
            "92 %",
            "0 %",
            "0 %",
            "98 %",
            "0 %",
            "5 %",
        )
    ]
    assert "Confusion" not in markup


def test_examples_show_references_and_how_near_each_text_comes(texts: Results) -> None:
    report = report_of(texts)
    answers = {answer.name: answer for answer in report.examples[0].answers}
    assert answers["explain"].closeness == 100
    assert answers["explain"].right is None
    assert 0 < (answers["label_only"].closeness or 0) < 100
    assert answers["majority"].closeness == 0
    markup = page(report)
    assert "<b>references</b>a fine day\nwhat a day\n" in markup
    assert "unreadable" in markup and "✗" not in markup


def test_closeness_is_the_best_reference() -> None:
    assert closeness("a b c d", ("x", "a b c d")) == 100
    assert closeness(None, ("x",)) == 0
    assert closeness("ab", ("abc",)) == pytest.approx(700 / 11)


def test_figures_are_in_points_of_chrf(texts: Results) -> None:
    found = {chart.name: chart for chart in charts(report_of(texts))}
    assert found["dev-course"].title == "Dev chrF over training"
    assert "explain from 30.0 to 50.0" in found["dev-course"].alt
    assert found["slices-figure"].caption.startswith("chrF on rows")
    assert "explain 30.0" in found["slices-figure"].alt
    assert "label_only 40.0 (35.0 to 45.0)" in found["scores"].alt
