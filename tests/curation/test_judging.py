from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.contracts import Bench
from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck, judge
from tutelage.exceptions import TutelageError
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import (
    Decision,
    Draft,
    Example,
    Label,
    Material,
    Refusal,
    Task,
    Verdict,
)

Write = Callable[..., Draft]


def built_in(task: Task, *names: str) -> list[NamedCheck]:
    plugins = [find("check", name) for name in names]
    return [NamedCheck(p.name, p.make(p.options(), task=task)) for p in plugins]


ALL = ("format", "refusal", "duplicate", "contamination", "conclusion")


def test_mended_rows_go_on_to_later_checks(write: Write, bench: DraftBench, task: Task) -> None:
    drafts = [write(0), write(1, hypothesis='"It moves."'), write(2, hypothesis='"He rests."')]
    kept, verdicts = judge(built_in(task, *ALL), drafts, bench)
    assert [(v.draft, v.decision, v.check) for v in verdicts] == [
        (0, "kept", "all checks"),
        (1, "dropped", "duplicate"),
        (2, "mended", "refusal"),
    ]
    assert [row.fields["hypothesis"] for row in kept] == ["It moves.", "He rests."]


def test_two_mends_are_one_verdict(write: Write, bench: DraftBench, task: Task) -> None:
    draft = write(0, rationale='"So the answer is neutral."')
    (row,), (verdict,) = judge(built_in(task, *ALL), [draft], bench)
    assert verdict.check == "refusal, conclusion"
    assert verdict.reason == (
        "took off quotes of the rationale; "
        "the rationale argues for neutral, and the label is entailment"
    )
    assert verdict.replacement == row
    assert row.rationale is None


def test_refusals_and_materials(bench: DraftBench, task: Task) -> None:
    drafts = [Draft(1, 1, Material("topic", "dogs")), Draft(0, 0, Refusal("empty reply"))]
    kept, verdicts = judge(built_in(task, *ALL), drafts, bench)
    assert kept == []
    assert verdicts == [
        Verdict(0, "dropped", "synthesis", "empty reply"),
        Verdict(1, "kept", "synthesis", "material for later orders"),
    ]


def test_without_checks_every_row_is_kept(write: Write, bench: DraftBench) -> None:
    kept, verdicts = judge([], [write(0), write(1)], bench)
    assert len(kept) == 2
    assert {v.decision for v in verdicts} == {"kept"}


@dataclass
class Fixed:
    """A check that returns what it was given."""

    verdicts: list[Verdict]

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return self.verdicts


def test_a_check_that_forgets_a_draft_is_told(write: Write, bench: DraftBench) -> None:
    with pytest.raises(TutelageError, match="check mine returned 0 verdicts for 1 drafts"):
        judge([NamedCheck("mine", Fixed([]))], [write(0)], bench)
    nothing = Fixed([Verdict(0, "mended", "")])
    with pytest.raises(TutelageError, match="names no replacement"):
        judge([NamedCheck("mine", nothing)], [write(0)], bench)


def test_an_unsigned_verdict_gets_the_name_of_its_check(write: Write, bench: DraftBench) -> None:
    _, (verdict,) = judge(
        [NamedCheck("mine", Fixed([Verdict(0, "dropped", "", "no")]))], [write(0)], bench
    )
    assert verdict == Verdict(0, "dropped", "mine", "no")


@pytest.mark.parametrize(
    ("lacking", "left", "why"),
    [
        ({"": 2}, ["d0", "d1"], "enough rows of the task"),
        ({"a": 1, "b": 1}, ["d0", "d1"], "enough rows of a"),
        ({"b": 5}, ["d1", "d3"], "enough rows of a"),
    ],
)
def test_a_quota_may_be_for_rows_of_any_label(
    lacking: dict[str, int], left: list[str], why: str
) -> None:
    task = Task("t", "classification", ("text",), (Label("a"), Label("b")))
    bench = DraftBench(task, (), (), SealedIndex([]))
    drafts = [Draft(i, i, Example(f"d{i}", {"text": str(i)}, "ab"[i % 2])) for i in range(4)]
    kept, verdicts = judge([], drafts, bench, lacking=lacking)
    assert [row.id for row in kept] == left
    assert [v.check for v in verdicts if v.decision == "dropped"] == ["quota"] * 2
    assert next(v.reason for v in verdicts if v.decision == "dropped") == why


@dataclass
class Whim:
    """A check that decides by the draft's number."""

    decisions: Sequence[Decision]

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [self._verdict(draft) for draft in drafts]

    def _verdict(self, draft: Draft) -> Verdict:
        decision = self.decisions[draft.number % len(self.decisions)]
        assert isinstance(draft.content, Example)
        new = replace(draft.content, rationale=f"{draft.content.rationale}+")
        return Verdict(draft.number, decision, "whim", "", new if decision == "mended" else None)


DECISIONS = st.sampled_from(("kept", "dropped", "mended"))
CONTENTS = st.sampled_from(("row", "refusal"))


@settings(deadline=None)
@given(
    checks=st.lists(st.lists(DECISIONS, min_size=1, max_size=5), max_size=4),
    contents=st.lists(CONTENTS, max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_drafts_are_kept_and_dropped_and_nothing_else(
    checks: list[list[Decision]], contents: list[str], order: st.DataObject
) -> None:
    task = Task("t", "classification", ("text",), (Label("a"),))
    bench = DraftBench(task, (), (), SealedIndex([]))
    drafts = [
        Draft(i, i, Example(f"d{i}", {"text": str(i)}, "a") if kind == "row" else Refusal("no"))
        for i, kind in enumerate(contents)
    ]
    named = [NamedCheck(str(i), Whim(decisions)) for i, decisions in enumerate(checks)]
    kept, verdicts = judge(named, drafts, bench)
    assert [v.draft for v in verdicts] == [d.number for d in drafts]
    assert len(kept) + sum(v.decision == "dropped" for v in verdicts) == len(drafts)
    assert len({row.id for row in kept}) == len(kept)
    mended = {v.draft: v.replacement for v in verdicts if v.decision == "mended"}
    assert all(row in kept for row in mended.values())
    shuffled = drafts[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(named, shuffled, bench) == (kept, verdicts)
