"""The scripted teacher answers what the shipped prompts ask, and nothing else moves its replies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson
import pytest

from tutelage.exceptions import UserError
from tutelage.records import Example, Gist, Label, Message, Reply, Request, Sampling, Task
from tutelage.teacher import annotator
from tutelage.teacher.annotator import AnnotatorOptions
from tutelage.teacher.scripted import ScriptedOptions, ScriptedSession, build, count_tokens
from tutelage.teacher.templating import load, variables
from tutelage.teacher.worlds import WORLDS, write_gold

COMPOSITION, MONOTONICITY = WORLDS["composition"].task, WORLDS["monotonicity"].task


def rows_of(world: str, role: str, count: int) -> list[Example]:
    fields = WORLDS[world].task.fields
    return [
        Example(f"{role}-{at}", {name: row[name] for name in fields}, label=row["label"])
        for at, row in enumerate(write_gold(world, role, count, 0))
    ]


class ListDesk:
    """Hands out a list of requests and keeps the replies."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.waiting, self.replies = list(requests), []

    def __aiter__(self) -> ListDesk:
        return self

    async def __anext__(self) -> Request:
        if not self.waiting:
            raise StopAsyncIteration
        return self.waiting.pop(0)

    def deliver(self, reply: Reply) -> None:
        self.replies.append(reply)

    async def again(self, request: Request, why: str, *, maybe_paid: bool) -> bool:
        raise AssertionError(why)

    def fail(self, request: Request, why: str, *, maybe_paid: bool) -> None:
        raise AssertionError(why)


async def ask(
    requests: Sequence[Request], task: Task = COMPOSITION, **options: object
) -> list[Reply]:
    made = ScriptedOptions(world=task.name, **options)  # type: ignore[arg-type]
    teacher = build(made, task=task, folder=Path())
    async with teacher.open(()) as session:
        desk = ListDesk([session.resolve(request) for request in requests])
        await session.answer(desk)
    return desk.replies


cached = cache(load)


def request_for(
    task: Task, row: Example, template: str, *, sampling: Sampling | None = None, **more: object
) -> Request:
    given = {**variables(task, row), "rationale": "none", "abstain": False, "shots": [], **more}
    return Request(cached(template).messages(given), sampling or Sampling())


def shots_of(
    task: Task, rows: Sequence[Example], *, rationale: str = ""
) -> list[dict[str, object]]:
    given = [variables(task, row) for row in rows]
    return [
        {
            "fields": g["fields"],
            "answer": g["answer"],
            "rationale": rationale and "first +2. Total +2.",
        }
        for g in given
    ]


async def test_five_w_of_both_worlds() -> None:
    note = Example(
        "a",
        {"text": "Ada checked press 4 in hall B on Friday. First, the bearing was warm."},
    )
    (reply,) = await ask([request_for(COMPOSITION, note, "five_w_fields.v1")])
    assert reply.text == (
        "Who: Ada\nWhat: inspection of press 4\nWhen: Friday\nWhere: hall B\nWhy: not stated"
    )
    pair = Example(
        "b",
        {
            "premise": "In the cold barn, no owl sang.",
            "hypothesis": "In the cold barn, no owl slept.",
        },
    )
    (reply,) = await ask([request_for(MONOTONICITY, pair, "five_w.v1")], MONOTONICITY)
    assert reply.text == (
        "Who: no owl\nWhat: sang\nWhen: not stated\nWhere: the cold barn\nWhy: not stated"
    )


@pytest.mark.parametrize(
    ("world", "template"),
    [
        ("composition", "explain.v1"),
        ("monotonicity", "explain.v1"),
        ("monotonicity", "explain_nli.v1"),
    ],
)
async def test_explanations_are_right_by_default(world: str, template: str) -> None:
    task = WORLDS[world].task
    rows = rows_of(world, "train", 60)
    replies = await ask([request_for(task, r, template, relation="entails") for r in rows], task)
    for row, reply in zip(rows, replies, strict=True):
        (case,) = WORLDS[world].read("\n".join(row.fields.values()))
        assert reply.text == case.reasons(str(row.label))


