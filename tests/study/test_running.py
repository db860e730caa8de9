"""A whole study offline, with a student that takes milliseconds."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from tutelage.exceptions import BudgetReached, UserError
from tutelage.recipe import load_recipe
from tutelage.records import Example, Origin, Prediction
from tutelage.row_sets import answered, mix
from tutelage.store.ledger import Ledger
from tutelage.store.runs import Run
from tutelage.study.building import grid_label, grid_points, matched, prepare
from tutelage.study.running import Choices, run_study

RECIPE = {
    "name": "small",
    "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
    "gold": {
        "train": {"world": "composition", "rows": 60},
        "dev": {"world": "composition", "rows": 60},
        "test": {"world": "composition", "rows": 90},
        "unlabelled": {"world": "composition", "rows": 200},
    },
    "teacher": {"kind": "scripted", "world": "composition", "budget": {"usd": 1}},
    "student": {"kind": "linear"},
    "arms": {
        "gold_only": {},
        "annotate": {"synthesis": {"annotate": {"rows": 40, "shots": 4}}},
    },
    "rivals": ["majority", "teacher_zero_shot"],
    "primary": "annotate > gold_only",
    "seeds": {"student": 2},
}


def recipe(**changes):
    return load_recipe({**RECIPE, **changes})


def run(tmp_path, loaded, *, final=True, name="run"):
    return run_study(loaded, tmp_path / name, choices=Choices(final=final)).results


def test_a_study_ends_with_every_arm_and_rival_on_the_test(tmp_path):
    results = run(tmp_path, recipe())
    assert results["split"] == "test"
    arms = {s["arm"] for s in results["standings"]}
    assert arms == {"gold_only", "annotate", "majority", "teacher_zero_shot"}
    first = results["comparisons"][0]
    assert (first["a"].split()[0], first["b"].split()[0]) == ("annotate", "gold_only")
    assert all(s["rows"] == 90 for s in results["standings"])


def test_without_final_a_run_ends_on_dev_and_the_teacher_reads_no_test(tmp_path):
    results = run(tmp_path, recipe(), final=False)
    assert results["split"] == "dev"
    assert results["openings"] == 0
    assert "teacher_zero_shot" not in {s["arm"] for s in results["standings"]}
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert {a.arm for _, _, a in ledger.purchases()} == {"annotate"}


def test_a_second_start_buys_and_trains_nothing_and_finds_the_same(tmp_path):
    first = run(tmp_path, recipe())
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        bought = ledger.totals()
    done = sorted((tmp_path / "run" / "steps").glob("*/done.json"))
    stamps = [path.stat().st_mtime_ns for path in done]
    second = run(tmp_path, recipe())
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.totals() == bought
    assert [path.stat().st_mtime_ns for path in done] == stamps
    first.pop("clock"), second.pop("clock")
    assert json.loads(json.dumps(first, default=str)) == json.loads(json.dumps(second, default=str))


def test_runs_side_by_side_share_what_they_bought(tmp_path):
    run(tmp_path, recipe(), name="one")
    run(tmp_path, recipe(), name="two")
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        paid = Counter(total.account.study for total in ledger.totals() if total.replies)
        charged = [t.charged for t in ledger.totals() if t.account.arm == "annotate"]
    assert len(paid) == 1, "the second run paid although the first had bought everything"
    assert len(charged) == 2 and charged[0] == charged[1]


def test_the_test_is_opened_once_and_each_opening_is_on_record(tmp_path):
    run(tmp_path, recipe(), name="one")
    results = run(tmp_path, recipe(), name="two")
    assert results["openings"] == 1
    assert len(results["clock"]["openings"]) == 2


def test_an_arm_cap_ends_its_purchase_and_the_study_goes_on(tmp_path):
    budget = {"usd": 1, "arm": {"requests": 10}}
    results = run(tmp_path, recipe(teacher={**RECIPE["teacher"], "budget": budget}))
    turn = next(u for u in results["units"] if u["arm"] == "annotate")["turns"][0]
    assert (turn["drafts"], turn["unbought"]) == (10, 30)
    assert "cap of 10 requests" in turn["stopped"]
    more = {"usd": 1, "arm": {"requests": 25}}
    results = run(tmp_path, recipe(teacher={**RECIPE["teacher"], "budget": more}))
    turn = next(u for u in results["units"] if u["arm"] == "annotate")["turns"][0]
    assert turn["drafts"] == 25
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        replies = sum(t.replies for t in ledger.totals() if t.account.arm == "annotate")
    assert replies == 25, "raising the cap bought something again"


def test_the_cap_of_the_study_stops_the_run_and_raising_it_goes_on(tmp_path):
    def capped(requests):
        teacher = {**RECIPE["teacher"], "budget": {"requests": requests}}
        return recipe(teacher=teacher, rivals=["majority"])

    with pytest.raises(BudgetReached, match="cap of 15 requests"):
        run(tmp_path, capped(15))
    assert not (tmp_path / "run" / "results.json").exists()
    results = run(tmp_path, capped(500))
    assert results["clock"]["paid"]["requests"] == 40


def test_every_draft_is_accounted_for(tmp_path):
    for unit in run(tmp_path, recipe())["units"]:
        for turn in unit["turns"]:
            assert sum(turn["decisions"].values()) == turn["drafts"]


def test_an_arm_may_bring_its_own_rows(tmp_path):
    rows = [{"text": f"note {i}: the rotor hums", "label": "watch"} for i in range(7)]
    path = tmp_path / "theirs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arms = {"gold_only": {}, "theirs": {"rows": str(path)}}
    results = run(tmp_path, recipe(arms=arms, primary="theirs > gold_only", rivals=[]))
    unit = next(u for u in results["units"] if u["arm"] == "theirs")
    assert unit["turns"][0]["rows"] == 67


def test_a_rival_may_bring_its_own_predictions(tmp_path):
    from tutelage.teacher.worlds import write_gold

    loaded = recipe(rivals={})
    test = prepare(loaded).golds[0].test
    test.release()
    rows = test.open("to write a rival's predictions in this test", lambda _: None)
    lines = "".join(f"{row.id},{row.label}\n" for row in rows)
    (tmp_path / "oracle.csv").write_text("id,label\n" + lines)
    rivals = {"oracle": {"kind": "predictions", "predictions": str(tmp_path / "oracle.csv")}}
    results = run(tmp_path, recipe(rivals=rivals))
    oracle = next(s for s in results["standings"] if s["arm"] == "oracle")
    assert oracle["mean"] == 1.0
    assert len(write_gold("composition", "test", 90, 0)) == oracle["rows"]


def test_a_grid_is_chosen_on_dev(tmp_path):
    arms = {"gold_only": {"grid": {"max_features": [20, 2000]}}}
    results = run(tmp_path, recipe(arms=arms, primary="", rivals=["majority"], teacher=None))
    best = {
        s["grid"]: s["mean"]
        for s in results["dev_standings"]
        if s["rule"] == results["rules"]["gold_only"]
    }
    assert results["chosen"]["gold_only"]["grid"] == max(best, key=best.get)


def test_small_gold_without_a_test_is_cross_fitted(tmp_path):
    gold = {"train": {"world": "composition", "rows": 100}}
    loaded = recipe(
        gold=gold, arms={"gold_only": {}}, primary="", rivals=["majority"], teacher=None
    )
    results = run(tmp_path, loaded)
    assert len(results["gold"]) == 5
    assert {s["rows"] for s in results["standings"]} == {100}


def test_turns_choose_rows_by_what_the_last_student_doubts(tmp_path):
    arms = {
        "gold_only": {},
        "annotate": {
            "synthesis": {"annotate": {"rows": 20, "choose": "uncertainty"}},
            "critic": "uncertainty",
            "turns": 3,
        },
    }
    results = run(tmp_path, recipe(arms=arms))
    unit = next(u for u in results["units"] if u["arm"] == "annotate")
    assert [turn["drafts"] for turn in unit["turns"]] == [20, 20, 20]
    assert [turn["rows"] for turn in unit["turns"]] == [80, 100, 120]


def test_a_folder_belongs_to_one_recipe(tmp_path):
    run(tmp_path, recipe())
    with pytest.raises(UserError, match="is a run of the recipe 'small'"):
        run(tmp_path, recipe(name="other"))


def test_two_runs_on_one_folder_are_refused(tmp_path):
    with Run(tmp_path / "run"), pytest.raises(UserError, match="is working in"):
        run(tmp_path, recipe())


def test_kept_rows_replace_gold_rows_of_their_id():
    gold = [Example("a", {"text": "x"}, label="1"), Example("b", {"text": "y"}, label="2")]
    kept = [
        Example("b", {"text": "y"}, label="2", rationale="since", origin=Origin(arm="e")),
        Example("c", {"text": "z"}, label="1"),
    ]
    assert [row.id for row in mix(kept, gold)] == ["a", "b", "c"]
    assert mix(kept, gold)[1].rationale == "since"
    assert mix(kept, []) == kept


def test_grid_points_and_their_labels():
    assert grid_points({}) == [{}]
    assert [grid_label(p) for p in grid_points({"a": (1, 2)})] == ["a=1", "a=2"]


def test_matched_steps_are_those_of_the_gold_rows():
    loaded = recipe(student={"kind": "seq2seq", "epochs": 2, "batch_size": 16}, match="steps")
    assert matched(loaded.recipe, loaded.recipe.student, 60)["steps"] == 8


def test_dev_rationales_are_bought_for_measuring_and_train_nothing(tmp_path):
    arms = {"label_only": {}, "explain": {"synthesis": "explain", "dev_rationales": 15}}
    results = run(tmp_path, recipe(arms=arms, primary="", rivals=[]))
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert sum(t.replies for t in ledger.totals()) == 60 + 15
    unit = next(u for u in results["units"] if u["arm"] == "explain")
    assert unit["turns"][0]["rows"] == 60


def test_rationales_are_written_for_some_rows_and_answers_for_all():
    class Student:
        def predict(self, examples, *, rationale=False):
            return [
                Prediction(e.id, label="x", rationale="so" if rationale else None) for e in examples
            ]

    rows = [Example(str(i), {"text": f"t{i}"}, label="x") for i in range(7)]
    found = answered(Student(), rows, explained=3)
    assert [p.id for p in found] == [row.id for row in rows]
    assert sum(p.rationale is not None for p in found) == 3
    assert all(p.rationale is None for p in answered(Student(), rows, explained=0))


def test_rows_of_an_arm_that_are_not_there_name_the_arms_key(tmp_path):
    given = load_recipe(
        {**RECIPE, "arms": {"theirs": {"rows": "gone.csv"}}, "primary": ""}, folder=tmp_path
    )
    with pytest.raises(UserError, match=r"--set arms\.theirs\.rows=FILE"):
        prepare(given)


def test_a_bought_row_takes_no_gold_rows_place_by_its_id_alone() -> None:
    gold = Example("1", {"text": "gold"}, label="a")
    explained = replace(gold, rationale="because")
    other = Example("1", {"text": "another text"}, label="b")
    assert mix([explained], [gold]) == [explained]
    assert mix([other], [gold]) == [gold, other]
