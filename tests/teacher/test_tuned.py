"""Tiny teachers that learn a task of a dozen rows: what they learn, what they refuse, what stays."""

from __future__ import annotations

import asyncio
import math
import shutil
import sys
import threading
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import CausalShape, fresh_causal
from tutelage.neural.families import Sizes
from tutelage.neural.pretraining import fresh_writer
from tutelage.records import Example, Label, Message, Request, Sampling, Task
from tutelage.store.caps import Account
from tutelage.teacher import tutoring
from tutelage.teacher.annotator import AnnotatorOptions, ask, read
from tutelage.teacher.composing import compose
from tutelage.teacher.local import build as build_local
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.purchasing import Purchaser
from tutelage.teacher.serialisation import parse
from tutelage.teacher.tuned import build
from tutelage.teacher.tuned_options import (
    LoraOptions,
    PretrainingOptions,
    TeacherShape,
    TunedOptions,
)
from tutelage.teacher.tuning_lock import Abandoned

pytestmark = pytest.mark.train

ARM = Account("study", "arm")
TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad", "not good")))
WRITING = Task("say", "generation", ("concepts",))
SHAPE = TeacherShape(
    d_model=32, layers=2, decoder_layers=1, heads=2, d_ff=64, vocab_size=600, positions=128
)
SHORT = AnnotatorOptions(template="fields.v1", logprobs=2)


def mood(count: int, role: str = "train") -> list[Example]:
    subjects = ["film", "song", "book", "play", "show", "cake"]
    words = {"good": ["fine", "bright"], "bad": ["dull", "grim"]}
    return [
        Example(
            f"{role}{k}",
            {"text": f"the {subjects[k // 4 % 6]} is {words[label][k // 2 % 2]}"},
            label,
        )
        for k in range(count)
        for label in [("good", "bad")[k % 2]]
    ]


def saying(count: int) -> list[Example]:
    animals = ["dog", "cat", "cow", "hen"]
    return [
        Example(
            f"s{k}",
            {"concepts": f"{animals[k % 4]} run"},
            target=f"A {animals[k % 4]} runs.",
            references=(f"A {animals[k % 4]} runs.", f"The {animals[k % 4]} runs."),
        )
        for k in range(count)
    ]


def tuned(
    gold: Sequence[Example],
    folder: Path,
    *,
    task: Task = TASK,
    dev: Sequence[Example] = (),
    **more: Any,
) -> Any:
    given: dict[str, Any] = {
        "family": "causal",
        "config": None if "model" in more else SHAPE,
        "template": "fields.v1" if task is TASK else "target.v1",
        "steps": 90,
        "batch_size": 8,
        "learning_rate": 6e-3,
        "max_source": 96,
        "max_target": 24,
        "precision": "fp32",
        "temperature": 0.0,
    }
    options = TunedOptions(**(given | more))
    return build(options, task=task, folder=folder).open(gold, dev=dev, folder=folder / "teachers")


async def buy(session: Any, ledger: Any, requests: Any) -> list[Any]:
    async with aclosing(Purchaser(session, ledger).ask(requests, ARM)) as answers:
        return sorted([answer async for answer in answers], key=lambda answer: answer.position)


def answering(rows: Sequence[Example], *, purchase: int = 1) -> list[Request]:
    return [replace(ask(TASK, row, options=SHORT), purchase=purchase) for row in rows]