@pytest.mark.parametrize("world", sorted(WORLDS))
@pytest.mark.parametrize("rationale", ["none", "before", "after"])
@pytest.mark.parametrize("shots", [0, 2])
async def test_annotation_in_every_shape(world: str, rationale: str, shots: int) -> None:
    task = WORLDS[world].task
    rows = rows_of(world, "train", 90)
    shown = shots_of(task, rows[:shots], rationale=rationale if rationale != "none" else "")
    requests = [
        request_for(task, r, "annotate.v1", rationale=rationale, shots=shown) for r in rows[2:]
    ]
    replies = await ask(requests, task, zero_shot_errors=0, few_shot_errors=0)
    for row, reply in zip(rows[2:], replies, strict=True):
        (case,) = WORLDS[world].read("\n".join(row.fields.values()))
        reasons = case.reasons(str(row.label))
        assert (
            reply.text
            == {
                "none": row.label,
                "before": f"{reasons}\nAnswer: {row.label}",
                "after": f"Answer: {row.label}\nReasons: {reasons}",
            }[rationale]
        )


@pytest.mark.parametrize("world", sorted(WORLDS))
@pytest.mark.parametrize("shots", [0, 2])
async def test_the_short_prompt_is_answered_by_a_label(world: str, shots: int) -> None:
    task = WORLDS[world].task
    given = rows_of(world, "pool", shots)
    options = AnnotatorOptions(template="fields.v1")
    rows = rows_of(world, "train", 20)
    requests = [annotator.ask(task, row, shots=given, options=options) for row in rows]
    replies = await ask(requests, task, zero_shot_errors=0.0, few_shot_errors=0.0)
    assert [reply.text for reply in replies] == [row.label for row in rows]


async def test_examples_in_the_prompt_help() -> None:
    rows = rows_of("composition", "train", 1000)
    shown = shots_of(COMPOSITION, rows_of("composition", "pool", 3))
    wrong = []
    for given in ([], shown):
        requests = [request_for(COMPOSITION, r, "annotate.v1", shots=given) for r in rows]
        replies = await ask(requests)
        wrong.append(sum(a.text != r.label for a, r in zip(replies, rows, strict=True)))
    assert 120 <= wrong[0] <= 180
    assert 55 <= wrong[1] <= 105


async def test_a_mistaken_label_has_reasons_that_lead_to_it() -> None:
    rows = rows_of("composition", "train", 20)
    requests = [request_for(COMPOSITION, r, "annotate.v1", rationale="before") for r in rows]
    for row, reply in zip(rows, await ask(requests, zero_shot_errors=1.0), strict=True):
        reasons, label = reply.text.split("\nAnswer: ")
        assert label != row.label
        (note,) = WORLDS["composition"].read(row.fields["text"])
        assert reasons == note.reasons(label) != note.reasons(note.label)


async def test_replies_do_not_depend_on_the_order_of_arrival() -> None:
    rows = rows_of("composition", "train", 50)
    requests = [request_for(COMPOSITION, row, "annotate.v1") for row in rows]
    one = {reply.request: reply for reply in await ask(requests)}
    two = {reply.request: reply for reply in await ask(requests[::-1], latency=0.00001)}
    assert one == two


async def test_draws_purchases_and_completions_are_independent() -> None:
    row = rows_of("composition", "train", 1)[0]
    first = request_for(COMPOSITION, row, "annotate.v1")
    for requests in (
        [replace(first, draw=k) for k in range(60)],
        [replace(first, purchase=k) for k in range(60)],
    ):
        replies = await ask(requests, zero_shot_errors=0.5)
        assert len({reply.request for reply in replies}) == 60
        assert 15 <= sum(reply.text == row.label for reply in replies) <= 45
    (reply,) = await ask([replace(first, sampling=Sampling(n=60))], zero_shot_errors=0.5)
    assert len(reply.completions) == 60
    assert 15 <= sum(c.text == row.label for c in reply.completions) <= 45


async def test_label_words_of_the_task_are_said() -> None:
    said = tuple(Label(label.name, f"very {label.name}") for label in COMPOSITION.labels)
    task = replace(COMPOSITION, labels=said)
    rows = rows_of("composition", "train", 5)
    requests = [request_for(task, r, "annotate.v1", sampling=Sampling(logprobs=5)) for r in rows]
    for row, reply in zip(rows, await ask(requests, task, zero_shot_errors=0), strict=True):
        assert reply.text == f"very {row.label}"
        assert reply.completions[0].tokens is not None


