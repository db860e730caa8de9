from __future__ import annotations

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Example, Gist, Label, Sampling, Task
from tutelage.teacher.composing import compose

PAIRS = Task(
    "pairs",
    "nli",
    ("premise", "hypothesis"),
    (Label("e", "entailment", "it follows"), Label("n", "neutral")),
    "Does it follow?",
)
CONCEPTS = Task("concepts", "generation", ("concepts",))
SHOT = Example("t1", {"premise": "A", "hypothesis": "B\nC"}, label="e")


def text(**told: object) -> str:
    return compose(PAIRS, **told).messages[0].content  # type: ignore[arg-type]


def test_the_short_prompt_says_what_is_wanted() -> None:
    assert text(label="e") == "Write an example: premise, hypothesis.\nLabel: entailment\n"
    assert text(answer=True) == "Write an example: label, premise, hypothesis.\n"
    assert text() == "Write an example: premise, hypothesis.\n"
    assert text(label="e", shots=[SHOT]) == (
        "Label: entailment\nPremise: A\nHypothesis: B\\nC\n\n"
        "Write an example: premise, hypothesis.\nLabel: entailment\n"
    )
    assert text(shots=[SHOT]).startswith("Premise: A\nHypothesis: B\\nC\n\nWrite an example")


def test_a_teacher_that_was_not_tuned_is_told_the_form() -> None:
    told = text(template="compose_told.v1", answer=True, shots=[SHOT])
    assert told == (
        "Does it follow?\n\nLabels:\n- entailment: it follows\n- neutral\n\n"
        "Example 1\nLabel: entailment\nPremise: A\nHypothesis: B\\nC\n\n"
        "Write one further example, as people write it in real life, and no copy of those shown. "
        "Write one line for each of: label, premise, hypothesis. Each line begins with the name "
        "and a colon; a line break inside a text is written as \\n. Write nothing else."
    )
    assert "Labels:" not in text(template="compose_told.v1")
    assert "Label: entailment (it follows)\n\n" in text(template="compose_told.v1", label="e")


def test_what_is_asked_for_stands_in_the_gist_too() -> None:
    sampling = Sampling(temperature=1.0)
    request = compose(PAIRS, label="e", shots=[SHOT], sampling=sampling)
    assert request.sampling == sampling
    assert request.gist == Gist("text", "e", wanted=PAIRS.fields, shots=1, lines=True)
    joint = compose(PAIRS, answer=True).gist
    assert joint is not None and joint.wanted == ("Label", "premise", "hypothesis")
    target = compose(CONCEPTS, answer=True).gist
    assert target is not None and target.wanted == ("concepts", "Target")


def test_rows_that_cannot_be_asked_for() -> None:
    questions = Task("qa", "span_qa", ("context", "question"))
    assert compose(questions).messages[0].content == "Write an example: context, question.\n"
    with pytest.raises(UserError, match="Rows of a span_qa task"):
        compose(questions, answer=True)
