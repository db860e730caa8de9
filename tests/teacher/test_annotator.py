from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.exceptions import UserError
from tutelage.records import Completion, Example, Gist, Label, Reply, Sampling, Task, TokenScore
from tutelage.teacher.annotator import AnnotatorOptions, abstains, ask, choose_shots, read

TASK = Task(
    "reviews",
    "classification",
    ("text",),
    (Label("pos", "positive", "It praises."), Label("neg", "negative")),
    "Judge the review.",
)
MULTI = Task("moods", "multi_label", ("text",), (Label("joy"), Label("fear"), Label("anger")))
CONCEPTS = Task("concepts", "generation", ("concepts",), instruction="Write a sentence.")
ROW = Example("u1", {"text": "Fine."})
SHOTS = (
    Example("t1", {"text": "Great."}, label="pos", rationale="It is called great."),
    Example("t2", {"text": "Bad."}, label="neg"),
)


def reply(text: str, tokens: tuple[TokenScore, ...] | None = None) -> Reply:
    return Reply("request1-x", (Completion(text, tokens=tokens),))


def test_the_plain_prompt() -> None:
    request = ask(TASK, ROW)
    assert [m.role for m in request.messages] == ["user"]
    assert request.messages[0].content == (
        "Judge the review.\n\nLabels:\n- positive: It praises.\n- negative\n\n"
        "Reply with exactly one of these labels, and nothing else.\n\nText: Fine.\nAnswer:"
    )
    assert request.sampling == Sampling(temperature=0.0, max_tokens=24)
    assert not request.shared


def test_shots_reasons_and_abstention() -> None:
    options = AnnotatorOptions(rationale="before", abstain=True, logprobs=5)
    request = ask(TASK, ROW, shots=SHOTS, options=options)
    text = request.messages[0].content
    assert "If you cannot decide, answer unsure instead of a label." in text
    assert text.endswith(
        "\nText: Great.\nReasons: It is called great.\nAnswer: positive\n"
        "\nText: Bad.\nAnswer: negative\n\nText: Fine.\nReasons:"
    )
    assert request.sampling == Sampling(temperature=0.0, max_tokens=300, logprobs=5)


def test_reasons_after_the_answer() -> None:
    options = AnnotatorOptions(rationale="after")
    text = ask(TASK, ROW, shots=SHOTS[:1], options=options).messages[0].content
    assert "Answer: positive\nReasons: It is called great.\n\nText: Fine.\nAnswer:" in text


def test_a_row_is_never_its_own_shot() -> None:
    same_text = replace(SHOTS[0], id="other")
    for row in (SHOTS[0], same_text):
        request = ask(TASK, row, shots=SHOTS)
        assert request.messages[0].content.count("Great.") == 1
        assert "Answer: positive" not in request.messages[0].content


def test_the_answer_of_a_labelled_row_never_reaches_its_prompt() -> None:
    assert ask(TASK, replace(ROW, label="neg")) == ask(TASK, ROW)


def test_several_labels_are_asked_for_as_a_list() -> None:
    request = ask(MULTI, ROW)
    assert "all labels that apply, separated by commas, or none" in request.messages[0].content
    assert read(MULTI, ROW, reply("fear and joy")).labels == ("joy", "fear")
    assert read(MULTI, ROW, reply("none")).labels == ()
    assert read(MULTI, ROW, reply("boredom")).labels is None


def test_a_task_without_labels_is_refused() -> None:
    with pytest.raises(UserError, match="no labels to annotate with"):
        ask(Task("t", "classification", ("text",)), ROW)


def test_a_text_to_write_is_asked_for_with_texts_that_were_written() -> None:
    row = Example("u1", {"concepts": "dog run"}, target="A dog ran.")
    shot = Example("t1", {"concepts": "cat nap"}, target="A cat naps.")
    request = ask(CONCEPTS, row, shots=[shot, row])
    assert request.messages[0].content == (
        "Write a sentence.\n\nReply with the text that is wanted, and nothing else.\n\n"
        "Concepts: cat nap\nTarget: A cat naps.\n\nConcepts: dog run\nTarget:"
    )
    assert request.sampling == Sampling(temperature=0.0, max_tokens=128)
    found = read(CONCEPTS, row, reply("A dog is running.\nConcepts: a"))
    assert (found.target, found.answer) == ("A dog is running.", "A dog is running.")
    refused = read(CONCEPTS, row, reply("I'm sorry, but I can't do this."))
    assert (refused.target, refused.text) == (None, "I'm sorry, but I can't do this.")
    assert not abstains(CONCEPTS, reply("unsure"))


def test_written_texts_are_chosen_as_shots() -> None:
    rows = [Example(f"t{i}", {"concepts": str(i)}, target="x") for i in range(5)]
    bare = Example("u", {"concepts": "u"})
    assert len(choose_shots(CONCEPTS, [*rows, bare], 9, seed=1)) == 5
    assert choose_shots(CONCEPTS, rows[::-1], 2, seed=1) == choose_shots(CONCEPTS, rows, 2, seed=1)


@pytest.mark.parametrize("options", [{"rationale": "before"}, {"abstain": True}])
def test_a_text_to_write_has_no_reasons(options: dict[str, object]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(options))} is for tasks with labels"):
        ask(CONCEPTS, ROW, options=AnnotatorOptions(**options))  # type: ignore[arg-type]