@pytest.fixture
def tunings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders in which teachers were tuned or loaded."""
    seen: list[Path] = []
    own = tutoring.tutored
    monkeypatch.setattr(
        tutoring, "tutored", lambda *a, **k: (seen.append(k["folder"]), own(*a, **k))[1]
    )
    return seen


@pytest.mark.parametrize("family", ["encoder", "seq2seq", "causal"])
async def test_each_family_learns_to_answer_and_is_replayed_without_a_model(
    family: str, tmp_path: Path, ledger: Any, tunings: list[Path]
) -> None:
    gold, asked = mood(24), mood(24, "unlabelled")[::-1]
    dev = mood(8, "dev")
    async with tuned(gold, tmp_path, dev=dev, family=family) as session:
        assert session.name.startswith(f"tuned/{family}-")
        assert session.facts() == {}
        got = await buy(session, ledger, answering(asked))
        facts = session.facts()
    said = [read(TASK, row, a.reply, options=SHORT) for row, a in zip(asked, got, strict=True)]
    assert [p.label for p in said] == [row.label for row in asked]
    assert all(p.scores and sum(p.scores.values()) == pytest.approx(1) for p in said)
    assert all(p.scores[p.label] > 0.5 for p in said)
    told = facts["purchases"]["1"]
    assert facts["parameters"] == facts["trained_parameters"] > 10_000
    assert facts["trained_share"] == 1 and facts["lessons"] == 24
    assert told["rows"] == 24 and told["dev_rows"] == 8 and told["dev_accuracy"] == 1
    assert told["tuning_seconds"] > 0
    assert len(tunings) == 1
    async with tuned(gold, tmp_path, dev=dev, family=family) as session:
        again = await buy(session, ledger, answering(asked))
        assert session.facts() == facts
    assert [a.reply for a in again] == [a.reply for a in got]
    assert len(tunings) == 1


async def test_a_tuned_teacher_is_loaded_and_says_the_same(
    tmp_path: Path, ledgers: Any, tunings: list[Path]
) -> None:
    gold, asked = mood(16), answering(mood(12, "unlabelled"))
    said = []
    for name in ("first", "second"):
        async with tuned(gold, tmp_path) as session:
            said.append([a.reply.completions for a in await buy(session, ledgers(name), asked)])
    assert said[0] == said[1]
    assert len(tunings) == 2 and len(set(tunings)) == 1


async def test_each_purchase_seed_has_its_own_teacher_and_0_has_that_of_1(
    tmp_path: Path, ledger: Any, tunings: list[Path]
) -> None:
    rows = mood(4, "unlabelled")
    async with tuned(mood(8), tmp_path, steps=4) as session:
        replies = {
            seed: await buy(session, ledger, answering(rows, purchase=seed)) for seed in (1, 2, 0)
        }
        assert set(session.facts()["purchases"]) == {"1", "2"}
    assert len(set(tunings)) == 2
    scores = {
        seed: [a.reply.completions[0].tokens[0].logprob for a in got]
        for seed, got in replies.items()
    }
    assert scores[0] == pytest.approx(scores[1], abs=1e-6) and scores[1] != scores[2]


async def test_what_decides_the_lessons_decides_the_name(tmp_path: Path) -> None:
    async def name(gold: Sequence[Example] = mood(8), **more: Any) -> str:
        async with tuned(gold, tmp_path, **more) as session:
            return session.name

    own = await name()
    assert own == await name(answer_batch=3, max_tokens=9, usd_per_gpu_hour=2.0)
    assert own == await name(dev_limit=7) == await name(compose="not/read.jinja")
    (tmp_path / "a.txt").write_text("one text\n")
    (tmp_path / "b.txt").write_text("one text\n")
    plain = [await name(pretrain=PretrainingOptions(5, path=f"{x}.txt")) for x in "ab"]
    assert plain[0] == plain[1] != own
    dev = mood(12, "dev")
    few = await name(dev=dev, dev_limit=5)
    assert few == await name(dev=dev[::-1], dev_limit=5) != await name(dev=dev, dev_limit=6)
    others = [
        await name(mood(9)),
        await name(dev=mood(2, "dev")),
        await name([replace(mood(8)[0], label="bad"), *mood(8)[1:]]),
        await name(seed=1),
        await name(template="annotate.v1"),
        await name(steps=91),
        await name(teaches="both"),
        await name(pretrain=PretrainingOptions(5)),
        await name(task=replace(TASK, labels=(Label("good"), Label("bad", "poor")))),
    ]
    assert len({own, *others}) == 10


async def test_it_writes_rows_for_a_label_and_answers_them(tmp_path: Path, ledger: Any) -> None:
    wanted = [
        replace(compose(TASK, label=label, sampling=Sampling(temperature=0.8)), draw=k, purchase=1)
        for label in TASK.label_names
        for k in range(6)
    ]
    async with tuned(mood(24), tmp_path, teaches="both", steps=150) as session:
        written = await buy(session, ledger, wanted)
        answered = await buy(session, ledger, answering(mood(8, "unlabelled")))
    rows = [parse(TASK, answer.reply.text, answer=False) for answer in written]
    assert sum(not row.fault for row in rows) >= 10
    assert len({row.fields["text"] for row in rows if not row.fault}) > 3
    for row, answer in zip(mood(8), answered, strict=True):
        assert answer.reply.text == TASK.label(row.label or "").said
        scores = answer.reply.completions[0].tokens[0].top
        assert sum(map(math.exp, scores.values())) == pytest.approx(1)


@pytest.mark.parametrize("family", [pytest.param("seq2seq", marks=pytest.mark.slow), "causal"])
async def test_generation_tasks_are_answered_and_written(
    family: str, tmp_path: Path, ledger: Any
) -> None:
    rows = saying(8)
    asked = [replace(ask(WRITING, row), purchase=1) for row in rows[:4]]
    wanted = [replace(compose(WRITING, answer=True), draw=k, purchase=1) for k in range(3)]
    async with tuned(
        rows, tmp_path, task=WRITING, family=family, teaches="both", steps=150
    ) as session:
        answered = await buy(session, ledger, asked)
        written = await buy(session, ledger, wanted)
        assert session.facts()["lessons"] == 8 * 2 + 8, "both references, and each row once"
    targets = [read(WRITING, row, a.reply).target for row, a in zip(rows, answered, strict=False)]
    assert all(target and target.endswith("runs.") for target in targets)
    assert all(answer.reply.text.startswith("Concepts: ") for answer in written)
    if family == "causal":
        found = parse(WRITING, written[0].reply.text)
        assert found.fault == "" and found.target in {row.target for row in rows}


async def test_lora_on_a_model_of_ones_own_is_merged_for_servers(
    tmp_path: Path, ledger: Any
) -> None:
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=300, positions=256)
    fresh_causal(shape, [row.fields["text"] for row in mood(24)], seed=1).save(tmp_path / "base")
    async with tuned(
        mood(16), tmp_path, model="base", lora=LoraOptions(rank=4), merge="served", steps=3
    ) as session:
        await buy(session, ledger, answering(mood(4, "unlabelled")))
        facts = session.facts()
    assert facts["tuned"] == "adapter" and facts["trained_share"] < 0.5
    assert (tmp_path / "served" / "purchase-1" / "model.safetensors").is_file()
    shutil.rmtree(tmp_path / "served")
    other = tmp_path / "served" / "purchase-1" / "of mine.txt"
    other.parent.mkdir(parents=True)
    other.write_text("x")
    async with tuned(
        mood(16), tmp_path, model="base", lora=LoraOptions(rank=4), merge="served", steps=3
    ) as session:
        asked = answering(mood(5, "another"))
        with pytest.raises(UserError, match="other things than a merged teacher"):
            await buy(session, ledger, asked)
        assert other.read_text() == "x"
        other.unlink()
        await buy(session, ledger, asked)
    config = orjson.loads((tmp_path / "served" / "purchase-1" / "config.json").read_bytes())
    assert config["model_type"] == "llama"


async def test_the_adapter_goes_on_its_base_and_on_no_other(tmp_path: Path, ledgers: Any) -> None:
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=300, positions=256)
    texts = [row.fields["text"] for row in mood(24)]
    for seed, name in ((1, "base"), (2, "other")):
        fresh_causal(shape, texts, seed=seed).save(tmp_path / name)
    asked = answering(mood(4, "unlabelled"))
    async with tuned(mood(16), tmp_path, model="base", steps=9) as session:
        told = await buy(session, ledgers("tuned"), asked)
    (adapter,) = tmp_path.glob("teachers/*/adapter")

    def local(model: str) -> Any:
        options = LocalOptions(model=model, adapter=str(adapter), precision="fp32")
        return build_local(options, task=TASK, folder=tmp_path).open([], dev=[], folder=tmp_path)

    async with local("base") as session:
        same = await buy(session, ledgers("base"), asked)
    for one, other in zip(told, same, strict=True):
        scores = [answer.reply.completions[0].tokens[0].top for answer in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    async with local("other") as session:
        with pytest.raises(UserError, match="was tuned on another model"):
            await buy(session, ledgers("other"), asked)


async def test_a_model_that_cannot_be_tuned_so_is_told_before_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
    fresh_writer(sizes, ["it is good"], seed=1, dropout=0.0).save(tmp_path / "base")
    (tmp_path / "base" / "model.safetensors").unlink()  # no weights are read
    whole = {"model": "base", "family": "seq2seq", "full": True}
    async with tuned(mood(8), tmp_path) as session:
        assert session.examine() == "", "one of a config has no model to look at"
    async with tuned(mood(8), tmp_path, **whole) as session:
        assert session.examine() == ""
    async with tuned(mood(8), tmp_path, **whole, pretrain=PretrainingOptions(3)) as session:
        with pytest.raises(UserError, match="cannot be pre-trained"):
            session.examine()
        monkeypatch.setitem(sys.modules, "tutelage.teacher.tutoring", None)
        assert session.examine() == (
            "The model base was not looked at: the extra `train` is not installed."
        )
    assert not (tmp_path / "teachers").exists()


async def test_a_base_that_was_moved_is_the_same_base(
    tmp_path: Path, ledgers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the tuning is unfinished."""
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=300, positions=256)
    fresh_causal(shape, [row.fields["text"] for row in mood(24)], seed=1).save(tmp_path / "base")
    asked, own = answering(mood(4, "unlabelled")), tutoring.tune

    def killed(*given: Any, **more: Any) -> Any:
        def stop(event: Any) -> None:
            if event["step"] == 5:
                raise KeyError("killed")

        return own(*given, **{**more, "progress": stop})

    monkeypatch.setattr(tutoring, "tune", killed)
    async with tuned(mood(16), tmp_path, model="base", steps=9) as session:
        with pytest.raises(KeyError):
            await buy(session, ledgers("first"), asked)
    monkeypatch.setattr(tutoring, "tune", own)
    said = []
    for here, there in (("base", "moved"), ("moved", "again")):
        (tmp_path / here).rename(tmp_path / there)
        async with tuned(mood(16), tmp_path, model=there, steps=9) as session:
            got = await buy(session, ledgers(there), asked)
        said.append([answer.reply.completions for answer in got])
    assert said[0] == said[1]
    assert len(list(tmp_path.glob("teachers/*/tuned.json"))) == 1


