"""What the default checks make of questions: the row is context and question together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Draft, Example, Span, Task, Verdict

TASK = Task("qa", "span_qa", ("context", "question"), metric="f1")
CONTEXT = '"The quick brown fox jumps over the lazy dog near the old stone bridge."'
HELD_OUT = Example(
    "t",
    {"context": CONTEXT, "question": "Over whom does the quick brown fox jump near the bridge?"},
    spans=(Span("the lazy dog", 32, 44),),
)
GOOD = Example(
    "d", {"context": CONTEXT, "question": "Who jumps?"}, spans=(Span("The quick brown fox", 1, 20),)
)

Judge = Callable[..., Verdict]


@pytest.fixture
def verdict() -> Judge:
    def judge(name: str, row: Example, gold: Sequence[Example] = ()) -> Verdict:
        plugin = find("check", name)
        check = plugin.make(plugin.options(), task=TASK)
        bench = DraftBench(TASK, (), gold, SealedIndex([HELD_OUT]))
        (found,) = check.judge([Draft(0, 0, row)], bench)
        assert isinstance(found, Verdict)
        return found

    return judge


def test_an_answer_must_stand_where_it_says(verdict: Judge) -> None:
    assert verdict("format", GOOD).decision == "kept"
    assert verdict("format", replace(GOOD, spans=())).decision == "kept"
    moved = replace(GOOD, spans=(Span("The quick brown fox", 2, 21),))
    assert (
        verdict("format", moved).reason
        == "its answer does not stand in the context where it should"
    )
    assert verdict("format", replace(GOOD, spans=(Span("", 3, 3),))).decision == "dropped"
    assert verdict("format", replace(GOOD, spans=None)).reason == "it has no answer"


def test_a_context_under_a_new_question_is_no_copy(verdict: Judge) -> None:
    assert verdict("contamination", GOOD).decision == "kept"
    assert verdict("contamination", GOOD, [replace(GOOD, id="g")]).decision == "dropped"
    copied = replace(GOOD, fields={"context": "A cat.", "question": HELD_OUT.fields["question"]})
    assert "of its field question" in verdict("contamination", copied).reason
    same = replace(HELD_OUT, id="d")
    assert verdict("contamination", same).reason == "its texts are those of a held-out row"


def test_two_questions_of_one_context_are_no_duplicates() -> None:
    plugin = find("check", "duplicate")
    check = plugin.make(plugin.options(), task=TASK)
    other = replace(GOOD, id="e", fields={**GOOD.fields, "question": "What jumps?"})
    again = replace(GOOD, id="f")
    drafts = [Draft(i, i, row) for i, row in enumerate((GOOD, other, again))]
    found = check.judge(drafts, DraftBench(TASK, (), (), SealedIndex([])))
    assert [v.decision for v in found] == ["kept", "kept", "dropped"]


def test_cleaning_leaves_the_context_in_which_answers_are_counted(verdict: Judge) -> None:
    assert verdict("refusal", GOOD).decision == "kept"  # its context stands between quotes
    quoted = replace(GOOD, fields={**GOOD.fields, "question": '"Who jumps?"'})
    found = verdict("refusal", quoted)
    assert found.replacement is not None
    assert found.replacement.fields == GOOD.fields