@pytest.mark.parametrize("rationale", ["none", "before", "after"])
async def test_log_probabilities_of_the_label_are_a_distribution(rationale: str) -> None:
    row = rows_of("composition", "train", 1)[0]
    sampling = Sampling(logprobs=3)
    request = request_for(COMPOSITION, row, "annotate.v1", rationale=rationale, sampling=sampling)
    (reply,) = await ask([request])
    tokens = reply.completions[0].tokens
    assert tokens is not None
    assert "".join(token.token for token in tokens) == reply.text
    (label,) = [token for token in tokens if token.top]
    assert {said.strip() for said in label.top} == set(COMPOSITION.label_names)
    assert math.isclose(sum(map(math.exp, label.top.values())), 1)
    assert label.top[label.token] == label.logprob == max(label.top.values())


async def test_only_as_many_alternatives_as_asked() -> None:
    row = rows_of("composition", "train", 1)[0]
    (reply,) = await ask(
        [request_for(COMPOSITION, row, "annotate.v1", sampling=Sampling(logprobs=2))]
    )
    (token,) = reply.completions[0].tokens or ()
    assert len(token.top) == 2


async def test_length_and_stop_are_heeded() -> None:
    row = rows_of("composition", "train", 1)[0]
    short = request_for(COMPOSITION, row, "explain.v1", sampling=Sampling(max_tokens=7))
    (cut,) = await ask([short])
    assert len(cut.text.split()) == 5 and cut.completions[0].finish == "length"
    stop = request_for(COMPOSITION, row, "explain.v1", sampling=Sampling(stop=(". Total",)))
    (stopped,) = await ask([stop])
    assert "Total" not in stopped.text and stopped.completions[0].finish == "stop"


async def test_a_schema_is_answered_in_json() -> None:
    row = rows_of("composition", "train", 1)[0]
    request = replace(
        request_for(COMPOSITION, row, "annotate.v1"),
        schema={
            "type": "object",
            "properties": {
                "reasons": {"type": "string"},
                "label": {"type": "string", "enum": list(COMPOSITION.label_names)},
            },
        },
    )
    (reply,) = await ask([request], zero_shot_errors=0)
    answer = orjson.loads(reply.text)
    assert answer["label"] == row.label and "Total" in answer["reasons"]


async def test_what_it_does_not_know_it_declines() -> None:
    unknown = [
        Request((Message("user", "Write a poem about spring."),)),
        Request(
            (Message("user", f"Repeat: {rows_of('composition', 'train', 1)[0].fields['text']}"),)
        ),
    ]
    for reply in await ask(unknown):
        assert "I am the scripted teacher of the world composition" in reply.text


async def test_usage_stays_within_its_bound_and_is_served_openly() -> None:
    row = rows_of("composition", "train", 1)[0]
    session = ScriptedSession(ScriptedOptions(), COMPOSITION, WORLDS["composition"])
    request = session.resolve(request_for(COMPOSITION, row, "explain.v1", sampling=Sampling(n=2)))
    reply, bound = session.reply(request), session.bound(request)
    assert reply.usage.requests == 1 and reply.usage.nanousd == 0
    assert (
        reply.usage.prompt_tokens
        == bound.prompt_tokens
        == count_tokens(request.messages[0].content)
    )
    assert 0 < reply.usage.completion_tokens <= bound.completion_tokens
    assert "scripted" in reply.served_by


def test_the_name_tells_teachers_apart_that_answer_differently() -> None:
    def name(**options: float) -> str:
        made = ScriptedOptions(**options)  # type: ignore[arg-type]
        return ScriptedSession(made, COMPOSITION, WORLDS["composition"]).name

    assert name() == name(latency=1.0) != name(zero_shot_errors=0.2)
    assert name().startswith("scripted/composition-")


def test_mistakes_in_options_are_told() -> None:
    with pytest.raises(UserError, match="zero_shot_errors is 15"):
        build(ScriptedOptions(zero_shot_errors=15), task=COMPOSITION, folder=Path())
    with pytest.raises(UserError, match="Did you mean composition"):
        build(ScriptedOptions(world="compositions"), task=COMPOSITION, folder=Path())
    with pytest.raises(UserError, match="does not know the labels yes, no"):
        other = Task("t", "classification", ("text",), (Label("yes"), Label("no")))
        build(ScriptedOptions(), task=other, folder=Path())


