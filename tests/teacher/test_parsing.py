from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.records import Label, Task
from tutelage.teacher.cleaning import cut_run_on, run_on_markers
from tutelage.teacher.parsing import Reading, argued, mentioned, read_label, read_labels

MOOD = (Label("pos", "positive"), Label("neg", "negative"), Label("mix", "mixed feelings"))
NLI = tuple(map(Label, ("entailment", "neutral", "contradiction")))
RTE = (Label("entailment"), Label("not_entailment"))
FRAMES = (
    "{}", "{}.", "**{}**", "`{}`", "“{}”", "Answer: {}", "**Answer:** {}", "answer is {}",
    "So the answer is {}.", "It shows. So the answer is {}.", "Hence, the correct label is: {}",
    "{}\n\nReasons: it shows.", "It shows.\nAnswer: {}", '{{"label": "{}"}}', "{{'label': '{}'",
    '```json\n{{"label": "{}", "reason": "it shows"}}\n```', "Final answer: {}", "Label = {}",
    "I think it is {}.", "The label would be {}",
)  # fmt: skip
CASES = st.sampled_from((str, str.upper, str.lower, str.title))


@settings(deadline=None)
@given(label=st.sampled_from(MOOD), frame=st.sampled_from(FRAMES), case=CASES)
def test_a_label_is_read_from_every_usual_reply(label: Label, frame: str, case: Any) -> None:
    text = frame.format(case(label.said))
    reading = read_label(text, MOOD)
    assert reading.label == label.name
    assert text[reading.start :].casefold().startswith(label.said.casefold())


@settings(deadline=None)
@given(label=st.sampled_from(RTE), frame=st.sampled_from(FRAMES), gap=st.sampled_from("_- "))
def test_labels_that_hold_each_other_are_told_apart(label: Label, frame: str, gap: str) -> None:
    assert read_label(frame.format(label.name.replace("_", gap)), RTE).label == label.name


@settings(deadline=None)
@given(text=st.text(), letters=st.booleans())
def test_any_text_is_read_without_a_fault(text: str, letters: bool) -> None:
    reading = read_label(text, MOOD, letters=letters)
    assert reading.label in (None, "pos", "neg", "mix")
    assert set(read_labels(text, MOOD).labels or ()) <= {"pos", "neg", "mix"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Positive or negative.",
        "Answer: positive or negative",
        "Answer: positive/negative",
        "Answer: positive. On reflection, the answer is negative.",
        "positive\nnegative",
        "not positive",
        "Answer: positive? Hard to say.",
        "The answer is not positive.",
        "It isn't positive",
        "Answer: mixed, mostly positive",
        '{"label": "odd", "why": "positive"}',
        '{"label": "positive"} {"label": "negative"}',
        "Answer: somewhere between. Positive",
        "posit",
        "Answer:",
        "The staff said that being positive helps and so they smiled all day long at everybody who came in.",
    ],
)
def test_what_is_not_certain_is_not_read(text: str) -> None:
    assert read_label(text, MOOD).label is None


def test_a_final_answer_overrules_others() -> None:
    assert read_label("The answer is positive? No. Final answer: negative", MOOD).label == "neg"


def test_letters_are_read_only_where_the_prompt_had_them() -> None:
    assert read_label("Hence the answer is (b)", NLI, letters=True).label == "neutral"
    assert read_label("(c) contradiction", NLI, letters=True).label == "contradiction"
    assert read_label("B.", NLI, letters=True).label == "neutral"
    assert read_label("(a) neutral", NLI, letters=True).label is None
    assert read_label("(z)", NLI, letters=True).label is None
    assert read_label("(b)", NLI).label is None


@pytest.mark.parametrize(
    "text", ["unsure", "Unsure.", "Answer: I don’t know.", "Cannot be determined"]
)
def test_abstentions(text: str) -> None:
    assert read_label(text, MOOD) == Reading(abstained=True)


def test_a_label_called_unsure_is_a_label() -> None:
    assert read_label("unsure", (Label("unsure"), Label("sure"))).label == "unsure"


def test_digits_are_labels_but_no_mentions() -> None:
    digits = (Label("0"), Label("1"))
    assert read_label("Answer: 1", digits).label == "1"
    assert read_label("There is 1 man.", digits).label is None


