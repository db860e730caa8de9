"""What teachers are refused when they are opened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.study.building import prepare
from tutelage.study.checking import check_study
from tutelage.study.faculty import opened
from tutelage.study.planning import plan_study

TEACHER = {
    "kind": "tuned",
    "family": "causal",
    "config": {"d_model": 16, "layers": 1, "heads": 2, "d_ff": 16},
    "template": "fields.v1",
    "pretrain": {"steps": 2, "path": "plain.txt"},
}


def study(folder: Path, *, teacher: Any = TEACHER, **gold: Any) -> Any:
    raw = {
        "name": "one",
        "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
        "gold": {
            "train": {"world": "composition", "rows": 30},
            "dev": {"world": "composition", "rows": 30},
            "test": {"world": "composition", "rows": 30},
            "unlabelled": {"world": "composition", "rows": 40},
            **gold,
        },
        "teachers": {"tuned": teacher},
        "student": {"kind": "linear"},
        "arms": {
            "gold_only": {},
            "bought": {
                "teacher": "tuned",
                "synthesis": {"annotate": {"rows": 5, "template": "fields.v1"}},
            },
        },
        "seeds": {"student": 1},
    }
    return load_recipe(raw, folder=folder)


async def name_of(loaded: Any, folder: Path) -> str:
    async with opened(loaded, prepare(loaded).golds[0], folder) as sessions:
        return sessions["tuned"].name


def test_a_teacher_does_not_learn_the_language_from_held_out_rows(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("A text of nobody's own, that is long enough for eight words.\n")
    loaded = study(tmp_path)
    assert asyncio.run(name_of(loaded, tmp_path)).startswith("tuned/causal-")
    gold = prepare(loaded).golds[0]
    held_out = " ".join(gold.dev[0].fields.values())
    plain.write_text(f"{plain.read_text()}\n{held_out}\n")
    with pytest.raises(UserError, match="1 of 2 texts that the teacher 'tuned' pre-trains on"):
        asyncio.run(name_of(loaded, tmp_path))
    assert any(
        "stand in dev or test" in str(fault) for fault in asyncio.run(check_study(loaded)).faults
    )
    allowed = study(tmp_path, allow_overlap=True)
    assert asyncio.run(name_of(allowed, tmp_path)).startswith("tuned/causal-")


def test_a_teacher_that_is_paid_by_the_hour_has_a_price(tmp_path: Path) -> None:
    teacher = {**TEACHER, "pretrain": {"steps": 2}, "usd_per_gpu_hour": 2.5}
    loaded = study(tmp_path, teacher=teacher)
    (known,) = (checked := asyncio.run(check_study(loaded))).teachers
    assert (known.price, known.per_hour) == (None, 2.5)
    plan = asyncio.run(plan_study(loaded, ledger=tmp_path / "ledger.sqlite"))
    for notes in (checked.warnings, plan.notes):
        assert [note for note in notes if "paid by the hour" in note]
        assert not [note for note in notes if "prices" in note], "it would have two"
