from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.records import Task
from tutelage.teacher.cleaning import (
    Cleaned,
    clean,
    cut_run_on,
    refusal,
    run_on_markers,
    strip_chatter,
    strip_fences,
    strip_quotes,
    strip_thinking,
)

STOP = ("\nPremise:", "\n\nPremise:")
PIECES = st.sampled_from(
    (
        *"ab \n\"'`“”‘’«»;:!,.",
        *("Sure, here is it: ", "```", "```json\n", "Here's a thing:\n", "\nI hope this helps"),
        *("\nPremise:", "\n\nPremise: x", "&quot;", "&amp;", "<think>", "</think>"),
    )
)


@settings(deadline=None)
@given(text=st.one_of(st.text(), st.lists(PIECES).map("".join)), html=st.booleans())
def test_clean_never_lengthens_and_does_its_work_once(text: str, html: bool) -> None:
    cleaned = clean(text, stop=STOP, html=html)
    assert len(cleaned.text) <= len(text)
    assert clean(cleaned.text, stop=STOP, html=html) == Cleaned(cleaned.text, ())
    assert bool(cleaned.done) == (cleaned.text != text)
    assert cleaned.text or not text.strip()


@settings(deadline=None)
@given(words=st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=20))
def test_plain_text_is_left_alone(words: list[str]) -> None:
    text = "The " + " ".join(words) + "."
    assert clean(text, stop=STOP) == Cleaned(text, ())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"He sleeps."', "He sleeps."),
        ("“He sleeps.”", "He sleeps."),
        ("'It's fine.'", "It's fine."),
        ('"One" and "two"', '"One" and "two"'),
        ('He said "no"', 'He said "no"'),
        ('""', '""'),
        ('"', '"'),
    ],
)
def test_wrapping_quotes(text: str, wanted: str) -> None:
    assert strip_quotes(text) == wanted


def test_everything_at_once() -> None:
    text = "Sure, here is one:\n\n```text\n“He sleeps.”\n```\n\nPremise: A dog"
    assert clean(text, stop=STOP) == Cleaned(
        "He sleeps.", ("run-on", "chatter", "fences", "quotes")
    )


def test_html_only_where_asked() -> None:
    assert clean("&#34;Fine&#34; &amp; good").text == "&#34;Fine&#34; &amp; good"
    assert clean("Fine &amp; good", html=True) == Cleaned("Fine & good", ("entities",))
    assert clean("It is fine.<br /><br>A <i>must</i>.") == Cleaned(
        "It is fine.<br /><br>A <i>must</i>.", ()
    )
    cleaned = clean("It is fine.<br /><br>A <i>must</i>.", html=True)
    assert cleaned == Cleaned("It is fine. A must.", ("tags",))
    assert clean("I <3 it, a < b and b > c, <name>", html=True).done == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('"Hello there, he said', "Hello there, he said"),
        ('"The man said, "All is lost."', 'The man said, "All is lost."'),
        ('"Hello," he said, and "goodbye', '"Hello," he said, and "goodbye'),
        ('"Hello," he said.', '"Hello," he said.'),
        ('" Hello', '" Hello'),
    ],
)
def test_a_quotation_mark_that_is_never_closed(text: str, left: str) -> None:
    assert clean(text).text == left


def test_run_on_is_cut_at_the_first_marker() -> None:
    markers = run_on_markers(Task("nli", "nli", ("premise", "hypothesis")))
    assert markers == ("\nPremise:", "\nHypothesis:")
    assert cut_run_on("A.\n\nHypothesis: x\nPremise: y", markers) == "A."
    assert cut_run_on("A.\nHypoth", markers) == "A."
    assert cut_run_on("A.\n", markers) == "A.\n"
    assert cut_run_on("\nPremise: all there is", markers) == "\nPremise: all there is"


def test_fences_and_thinking() -> None:
    assert strip_fences("```json\n{}\n```") == "{}"
    assert strip_fences("```a``` and ```b```") == "```a``` and ```b```"
    assert strip_thinking("<think>positive?</think>\nnegative") == "negative"
    assert strip_thinking("<think>cut off") == "<think>cut off"


def test_chatter_is_never_all_there_is() -> None:
    assert strip_chatter("Certainly! The man sleeps.") == "The man sleeps."
    assert strip_chatter("Here are the answers:\n\nWho: a man") == "Who: a man"
    assert strip_chatter("Sure, here it is: ") == "Sure, here it is: "
    assert strip_chatter("He sleeps.\n\nLet me know if you need more.") == "He sleeps."
    assert strip_chatter("Great acting carries the film.") == "Great acting carries the film."


@pytest.mark.parametrize(
    "text",
    [
        "Here is a man: he sleeps.",
        "Great: the film works.",
        "Okay, so the premise says: it rains.",
        "Certainly, the text states: he sleeps.",
        "**Who:** Peter\n**What:** a plant",
    ],
)
def test_what_a_text_says_is_no_chatter(text: str) -> None:
    assert clean(text, stop=STOP) == Cleaned(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot watch films.",
        "as an ai, I have no opinion",
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, but I can’t assist with that.",
        "Sorry, I cannot help you.",
        "I cannot provide an explanation.",
        "I am unable to answer this.",
        "Unfortunately, I am not able to do that.",
        "I am a large language model and have never eaten there.",
    ],
)
def test_refusals(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "The man is sorry that he can't come.",
        "I can't recommend this film enough!",
        "I cannot believe how good it was.",
        "Sorry to say it: the food was cold.",
        "She works on AI for a language school.",
        "The text cannot answer whether he slept.",
        "",
    ],
)
def test_no_refusals(text: str) -> None:
    assert refusal(text) is None
