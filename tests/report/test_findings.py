from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.report.bookkeeping import accounts
from tutelage.report.findings import CHECKS, Evidence, findings
from tutelage.report.headline import lines, pairs, verdict
from tutelage.report.openings import TITLE, earlier_openings

Results = dict[str, Any]


def outcome(results: Results, code: str) -> tuple[str, str]:
    compared = pairs(results)
    table = lines(results, compared)
    evidence = Evidence(results, table, accounts(results), verdict(results, compared, table))
    found = next(f for f in findings(evidence) if f.code == code)
    return found.status, found.sentence


def bought(results: Results) -> Results:
    """The one purchase of the arm `explain`, as its last student tells it."""
    turn: Results = results["units"][-1]["turns"][0]
    return turn


def test_codes_are_unique_and_in_order() -> None:
    codes = [code for code, _, _ in CHECKS]
    assert codes == sorted(set(codes))


def test_every_code_is_explained_in_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text("utf-8")
    titles = {code: title for code, title, _ in CHECKS} | {"T104": TITLE}
    told = dict(re.findall(r"### (T\d+)\n\*(.+?)\.\*", page))
    assert told == titles


def failed(r: Results) -> None:
    what, why = "plain: no student could be trained.", "0 of 9 drafts were kept."
    r["failed"] = [{"arm": "plain", "what": what, "why": why, "do": ""}]


def two_seeds(r: Results) -> None:
    for standing in r["standings"]:
        standing["student_seeds"] = [1, 2]


def sharp(r: Results) -> None:
    r["comparisons"][0]["smallest_detectable"] = 0.019


def unreadable(r: Results) -> None:
    for standing in r["standings"]:
        standing["scores"]["unparseable"] = 0.0025


def no_readability(r: Results) -> None:
    for standing in r["standings"]:
        del standing["scores"]["unparseable"]


def alike(r: Results) -> None:
    for standing in r["standings"]:
        standing["interval"]["covers"] = "test rows (all seeds answer alike)"


def longer_grid(r: Results) -> None:
    r["units"].append({**r["units"][0], "grid": "lr=3"})


def unmeasured(r: Results) -> None:
    for unit in r["units"]:
        unit["training"] = {}


def naming(r: Results) -> None:
    bought(r)["rationale_names_label"] = 7


def no_purchase(r: Results) -> None:
    r["units"] = [u for u in r["units"] if u["arm"] == "label_only"]


def surplus(r: Results) -> None:
    wanting(0)(r)
    bought(r)["reasons"][0].update(check="quota", reason="enough rows of up")


def selected(r: Results) -> None:
    surplus(r)
    bought(r)["reasons"][0].update(check="selection", reason="less likely than the others")


def reviews(*rates: tuple[float, float]) -> Callable[[Results], None]:
    """Error rates in the pool and in its held-back part after each turn of `explain`."""

    def change(r: Results) -> None:
        for unit in r["units"]:
            if unit["arm"] == "explain":
                unit["turns"] = [
                    {
                        **unit["turns"][0],
                        "feedback": {
                            "error_rate": pool,
                            "held_back_error_rate": held,
                            "held_back": 30.0,
                        },
                    }
                    for pool, held in rates
                ]

    return change


def gold_seen(*totals: int) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        counts = dict.fromkeys(("trained", "shown", "shown_mean", "reviewed", "named"), 0)
        r["gold_use"] = [
            {"name": name, "rival": False, **counts, "chosen_on": 50, "total": total}
            for name, total in zip(("label_only", "explain"), totals, strict=True)
        ]

    return change


def wanting(lacking: int) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        bought(r).update(
            wanted={"up": 4, "down": 3}, lacking={"up": lacking} if lacking else {}, waves=1
        )

    return change


