"""Several methods in one arm: each keeps its own orders, quota and reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Brief, Completion, Draft, Example, Label, Origin, Reply, Request, Task
from tutelage.synthesis.taking_turns import TakingTurns
from tutelage.synthesis.turn_options import InTurnsOptions

TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
ROWS = tuple(
    Example(f"u{i}", {"text": f"text {i}"}, origin=Origin(role="unlabelled")) for i in range(3)
)


def made(*parts: object) -> TakingTurns:
    built = find("synthesizer", "in_turns").make(InTurnsOptions(parts), task=TASK, folder=Path())
    assert isinstance(built, TakingTurns)
    return built


def both() -> TakingTurns:
    return made("annotate", {"generate": {"rows": 4, "waves": 3}})


def brief(turn: int) -> Brief:
    return Brief(TASK, "both", unlabelled=ROWS, turn=turn, seed=1)


def ordered(synthesis: TakingTurns, turn: int) -> dict[str, int]:
    return {
        stage: len(orders)
        for stage in synthesis.stages
        if (orders := synthesis.orders(stage, brief(turn)))
    }


def test_each_turn_orders_what_its_part_orders() -> None:
    assert ordered(both(), 0) == {"0:annotations": 3}
    assert ordered(both(), 1) == {"1:rows": 4}
    assert ordered(both(), 2) == {"1:rows": 4}


def test_quota_and_waves_are_those_of_the_part() -> None:
    assert both().quota(brief(0)) == {}
    assert both().quota(brief(1)) == {"good": 2, "bad": 2}
    assert both().waves == 3
    fewer = made({"generate": {"rows": 4, "waves": 1}}, {"generate": {"rows": 4, "waves": 3}})
    second = [replace(brief(turn), wave=1, lacking={"good": 2}) for turn in (0, 1)]
    assert [len(fewer.orders(f"{t}:rows", second[t])) for t in (0, 1)] == [0, 6]


def test_replies_are_read_by_the_part_that_ordered() -> None:
    synthesis = both()
    (annotation, *_) = synthesis.orders("0:annotations", brief(0))
    (request,) = synthesis.step(annotation, ())
    assert isinstance(request, Request)
    (draft,) = synthesis.step(annotation, (Reply(request.hash, (Completion("bad"),)),))
    assert isinstance(draft, Draft) and isinstance(draft.content, Example)
    assert (draft.content.label, draft.content.origin.turn) == ("bad", 0)
    (writing, *_) = synthesis.orders("1:rows", brief(1))
    (asked,) = synthesis.step(writing, ())
    assert isinstance(asked, Request)
    (row,) = synthesis.step(writing, (Reply(asked.hash, (Completion("Text: new words"),)),))
    assert isinstance(row, Draft) and isinstance(row.content, Example)
    assert row.content.fields == {"text": "new words"}
    assert row.content.origin.turn == 1


def test_the_part_that_ordered_reads_whatever_row_the_order_names() -> None:
    """A gold row that is explained or varied, or that lends a text, says nothing of a turn."""
    synthesis = both()
    (writing, *_) = synthesis.orders("1:rows", brief(1))
    (asked,) = synthesis.step(replace(writing, source=ROWS[0]), ())
    assert isinstance(asked, Request) and "Write an example" in asked.messages[-1].content
    assert synthesis.step(replace(writing, source=None), ()) == [asked]


def test_a_part_s_own_turns_begin_with_the_first_that_it_is_given() -> None:
    """Annotation of all rows happens in its first turn, whichever that is of the arm."""
    written_first = made({"generate": {"rows": 4}}, "annotate")
    assert ordered(written_first, 0) == {"0:rows": 4}
    assert ordered(written_first, 1) == {"1:annotations": 3}
    assert ordered(written_first, 2) == {}
    some = made({"generate": {"rows": 4}}, {"annotate": {"rows": 2}})
    asked = [
        {order.source.id for order in some.orders("1:annotations", brief(turn)) if order.source}
        for turn in (1, 2)
    ]
    assert [len(ids) for ids in asked] == [2, 1] and set.union(*asked) == {"u0", "u1", "u2"}


def test_parts_may_be_parts_of_parts() -> None:
    inner = {"in_turns": {"parts": [{"generate": {"rows": 2}}, "annotate"]}}
    nested = made({"generate": {"rows": 4}}, inner)
    assert [ordered(nested, turn) for turn in range(3)] == [
        {"0:rows": 4}, {"1:0:rows": 2}, {"1:1:annotations": 3},
    ]  # fmt: skip


def test_rows_that_one_method_answered_are_not_answered_by_the_next() -> None:
    again = made({"annotate": {"rows": 2}}, {"annotate": {"rows": 2, "shots": 0}})
    first = [order.source for order in again.orders("0:annotations", brief(0)) if order.source]
    kept = tuple(replace(row, label="good") for row in first)
    second = again.orders("1:annotations", replace(brief(1), kept=kept))
    assert {o.source.id for o in second if o.source}.isdisjoint(row.id for row in first)
    assert len(second) == 1


def test_dev_rows_for_the_part_that_calibrates() -> None:
    assert both().calibration == 0
    sure = {"annotate": {"keep_accuracy": 0.9, "calibration_rows": 50}}
    assert made(sure, {"generate": {"rows": 4}}).calibration == 50


def test_one_method_needs_no_turns() -> None:
    with pytest.raises(UserError, match="in_turns has 1 parts"):
        made("annotate")
    with pytest.raises(UserError, match="no synthesizer called 'anotate'"):
        made("anotate", "annotate")
