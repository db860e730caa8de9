from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.contracts import Inquiring
from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import AgreementOptions
from tutelage.curation.opinions import Opinions
from tutelage.exceptions import UserError
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Completion, Draft, Example, Label, Origin, Prediction, Reply, Task

TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
GOOD, BAD = "a fine and lovely film", "a dull and awful film"


def made(labels: str) -> list[Draft]:
    """Drafts of clear texts; a capital is a label that is wrong."""
    rows = []
    for i, mark in enumerate(labels):
        text = GOOD if mark.lower() == "g" else BAD
        wrong = {"g": "good", "b": "bad", "G": "bad", "B": "good"}[mark]
        rows.append(Draft(i, i, Example(f"d{i}", {"text": f"{text} {i}"}, wrong)))
    return rows


def bench(**given: Any) -> DraftBench:
    return DraftBench(TASK, (), (), SealedIndex([]), **given)


def check(**options: Any) -> Any:
    return find("check", "agreement").make(AgreementOptions(**options), task=TASK)


def test_students_contradict_wrong_labels() -> None:
    drafts = made("gbgbgbgbgbGbgbgbgbgbgB")
    verdicts = check(sure=0.6).judge(drafts, bench())
    assert [v.draft for v in verdicts if v.decision == "dropped"] == [10, 21]
    assert verdicts[10].reason.startswith(
        "its label is bad, and students that have not seen it say good ("
    )
    assert check(sure=1.0).judge(drafts, bench())[10].decision == "kept"


def test_a_row_is_relabelled_where_asked() -> None:
    drafts = made("gbgbgbgbgbGbgbgbgbgb")
    drafts[10] = replace(
        drafts[10], content=replace(drafts[10].content, rationale="Dull.", scores={"bad": 1.0})
    )
    verdict = check(sure=0.6, on_disagreement="relabel").judge(drafts, bench())[10]
    assert verdict.decision == "mended"
    assert (verdict.replacement.label, verdict.replacement.rationale) == ("good", None)
    assert verdict.replacement.scores is None


def test_too_few_rows_are_not_judged_but_gold_helps() -> None:
    drafts = made("gbgG")
    assert {v.decision for v in check(sure=0.5).judge(drafts, bench())} == {"kept"}
    gold = [
        replace(draft.content, id=f"g{i}", origin=Origin("train"))
        for i, draft in enumerate(made("gb" * 20))
    ]
    told = check(sure=0.6).judge(drafts, DraftBench(TASK, (), gold, SealedIndex([])))
    assert [v.decision for v in told] == ["kept", "kept", "kept", "dropped"]
    pool = [replace(row, origin=Origin("pool")) for row in gold]
    told = check(sure=0.6).judge(drafts, DraftBench(TASK, (), pool, SealedIndex([])))
    assert [v.decision for v in told] == ["kept"] * 4  # the error pool teaches nobody


def test_gold_texts_are_left_alone() -> None:
    drafts = made("gbgbgbgbgbGb")
    row = replace(drafts[10].content, origin=Origin("train"))
    drafts[10] = replace(drafts[10], content=row)
    assert check(sure=0.5).judge(drafts, bench())[10].decision == "kept"
    assert check(by="teacher").questions(row, ()) == []


def reply(text: str) -> Reply:
    return Reply("request1-x", (Completion(text),))


def test_the_teacher_is_asked_without_being_told_the_label() -> None:
    asking = check(by="teacher", shots=1)
    assert isinstance(asking, Inquiring)
    row = made("g")[0].content
    shot = Example("s", {"text": "grim"}, "bad")
    shots = asking.shots((shot,), 1)
    (request,) = asking.questions(row, shots)
    prompt = "\n".join(message.content for message in request.messages)
    assert GOOD in prompt and "grim" in prompt
    assert request == asking.questions(replace(row, label="bad"), shots)[0]
    assert request.sampling.temperature == 0
    several = check(by="self_consistency", votes=3).questions(row, ())
    assert len(several) == 3 and several[0].sampling.temperature == 0.7


def test_votes_are_counted() -> None:
    asking, row = check(by="self_consistency", votes=3), made("g")[0].content
    heard = asking.heard(row, [reply("good"), reply("good"), reply("bad")])
    assert (heard.label, heard.scores) == ("good", {"good": 2 / 3, "bad": 1 / 3})
    assert asking.heard(row, [reply("good"), reply("bad")]).label is None
    assert asking.heard(row, [reply("who knows")]) == Prediction(row.id)


def test_bought_opinions_decide() -> None:
    drafts = made("ggg")
    texts = [draft.content.text_fingerprint() for draft in drafts]
    sure = Prediction("x", "bad", scores={"good": 0.0, "bad": 1.0})
    split = Prediction("x", "bad", scores={"good": 0.4, "bad": 0.6})
    there = bench(predictors={"self_consistency": Opinions({texts[0]: sure, texts[1]: split})})
    verdicts = check(by="self_consistency").judge(drafts, there)
    assert [v.decision for v in verdicts] == ["dropped", "kept", "kept"]
    assert verdicts[0].reason == "its label is good, and most replies of the teacher say bad (100%)"
    with pytest.raises(UserError, match="was given no answers"):
        check(by="teacher").judge(drafts, bench())


def test_options_that_cannot_be() -> None:
    for options in ({"sure": 2}, {"folds": 1}, {"votes": 1}, {"students": 0}, {"shots": -1}):
        with pytest.raises(UserError):
            check(**options)
    Judge = Callable[..., Any]
    make: Judge = find("check", "agreement").make
    with pytest.raises(UserError, match="does not fit the task"):
        make(AgreementOptions(), task=Task("t", "generation", ("text",)))


def test_a_tuned_teacher_is_asked_by_the_prompt_that_it_knows() -> None:
    row = Example("d", {"text": GOOD}, "good")
    (request,) = check(by="teacher", template="fields.v1").questions(row, ())
    assert request.messages[0].content == f"Text: {GOOD}\nAnswer:"
    with pytest.raises(UserError, match="There is no template"):
        check(by="teacher", template="feilds.v1")
