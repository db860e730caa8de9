"""Several teachers in one study: each arm and rival asks its own, on its own account."""

import asyncio

import pytest

from tutelage.exceptions import BudgetReached, RecipeError, UserError
from tutelage.plugins import Plugin, catalogue
from tutelage.recipe import load_recipe
from tutelage.store.ledger import Ledger
from tutelage.study.checking import check_study
from tutelage.study.consent import seek_consent
from tutelage.study.planning import plan_study
from tutelage.study.previewing import preview_study
from tutelage.study.running import Choices, run_study
from tutelage.teacher.scripted import ScriptedSession

ANNOTATE = {"annotate": {"rows": 20, "shots": 0}}
RECIPE = {
    "name": "two",
    "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
    "gold": {
        "train": {"world": "composition", "rows": 60},
        "dev": {"world": "composition", "rows": 30},
        "test": {"world": "composition", "rows": 30},
        "unlabelled": {"world": "composition", "rows": 100},
    },
    "teacher": {"kind": "scripted", "budget": {"requests": 500}},
    "teachers": {
        "wrong": {"kind": "scripted", "zero_shot_errors": 1.0, "few_shot_errors": 1.0},
        "idle": {"kind": "scripted", "latency": 0.1},
    },
    "student": {"kind": "linear"},
    "arms": {
        "gold_only": {},
        "right": {"synthesis": ANNOTATE},
        "wrong": {"synthesis": ANNOTATE, "teacher": "wrong"},
    },
    "rivals": {
        "good": {"kind": "teacher"},
        "bad": {"kind": "teacher", "teacher": "wrong"},
        "bad_otherwise": {"kind": "teacher", "teacher": "wrong", "template": "fields.v1"},
    },
    "seeds": {"student": 1},
}


def recipe(**changes):
    return load_recipe({**RECIPE, **changes})


def replies(tmp_path):
    """Replies by account of the arm."""
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as book:
        return {t.account.arm: t.replies for t in book.totals() if t.replies}


def test_each_arm_and_rival_asks_its_own_teacher(tmp_path):
    results = run_study(recipe(), tmp_path / "run", choices=Choices(final=True)).results
    score = {s["arm"]: s["mean"] for s in results["standings"]}
    assert score["bad"] < 0.2 < score["good"]
    bought = replies(tmp_path)
    assert bought["right"] == bought["wrong"] == 20, "two teachers: nothing is shared"
    labels = {
        unit["arm"]: unit["turns"][0]["added_by_label"]
        for unit in results["units"]
        if unit["turns"]
    }
    assert labels["right"] != labels["wrong"]


def test_a_later_turn_is_bought_anew_from_another_teacher(tmp_path):
    """Its orders stand in a later stage, and the turn before brought nothing to tell them apart."""
    sure = {"annotate": {"rows": 5, "shots": 0, "template": "fields.v1", "confidence": 1.0}}
    arm = {"synthesis": {"in_turns": {"parts": [sure, ANNOTATE]}}, "turns": 2}

    def brought(**teacher):
        found = recipe(arms={"both": {**arm, **teacher}}, rivals={})
        (unit,) = run_study(found, tmp_path / "run").results["units"]
        first, second = unit["turns"]
        assert not any(first["added_by_label"].values())
        return second["added_by_label"]

    assert brought() != brought(teacher="wrong")


def test_a_second_start_buys_nothing(tmp_path):
    first = run_study(recipe(), tmp_path / "run", choices=Choices(final=True)).results
    bought = replies(tmp_path)
    second = run_study(recipe(), tmp_path / "run", choices=Choices(final=True)).results
    assert replies(tmp_path) == bought
    first.pop("clock"), second.pop("clock")
    assert first == second


def test_the_cap_of_the_recipes_teacher_is_the_whole_studys(tmp_path):
    capped = recipe(teacher={"kind": "scripted", "budget": {"requests": 30}})
    with pytest.raises(BudgetReached, match="cap of 30 requests"):
        run_study(capped, tmp_path / "run")
    assert sum(replies(tmp_path).values()) == 30


def test_a_recipe_may_have_named_teachers_alone(tmp_path):
    changes = {
        "teacher": None,
        "arms": {"gold_only": {}, "wrong": RECIPE["arms"]["wrong"]},
        "rivals": {"bad": RECIPE["rivals"]["bad"]},
    }
    results = run_study(recipe(**changes), tmp_path / "run", choices=Choices(final=True)).results
    assert {s["arm"] for s in results["standings"]} == {"gold_only", "wrong", "bad"}


