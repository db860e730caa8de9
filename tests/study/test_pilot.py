import asyncio

import pytest

from tutelage.buying import Answers
from tutelage.exceptions import UserError
from tutelage.gold.opening import load_gold
from tutelage.recipe import load_recipe
from tutelage.records import Completion, Reply, Usage
from tutelage.study.building import build_teacher
from tutelage.study.pilot import (
    Asking,
    annotating_arms,
    pilot_request,
    pilot_rows,
    try_teacher,
)
from tutelage.teacher.annotator import AnnotatorOptions


@pytest.fixture
def loaded(small_recipe):
    return load_recipe(small_recipe())


@pytest.fixture
def gold(loaded):
    return load_gold(loaded.recipe.gold, loaded.recipe.task, folder=loaded.folder)[0]


def replies_of(loaded, gold, change=lambda text, at: text):
    """Buys from the scripted teacher, with its words changed."""

    async def buy(arm, requests):
        async with build_teacher(loaded, gold.task).open(gold.train) as session:
            found = [session.reply(session.resolve(request)) for request in requests]
        return Answers(
            [
                Reply(r.request, (Completion(change(r.text, at)),), Usage(1, 10, 2, 7))
                for at, r in enumerate(found)
            ]
        )

    return buy


def pilot(loaded, gold, buy, **how):
    way = annotating_arms(loaded, gold.task)[0]
    return asyncio.run(try_teacher(way, gold, buy=buy, teacher="t", **how))


def test_only_annotating_arms_are_tried_and_each_way_of_asking_once(small_recipe):
    arms = {
        "one": {"synthesis": {"annotate": {"shots": 3}}},
        "same": {"synthesis": {"annotate": {"shots": 3, "rows": 7}}},
        "other": {"synthesis": {"annotate": {"shots": 0}}},
        "explain": {"synthesis": "explain"},
    }
    loaded = load_recipe(small_recipe(arms=arms, primary=""))
    task = load_gold(loaded.recipe.gold, loaded.recipe.task, folder=loaded.folder)[0].task
    assert [way.arm for way in annotating_arms(loaded, task)] == ["one", "other"]
    assert [way.arm for way in annotating_arms(loaded, task, ["other"])] == ["other"]


def test_figures_confusion_and_disagreements_agree(loaded, gold):
    def third_is_wrong(text, at):
        return "no idea" if at % 3 == 0 else text

    found = pilot(loaded, gold, replies_of(loaded, gold, third_is_wrong), rows=30)
    assert (found.rows, found.asked, found.unreadable) == (30, 30, 10)
    assert found.right <= 20
    assert found.accuracy.point == found.right / 30
    assert len(found.disagreements) == 30 - found.right
    assert sum(line[-1] for line in found.confusion["counts"]) == 10
    assert found.usage == Usage(30, 300, 60, 210)
    assert found.better is (found.accuracy.point > found.student.point)


def test_a_row_never_stands_among_its_own_examples_nor_shows_its_label(loaded, gold):
    way = annotating_arms(loaded, gold.task)[0]
    for row in pilot_rows(gold, 20):
        prompt = pilot_request(way.options, gold, row).messages[-1].content
        assert prompt.count(row.fields["text"]) == 1
        assert prompt.rstrip().endswith("Answer:")


def test_rows_are_chosen_by_their_content(gold):
    from dataclasses import replace

    turned = replace(gold, train=tuple(reversed(gold.train)))
    assert [r.id for r in pilot_rows(gold, 10)] == [r.id for r in pilot_rows(turned, 10)]


def test_replies_that_did_not_come_count_as_wrong(loaded, gold):
    async def nothing(arm, requests):
        return Answers(["timeout"] * len(requests), "The cap is reached.")

    found = pilot(loaded, gold, nothing, rows=10)
    assert (found.right, found.asked, found.stopped) == (0, 0, "The cap is reached.")
    assert found.better is False
    assert "0%" in found.sentence


def test_too_few_rows_for_a_student(small_recipe):
    loaded = load_recipe(small_recipe())
    gold = load_gold(loaded.recipe.gold, loaded.recipe.task, folder=loaded.folder, limit=6)[0]
    found = pilot(loaded, gold, replies_of(loaded, gold), rows=6)
    assert found.student is None
    assert found.better is None
    assert "too few" in found.sentence


def test_without_train_rows_there_is_nothing_to_ask(loaded, gold):
    from dataclasses import replace

    with pytest.raises(UserError, match="no gold train rows"):
        pilot(loaded, replace(gold, train=()), replies_of(loaded, gold))


def test_a_teacher_that_writes_texts_is_held_against_the_nearest_gold_row(tmp_path):
    rows = [f"dog park {word},The dog runs in the {word} park." for word in ("old", "new", "big")]
    rows += [
        f"cat sofa {word},A cat sleeps on the {word} sofa." for word in ("red", "blue", "soft")
    ]
    (tmp_path / "train.csv").write_text("words,target\n" + "\n".join(rows) + "\n")
    recipe = load_recipe(
        {
            "task": {"kind": "generation", "fields": ["words"]},
            "gold": {"train": "train.csv", "dev": "train.csv", "test": "train.csv",
                     "allow_overlap": True},
            "student": {"kind": "generator"},
            "arms": {"gold_only": {}},
        },
        folder=tmp_path,
    )  # fmt: skip
    gold = load_gold(recipe.recipe.gold, recipe.recipe.task, folder=tmp_path)[0]
    chosen = pilot_rows(gold, 2)

    async def buy(arm, requests):
        texts = [chosen[0].target, "Something else"]
        replies = [
            Reply(request.hash, (Completion(text),), Usage(1, 10, 2, 7))
            for request, text in zip(requests, texts, strict=True)
        ]
        return Answers(replies)

    way = Asking("annotate", AnnotatorOptions(shots=0))
    found = asyncio.run(try_teacher(way, gold, buy=buy, teacher="t", rows=2))
    assert (found.rows, found.right, found.texts, found.confusion) == (2, 1, True, None)
    assert found.accuracy.point == 0.5
    assert [wrong.said for wrong in found.disagreements] == ["Something else"]
    assert found.student is not None and 0.5 < found.student.point < 1  # all but one word
    assert "no more than the target of the nearest other gold row" in found.sentence