async def test_a_tuning_that_nobody_waits_for_ends(
    tmp_path: Path, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, left = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    own = tutoring.tune

    def watched(*given: Any, progress: Any, **more: Any) -> Any:
        def tell(event: Any) -> None:
            loop.call_soon_threadsafe(begun.set)
            try:
                progress(event)
            except Abandoned:
                left.set()
                raise

        return own(*given, progress=tell, **more)

    monkeypatch.setattr(tutoring, "tune", watched)
    async with tuned(mood(8), tmp_path, steps=100_000) as session:
        buying = asyncio.create_task(buy(session, ledger, answering(mood(4, "unlabelled"))))
        await begun.wait()
        buying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await buying
    assert await asyncio.to_thread(left.wait, 20)


async def test_how_far_it_has_come_is_told_while_it_learns(
    tmp_path: Path, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, own = [], tutoring.tune

    def watched(*given: Any, progress: Any, **more: Any) -> Any:
        def tell(event: Any) -> None:
            progress(event)
            seen.append(session.learning())

        seen.append(session.learning())
        return own(*given, progress=tell, **more)

    monkeypatch.setattr(tutoring, "tune", watched)
    more = {"pretrain": PretrainingOptions(2), "steps": 4, "evaluations_per_epoch": 0.5}
    async with tuned(mood(8), tmp_path, dev=mood(4, "dev"), **more) as session:
        assert session.learning() == {}
        await buy(session, ledger, answering(mood(2, "unlabelled")))
        assert session.learning() == {}
    assert seen[0] == {"phase": "loading", "purchase": 1}
    told = [(look["phase"], look["step"], look["steps"]) for look in seen[1:]]
    assert told == [("pretraining", k, 2) for k in (1, 2)] + [("tuning", k, 4) for k in range(1, 5)]
    assert all(look["purchase"] == 1 for look in seen)
    scores = [look.get("dev", {}).get("accuracy") for look in seen[3:]]
    assert scores[0] is None and scores[1] == scores[2] is not None, "the last look stays"


async def test_plain_texts_come_first_and_gold_texts_are_among_them(
    tmp_path: Path, ledger: Any
) -> None:
    (tmp_path / "plain.txt").write_text("the film is long\n\nthe song is old\n" * 20)
    first = PretrainingOptions(10, path="plain.txt")
    async with tuned(mood(8), tmp_path, pretrain=first, steps=3) as session:
        await buy(session, ledger, answering(mood(2, "unlabelled")))
        told = session.facts()["purchases"]["1"]
    assert told["pretraining_texts"] == 2 + len({row.fields["text"] for row in mood(8)})
    assert told["pretraining_seconds"] > 0 and told["pretraining_steps"] == 10


async def test_other_prompts_are_refused_before_anything_is_reserved(
    tmp_path: Path, ledger: Any, tunings: list[Path]
) -> None:
    row = mood(1)[0]
    async with tuned(mood(8), tmp_path) as session:
        other = ask(TASK, row)
        with pytest.raises(UserError, match=r"template fields\.v1, and is asked by annotate\.v1"):
            await buy(session, ledger, [other])
        shown = ask(TASK, row, shots=mood(8)[4:6], options=SHORT)
        with pytest.raises(UserError, match="examples"):
            session.resolve(shown)
        with pytest.raises(UserError, match="tuned to answer rows"):
            session.resolve(compose(TASK, label="good"))
        with pytest.raises(UserError, match="something else"):
            session.resolve(Request((Message("user", "Why?"),)))
    async with tuned(mood(8), tmp_path, teaches="generate") as session:
        with pytest.raises(UserError, match="teaches: both"):
            session.resolve(ask(TASK, row, options=SHORT))
        with pytest.raises(UserError, match="Add texts to the teacher's forms"):
            session.resolve(compose(TASK))
    assert ledger.balance(ARM)[0].tokens == 0 and not tunings


@pytest.mark.parametrize("teaches", ["annotate", "both", "generate"])
async def test_gold_that_cannot_teach_is_told_before_anything_is_asked(
    teaches: str, tmp_path: Path
) -> None:
    good = [row for row in mood(8) if row.label == "good"]
    for gold, fault in (
        (good, "No gold row has the label 'bad'"),
        (mood(1), "1 gold row is fewer than the 2 labels"),
        ([], "no gold row"),
    ):
        with pytest.raises(UserError, match=fault):
            async with tuned(gold, tmp_path, teaches=teaches):
                pass
    async with tuned(good, tmp_path, teaches="generate", forms=("texts",)) as session:
        assert session.resolve(compose(TASK)).model == session.name, "its texts have no label"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"teaches": "generate", "family": "encoder"}, "annotates only"),
        ({"family": "encoder", "task": WRITING}, "cannot answer for a generation task"),
        ({"lora": LoraOptions()}, "both lora and config"),
        ({"model": "m", "lora": LoraOptions(), "full": True}, "both lora and full"),
        ({"model": "m", "config": SHAPE}, "either a model or a config"),
        ({"task": WRITING, "teaches": "generate", "forms": ("label",)}, "written for a label"),
        ({"model": "m", "pretrain": PretrainingOptions(3)}, "pretrain and the model m"),
        ({"family": "encoder", "pretrain": PretrainingOptions(3)}, "pretrain and family: encoder"),
        ({"vocabulary": "used"}, "not a seq2seq model to tune in full"),
        ({"model": "m", "family": "seq2seq", "vocabulary": "used"}, "not a seq2seq model to tune"),
        ({"forms": ("texts",)}, "Forms say what it learns to write"),
    ],
)
def test_options_that_contradict(options: dict[str, Any], fault: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=fault):
        tuned([], tmp_path, **options)
