"""The corpus teacher: the right texts in the right order, by the request alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError, UserError
from tutelage.records import Example, Gist, Label, Message, Request, Sampling, Task
from tutelage.teacher.corpus import CorpusSession, build
from tutelage.teacher.corpus_options import CorpusOptions
from tutelage.teacher.scripted import count_tokens
from tutelage.teacher.templating import load, variables

TASK = Task("food", "classification", ("text",), (Label("soup"), Label("cake", "sweet cake")))
SOUPS = ["hot soup", "hot soup with leek", "cold soup", "hot soup with leek and cream", "broth"]
CAKES = ["plum cake", "plum cake with cream", "nut cake", "plum cake with nut", "torte"]
PAIRS = Task("pairs", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [{"text": text, "label": "soup"} for text in SOUPS]
    rows += [{"text": text, "label": "cake"} for text in CAKES]
    path = tmp_path / "food.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


async def opened(
    path: Path, task: Task = TASK, gold: Sequence[Example] = (), **options: Any
) -> CorpusSession:
    teacher = build(CorpusOptions(path.name, **options), task=task, folder=path.parent)
    async with teacher.open(gold) as session:
        assert isinstance(session, CorpusSession)
        return session


def asked(gist: Gist | None, prompt: str = "Write.", **more: Any) -> Request:
    return Request((Message("user", prompt),), gist=gist, **more)


def for_label(label: str, count: int = 1, shots: int = 0) -> Gist:
    return Gist("text", label, wanted=("text",), count=count, shots=shots)


def texts(session: CorpusSession, request: Request, draws: int) -> list[str]:
    ready = session.resolve(request)
    return [session.reply(replace(ready, draw=draw)).text for draw in range(draws)]


# --- texts for a label ----------------------------------------------------------------------------


async def test_the_typical_comes_first_and_nothing_twice(table: Path) -> None:
    session = await opened(table, bias=1)
    found = texts(session, asked(for_label("soup")), 6)
    assert sorted(found[:5]) == sorted(SOUPS)
    assert found[0] == "hot soup with leek" and found[4] == "broth"
    assert found[5].startswith("I'm sorry") and "no further text of the label soup" in found[5]


async def test_without_bias_the_lot_decides_and_each_prompt_has_its_own(table: Path) -> None:
    session = await opened(table, bias=0)
    orders = {tuple(texts(session, asked(for_label("soup"), str(n)), 5)) for n in range(20)}
    assert len(orders) > 10 and all(sorted(order) == sorted(SOUPS) for order in orders)


async def test_several_texts_in_one_reply_go_on_counting(table: Path) -> None:
    session = await opened(table, bias=1)
    single = texts(session, asked(for_label("cake")), 4)
    two = [json.loads(text) for text in texts(session, asked(for_label("cake", 2)), 2)]
    assert [*two[0], *two[1]] == single
    n = session.reply(session.resolve(asked(for_label("cake"), sampling=Sampling(n=4))))
    assert [completion.text for completion in n.completions] == single


async def test_noise_gives_texts_of_another_label(table: Path) -> None:
    session = await opened(table, noise=0.4)
    found = [texts(session, asked(for_label("soup"), str(n)), 1)[0] for n in range(300)]
    assert sum(text in CAKES for text in found) == pytest.approx(120, abs=25)


async def test_requirements_draw_texts_near_them(table: Path) -> None:
    session = await opened(table, bias=1)
    wish = asked(for_label("cake"), "Requirements:\n- taste: torte\n\nWrite one example.")
    assert texts(session, wish, 5).index("torte") < 4
    assert texts(session, asked(for_label("cake")), 5).index("torte") == 4


async def test_reasons_are_beginnings_of_texts(table: Path) -> None:
    session = await opened(table, bias=1)
    gist = Gist("reasons", "soup", wanted=("reason",), count=2)
    assert json.loads(texts(session, asked(gist), 1)[0])[0] == "hot soup with leek"


# --- variations and examples ----------------------------------------------------------------------


async def test_a_variation_is_the_nearest_unused_text_of_the_label(table: Path) -> None:
    session = await opened(table)
    gist = Gist("variation", "soup", {"text": "hot soup with leek"}, ("text",))
    found = texts(session, asked(gist), 4)
    assert found[0] == "hot soup with leek and cream" and found[1] == "hot soup"
    assert "hot soup with leek" not in found
    other = replace(gist, label="cake")
    assert texts(session, asked(other), 1) == ["plum cake with cream"]


async def test_examples_shown_are_approached_and_not_given_back(table: Path) -> None:
    session = await opened(table)
    prompt = "Label: sweet cake\n\nExample 1\nText: plum cake\n\nWrite one further example."
    found = texts(session, asked(for_label("cake", shots=1), prompt), 4)
    assert set(found[:2]) == {"plum cake with cream", "plum cake with nut"}
    assert "plum cake" not in found


async def test_pairs_keep_the_premise_that_stands(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        "premise,hypothesis,label\nIt rains.,It is wet.,yes\nIt rains.,It is dry.,no\n"
        "It rains.,Water falls.,yes\nIt rains hard.,Much water falls.,yes\nIt snows.,It is white.,yes\n",
        "utf-8",
    )
    session = await opened(path, PAIRS)
    gist = Gist("text", "yes", {"premise": "It rains."}, ("hypothesis",))
    found = texts(session, asked(gist), 4)
    assert set(found[:2]) == {"It is wet.", "Water falls."} and found[2] == "Much water falls."
    row = {"premise": "It rains.", "hypothesis": "It is wet."}
    varied = Gist("variation", "yes", row, ("hypothesis",))
    assert texts(session, asked(varied), 1) == ["Water falls."]
    whole = replace(gist, given={}, wanted=PAIRS.fields)
    assert json.loads(texts(session, asked(whole), 1)[0]).keys() == {"premise", "hypothesis"}


# --- corpora without labels -----------------------------------------------------------------------


async def test_without_labels_gold_tells_where_a_label_lies(table: Path) -> None:
    gold = [Example("g", {"text": "nut torte"}, label="cake")]
    session = await opened(table, gold=gold, label="", bias=1)
    assert set(texts(session, asked(for_label("cake")), 2)) == {"nut cake", "torte"}
    assert texts(session, asked(for_label("soup")), 1)[0] in SOUPS  # by the label's own word
    assert session.name != (await opened(table, label="", bias=1)).name


# --- labels ---------------------------------------------------------------------------------------


def annotation(text: str, rationale: str = "none", schema: Any = None) -> Request:
    given = {**variables(TASK, Example("x", {"text": text})), "rationale": rationale}
    messages = load("annotate.v1").messages({**given, "abstain": False, "shots": []})
    return Request(messages, schema=schema)


async def test_annotation_says_what_the_corpus_says(table: Path) -> None:
    session = await opened(table)
    assert texts(session, annotation("torte"), 1) == ["sweet cake"]
    assert texts(session, annotation("a nut cake at last"), 1) == ["sweet cake"]
    (reply,) = texts(session, annotation("broth", "before"), 1)
    assert reply.endswith("\nAnswer: soup")
    schema = {"properties": {"label": {"enum": ["soup", "sweet cake"]}}}
    assert json.loads(texts(session, annotation("broth", schema=schema), 1)[0]) == {"label": "soup"}


async def test_annotation_errs_as_often_as_it_is_told(table: Path) -> None:
    session = await opened(table, noise=0.25)
    said = Counter(texts(session, annotation("broth"), 400))
    assert said["sweet cake"] == pytest.approx(100, abs=25) and len(said) == 2


@pytest.mark.parametrize(
    "request_",
    [
        asked(None, "Write a poem."),
        asked(Gist("attributes", wanted=("dimension",), count=3)),
        asked(Gist("text", None, wanted=("text",))),
    ],
)
async def test_what_it_does_not_do_it_declines(table: Path, request_: Request) -> None:
    (reply,) = texts(await opened(table), request_, 1)
    assert reply.startswith("I'm sorry, but I can't answer this: I am a corpus teacher")


async def test_without_labels_it_annotates_nothing(table: Path) -> None:
    (reply,) = texts(await opened(table, label=""), annotation("broth"), 1)
    assert reply.startswith("I'm sorry")


# --- identity, account, mistakes ------------------------------------------------------------------


async def test_replies_depend_on_the_request_alone(table: Path) -> None:
    requests = [asked(for_label("soup")), annotation("broth"), asked(for_label("cake", 2))]
    first, second = await opened(table, noise=0.3), await opened(table, noise=0.3)
    forth = [texts(first, request, 3) for request in requests]
    back = [texts(second, request, 3) for request in reversed(requests)]
    assert forth == back[::-1]


async def test_the_name_tells_other_files_and_options_apart(table: Path) -> None:
    name = (await opened(table)).name
    assert name.startswith("corpus/food-")
    assert name == (await opened(table, latency=0.5)).name
    assert name == (await opened(table, gold=[Example("g", {"text": "a"}, label="soup")])).name
    assert name != (await opened(table, noise=0.1)).name
    table.write_text(table.read_text("utf-8") + '\n{"text": "stew", "label": "soup"}', "utf-8")
    assert name != (await opened(table)).name


async def test_usage_stays_within_its_bound(table: Path) -> None:
    session = await opened(table)
    request = session.resolve(asked(for_label("soup", 3), sampling=Sampling(n=1, max_tokens=2)))
    reply, bound = session.reply(request), session.bound(request)
    assert reply.usage.prompt_tokens == bound.prompt_tokens == count_tokens("Write.")
    assert 0 < reply.usage.completion_tokens <= bound.completion_tokens
    assert reply.usage.requests == 1 and len(json.loads(reply.text)) == 3


def test_mistakes_in_options_are_told(tmp_path: Path) -> None:
    def made(task: Task = TASK, **options: Any) -> object:
        return build(CorpusOptions("x.csv", **options), task=task, folder=tmp_path)

    with pytest.raises(UserError, match=r"noise is 3"):
        made(noise=3)
    with pytest.raises(UserError, match=r"names the field 'body'[\s\S]*fields are text"):
        made(columns={"body": "b"})
    with pytest.raises(UserError, match=r"cannot answer for a multi_label task"):
        made(replace(TASK, kind="multi_label"))


def test_minilm_without_torch_is_told_before_anything_is_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutelage.teacher.corpus.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs torch and transformers[\s\S]*embedding: tfidf"):
        build(CorpusOptions("x.csv", embedding="minilm"), task=TASK, folder=tmp_path)


async def test_a_missing_file_is_told_on_opening(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        await opened(tmp_path / "none.csv")
