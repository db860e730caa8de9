import asyncio

import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.store.ledger import Ledger
from tutelage.study.consent import seek_consent
from tutelage.study.running import Choices


def seek(recipe, folder, agree, **choices):
    return asyncio.run(
        seek_consent(load_recipe(recipe), folder, choices=Choices(**choices), agree=agree)
    )


def test_a_pilot_that_was_agreed_to_is_not_made_again(small_recipe, tmp_path):
    folder = tmp_path / "runs" / "small"
    assert len(seek(small_recipe(), folder, lambda _: True)) == 1
    assert seek(small_recipe(), folder, lambda _: pytest.fail("asked again")) == []


def test_a_pilot_that_was_refused_is_made_again_from_the_ledger(small_recipe, tmp_path):
    folder = tmp_path / "runs" / "small"
    for _ in range(2):
        with pytest.raises(UserError, match="answers"):
            seek(small_recipe(), folder, lambda _: False)
    with Ledger.open(tmp_path / "runs" / "ledger.sqlite", read_only=True) as book:
        assert [total.replies for total in book.totals()] == [50]


def test_another_way_of_asking_is_another_pilot(small_recipe, tmp_path):
    folder = tmp_path / "runs" / "small"
    seek(small_recipe(), folder, lambda _: True)
    arms = {"gold_only": {}, "annotate": {"synthesis": {"annotate": {"shots": 1}}}}
    assert len(seek(small_recipe(arms=arms), folder, lambda _: True)) == 1


def test_no_pilot_without_an_arm_that_annotates(small_recipe, tmp_path):
    never = lambda _: pytest.fail("asked")  # noqa: E731
    assert seek(small_recipe(), tmp_path / "a", never, arms=("explain",)) == []
    assert seek(small_recipe(teacher=None, arms={"g": {}}, rivals=["majority"], primary=""),
                tmp_path / "b", never) == []  # fmt: skip
