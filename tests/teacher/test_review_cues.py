"""The writing teacher reads by cues: mostly right, honestly wrong now and then."""

from __future__ import annotations

from collections import Counter

import pytest

from tutelage.teacher.worlds import write_gold
from tutelage.teacher.worlds.review_cues import phenomenon_of


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("The lid is tight and the cord is short.", "plain"),
        ("It is better than the rest.", "comparison"),
        ("Granted, it is loud.", "contrast"),
        ("Plus: the lid. Minus: the cord. All in all I love it.", "mixed"),
        ("It was never loud.", "negation"),
        ("I had expected a dull machine.", "expectation"),
        ("According to the critics it is dull.", "reported"),
        ("Bravo to the makers! Exactly what I had in mind.", "irony"),
    ],
)
def test_each_phenomenon_has_its_cues(text: str, want: str) -> None:
    assert phenomenon_of(text) == want


def test_share_of_gold_that_is_recognised() -> None:
    """As measured when the world was frozen: 94 % right, 1 % taken for another, the rest open."""
    found = Counter[str]()
    for row in write_gold("reviews", "train", 1600, 0):
        said = phenomenon_of(row["text"])
        found["right" if said == row["phenomenon"] else "wrong" if said else "open"] += 1
    assert found["right"] / 1600 == pytest.approx(0.94, abs=0.02)
    assert found["wrong"] / 1600 == pytest.approx(0.01, abs=0.01)
