from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.teacher.written import read_written

PAIR = ("premise", "hypothesis")


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('["a b", "c d"]', ["a b", "c d"]),
        ('```json\n["a b", "c d"]\n```', ["a b", "c d"]),
        ('Sure, here they are:\n```json\n["a b", "c d"]\n```\nEnjoy!', ["a b", "c d"]),
        ('["a b", "c d",]', ["a b", "c d"]),
        ('["a, ]b", "c d",\n]', ["a, ]b", "c d"]),
        ('["a b", "c d", "cut of', ["a b", "c d"]),
        ('{"texts": ["a b", "c d"]}', ["a b", "c d"]),
        ('{"examples": [{"text": "a b"}, {"text": "c d"}]}', ["a b", "c d"]),
        ('[{"text": "a b"}, {"text": "c d"}]', ["a b", "c d"]),
        ('{"text": "a b"}\n{"text": "c d"}', ["a b", "c d"]),
        ('{"review": "a b"}, {"review": "c d"}', ["a b", "c d"]),
        ("1. a b\n2. c d", ["a b", "c d"]),
        ("Here you go:\n\n1) a b\n   and on\n2) c d\n\nHope it helps", ["a b\n   and on", "c d"]),
        ('**1.** "a b"\n**2.** "c d"', ["a b", "c d"]),
        ("- a b\n- c d", ["a b", "c d"]),
        ('<think>[1, 2]</think>\n["a b", "c d"]', ["a b", "c d"]),
        ('["a b", 3, "c d", null]', ["a b", "c d"]),
        ('["a b", "c d", "e f"]', ["a b", "c d"]),
        ('["a\nb", "c d"]', ["a\nb", "c d"]),
        ('Two [of them]: [["a b"], "c d"]', ["a b", "c d"]),
        ('{"label": "x"}\n{"text": "a b", "tags": ["y"]}', ["a b"]),
    ],
)
def test_several_texts_are_read_in_every_form(text: str, texts: list[str]) -> None:
    assert [one["text"] for one in read_written(text, ["text"], count=2).texts] == texts


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A fine film.", "A fine film."),
        ("  Two\n\nparagraphs. ", "Two\n\nparagraphs."),
        ('{"text": "A fine film."}', "A fine film."),
        ('["A fine film."]', "A fine film."),
        ("[sic] they wrote [again]", "[sic] they wrote [again]"),
        ("Text: A fine film.", "A fine film."),
        ("**Text:** A fine film.", "A fine film."),
        ('Text: "A fine film."', '"A fine film."'),
        ("1. First you wait. 2. Then you pay.", "1. First you wait. 2. Then you pay."),
        ("Texting: is it bad?", "Texting: is it bad?"),
    ],
)
def test_one_text_is_the_reply_itself(text: str, written: str) -> None:
    assert read_written(text, ["text"]).texts == ({"text": written},)


@pytest.mark.parametrize(
    "text",
    [
        '{"premise": "A man eats.", "hypothesis": "He eats."}',
        '{"Premise": "A man eats.", "HYPOTHESIS": "He eats.",}',
        'Of course!\n```\n{"premise": "A man eats.", "hypothesis": "He eats."}\n```',
        "Premise: A man eats.\nHypothesis: He eats.",
        "**Premise:** A man eats.\n**Hypothesis:** He eats.",
    ],
)
def test_a_pair_is_read_in_every_form(text: str) -> None:
    assert read_written(text, PAIR).texts == ({"premise": "A man eats.", "hypothesis": "He eats."},)


def test_several_named_pairs() -> None:
    text = "1. Premise: A\nHypothesis: B\n\n2. Premise: C\nHypothesis: D\n3. Premise: E"
    assert read_written(text, PAIR, count=3).texts == (
        {"premise": "A", "hypothesis": "B"},
        {"premise": "C", "hypothesis": "D"},
    )


@pytest.mark.parametrize(
    ("text", "count", "fields", "fault"),
    [
        ("", 1, ("text",), "it is empty"),
        ("<think>so</think>  ", 3, ("text",), "holds no JSON array of 3 strings"),
        ("Only one here.", 3, ("text",), "it holds no JSON array of 3 strings"),
        ("A man eats.", 1, PAIR, "it holds no JSON object with the keys premise, hypothesis"),
        ('{"premise": "A"}', 2, PAIR, "JSON array of 2 objects with the keys premise, hypothesis"),
    ],
)
def test_what_cannot_be_read_says_why(
    text: str, count: int, fields: tuple[str, ...], fault: str
) -> None:
    found = read_written(text, fields, count=count)
    assert found.texts == ()
    assert fault in found.fault


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\"), max_size=80)
markup = st.lists(
    st.sampled_from(
        ['["', '", "', '"]', '{"text": "', '"}', "1. ", "\n", "a b", "]", "{", ",", "`"]
    )
).map("".join)


@given(st.one_of(words, markup, st.tuples(words, markup).map("".join)), st.integers(1, 4))
def test_nothing_is_ever_invented_and_never_too_much(text: str, count: int) -> None:
    found = read_written(text, ["text"], count=count)
    assert len(found.texts) <= count
    assert bool(found.texts) != bool(found.fault)
    for one in found.texts:
        assert one["text"].strip()
        assert one["text"] in text


@given(st.lists(words.map(str.strip).filter(bool), min_size=2, max_size=5), st.booleans())
def test_what_was_written_as_json_is_read_back(texts: list[str], ascii_only: bool) -> None:
    reply = "Here: " + json.dumps(texts, ensure_ascii=ascii_only)
    found = read_written(reply, ["text"], count=len(texts))
    assert [one["text"] for one in found.texts] == texts