# --- writing --------------------------------------------------------------------------------------

REVIEWS = WORLDS["reviews"].task


def writing(count: int = 1, **more: object) -> Request:
    gist = Gist("text", "positive", wanted=("text",), count=count)
    return Request((Message("user", "Write a positive review."),), gist=gist, **more)  # type: ignore[arg-type]


async def written(request: Request, draws: int, **options: object) -> list[str]:
    requests = [replace(request, draw=draw) for draw in range(draws)]
    return [reply.text for reply in await ask(requests, REVIEWS, **options)]


async def test_every_draw_writes_another_text_of_the_label() -> None:
    found = await written(writing(), 200, writing_errors=0)
    assert len(set(found)) > 190
    assert {WORLDS["reviews"].read(text)[0].label for text in found} == {"positive"}
    assert found == await written(writing(), 200, writing_errors=0)
    assert found != await written(writing(purchase=1), 200, writing_errors=0)


async def test_several_texts_come_as_json_and_as_completions() -> None:
    single = await written(writing(), 6)
    (three,) = await written(writing(3), 1)
    assert orjson.loads(three) == single[:3]  # the numbers of a prompt's texts go on
    schema = {"type": "object", "properties": {"texts": {"type": "array"}}}
    (strict,) = await written(writing(2, schema=schema), 1)
    assert len(orjson.loads(strict)["texts"]) == 2
    (reply,) = await ask([writing(sampling=Sampling(n=4))], REVIEWS)
    assert len({completion.text for completion in reply.completions}) == 4


async def test_a_teacher_that_repeats_itself_half_of_the_time() -> None:
    found = await written(writing(), 400, repeat=0.5)
    new = len(set(found))
    assert new == pytest.approx(200, abs=35)
    assert found == await written(writing(), 400, repeat=0.5)
    (some,) = await ask([writing(100)], REVIEWS, repeat=0.5, max_tokens=4000)
    assert len(set(orjson.loads(some.text))) == pytest.approx(50, abs=15)


async def test_written_text_has_log_probabilities_that_tell_slips() -> None:
    def mean(reply: Reply) -> float:
        tokens = reply.completions[0].tokens
        assert tokens is not None and "".join(token.token for token in tokens) == reply.text
        return sum(token.logprob for token in tokens) / len(tokens)

    requests = [writing(sampling=Sampling(logprobs=0), purchase=k) for k in range(40)]
    right = [mean(reply) for reply in await ask(requests, REVIEWS, writing_errors=0)]
    wrong = [mean(reply) for reply in await ask(requests, REVIEWS, writing_errors=1)]
    assert len(set(right)) == 40
    assert sum(right) / 40 > sum(wrong) / 40 + 0.3


async def test_reasons_and_attributes_come_as_lists() -> None:
    prompt = (Message("user", "Give reasons."),)
    reasons = Request(prompt, gist=Gist("reasons", "negative", wanted=("reason",), count=4))
    values = Request(prompt, gist=Gist("attributes", wanted=("value",), count=3))
    for reply, count in zip(await ask([reasons, values], REVIEWS), (4, 3), strict=True):
        assert len(orjson.loads(reply.text)) == count


@pytest.mark.parametrize("world", ["composition", "monotonicity"])
async def test_worlds_that_cannot_be_written_in_are_not(world: str) -> None:
    task = WORLDS[world].task
    gist = Gist("text", task.label_names[0], wanted=task.fields)
    (reply,) = await ask([Request((Message("user", "Write."),), gist=gist)], task)
    assert reply.text.startswith("I'm sorry") and f"of the world {world}" in reply.text


def test_teachers_that_never_write_kept_their_names() -> None:
    made = ScriptedSession(ScriptedOptions(), COMPOSITION, WORLDS["composition"])
    assert made.name == "scripted/composition-223e1604"
    other = ScriptedSession(ScriptedOptions(repeat=0.5), COMPOSITION, WORLDS["composition"])
    assert other.name != made.name