CASES: list[tuple[str, Callable[[Results], object] | None, str, str]] = [
    ("T101", None, "clear", "3 student seeds or more"),
    ("T101", two_seeds, "found", "On 2 seeds each: label_only, explain."),
    ("T102", None, "found", "only where it is 5.7 points or more; what would matter starts at 2.0"),
    ("T102", sharp, "clear", "1.9 points would have been found"),
    ("T102", lambda r: r.update(primary=""), "not applicable", "No primary comparison"),
    ("T103", None, "clear", "Every answer could be read"),
    ("T103", unreadable, "found", "0.2 % of the answers of label_only could not be read"),
    ("T103", no_readability, "not applicable", "No metric"),
    ("T105", None, "clear", "of kind endpoint"),
    ("T105", lambda r: r["recipe"]["teacher"].update(kind="scripted"), "found", "is scripted"),
    ("T105", lambda r: r["recipe"].update(teacher=None), "not applicable", "no teacher"),
    ("T106", None, "clear", "No training row was cut"),
    (
        "T106",
        lambda r: r["units"][0]["training"].update(share_source_cut=0.031),
        "found",
        "label_only: up to 3.1 % of its training sources were cut.",
    ),
    ("T106", unmeasured, "not applicable", "length limit"),
    ("T107", None, "not applicable", "did not count"),
    ("T107", naming, "found", "100 % of the rationales of explain name their label"),
    ("T107", no_purchase, "not applicable", "No arm has rationales"),
    ("T108", None, "clear", "Every order was answered"),
    (
        "T108",
        lambda r: bought(r).update(failed=2, unbought=1),
        "found",
        "explain: 2 requests failed and 1 r",
    ),
    ("T108", no_purchase, "not applicable", "No arm bought"),
    ("T109", None, "found", "explain: 3 of 10 drafts were dropped (30 %), most of them by dup"),
    ("T109", lambda r: bought(r).update(added=6), "found", "do not add up"),
    ("T109", no_purchase, "not applicable", "no drafts"),
    ("T110", None, "clear", "No cap"),
    ("T110", lambda r: bought(r).update(stopped="the arm's cap of $1"), "found", "cap of $1."),
    ("T110", no_purchase, "not applicable", "No arm bought"),
    ("T111", None, "found", "explain: 3 of 3 students had the best dev score at the last look"),
    ("T111", lambda r: [u["history"].pop() for u in r["units"][-3:]], "clear", "before the last"),
    ("T112", None, "clear", "on the test"),
    ("T112", lambda r: r.update(split="dev"), "found", "scores flatter"),
    ("T113", None, "clear", "sound variant"),
    ("T113", lambda r: r.update(mode="as_published"), "found", "paper's quirks"),
    ("T114", None, "clear", "do not overlap"),
    ("T114", lambda r: r["gold"][0].update(warnings=["12 of 50 overlap."]), "found", "12 of 50"),
    ("T115", None, "clear", "differ between seeds"),
    ("T115", alike, "found", "The students of each of label_only and explain answer alike"),
    ("T116", None, "clear", "2 grid points"),
    ("T116", longer_grid, "found", "label_only 3, explain 2"),
    ("T117", None, "clear", "Every reply had a price"),
    ("T117", lambda r: r["costs"].update(unpriced=4), "found", "4 replies had no known price"),
    ("T117", lambda r: r["costs"].update(charged=[]), "not applicable", "Nothing was bought"),
    ("T109", selected, "found", "explain: 1 of 10 drafts were dropped (10 %), most of them by ref"),
    ("T109", surplus, "found", "explain: 1 of 10 drafts were dropped (10 %), most of them by ref"),
    ("T118", None, "not applicable", "No arm's errors were measured"),
    ("T118", reviews((0.3, 0.3), (0.1, 0.2)), "clear", "kept step"),
    ("T118", reviews((0.3, 0.3), (0.2, 0.3)), "found", "the loop may be starting to overfit"),
    ("T118", reviews((0.4, 0.3), (0.1, 0.4)), "found", "the loop starts to overfit its pool"),
    ("T119", None, "not applicable", "no two arms"),
    ("T119", gold_seen(150, 150), "clear", "Every arm saw 150 gold rows, dev included"),
    ("T119", gold_seen(150, 250), "found", "150 by label_only; 250 by explain."),
    ("T120", None, "not applicable", "No arm wanted a fixed number"),
    ("T120", wanting(0), "clear", "exactly as many rows of each label"),
    ("T120", wanting(2), "found", "explain kept 5 of 7 rows. What the data became"),
    ("T121", None, "clear", "Every arm that was run has its students."),
    ("T121", failed, "found", "plain: no student could be trained. 0 of 9 drafts were kept."),
]


def copies(looked: bool, by_ngrams: int) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        r["recipe"]["checks"] = [{"name": "copies"}] if looked else []
        bought(r)["copied"] = {"whole": 0, "by_ngrams": by_ngrams, "by_embedding": 0}

    return change


def sized(ratio: float) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        sizes = {"student_parameters": int(1000 * ratio), "teacher_parameters": 1000}
        r["sizes"] = {"explain": {**sizes, "teacher": "teacher", "size_ratio": ratio}}

    return change


def majority(score: float) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        r["recipe"]["rivals"] = {"majority": {"kind": "majority"}}
        r["standings"][-1]["mean"] = score

    return change


def fruitless(r: Results) -> None:
    dropped = {"check": "synthesis", "decision": "dropped", "reason": "confidence below"}
    reasons = [{**dropped, "count": 10}]
    bought(r).update(decisions={"dropped": 10}, reasons=reasons, added=0)


def abstaining(r: Results) -> None:
    surplus(r)
    bought(r)["reasons"][0].update(check="synthesis", reason="confidence below the threshold")


