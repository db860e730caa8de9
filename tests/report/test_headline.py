from __future__ import annotations

from typing import Any

import pytest

from tutelage.report.headline import Verdict, lines, pairs, reference_of, verdict

Results = dict[str, Any]


def said_of(results: Results) -> Verdict:
    compared = pairs(results)
    return verdict(results, compared, lines(results, compared))


def test_arms_stand_first_at_the_point_chosen_on_dev_and_rivals_below(results: Results) -> None:
    table = lines(results, pairs(results))
    assert [(n.name, n.kind) for n in table] == [
        ("label_only", "arm"),
        ("explain", "arm"),
        ("majority", "rival"),
    ]
    explain = table[1]
    assert (explain.main.grid, explain.main.rule, explain.main.score) == (
        "lr=2",
        "dev_accuracy",
        0.45,
    )
    assert [(o.grid, o.rule, o.score) for o in explain.others] == [("lr=2", "dev_loss", 0.35)]
    assert explain.charged["nanousd"] == 12_345_678


def test_comparisons_are_named_by_arm_not_by_how_contenders_are_written(results: Results) -> None:
    (pair,) = pairs(results)
    assert (pair.a, pair.b) == ("explain", "label_only")
    assert reference_of([pair]) == "label_only"
    table = {n.name: n.against for n in lines(results, [pair])}
    assert table == {"label_only": None, "explain": pair, "majority": None}


def test_verdict_says_everything_in_words(results: Results) -> None:
    said = said_of(results)
    assert said.sentence == (
        "Gain: explain beats label_only by 5.0 points of accuracy. The difference is +5.0 points "
        "(95 % interval +1.0 to +9.0; p = 0.012) over 3 seeds each and 400 rows; the smallest that "
        "would have been found is 5.7 points. explain was charged $0.0123, label_only $0."
    )


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        (
            {"verdict": "loss", "difference": -0.04},
            "Loss: explain is 4.0 points of accuracy worse than label_only.",
        ),
        (
            {"verdict": "no gain above x", "equivalence_bound": 0.013},
            "No gain above 1.3 points: explain does not beat label_only by more than that.",
        ),
        (
            {"verdict": "undecided"},
            "Undecided: this study cannot tell whether explain beats label_only.",
        ),
    ],
)
def test_verdict_of_each_kind(results: Results, change: dict[str, Any], claim: str) -> None:
    results["comparisons"][0].update(change)
    assert said_of(results).claim == claim


def test_verdict_on_dev_says_that_the_test_is_sealed(results: Results) -> None:
    results["split"] = "dev"
    assert "the test is still sealed" in said_of(results).sentence


def test_verdict_follows_holm_and_says_so(results: Results) -> None:
    results["comparisons"][0]["p_adjusted"] = 0.024
    assert "p = 0.024 after Holm" in said_of(results).evidence


def test_students_are_counted_not_what_was_averaged_over(results: Results) -> None:
    for standing in results["standings"]:
        if standing["arm"] == "explain":
            standing["purchase_seeds"] = [1, 2]
    results["comparisons"][0]["seeds"] = [2, 3]
    assert (
        "over 3 seeds in each of 2 purchases (explain), 3 seeds (label_only) and 400 rows"
        in said_of(results).evidence
    )


def test_without_a_primary_comparison_there_is_no_verdict(results: Results) -> None:
    results["primary"] = ""
    said = said_of(results)
    assert said.code == "none" and said.pair is None
    assert said.claim == "No verdict: the recipe names no primary comparison."
    assert said.evidence == "The highest score is that of explain: 45.0 (40.0 to 50.0)."


def test_an_arm_that_did_not_run_is_named(results: Results) -> None:
    results["primary"] = "five_w > label_only"
    said = said_of(results)
    assert "five_w did not run" in said.claim


def test_best_of_grid_on_test_only_as_published_and_never_for_a_choice_on_dev(
    results: Results,
) -> None:
    assert all(line.best_on_test is None for line in lines(results, []))
    results["mode"] = "as_published"
    best = {n.name: n.best_on_test for n in lines(results, [])}
    assert best["label_only"] is not None and best["label_only"].grid == "lr=1"
    assert best["explain"] is not None and best["explain"].score == 0.45
    assert best["majority"] is None
    results["split"] = "dev"
    assert all(line.best_on_test is None for line in lines(results, []))


def test_an_upper_bound_is_no_equal_of_what_it_is_compared_with(results: Results) -> None:
    assert "upper bound" not in said_of(results).evidence
    results["recipe"]["arms"] = {"explain": {"gold": "whole"}, "label_only": {}}
    assert "explain is an upper bound: it trains on gold rows" in said_of(results).evidence
    results["recipe"]["arms"]["label_only"] = {"gold": "whole"}
    assert "upper bound" not in said_of(results).evidence
