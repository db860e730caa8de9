"""Built-in and third-party parts come through the same door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tutelage.exceptions import RecipeError, UserError
from tutelage.plugins import catalogue, find, names, nearest
from tutelage.recipe import load_recipe
from tutelage.study.running import Choices, run_study

ACME = Path(__file__).parent / "plugins" / "acme"


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of a third party as if it were installed."""
    monkeypatch.syspath_prepend(str(ACME))
    catalogue.cache_clear()
    yield
    catalogue.cache_clear()


def recipe(**changes):
    return load_recipe(
        {
            "name": "acme",
            "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
            "gold": {
                "train": {"world": "composition", "rows": 40},
                "dev": {"world": "composition", "rows": 40},
                "test": {"world": "composition", "rows": 40},
            },
            "teacher": {"kind": "scripted"},
            "student": {"kind": "acme_first_word"},
            "arms": {
                "gold_only": {},
                "paraphrase": {
                    "synthesis": {"acme_paraphrase": {"rows": 5}},
                    "checks": ["format", "acme_no_shouting"],
                },
            },
            "seeds": {"student": 1},
            **changes,
        }
    )


@pytest.mark.usefixtures("acme")
def test_third_party_parts_run_a_study(tmp_path):
    results = run_study(recipe(), tmp_path / "run", choices=Choices(final=True)).results
    units = {unit["arm"]: unit for unit in results["units"]}
    assert units["paraphrase"]["turns"][0]["drafts"] == 5
    assert units["paraphrase"]["turns"][0]["rows"] == 45
    assert units["gold_only"]["training"]["words"] > 0
    assert {s["arm"] for s in results["standings"]} >= {"gold_only", "paraphrase", "majority"}


@pytest.mark.usefixtures("acme")
def test_their_options_are_checked_like_ours():
    arms = {"p": {"synthesis": {"acme_paraphrase": {"row": 5}}}}
    with pytest.raises(RecipeError, match="Did you mean rows"):
        recipe(arms=arms)


def test_without_the_package_its_parts_are_unknown():
    with pytest.raises(RecipeError, match="there is no learner called 'acme_first_word'"):
        recipe()


@pytest.mark.usefixtures("acme")
def test_two_packages_that_claim_one_name_are_told_apart(tmp_path, monkeypatch):
    info = tmp_path / "rival-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tutelage.plugins]\nrival = rival_parts:PLUGINS\n")
    (tmp_path / "rival_parts.py").write_text(
        "from tutelage.plugins import Plugin\n"
        "PLUGINS = (Plugin('check', 'acme_no_shouting', 'rival_parts:build'),)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    catalogue.cache_clear()
    with pytest.raises(UserError, match="Two installed packages offer a check") as error:
        catalogue()
    assert "rival_parts:build" in error.value.why


def test_built_in_parts_are_declared_by_entry_point():
    assert {"five_w", "explain", "annotate"} <= set(names("synthesizer"))
    assert {"seq2seq", "classifier", "linear", "embedding_head"} <= set(names("learner"))
    assert {"endpoint", "recorded", "scripted"} <= set(names("teacher"))
    assert {"format", "refusal", "duplicate", "contamination"} <= set(names("check"))


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError) as error:
        find("synthesizer", "explane")
    assert error.value.do == "Did you mean explain?"
    assert nearest("zzz", ("a", "b")) == "Known: a, b."
