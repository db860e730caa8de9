"""A teacher tuned here and served by `transformers serve`: the same prompts, the same labels."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the server needs the extra train")
pytest.importorskip("fastapi", reason="the server needs fastapi, of the extra dev")

from tutelage.records import Example, Label, Task
from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger
from tutelage.teacher.annotator import AnnotatorOptions, ask, read
from tutelage.teacher.endpoint import Endpoint
from tutelage.teacher.local import build as build_local
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.providers import EndpointOptions
from tutelage.teacher.purchasing import Purchaser
from tutelage.teacher.tuned import build as build_tuned
from tutelage.teacher.tuned_options import LoraOptions, TeacherShape, TunedOptions

pytestmark = [pytest.mark.live, pytest.mark.train]

TASK = Task("alarms", "classification", ("note",), (Label("routine"), Label("urgent")))
CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
ASKED = AnnotatorOptions(template="fields.v1")
PARTS = ("rotor", "valve", "pump", "belt", "seal", "gate", "lamp", "hose")


def rows(part: str) -> list[Example]:
    states = {"routine": ("hums", "is calm"), "urgent": ("is dry", "burns")}
    return [
        Example(f"{part}-{word}-{state}", {"note": f"the {word} {state}"}, label)
        for word in PARTS
        for label, known in states.items()
        for state in known
    ]


async def labels(session: Any, ledger: Ledger, asked: list[Example]) -> list[str | None]:
    requests = [replace(ask(TASK, row, options=ASKED), purchase=1) for row in asked]
    purchaser = Purchaser(session, ledger)
    async with aclosing(purchaser.ask(requests, Account("live", "arm"))) as answers:
        got = sorted([answer async for answer in answers], key=lambda answer: answer.position)
    return [
        read(TASK, row, answer.reply).label if answer.reply else None
        for row, answer in zip(asked, got, strict=True)
    ]


SETTINGS: dict[str, Any] = {
    "family": "causal",
    "template": "fields.v1",
    "max_source": 128,
    "max_target": 16,
    "precision": "fp32",
}


async def base(folder: Path) -> Path:
    """A small chat model that has learned the two labels the wrong way round."""
    other = {"routine": "urgent", "urgent": "routine"}
    wrong = [replace(row, label=other[row.label or ""]) for row in rows("base")]
    shape = TeacherShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=600, positions=256)
    options = TunedOptions(config=shape, steps=200, learning_rate=6e-3, merge="base", **SETTINGS)
    with Ledger.open(folder / "base.db", owner="run") as ledger:
        teacher = build_tuned(options, task=TASK, folder=folder)
        async with teacher.open(wrong, dev=[], folder=folder / "teachers") as session:
            await labels(session, ledger, wrong[:1])
    made = folder / "base" / "purchase-1"
    (made / "chat_template.jinja").write_text(CHAT)
    return made


async def test_a_merged_adapter_says_the_same_in_process_and_served(
    serve: Callable[[Path], str], tmp_path: Path
) -> None:
    options = TunedOptions(
        model=str(await base(tmp_path)),
        lora=LoraOptions(rank=16, alpha=32, targets=("all-linear",)),
        steps=300,
        learning_rate=5e-3,
        merge="merged",
        **SETTINGS,
    )
    gold, asked = rows("gold"), rows("asked")
    said = {}
    teacher = build_tuned(options, task=TASK, folder=tmp_path)
    for name in ("in process", "loaded"):
        with Ledger.open(tmp_path / f"{name}.db", owner="run") as ledger:
            async with teacher.open(gold, dev=[], folder=tmp_path / "teachers") as session:
                said[name] = await labels(session, ledger, asked)
    merged = tmp_path / "merged" / "purchase-1"
    with Ledger.open(tmp_path / "merged.db", owner="run") as ledger:
        here = LocalOptions(model=str(merged), precision="fp32")
        local = build_local(here, task=TASK, folder=tmp_path)
        async with local.open([], dev=[], folder=tmp_path) as session:
            said["merged"] = await labels(session, ledger, asked)
    served = EndpointOptions(model=str(merged), endpoint=serve(merged), concurrency=2)
    with Ledger.open(tmp_path / "served.db", owner="run") as ledger:
        async with Endpoint(served).open() as session:
            said["served"] = await labels(session, ledger, asked)
    assert said["in process"] == [row.label for row in asked], "the adapter turned the labels round"
    assert said["in process"] == said["loaded"] == said["merged"] == said["served"]
