"""The Python API: the same verbs as on the command line, also inside a running event loop."""

import asyncio
import doctest
import threading

import pytest

import tutelage
from tutelage import api
from tutelage.exceptions import RecipeError, UserError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def plain(small_recipe, **changes):
    return small_recipe(arms={"gold_only": {}}, rivals=["majority"], primary="", **changes)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(api).failed == 0


def test_every_public_name_is_there():
    for name in tutelage.__all__:
        assert getattr(tutelage, name) is not None
    assert set(tutelage.__all__) <= set(dir(tutelage))
    with pytest.raises(AttributeError):
        tutelage.no_such_name


def test_from_a_mapping_to_predictions(small_recipe):
    outcome = tutelage.run(small_recipe(), "here", final=True)
    assert outcome.report.exists()
    assert outcome.results["split"] == "test"
    assert "annotate" in outcome.verdict
    assert [pilot.arm for pilot in outcome.pilots] == ["annotate"]
    student = tutelage.load("here")
    assert student.arm == "annotate"
    assert student.labels == ("routine", "watch", "urgent")
    texts = ["a warm bearing", "a rusty nut"]
    labels, shares = student.predict(texts), student.predict_proba(texts)
    for label, row in zip(labels, shares, strict=True):
        assert sum(row) == pytest.approx(1)
        assert label == student.labels[row.index(max(row))]
    assert student.predict([{"text": texts[0]}]) == labels[:1]


async def test_inside_a_running_event_loop(small_recipe):
    recipe = plain(small_recipe)
    assert tutelage.check(recipe).ok
    assert tutelage.plan(recipe).students == 2
    outcome = tutelage.run(recipe, "inside")
    assert tutelage.load(outcome.folder, "gold_only", seed=2).seed == 2
    await asyncio.sleep(0)  # the loop still works


async def test_errors_cross_over_from_the_other_thread(small_recipe):
    with pytest.raises(UserError, match="no arm 'x'"):
        tutelage.plan(small_recipe(), arms=["x"])


def test_a_poor_teacher_needs_a_yes(small_recipe):
    teacher = {"kind": "scripted", "world": "composition", "few_shot_errors": 1.0}
    recipe = small_recipe(teacher=teacher)
    with pytest.raises(UserError, match="answers 0%"):
        tutelage.run(recipe, "poor")
    asked = []
    tutelage.run(recipe, "poor", agree=lambda pilot: asked.append(pilot.arm) or True)
    assert asked == ["annotate"]
    tutelage.run(recipe, "poor")  # agreed to once is enough


def test_a_listener_hears_what_goes_on(small_recipe):
    heard = []
    tutelage.run(plain(small_recipe), "heard", listener=heard.append)
    assert heard[-1]["phase"] == "done"


def test_preview_from_python(small_recipe):
    found = tutelage.preview(small_recipe(), arms=["explain"], count=1)
    assert found.prompts[0].messages[-1][0] == "user"


def test_recipes_are_read_with_every_fault(small_recipe):
    with pytest.raises(RecipeError) as error:
        tutelage.load_recipe({**small_recipe(), "x": 1, "y": 2})
    assert len(error.value.faults) == 2
    loaded = tutelage.load_recipe(small_recipe(), assignments=["seeds.student=1"])
    assert loaded.recipe.seeds.student == (1,)
    with pytest.raises(UserError, match="relative paths"):
        tutelage.check(loaded.recipe)


def test_work_outside_a_loop_stays_in_its_thread(small_recipe):
    names = []
    tutelage.run(plain(small_recipe), "same", listener=lambda _: None)
    api.outside_loop(lambda: names.append(threading.current_thread().name))
    assert names == [threading.current_thread().name]
