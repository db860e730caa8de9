from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tutelage.contracts import Synthesizer
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Label,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
)
from tutelage.synthesis import ExplainOptions, FiveWOptions, PromptedOptions
from tutelage.synthesis.rationales import (
    build_explain,
    build_five_w,
    build_prompted,
    label_mentions,
    relations_of,
)


def first(writer: Synthesizer, brief: Brief) -> list[Request]:
    requests = []
    for order in writer.orders(writer.stages[0], brief):
        (request,) = writer.step(order, ())
        assert isinstance(request, Request)
        requests.append(request)
    return requests


def drafted(writer: Synthesizer, brief: Brief, text: str, finish: str = "stop") -> Draft:
    order = writer.orders(writer.stages[0], brief)[1]
    (draft,) = writer.step(order, [Reply("request1-a", (Completion(text, finish),))])
    assert isinstance(draft, Draft)
    return draft


def test_five_w_shares_one_prompt_for_each_premise(nli: Task, brief: Brief) -> None:
    requests = first(build_five_w(FiveWOptions(), task=nli), brief)
    assert len(requests) == 12
    assert all(request.shared for request in requests)
    assert len({request.hash for request in requests}) == 4
    assert requests[0].sampling == Sampling(temperature=0.2, max_tokens=400)
    assert [m.role for m in requests[0].messages] == ["system", "user"]
    assert "Animal" not in requests[0].messages[1].content


def test_five_w_as_published_fixes_the_seed(nli: Task, brief: Brief) -> None:
    request = first(build_five_w(FiveWOptions(as_published=True), task=nli), brief)[0]
    assert request.sampling == Sampling(temperature=0.2, max_tokens=400, seed=123)


def test_five_w_asks_about_all_fields_where_they_are_no_pair(brief: Brief) -> None:
    task = Task("t", "classification", ("premise", "hypothesis"), tuple(map(Label, "enc")))
    sound = first(build_five_w(FiveWOptions(), task=task), brief)
    assert "Hypothesis: Animal 0 moves." in sound[0].messages[1].content
    published = first(build_five_w(FiveWOptions(as_published=True), task=task), brief)
    assert "Animal" not in published[0].messages[1].content


def test_explain_says_the_relation(nli: Task, brief: Brief) -> None:
    requests = first(build_explain(ExplainOptions(), task=nli), brief)
    said = [request.messages[-1].content.split("\n\n")[2] for request in requests[:3]]
    assert said == [
        "entails the following hypothesis: ",
        "is neutral to the following hypothesis: ",
        "contradicts the following hypothesis: ",
    ]
    assert {len(request.messages) for request in requests} == {1}
    assert not any(request.shared for request in requests)


def test_explain_as_published_shares_equal_prompts(nli: Task, brief: Brief) -> None:
    request = first(build_explain(ExplainOptions(as_published=True), task=nli), brief)[0]
    assert (request.shared, request.sampling.seed) == (True, 123)


def test_explain_names_the_label_of_other_tasks(brief: Brief) -> None:
    labels = (Label("e", "easy", "Short words."), Label("n", "nice"), Label("c", "clever"))
    task = Task("t", "classification", ("premise", "hypothesis"), labels)
    text = first(build_explain(ExplainOptions(), task=task), brief)[0].messages[0].content
    assert 'The right answer is "easy". It applies when: Short words.' in text
    with pytest.raises(UserError, match="as published on the labels easy, nice, clever"):
        build_explain(ExplainOptions(as_published=True), task=task)


def test_relations_of_two_label_tasks() -> None:
    task = Task("rte", "nli", ("a", "b"), (Label("0", "entailment"), Label("1", "not_entailment")))
    assert relations_of(task) == {"0": "entails", "1": "does not entail"}
    assert relations_of(replace(task, labels=(Label("0"), Label("1")))) is None
    assert relations_of(replace(task, labels=())) is None


