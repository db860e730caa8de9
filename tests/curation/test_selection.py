from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck, judge
from tutelage.exceptions import UserError
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task, Verdict

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b")))
SCORES = {0: -1.0, 1: -0.2, 2: -3.0, 3: -0.5}


def draft(number: int, score: float | None, label: str | None = "a") -> Draft:
    row = Example(f"d{number}", {"text": f"text {number}"}, label=label)
    return Draft(number, number, row, score=score)


def judged(
    drafts: list[Draft], *, lacking: Mapping[str, int] | None = None, **options: object
) -> list[Verdict]:
    plugin = find("check", "selection")
    bench = DraftBench(TASK, (), (), SealedIndex([]), lacking=lacking or {})
    found: list[Verdict] = plugin.make(plugin.options(**options), task=TASK).judge(drafts, bench)
    return found


def kept(verdicts: list[Verdict]) -> list[int]:
    return [verdict.draft for verdict in verdicts if verdict.decision == "kept"]


def test_the_likeliest_stay_in_their_order() -> None:
    verdicts = judged([draft(n, s) for n, s in SCORES.items()], rows=2)
    assert kept(verdicts) == [1, 3]
    assert verdicts[0].reason == "less likely than those chosen: 2 of 4 candidates of a"


def test_as_many_as_the_quota_lacks_of_each_label() -> None:
    drafts = [draft(n, s, "ab"[n % 2]) for n, s in SCORES.items()]
    assert kept(judged(drafts, lacking={"a": 1, "b": 2})) == [0, 1, 3]
    assert kept(judged(drafts, lacking={"a": 1})) == [0, 1, 3]  # nothing is said of b
    assert kept(judged(drafts)) == [0, 1, 2, 3]


def test_a_quota_for_rows_of_any_label_is_shared_by_all() -> None:
    drafts = [draft(n, s, "ab"[n % 2]) for n, s in SCORES.items()]
    assert kept(judged(drafts, lacking={"": 2})) == kept(
        judged([draft(n, s) for n, s in SCORES.items()], rows=2)
    )


def test_a_share_is_rounded_up() -> None:
    drafts = [draft(n, s) for n, s in SCORES.items()]
    assert kept(judged(drafts, share=0.25)) == [1]
    assert kept(judged(drafts, share=0.26)) == [1, 3]
    assert kept(judged(drafts, share=1.0)) == [0, 1, 2, 3]


def test_without_log_probabilities_the_order_decides_and_verdicts_say_so() -> None:
    verdicts = judged([draft(n, None) for n in range(3)], rows=1)
    assert kept(verdicts) == [0]
    assert verdicts[1].reason == (
        "enough came before, and no log-probabilities tell which are likelier: 1 of 3 candidates "
        "of a"
    )
    mixed = [draft(0, None), draft(1, -9.0), draft(2, -1.0)]
    assert kept(judged(mixed, rows=2)) == [1, 2]
    with pytest.raises(UserError, match="1 of 3 candidates have no log-prob"):
        judged(mixed, rows=2, unscored="refuse")


def test_share_and_rows_together_are_a_contradiction() -> None:
    with pytest.raises(UserError, match="both"):
        judged([], rows=1, share=0.5)


def test_the_quota_gets_the_best_and_not_the_first() -> None:
    drafts = [draft(n, s) for n, s in SCORES.items()]
    plugin = find("check", "selection")
    check = NamedCheck("selection", plugin.make(plugin.options(), task=TASK))
    bench = DraftBench(TASK, (), (), SealedIndex([]), lacking={"a": 2})
    rows, verdicts = judge([check], drafts, bench, lacking={"a": 2})
    assert [row.id for row in rows] == ["d1", "d3"]
    assert {v.check for v in verdicts if v.decision == "dropped"} == {"selection"}


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.floats(-9, 0)), max_size=30),
    st.integers(1, 5),
)
def test_nothing_dropped_is_likelier_than_what_is_kept(
    made: list[tuple[str, float | None]], rows: int
) -> None:
    drafts = [draft(i, score, label) for i, (label, score) in enumerate(made)]
    stay = set(kept(judged(drafts, rows=rows)))
    for label in "ab":
        group = [d for d in drafts if isinstance(d.content, Example) and d.content.label == label]
        assert sum(d.number in stay for d in group) == min(rows, len(group))
        known = [(d.score is not None, d.score or 0.0, d.number in stay) for d in group]
        best_out = max((k[:2] for k in known if not k[2]), default=(False, -99.0))
        assert all(k[:2] >= best_out for k in known if k[2])
