from __future__ import annotations

from typing import Any

from tutelage.report.facts import report_of
from tutelage.report.memorisation import memorised
from tutelage.report.page import page

Results = dict[str, Any]


def copying(results: Results, *, looked: bool = True, **copied: int) -> Results:
    """The one purchase of `explain` (10 drafts) with copies of gold."""
    whole = {"whole": 0, "by_ngrams": 0, "by_embedding": 0, **copied}
    results["units"][-1]["turns"][0].update(copied=whole, abstained=4)
    check = {"name": "copies", "options": {"similarity": 0.9}}
    results["recipe"]["checks"] = [check] if looked else [{"name": "format"}]
    return results


def test_copies_are_a_share_of_all_drafts_that_were_to_be_rows(results: Results) -> None:
    results["units"][-1]["turns"][0]["materials"] = 2
    (found,) = memorised(copying(results, whole=1, by_ngrams=2, by_embedding=1))
    assert (found.arm, found.drafts, found.copies, found.rate) == ("explain", 8, 4, 0.5)
    assert found.sentence == (
        "explain: 50 % of 8 drafts copied gold rows (1 whole, 2 by word n-grams, 1 by embedding)."
    )
    assert report_of(results).to_json()["memorised"][0]["rate"] == 0.5


def test_a_check_of_the_arm_takes_the_place_of_the_recipe_s(results: Results) -> None:
    copying(results, looked=False)["recipe"]["arms"] = {"explain": {"checks": [{"name": "copies"}]}}
    (found,) = memorised(results)
    assert (found.looked, found.embedded) == (True, False)
    assert page(report_of(results)).count("not looked") == 1


def test_the_page_tells_copies_and_abstentions(results: Results) -> None:
    markup = page(report_of(copying(results, by_ngrams=2)))
    assert '<h3 id="copies">Copies of gold, and answers held back</h3>' in markup
    assert '<td class="n">20 %</td><td class="n">0</td><td class="n">2</td>' in markup
    assert "whole rows alone" not in markup
    unseen = page(report_of(copying(results, looked=False, whole=1)))
    assert "not looked" in unseen and "<small>whole rows alone</small>" in unseen


def test_nothing_is_said_where_nothing_was_held_against_gold(results: Results) -> None:
    assert memorised(results) == []
