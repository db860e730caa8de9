import asyncio

from tutelage.recipe import load_recipe
from tutelage.store.ledger import Ledger
from tutelage.study.previewing import preview_study
from tutelage.study.running import run_study


def preview(recipe, ledger, **how):
    return asyncio.run(preview_study(load_recipe(recipe), ledger=ledger, **how))


def test_prompts_are_those_that_a_run_sends(small_recipe, tmp_path):
    found = preview(small_recipe(), tmp_path / "x.sqlite", count=2)
    run_study(load_recipe(small_recipe()), tmp_path / "runs" / "small")
    with Ledger.open(tmp_path / "runs" / "ledger.sqlite", read_only=True) as book:
        sent = {tuple((m.role, m.content) for m in q.messages) for q, *_ in book.purchases()}
    assert [shown.arm for shown in found.prompts] == ["annotate"] * 2 + ["explain"] * 2
    assert {shown.messages for shown in found.prompts} <= sent
    assert not (tmp_path / "x.sqlite").exists()


def test_what_a_preview_bought_a_run_finds(small_recipe, tmp_path):
    ledger = tmp_path / "runs" / "ledger.sqlite"
    found = preview(small_recipe(), ledger, count=3, buy=True, arms=["explain"])
    assert all(shown.reply and "rationale" in shown.parsed for shown in found.prompts)
    run_study(load_recipe(small_recipe()), tmp_path / "runs" / "small")
    with Ledger.open(ledger, read_only=True) as book:
        paid = {t.account.arm: t.replies for t in book.totals() if t.account.study != "x"}
    assert paid["pilot:preview"] == 3
    assert paid["explain"] == 17


def test_without_an_annotating_arm_the_teacher_is_scored_zero_shot(small_recipe, tmp_path):
    recipe = small_recipe(arms={"explain": {"synthesis": "explain"}}, primary="")
    found = preview(recipe, tmp_path / "l.sqlite", count=1, score=10)
    assert (found.score.arm, found.score.rows) == ("", 10)
