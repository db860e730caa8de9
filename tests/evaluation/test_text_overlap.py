from __future__ import annotations

import pytest

from tutelage.evaluation.text_overlap import RationaleOverlap, bleu, bleu_signature, rouge_l
from tutelage.records import Example, Label, Prediction, Task

TASK = Task("t", "nli", ("premise", "hypothesis"), (Label("a"), Label("b")))


def test_bleu_comes_with_its_signature() -> None:
    score, signature = bleu(["a man sits on a bench"], ["a man sits on a bench"])
    assert score == 100.0
    assert signature == bleu_signature()
    assert "tok:13a" in signature
    assert "smooth:exp" in signature


def test_rouge_l_by_hand() -> None:
    # longest common subsequence `the cat the mat`: 4 of 5 words written, 4 of 6 wanted
    found = rouge_l(["the cat near the mat"], ["the cat sat on the mat"])
    assert found == pytest.approx(2 * 0.8 * (4 / 6) / (0.8 + 4 / 6))


def test_bleu_is_of_the_corpus_and_an_unwritten_rationale_is_empty_text() -> None:
    reason = "because the man sits on a bench in the park"
    gold = [
        Example(str(i), {}, label="a", rationale=r) for i, r in enumerate([reason, reason, None])
    ]
    written = [Prediction("0", rationale=reason), Prediction("1"), Prediction("2", rationale="x")]
    found = RationaleOverlap().score(TASK, gold, written)
    assert found["rationale_rows"] == 2
    assert found["rationale_rouge_l"] == 0.5
    assert found["rationale_bleu"] == pytest.approx(36.79, abs=0.01)  # brevity exp(1 - 20/10)


def test_nothing_is_said_of_a_student_without_rationales() -> None:
    gold = [Example("0", {}, label="a", rationale="why")]
    assert RationaleOverlap().score(TASK, gold, [Prediction("0", label="a")]) == {}
