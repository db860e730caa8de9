from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the student of written texts needs the extra train")

from tutelage.evaluation.scorecard import score
from tutelage.evaluation.standings import Contender
from tutelage.harvesting import Harvest
from tutelage.loop import Learned, Turn
from tutelage.recipe import load_recipe
from tutelage.records import Example, Fitted, Prediction, Scorecard
from tutelage.steps import Unit
from tutelage.study.building import Prepared, prepare
from tutelage.study.recitation import recited

pytestmark = pytest.mark.train

CHOSEN = {"gold_only": Contender("gold_only"), "bought": Contender("bought")}


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    lines = [f"{i} {i},Row {i} of train." for i in range(4)]
    (tmp_path / "train.csv").write_text("\n".join(["words,target", *lines]))
    (tmp_path / "held.csv").write_text("words,target\nx y,Held out.\nz w,Another one.\n")
    return prepare(
        load_recipe(
            {
                "task": {"kind": "generation", "fields": ["words"]},
                "gold": {
                    "train": "train.csv",
                    "dev": "held.csv",
                    "test": "held.csv",
                    "allow_overlap": True,
                },
                "student": {"kind": "generator"},
                "arms": {"gold_only": {}, "bought": {"rows": "train.csv", "gold": False}},
            },
            folder=tmp_path,
        )
    )


def learned(arm: str, *kept: Example, seed: int = 1) -> Learned:
    fitted = Fitted({}, "")
    turn = Turn(Harvest(kept, (), len(kept), (), {}), len(kept), fitted, None)
    return Learned(Unit(arm, "", 1, seed), (turn,), fitted, len(kept))


def card(prepared: Prepared, arm: str, *texts: str | None, seed: int = 1) -> Scorecard:
    rows = prepared.golds[0].dev
    said = [Prediction(row.id, target=text) for row, text in zip(rows, texts, strict=True)]
    return score(
        prepared.task, rows, said, arm=arm, split="dev", student_seed=seed, purchase_seed=1
    )


def test_texts_are_held_against_what_their_own_student_was_trained_on(prepared: Prepared) -> None:
    kept = Example("n", {"words": "q"}, target="A new text.", references=("A new text.", "Other."))
    entries = [learned("gold_only"), learned("gold_only", seed=2), learned("bought", kept)]
    cards = [
        card(prepared, "gold_only", "row 1  of TRAIN.", "Held out."),
        card(prepared, "gold_only", "Row 2 of train.", "Row 3 of train.", seed=2),
        card(prepared, "bought", "Other.", "Row 1 of train."),
        card(prepared, "copy", "Row 1 of train.", None),
    ]
    chosen = {**CHOSEN, "copy": Contender("copy")}
    assert recited(prepared, entries, chosen, cards) == {"gold_only": 0.75, "bought": 0.5}


def test_texts_that_could_not_be_read_recite_nothing(prepared: Prepared) -> None:
    entries = [learned("gold_only")]
    cards = [card(prepared, "gold_only", None, "")]
    assert recited(prepared, entries, CHOSEN, cards) == {"gold_only": 0.0}


def test_over_folds_the_right_text_of_a_row_is_no_recital(tmp_path: Path) -> None:
    """It is a train target of every other fold's student, not of the one that wrote it."""
    lines = [f"{i} {i},Row {i} of train." for i in range(6)]
    (tmp_path / "train.csv").write_text("\n".join(["words,target", *lines]))
    recipe = {
        "task": {"kind": "generation", "fields": ["words"]},
        "gold": {"train": "train.csv", "cross_fit": 2, "carve": {"dev": 0}},
        "student": {"kind": "generator"},
        "arms": {"gold_only": {}},
    }
    folded = prepare(load_recipe(recipe, folder=tmp_path))
    assert len(folded.golds) == 2
    entries = [replace(learned("gold_only"), unit=Unit("gold_only", "", 1, 1, k)) for k in (0, 1)]
    rows = [row for gold in folded.golds for row in gold.train]
    texts = [rows[1].target, rows[0].target, "New."]
    said = [Prediction(row.id, target=text) for row, text in zip(rows[1:4], texts, strict=True)]
    found = score(folded.task, rows[1:4], said, arm="gold_only", split="test", student_seed=1,
                  purchase_seed=1)  # fmt: skip
    assert recited(folded, entries, {"gold_only": CHOSEN["gold_only"]}, [found]) == {
        "gold_only": pytest.approx(1 / 3)
    }