def named_teachers(r: Results) -> None:
    r["recipe"]["teachers"] = {"old": {"kind": "recorded"}, "big": {"kind": "tuned"}}


def students(**own: Any) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        r["recipe"]["student"] = {"kind": "seq2seq", "options": {"model": "t5", "steps": 1}}
        r["recipe"]["arms"] = {"label_only": {}, "explain": {"student": own}}

    return change


TEACHING: list[tuple[str, Callable[[Results], object] | None, str, str]] = [
    ("T109", fruitless, "found", "explain: no draft became a row, so it adds nothing to gold."),
    ("T105", named_teachers, "found", "The teacher old is recorded: it replayed replies"),
    (
        "T109",
        abstaining,
        "found",
        "explain: 1 of 10 drafts were dropped (10 %), most of them by ref",
    ),
    ("T122", None, "not applicable", "are no texts"),
    ("T123", None, "not applicable", "No arm bought from a teacher whose size is known"),
    ("T123", sized(0.5), "clear", "explain: The student has 50 % of its teacher's size"),
    ("T123", sized(1.5), "found", "explain: The student is larger than its teacher"),
    ("T125", None, "not applicable", "No rival that learns nothing"),
    ("T125", majority(0.1), "clear", "No arm lies below"),
    ("T125", majority(0.47), "found", "label_only (40.0) lies below majority (47.0), which always"),
    ("T125", majority(0.6), "found", "label_only (40.0) and explain (45.0) lie below majority (60"),
    ("T126", None, "clear", "All arms have students of one kind."),
    (
        "T126",
        students(kind="linear"),
        "found",
        "label_only: seq2seq (model t5); explain: linear. D",
    ),
    ("T126", students(layers=2), "found", "explain: seq2seq (model t5, layers 2). Differences"),
    ("T126", students(steps=2), "clear", "of one kind"),
    ("T124", None, "not applicable", "No drafts were held against gold"),
    ("T124", copies(True, 0), "clear", "explain: no draft copied a gold row."),
    ("T124", copies(True, 1), "found", "10 % of 10 drafts copied gold rows (1 by word n-grams)"),
]


@pytest.mark.parametrize(("code", "change", "status", "words"), [*CASES, *TEACHING])
def test_each_outcome_of_each_check(
    results: Results,
    code: str,
    change: Callable[[Results], object] | None,
    status: str,
    words: str,
) -> None:
    if change is not None:
        change(results)
    found = outcome(results, code)
    assert found[0] == status
    assert words in found[1]


def test_arms_whose_seeds_vary_nothing_are_told_together(results: Results) -> None:
    alike(results)
    both = outcome(results, "T115")[1]
    assert both.count("answer alike") == 1 and "their intervals cover test rows only" in both
    for standing in results["standings"]:
        if standing["arm"] == "explain":
            standing["interval"]["covers"] = "test rows and student seeds"
    assert outcome(results, "T115")[1].startswith("The students of label_only answer alike")


def test_openings_by_earlier_runs_count_but_those_of_this_run_and_later_ones_do_not(
    results: Results,
) -> None:
    openings = results["clock"]["openings"]
    openings.append({**openings[0], "at": 155.0})
    openings.append({**openings[0], "run": "later", "at": 400.0})
    assert earlier_openings(results).status == "clear"
    openings.append({**openings[0], "run": "earlier", "at": 20.0})
    openings.append({**openings[0], "run": "earlier", "at": 30.0})
    found = earlier_openings(results)
    assert found.status == "found" and found.sentence.startswith("1 earlier run had opened")


def test_a_run_on_dev_opened_nothing(results: Results) -> None:
    results["split"] = "dev"
    assert earlier_openings(results).status == "not applicable"


def silent(**scores: float) -> Callable[[Results], None]:
    def change(r: Results) -> None:
        for standing in r["standings"]:
            if standing["arm"] != "label_only":  # the rival may say nothing
                standing["scores"].update(scores)

    return change


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (silent(), "clear", "neither empty nor the input"),
        (silent(empty=0.02), "found", "Of the texts of explain, 2 % are empty."),
        (silent(loops=0.2), "found", "Of the texts of explain, 20 % say the same again and again."),
        (
            silent(copied=0.5, distinct=0.25),
            "found",
            "50 % only repeat the input and only 25 % diff",
        ),
    ],
)
def test_texts_that_say_nothing(
    texts: Results, change: Callable[[Results], None], status: str, words: str
) -> None:
    change(texts)
    found = outcome(texts, "T122")
    assert found[0] == status and words in found[1] and "majority" not in found[1]
    unreadable(texts)
    assert "count as empty texts" in outcome(texts, "T103")[1]
    assert outcome(texts, "T111")[0] == "found"