@pytest.mark.parametrize("name", ["-1", "0", "1", "🙂", "C++", "c"])
@pytest.mark.parametrize("frame", ["{}", "Answer: {}", "**{}**", '{{"label": "{}"}}', "- {}"])
def test_labels_of_signs_are_told_apart(name: str, frame: str) -> None:
    labels = tuple(map(Label, ("1", "0", "-1", "🙂", "c", "C++")))
    assert read_label(frame.format(name), labels).label == name


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("It shows. So the answer is positive.", "It shows.", ""),
        ("Reasons: It shows.\nAnswer: positive", "It shows.", ""),
        ("positive\nReasons: It shows.", "", "It shows."),
        ("**Answer:** positive\n\n**Explanation:** It shows.", "", "It shows."),
        ('{"reason": "It \\"shows\\".", "label": "positive"}', 'It "shows".', ""),
        ('{"label": "positive", "reason": "It shows."}', "", "It shows."),
        ('{"label": "positive"}', "", ""),
    ],
)
def test_the_rationale_stands_on_its_side(text: str, before: str, after: str) -> None:
    reading = read_label(text, MOOD)
    assert (reading.label, reading.before, reading.after) == ("pos", before, after)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("positive, mixed feelings", ("pos", "mix")),
        ("- mixed feelings\n- positive", ("pos", "mix")),
        ("Answer: positive and negative.", ("pos", "neg")),
        ('{"labels": ["positive", "negative"]}', ("pos", "neg")),
        ("none", ()),
        ("Answer: None.", ()),
        ("Answer: positive\nReasons: it shows.", ("pos",)),
        ("positive and maybe negative", None),
        ("", None),
        ("Answer: positive\nAnswer: negative", None),
    ],
)
def test_lists_of_labels(text: str, wanted: tuple[str, ...] | None) -> None:
    assert read_labels(text, MOOD).labels == wanted


def test_abstention_from_a_list() -> None:
    assert read_labels("unsure", MOOD) == Reading(abstained=True)


def test_mentions_go_by_the_stem() -> None:
    assert mentioned("This contradicts it and is not entailed.", NLI) == {
        "contradiction",
        "entailment",
    }
    assert mentioned("It is not entailment.", RTE) == {"not_entailment"}
    assert mentioned("It runs.", NLI) == set()
    assert mentioned("Nothing is known.", (Label("no"), Label("yes"))) == set()
    assert mentioned("They stated it.", (Label("statement"), Label("question"))) == set()


def test_arguing_for_a_label() -> None:
    assert argued("It contradicts the text.", NLI) == "contradiction"
    assert argued("It contradicts one part. So the answer is neutral.", NLI) == "neutral"
    assert argued("It does not necessarily entail that.", NLI) is None
    assert argued("It is neither entailed nor contradicted.", NLI) is None
    assert argued("He sleeps.", NLI) is None


ROOT = Path(os.environ.get("TUTELAGE_REAL_DATA", "../shared/data"))


@pytest.mark.real
@pytest.mark.parametrize(
    ("table", "column", "recorded", "given_rows"),
    [
        ("dsbs_anli1/train_recovered", "palm_raw", "palm_label", 10306),
        ("dsbs_anli1/valid", "palm_raw", "palm_label", 991),
        ("dsbs_anli1/test", "palm_raw", "palm_label", 990),
        ("dsbs_esnli/train_first10k", "palm_raw", "palm_label", 9817),
        ("dsbs_anli1/valid", "llama3_raw", "llama3_label", 991),
        ("dsbs_anli1/test", "llama3_raw", "llama3_label", 997),
    ],
)
def test_real_replies(table: str, column: str, recorded: str, given_rows: int) -> None:
    path = ROOT / f"{table}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no real data at {path}")
    stop = run_on_markers(Task("nli", "nli", ("premise", "hypothesis"), NLI))
    agree = given = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record[recorded] is not None:
                given += 1
                text = cut_run_on(record[column], stop)
                read = read_label(text, NLI, letters=column == "llama3_raw")
                agree += read.label == record[recorded]
    assert given == given_rows
    assert agree / given >= 0.99