def test_a_draft_is_the_gold_row_with_its_rationale(nli: Task, brief: Brief) -> None:
    draft = drafted(build_explain(ExplainOptions(), task=nli), replace(brief, turn=0), " So. \n")
    wanted = replace(
        brief.train[1],
        rationale="So.",
        origin=Origin("train", "arm", 0, 1, ("request1-a",), source="t1"),
    )
    assert draft == Draft(1, 1, wanted, raw=" So. \n")


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("", "stop", "empty reply"),
        (" \n", "content_filter", "blocked by a content filter"),
        ("I'm sorry, but I can't help with that.", "stop", "refused: I'm sorry, but I can't"),
    ],
)
def test_no_rationale_is_a_refusal(
    nli: Task, brief: Brief, text: str, finish: str, reason: str
) -> None:
    draft = drafted(build_five_w(FiveWOptions(), task=nli), brief, text, finish)
    assert draft.content == Refusal(reason)
    assert draft.raw == text


def test_as_published_takes_text_as_it_comes(nli: Task, brief: Brief) -> None:
    text = "I'm sorry, but I can't help with that. "
    draft = drafted(build_five_w(FiveWOptions(as_published=True), task=nli), brief, text)
    assert isinstance(draft.content, Example)
    assert draft.content.rationale == text


def test_rows_are_drawn_by_seed_and_turns_never_meet(nli: Task, brief: Brief) -> None:
    writer = build_explain(ExplainOptions(rows=4), task=nli)
    turns = [
        {
            order.source.id
            for order in writer.orders("rationales", replace(brief, turn=t))
            if order.source
        }
        for t in range(4)
    ]
    assert [len(turn) for turn in turns] == [4, 4, 4, 0]
    assert len(set.union(*turns)) == 12
    backwards = writer.orders("rationales", replace(brief, train=brief.train[::-1]))
    assert {order.source.id for order in backwards if order.source} == turns[0]
    more = build_explain(ExplainOptions(rows=5), task=nli).orders("rationales", brief)
    assert turns[0] < {order.source.id for order in more if order.source}


def test_all_rows_are_explained_once(nli: Task, brief: Brief) -> None:
    writer = build_explain(ExplainOptions(), task=nli)
    assert len(writer.orders("rationales", brief)) == 12
    assert writer.orders("rationales", replace(brief, turn=1)) == []


def test_options_and_gold_are_checked(nli: Task, brief: Brief) -> None:
    with pytest.raises(UserError, match="rows: 0 is too small"):
        build_five_w(FiveWOptions(rows=0), task=nli)
    with pytest.raises(UserError, match="no gold train rows"):
        build_five_w(FiveWOptions(), task=nli).orders("rationales", replace(brief, train=()))


def test_prompted_uses_the_users_template(nli: Task, brief: Brief, tmp_path: Path) -> None:
    path = tmp_path / "why.jinja"
    path.write_text("Why {{ relation }}? {{ row.premise }}", encoding="utf-8")
    plugin = find("synthesizer", "prompted")
    writer = plugin.make(PromptedOptions(str(path), temperature=1.0), task=nli)
    requests = first(writer, brief)
    assert requests[0].messages[0].content == "Why entails? Dog 0 runs."
    assert requests[0].sampling == Sampling(temperature=1.0, max_tokens=400)
    with pytest.raises(UserError, match="no template"):
        build_prompted(PromptedOptions("missing.jinja"), task=nli)


def test_label_mentions_by_hand(nli: Task) -> None:
    def row(label: str, rationale: str | None) -> Example:
        return Example("x", {}, label=label, rationale=rationale)

    rows = [
        row("e", "The text entails it."),
        row("e", "It contradicts nothing and is entailed."),
        row("n", "It contradicts."),
        row("c", "He sleeps."),
        row("c", None),
    ]
    assert label_mentions(rows, nli.labels) == {
        "rationales": 4,
        "any": 3,
        "own": 2,
        "only_own": 1,
        "other": 2,
    }


@pytest.mark.real
def test_label_mentions_of_the_published_rationales() -> None:
    root = Path(os.environ.get("TUTELAGE_REAL_DATA", "../shared/data")) / "emanli_r1"
    if not root.is_dir():
        pytest.skip(f"no real data at {root}")
    rows = []
    for split in ("dev", "test"):
        with gzip.open(root / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for r in map(json.loads, lines):
                rows.append(Example(r["uid"], {}, label=r["label"], rationale=r["rationale"]))
    labels = tuple(map(Label, ("entailment", "neutral", "contradiction")))
    counts = label_mentions(rows, labels)
    assert (counts["rationales"], counts["any"], counts["only_own"]) == (2000, 1272, 1262)
