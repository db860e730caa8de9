from __future__ import annotations

from copy import deepcopy
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from tutelage.report.bookkeeping import Account, Reason, accounts, charges

Results = dict[str, Any]


def test_students_share_a_purchase_so_its_drafts_are_counted_once(results: Results) -> None:
    explain = accounts(results)[1]
    assert (explain.arm, explain.purchases, explain.requests) == ("explain", 1, 10)
    assert (explain.drafts, explain.kept, explain.mended, explain.dropped) == (10, 6, 1, 3)
    assert explain.added == 7 and explain.materials == 0 and explain.adds_up
    assert explain.reasons[0] == Reason("duplicate", "dropped", "as row 4", 2)


def test_another_step_is_another_purchase(results: Results) -> None:
    more = deepcopy(results["units"][-1])
    more["turns"][0]["steps"]["buy"] = "steps/buy-2"
    results["units"].append({**more, "purchase_seed": 2})
    assert (accounts(results)[1].purchases, accounts(results)[1].drafts) == (2, 20)


def test_of_a_purchase_that_was_tried_again_the_last_attempt_counts(results: Results) -> None:
    first = next(u for u in results["units"] if u["arm"] == "explain")["turns"][0]
    first.update(failed=3, drafts=7, decisions={"kept": 3, "mended": 1, "dropped": 3}, added=4)
    explain = accounts(results)[1]
    assert (explain.drafts, explain.failed) == (10, 0)


def test_rows_that_an_arm_brought_along_are_known_by_their_curation(results: Results) -> None:
    for unit in results["units"]:
        unit["turns"][0]["steps"].pop("buy", None)
    assert (accounts(results)[1].purchases, accounts(results)[1].drafts) == (1, 10)


def test_materials_are_drafts_without_a_verdict(results: Results) -> None:
    for unit in results["units"]:
        unit["turns"][0]["drafts"] += 4
        unit["turns"][0]["materials"] += 4
    explain = accounts(results)[1]
    assert explain.materials == 4 and explain.adds_up


def test_a_draft_without_a_verdict_does_not_pass_for_a_material(results: Results) -> None:
    for unit in results["units"]:
        unit["turns"][0]["drafts"] += 1
    assert not accounts(results)[1].adds_up


def test_rivals_that_are_students_have_no_account(results: Results) -> None:
    results["rivals"].append("label_only")
    assert [account.arm for account in accounts(results)] == ["explain"]


def test_charges_name_rivals_and_pilots_and_keep_every_nanodollar(results: Results) -> None:
    pilot = {**results["costs"]["charged"][0], "arm": "pilot:explain", "nanousd": 7}
    results["costs"]["charged"].insert(0, pilot)
    arm, rival, tried = charges(results)
    assert (tried.name, tried.kind, tried.nanousd) == ("explain", "pilot", 7)
    assert (arm.name, arm.kind, arm.nanousd) == ("explain", "arm", 12_345_678)
    assert (rival.name, rival.kind, rival.nanousd) == ("teacher", "rival", 5_000)


def test_a_student_that_buys_for_itself_has_a_line_beneath_its_arm(results: Results) -> None:
    arm = results["costs"]["charged"][0]
    own = [{**arm, "buyer": f"explain [seed {n}]"} for n in (2, 1)]
    results["costs"]["charged"] = [*own, *results["costs"]["charged"][1:]]
    lines = [(c.name, c.kind, c.student) for c in charges(results)]
    assert lines == [
        ("explain", "arm", "seed 1"),
        ("explain", "arm", "seed 2"),
        ("teacher", "rival", ""),
    ]


COUNTS = st.integers(min_value=0, max_value=1000)


@given(kept=COUNTS, mended=COUNTS, dropped=COUNTS, lost=st.integers(min_value=-3, max_value=3))
def test_an_account_adds_up_only_if_every_change_has_a_reason(
    kept: int, mended: int, dropped: int, lost: int
) -> None:
    account = Account(
        arm="a",
        purchases=1,
        requests=0,
        failed=0,
        unbought=0,
        stopped=(),
        drafts=kept + mended + dropped,
        kept=kept,
        mended=mended,
        dropped=dropped,
        materials=0,
        reasons=(Reason("c", "mended", "", mended), Reason("c", "dropped", "", dropped - lost)),
        added=kept + mended,
        with_rationale=0,
        naming_label=None,
        rows=0,
    )
    assert account.adds_up == (lost == 0)