def test_the_short_prompt_is_the_row_and_a_cue() -> None:
    short = AnnotatorOptions(template="fields.v1")
    assert ask(TASK, ROW, options=short).messages[0].content == "Text: Fine.\nAnswer:"
    shown = ask(TASK, ROW, shots=SHOTS[:1], options=short).messages[0].content
    assert shown == "Text: Great.\nAnswer: positive\n\nText: Fine.\nAnswer:"
    before = replace(short, rationale="before")
    assert ask(TASK, ROW, shots=SHOTS[:1], options=before).messages[0].content == (
        "Text: Great.\nReasons: It is called great.\nAnswer: positive\n\nText: Fine.\nReasons:"
    )
    written = ask(CONCEPTS, Example("u", {"concepts": "dog"}), options=short)
    assert written.messages[0].content == "Concepts: dog\nAnswer:"


def test_the_gist_has_the_texts_and_not_the_answer() -> None:
    given = replace(ROW, label="neg", fields={"text": "Fine.", "other": "x"})
    assert ask(TASK, given).gist == Gist("answer", given={"text": "Fine."})


def test_reading_a_reply() -> None:
    before = AnnotatorOptions(rationale="before")
    text = "It says fine.\nAnswer: Positive\n\nText: Awful."
    prediction = read(TASK, ROW, reply(text), options=before)
    assert (prediction.id, prediction.label, prediction.rationale) == ("u1", "pos", "It says fine.")
    assert prediction.text == text
    assert read(TASK, ROW, reply(text)).rationale is None
    after = AnnotatorOptions(rationale="after")
    assert read(TASK, ROW, reply("negative\nReasons: dull."), options=after).rationale == "dull."
    assert read(TASK, ROW, reply("<think>negative?</think>positive")).label == "pos"


def test_unreadable_and_abstaining_replies_have_no_label() -> None:
    for text in ("", "unsure", "both", "positive or negative"):
        assert read(TASK, ROW, reply(text)).label is None
    assert read(TASK, ROW, Reply("r", ())).label is None
    assert abstains(TASK, reply("unsure"))
    assert not abstains(TASK, reply("positive"))
    assert not abstains(TASK, Reply("r", ()))


def test_scores_come_from_the_first_piece_of_the_label() -> None:
    top = {" pos": math.log(0.6), " neg": math.log(0.2), " Neg": math.log(0.1), " the": -3.0}
    tokens = (
        TokenScore("Answer", -0.1),
        TokenScore(":", -0.1),
        TokenScore(" pos", math.log(0.6), top),
        TokenScore("itive", 0.0),
    )
    scores = read(TASK, ROW, reply("Answer: positive", tokens)).scores
    assert scores == pytest.approx({"pos": 0.6 / 0.9, "neg": 0.3 / 0.9})


def test_scores_are_left_out_where_pieces_cannot_tell() -> None:
    task = replace(TASK, labels=(Label("neutral"), Label("negative")))
    tokens = (TokenScore("ne", -0.1, {"ne": -0.1}), TokenScore("utral", 0.0))
    prediction = read(task, ROW, reply("neutral", tokens))
    assert (prediction.label, prediction.scores) == ("neutral", None)
    other_text = (TokenScore("x", -0.1, {"x": -0.1}),)
    assert read(TASK, ROW, reply("It is positive", other_text)).scores is None


def test_labels_are_scored_whole_where_the_alternatives_are_labels() -> None:
    labels = (Label("1", "very good"), Label("2", "very bad"), Label("3", "very bad indeed"))
    task = replace(TASK, labels=labels)
    top = {"very good": math.log(0.2), "very bad": math.log(0.1), "very bad indeed": math.log(0.5)}
    for words, name in (("very bad", "2"), ("very bad indeed", "3")):
        tokens = (TokenScore(words, top[words], top),)
        found = read(task, ROW, reply(words, tokens))
        assert found.label == name
        assert found.scores == pytest.approx({"1": 0.25, "2": 0.125, "3": 0.625})
    pieces = (TokenScore("very", -0.1, {"very": -0.1}), TokenScore(" bad", -0.1))
    assert read(task, ROW, reply("very bad", pieces)).scores is None


@pytest.mark.parametrize("words", ["why?", "yes or no", "unsure", "C/D", "(b)", "5"])
def test_a_reply_that_is_a_labels_words_is_that_label(words: str) -> None:
    task = replace(TASK, labels=(Label("x", words), Label("y", "no")))
    found = read(task, ROW, reply(f" {words}\n", (TokenScore(words, -0.1, {words: -0.1}),)))
    assert (found.label, found.scores) == ("x", {"x": 1.0, "y": 0.0})
    assert not abstains(task, reply(words))


@settings(deadline=None)
@given(
    labels=st.lists(st.sampled_from(("pos", "neg")), min_size=1, max_size=30),
    count=st.integers(0, 12),
    seed=st.integers(0, 5),
    order=st.randoms(use_true_random=False),
)
def test_shots_are_balanced_nested_and_independent_of_order(
    labels: list[str], count: int, seed: int, order: object
) -> None:
    rows = [Example(f"r{i}", {"text": str(i)}, label=name) for i, name in enumerate(labels)]
    chosen = choose_shots(TASK, rows, count, seed=seed)
    assert len(chosen) == min(count, len(rows))
    assert chosen == choose_shots(TASK, rows[::-1], count, seed=seed)
    assert set(map(id, chosen)) <= set(map(id, choose_shots(TASK, rows, count + 1, seed=seed)))
    counts = [sum(row.label == name for row in chosen) for name in ("pos", "neg")]
    spare = [labels.count(name) - n for name, n in zip(("pos", "neg"), counts, strict=True)]
    assert abs(counts[0] - counts[1]) <= 1 or 0 in spare


def test_shots_of_rows_with_several_labels() -> None:
    rows = [Example(f"r{i}", {"text": str(i)}, labels=("fear",) if i else ()) for i in range(4)]
    assert {row.id for row in choose_shots(MULTI, rows, 4, seed=0)} == {"r0", "r1", "r2", "r3"}
    assert choose_shots(MULTI, (), 3, seed=0) == ()
