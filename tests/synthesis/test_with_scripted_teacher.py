"""The built-in syntheses and the scripted teacher understand each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tutelage.buying import Answers, Bought, buy
from tutelage.curation import DEFAULT_CHECKS
from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck, judge
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Brief, Example, Origin, Request
from tutelage.teacher.scripted import ScriptedOptions, ScriptedSession
from tutelage.teacher.worlds import find_world, write_gold

WORLD = "composition"
TASK = find_world(WORLD).task


def rows(role: str, count: int) -> tuple[Example, ...]:
    records = write_gold(WORLD, role, count, 1)
    return tuple(
        Example(
            f"{role}{i}",
            {field: record[field] for field in TASK.fields},
            record["label"],
            origin=Origin(role=role),
        )
        for i, record in enumerate(records)
    )


def bought(name: str, **given: Any) -> tuple[Brief, Bought]:
    plugin = find("synthesizer", name)
    session = ScriptedSession(ScriptedOptions(WORLD), TASK, find_world(WORLD))
    brief = Brief(TASK, name, rows("train", 60), rows("unlabelled", 200), seed=1)

    async def ask(requests: Sequence[Request]) -> Answers:
        return Answers([session.reply(session.resolve(request)) for request in requests])

    synthesizer = plugin.make(plugin.options(**given), task=TASK)
    return brief, asyncio.run(buy(synthesizer, brief, ask, {}))


@pytest.mark.parametrize(
    ("name", "as_published"), [("five_w", False), ("five_w", True), ("explain", False)]
)
def test_every_gold_row_gets_a_rationale_that_passes_all_checks(
    name: str, as_published: bool
) -> None:
    brief, result = bought(name, as_published=as_published)
    checks = [
        NamedCheck(check, (plugin := find("check", check)).make(plugin.options(), task=TASK))
        for check in DEFAULT_CHECKS
    ]
    bench = DraftBench(TASK, (), brief.train, SealedIndex(rows("test", 50)))
    kept, verdicts = judge(checks, result.drafts, bench)
    assert {verdict.decision for verdict in verdicts} == {"kept"}
    assert [row.id for row in kept] == [row.id for row in brief.train]
    assert all(row.rationale for row in kept)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"shots": 4},
        {"rationale": "before"},
        {"rationale": "after", "shots": 2},
        {"soft_labels": True},
        {"votes": 3},
        {"abstain": True},
    ],
)
def test_every_label_of_the_teacher_is_read(given: dict[str, Any], tmp_path: Path) -> None:
    brief, result = bought("annotate", **given)
    labelled = [draft.content for draft in result.drafts if isinstance(draft.content, Example)]
    if "votes" not in given:  # three votes may well differ
        assert len(labelled) == 200
    truth = {row.id: row.label for row in brief.unlabelled}
    right = sum(row.label == truth[row.id] for row in labelled) / len(labelled)
    assert right > 0.75
    assert all(bool(row.rationale) == ("rationale" in given) for row in labelled)
    soft = "soft_labels" in given or "votes" in given
    assert all((row.scores is not None) == soft for row in labelled)