def test_plan_preview_check_and_pilot_look_at_every_teacher(tmp_path):
    loaded, ledger = recipe(), tmp_path / "ledger.sqlite"
    plan = asyncio.run(plan_study(loaded, ledger=ledger))
    assert plan.teacher.count("scripted/") == 2, "nobody asks the idle one"
    assert [arm.to_buy for arm in plan.arms] == [0, 20, 20]
    assert [rival.arm for rival in plan.rivals[:2]] == ["pilot of right", "pilot of wrong"]
    found = asyncio.run(check_study(loaded))
    assert [known.called for known in found.teachers] == ["teacher", "wrong"]
    assert found.ok
    shown = asyncio.run(preview_study(loaded, count=1, buy=True, ledger=ledger))
    assert [one.arm for one in shown.prompts] == ["right", "wrong"]
    assert shown.prompts[0].reply != shown.prompts[1].reply
    pilots = asyncio.run(
        seek_consent(loaded, tmp_path / "run", choices=Choices(), agree=lambda pilot: True)
    )
    assert [pilot.arm for pilot in pilots] == ["right", "wrong"]
    assert pilots[1].right == 0
    assert [p.sentence.partition(" answers")[0] for p in pilots] == [
        "The teacher", "The teacher wrong",
    ]  # fmt: skip


def test_all_faults_of_names_at_once():
    arms = {
        "a": {"synthesis": ANNOTATE, "teacher": "wrnog"},
        "b": {"teacher": "wrong"},
        "c": {"synthesis": ANNOTATE},
    }
    rivals = {"r": {"kind": "teacher", "teacher": "x"}, "m": {"kind": "majority", "teacher": "y"}}
    teachers = {"wrong": {"kind": "scripted", "budget": {"usd": 1}, "latncy": 1}}
    with pytest.raises(RecipeError) as told:
        recipe(teachers=teachers)
    assert [f.where for f in told.value.faults] == ["teachers.wrong.latncy"]
    del teachers["wrong"]["latncy"]
    with pytest.raises(RecipeError) as told:
        recipe(teacher=None, teachers=teachers, arms=arms, rivals=rivals)
    faults = {fault.where: fault.what for fault in told.value.faults}
    assert faults.keys() == {
        "arms.a.teacher",
        "arms.b.teacher",
        "arms.c.synthesis",
        "rivals.r.teacher",
        "rivals.m.teacher",
        "teachers.wrong.budget",
    }
    assert "Did you mean wrong?" in faults["arms.a.teacher"]
    assert "teacher.budget" in faults["teachers.wrong.budget"]


def test_a_tuned_teacher_is_refused_where_every_row_is_test(tmp_path, monkeypatch):
    known = dict(catalogue())
    scripted = known["teacher", "scripted"]
    tuned = Plugin("teacher", "learned", scripted.build, scripted.options, gives=("tuned",))
    for room in (
        "tutelage.plugins",
        "tutelage.recipe.validation",
        "tutelage.recipe.named_teachers",
    ):
        monkeypatch.setattr(f"{room}.catalogue", lambda: {**known, ("teacher", "learned"): tuned})
    world = {"world": "composition", "rows": 100}
    gold = {"train": world, "unlabelled": world}
    arms = {"annotate": {"synthesis": {"annotate": {"rows": 5}}, "teacher": "own"}}
    teachers = {"own": {"kind": "learned"}}
    changes = {"arms": arms, "teachers": teachers, "rivals": ["majority"]}
    folded = recipe(gold=gold, **changes)
    with pytest.raises(UserError, match="has seen the other folds' tests"):
        run_study(folded, tmp_path / "run")
    found = asyncio.run(check_study(folded))
    assert ["gold.cross_fit: off" in fault.do for fault in found.faults] == [True]
    with pytest.raises(UserError, match="test in one of 5 folds"):
        asyncio.run(plan_study(folded, ledger=tmp_path / "ledger.sqlite"))
    one = recipe(gold={**gold, "cross_fit": "off"}, **changes)
    assert asyncio.run(check_study(one)).ok
    plan = asyncio.run(plan_study(one, ledger=tmp_path / "ledger.sqlite"))
    assert all(not rival.arm.startswith("pilot") for rival in plan.rivals), "it knows these rows"
    with pytest.raises(UserError, match="it knows them"):
        asyncio.run(preview_study(one, score=5, ledger=tmp_path / "ledger.sqlite"))


def test_teachers_that_know_their_size_stand_beside_the_students_they_taught(tmp_path, monkeypatch):
    told = {"parameters": 1000, "tuning": {"rows": 3, "seconds": 1.5}}
    monkeypatch.setattr(ScriptedSession, "facts", lambda self: told, raising=False)
    results = run_study(recipe(), tmp_path / "run").results
    wrong = results["teachers"]["wrong"]
    assert (wrong["arms"], wrong["rivals"]) == (["wrong"], ["bad", "bad_otherwise"])
    assert (wrong["kind"], wrong["tuned"]) == ("scripted", False)
    assert wrong["facts"] == {"parameters": 1000, "tuning": {"rows": 3}}
    assert results["clock"]["teacher_seconds"]["wrong"] == {"tuning.seconds": 1.5}
    sizes = results["sizes"]
    assert "size_ratio" not in sizes["gold_only"], "it bought nothing"
    assert sizes["wrong"]["teacher"] == "wrong"
    student = sizes["wrong"]["student_parameters"]
    assert sizes["wrong"]["size_ratio"] == student / 1000
