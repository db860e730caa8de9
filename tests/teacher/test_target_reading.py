from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.records import Task
from tutelage.teacher.target_reading import read_target

TASK = Task("concepts", "generation", ("concepts",))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (" A dog runs.\n", "A dog runs."),
        ("Target: A dog runs.", "A dog runs."),
        ("Answer: Target rich.", "Target rich."),
        ('"A dog runs."', "A dog runs."),
        ("A dog runs.\n\nConcepts: cat sleep\nTarget: A cat sleeps.", "A dog runs."),
        ("A dog runs.\nTarget: A cat sleeps.", "A dog runs."),
        ("<think>Hm.</think>A dog\nruns.", "A dog\nruns."),
        ("Sure, here is one:\n\nA dog runs.", "A dog runs."),
        ("Targets run.", "Targets run."),
        ("", None),
        (" \n", None),
        ("Target:", None),
        ("I'm sorry, but I can't help with that.", None),
        ("As an AI language model, I do not run.", None),
    ],
)
def test_the_text_is_taken_and_nothing_else(text: str, target: str | None) -> None:
    assert read_target(TASK, text) == target


@given(st.text() | st.text("Target: \n\"'Answer`"))
def test_nothing_is_added(text: str) -> None:
    found = read_target(TASK, text)
    assert found is None or (found in text and found.strip())
