from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tutelage.curation.spread import spread, spreads
from tutelage.records import Example, Task

Real = Callable[[str], list[dict[str, Any]]]


def test_values_by_hand() -> None:
    found = spread(["the cat sat down.", "the cat sat up.", "Why not?"])
    assert (found.texts, found.sampled, found.words) == (3, 3, pytest.approx(10 / 3))
    assert found.vocabulary == 7  # the cat sat down up why not
    assert found.distinct_1 == pytest.approx(7 / 10)
    assert found.distinct_2 == pytest.approx(5 / 7)  # the-cat, cat-sat twice each
    assert found.repeated == pytest.approx(0.5)  # of two runs of three words, one is shared
    assert found.opener == pytest.approx(2 / 3)
    assert (found.quoted, found.html, found.unfinished) == (0, 0, 0)


def test_a_sample_is_chosen_by_content_and_not_by_place() -> None:
    texts = [f"text number {i} of many" for i in range(50)]
    assert spread(texts, sample=10) == spread(texts[::-1], sample=10)
    assert spread(texts, sample=10).sampled == 10


def test_odd_sets() -> None:
    assert spread([""]).nearest == 0
    assert spread(["one two"]).repeated == 0
    assert spread(["same text here", "same text here"]).nearest == pytest.approx(1)
    assert spreads([], Task("t", "generation", ("text",))) == {}


def test_each_field_is_measured() -> None:
    task = Task("t", "nli", ("premise", "hypothesis"))
    rows = [Example("1", {"premise": "A dog runs.", "hypothesis": '"It moves."'}, "x")]
    found = spreads(rows, task)
    assert (found["premise"].quoted, found["hypothesis"].quoted) == (0, 1)
    assert found["premise"].to_facts()["texts"] == 1


@pytest.mark.real
@pytest.mark.parametrize(("turn", "rows", "quoted"), [(1, 883, 654), (2, 639, 477)])
def test_quotation_marks_of_real_hypotheses(real: Real, turn: int, rows: int, quoted: int) -> None:
    texts = [r["text2"] for r in real(f"s3_synthesis/RTE__synthetic_additional_{turn}")]
    found = spread(texts)
    assert (found.texts, found.sampled) == (rows, rows)
    assert round(found.quoted * rows) == quoted
    gold = spread([r["text2"] for r in real("s3_synthesis/RTE__gold_train")], sample=10_000)
    assert round(gold.quoted * gold.texts) == 16  # quotations: one of them wraps its text
