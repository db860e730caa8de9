from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation import FormatOptions
from tutelage.curation.bench import DraftBench
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
One = Callable[..., Any]


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({}, FormatOptions(), ""),
        ({"premise": " "}, FormatOptions(), "the field premise is empty or missing"),
        ({"label": None}, FormatOptions(), "it has no label"),
        ({"label": "maybe"}, FormatOptions(), "'maybe' is no label of the task"),
        (
            {"premise": "a b c d"},
            FormatOptions(max_words=3),
            "the field premise has 4 words, more than 3",
        ),
        ({"rationale": " "}, FormatOptions(), "it has no rationale"),
        ({}, FormatOptions(need_rationale=True), "it has no rationale"),
        (
            {"rationale": "a b c"},
            FormatOptions(max_rationale_words=2),
            "the rationale has 3 words, more than 2",
        ),
    ],
)
def test_format(
    write: Write,
    one: One,
    bench: DraftBench,
    change: dict[str, Any],
    options: FormatOptions,
    reason: str,
) -> None:
    verdict = one("format", write(0, **change), bench, options)
    assert verdict == Verdict(0, "dropped" if reason else "kept", "format", reason)


def test_format_of_other_kinds_of_task(write: Write, one: One, bench: DraftBench) -> None:
    many = replace(bench, task=Task("m", "multi_label", ("premise",), (Label("a"), Label("b"))))
    draft = write(0, label=None)
    row = draft.content
    assert isinstance(row, Example)
    assert one("format", draft, many).reason == "it has no label"
    assert one("format", replace(draft, content=replace(row, labels=())), many).decision == "kept"
    unknown = replace(draft, content=replace(row, labels=("a",), scores={"c": 1.0}))
    assert one("format", unknown, many).reason == "'c' is no label of the task"
    free = replace(bench, task=Task("g", "generation", ("premise",)))
    assert one("format", draft, free).reason == "it has no target"
    written = replace(draft, content=replace(row, target="A text."))
    assert one("format", written, free).decision == "kept"
