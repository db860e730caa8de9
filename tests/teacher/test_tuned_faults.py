"""Options of a tuned teacher that cannot be: told without torch, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Label, Task
from tutelage.teacher.tuned import build
from tutelage.teacher.tuned_options import PretrainingOptions, TeacherShape, TunedOptions

TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
SHAPE = TeacherShape(d_model=32, heads=2)
ODD = TeacherShape(d_model=36, heads=12)
"""Twelve heads of width 3."""


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"family": "causal", "config": ODD}, "multiple of twice the heads, 24"),
        ({"family": "encoder", "model": "m", "quantise": "4bit"}, "4bit and family: encoder"),
        ({"family": "causal", "model": "m", "full": True, "quantise": "4bit"}, "4bit and full"),
        ({"family": "seq2seq", "config": SHAPE, "quantise": "4bit"}, "4bit and config"),
        (
            {"family": "causal", "config": SHAPE, "pretrain": PretrainingOptions(3, share=0.2)},
            r"pretrain\.share 0\.2 and family: causal",
        ),
        ({"family": "encoder", "model": "m", "vocabulary": "used"}, "an encoder writes nothing"),
    ],
)
def test_what_cannot_be_is_told_in_three_parts(
    options: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=fault) as caught:
        build(TunedOptions(**options), task=TASK, folder=tmp_path)
    assert caught.value.what and caught.value.why and caught.value.do


@pytest.mark.parametrize(
    "options",
    [
        {"family": "seq2seq", "config": ODD},
        {"family": "causal", "config": SHAPE, "pretrain": PretrainingOptions(3)},
        {"family": "seq2seq", "config": SHAPE, "pretrain": PretrainingOptions(3, share=0.2)},
        {"family": "causal", "model": "m", "quantise": "4bit"},
        {"family": "seq2seq", "model": "m", "full": True, "vocabulary": "used"},
    ],
)
def test_what_can_be_passes(options: dict[str, Any], tmp_path: Path) -> None:
    build(TunedOptions(**options), task=TASK, folder=tmp_path)


def test_a_width_that_heads_do_not_share_evenly() -> None:
    with pytest.raises(ValueError, match="d_model 30 is not a multiple of heads 4"):
        TeacherShape(d_model=30)
