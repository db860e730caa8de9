"""Reviews are put into fitting words, and no word stands for two things."""

from __future__ import annotations

from collections import Counter

from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_words import BLAME, DOMAINS, MEANT, NAMES, PLAIN_WORDS, PRAISE
from tutelage.teacher.worlds.review_writing import Stock, compose


def test_frames_are_filled_in_with_fitting_words() -> None:
    for number in range(200):
        text = compose("{a} of {thing} is {p.a}.", "positive", Lots("fit", number), Stock())
        (domain,) = [d for d in DOMAINS if any(f" {noun} is " in text for noun in d.nouns)]
        (aspect,) = [a for a in domain.aspects if text.startswith(f"The {a} of the ")]
        said = text.partition(" is ")[2].partition(".")[0]
        assert said in (*domain.aspects[aspect][0], *PRAISE)


def test_what_words_mean_depends_on_the_label() -> None:
    for number in range(50):
        texts = [
            compose("{thing}: {flaw}.", label, Lots("fit", number), Stock())
            for label in ("positive", "negative")
        ]
        for text, words in zip(texts, MEANT["flaw"], strict=True):
            assert text.partition(": ")[2].partition(".")[0] in words


def test_every_fourth_review_has_a_sentence_that_tells_nothing() -> None:
    texts = [compose("{thing}.", "positive", Lots("more", n), Stock()) for n in range(400)]
    more = [text for text in texts if text.endswith(tuple(PLAIN_WORDS["detail"]))]
    assert 70 < len(more) < 130


def test_no_word_is_in_two_lists() -> None:
    halves = [half for d in DOMAINS for half in d.aspects.values()]
    lists = [
        {*PRAISE, *(word for good, _ in halves for word in good)},
        {*BLAME, *(word for _, bad in halves for word in bad)},
        *(half for both in MEANT.values() for half in both),
        *PLAIN_WORDS.values(),
    ]
    found = Counter(word.lower() for words in lists for word in words)
    assert [word for word, times in found.items() if times > 1] == []
    assert len(set(NAMES)) == 100
