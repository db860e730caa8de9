from __future__ import annotations

from typing import Any

import pytest

from tutelage.report.quota_accounts import Quota, quota_of

Turn = dict[str, Any]


def turn(**more: Any) -> Turn:
    return {
        "wanted": {"up": 50, "down": 50},
        "lacking": {},
        "waves": 1,
        "drafts": 120,
        "materials": 0,
        "added": 100,
        "stopped": "",
        "failed": 0,
        "reasons": [],
        **more,
    }


def dropped(check: str, reason: str, count: int) -> Turn:
    return {"check": check, "decision": "dropped", "reason": reason, "count": count}


def account(*turns: Turn, most_rows: int | None = None) -> Quota:
    found = quota_of(turns, 3, most_rows)
    assert found is not None
    return found


def test_no_quota_no_account() -> None:
    assert quota_of([turn(wanted={})], 1, None) is None
    assert quota_of([], 1, None) is None


def test_exactly_as_many_as_wanted() -> None:
    found = account(turn(waves=2, reasons=[dropped("quota", "enough rows of up", 4)]))
    assert (found.met, found.surplus) == (True, 4)
    assert found.kept == {"up": 50, "down": 50}
    assert found.sentence == (
        "Exactly 100 rows, 50 of each of 2 labels, as wanted, in at most 2 of 3 waves."
    )


def test_purchases_are_added_up() -> None:
    found = account(turn(), turn(wanted={"up": 10}, added=10))
    assert found.wanted == {"up": 60, "down": 50}
    assert found.sentence == (
        "Exactly 110 rows, the number of each of 2 labels, as wanted over 2 purchases, in at most "
        "1 of 3 waves."
    )


def test_tasks_without_labels() -> None:
    found = account(turn(wanted={"": 30}, added=30))
    assert found.sentence == "Exactly 30 rows, as wanted, in at most 1 of 3 waves."


def test_waves_that_were_used_up_and_the_commonest_refusals() -> None:
    found = account(
        turn(
            lacking={"up": 20},
            waves=3,
            added=80,
            reasons=[
                dropped("duplicate", "as a kept row", 31),
                dropped("refusal", "the text refuses", 5),
                dropped("shape", "too short", 2),
                dropped("language", "not English", 1),
                dropped("quota", "enough rows of down", 9),
            ],
        )
    )
    assert (found.met, found.lacking, found.kept["up"]) == (False, {"up": 20}, 30)
    assert found.sentence == (
        "80 of 100 rows. Missing: up 20. Why: all 3 waves were used up. Dropped: 31 by duplicate: "
        "as a kept row; 5 by refusal: the text refuses; 2 by shape: too short; 1 for other reasons."
    )


@pytest.mark.parametrize(
    ("more", "most_rows", "why"),
    [
        ({"stopped": "The arm's cap of $1 is reached."}, None, "a cap stopped it (The arm's cap"),
        ({"waves": 2}, None, "wave 2 brought no row that was kept"),
        ({"added": 60}, 60, "the arm may keep 60 rows in all (match: rows)"),
        (
            {"added": 40, "reasons": [dropped("quota", "enough rows in all (match", 3)]},
            60,
            "the arm may keep 60 rows in all (match: rows)",
        ),
        ({"failed": 2}, None, "requests failed"),
        ({"drafts": 95, "added": 95, "waves": 3}, None, "fewer texts were ordered"),
        ({"drafts": 125, "materials": 30, "waves": 3}, None, "fewer texts were ordered"),
    ],
)
def test_every_other_end(more: Turn, most_rows: int | None, why: str) -> None:
    found = account(turn(lacking={"up": 5}, **more), most_rows=most_rows)
    assert f"Missing: up 5. Why: {why}" in found.sentence or why in found.sentence


def test_causes_are_counted_over_purchases() -> None:
    short = turn(lacking={"up": 5}, waves=3)
    found = account(turn(), short, short)
    assert "all 3 waves were used up in 2 of 3 purchases" in found.sentence


def test_rows_of_any_label_are_missing_without_a_name() -> None:
    assert "Missing: 5. Why:" in account(turn(wanted={"": 20}, lacking={"": 5})).sentence
