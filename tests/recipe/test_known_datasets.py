from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.exceptions import RecipeError
from tutelage.recipe import load_recipe
from tutelage.recipe.known_datasets import ROLES, known_datasets, read_from
from tutelage.recipe.validation import recipe_schema

RECIPE = """\
dataset: sst2
student: {kind: linear}
arms: {gold_only: {}}
"""
FILES = {"train": "sst2/train.jsonl.gz", "dev": "sst2/dev.jsonl.gz", "test": "sst2/test.jsonl.gz"}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files that holds none yet."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(folder))
    return folder


def loaded(folder: Path, text: str = RECIPE) -> object:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path).recipe


@pytest.mark.parametrize("name", sorted(known_datasets()))
def test_every_known_set_fills_a_recipe(name: str) -> None:
    found = known_datasets()[name]
    kind = "linear" if found.task["kind"] != "generation" else "generator"
    student = {"kind": kind}
    recipe = load_recipe({"dataset": name, "student": student, "arms": {"gold_only": {}}}).recipe
    assert recipe.task.kind == found.task["kind"] and recipe.task.instruction
    assert recipe.gold.train is not None and recipe.gold.train.hub == found.hub_id
    assert recipe.gold.test is not None and recipe.gold.test.hub
    assert found.about and found.licence
    for role, path in found.files(Path("folder")).items():
        assert role in ROLES and path.name.endswith(".jsonl.gz")


def test_files_are_taken_where_all_are_there(tmp_path: Path, nowhere: Path) -> None:
    recipe = loaded(tmp_path)
    assert recipe.gold.columns == {"label": "label_text"}
    for file in FILES.values():
        path = nowhere / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    recipe = loaded(tmp_path)
    assert {role: getattr(recipe.gold, role).path for role in FILES} == {
        role: str(nowhere / file) for role, file in FILES.items()
    }
    assert recipe.gold.columns == {} and recipe.gold.allow_overlap == "drop"
    (nowhere / FILES["dev"]).unlink()
    assert loaded(tmp_path).gold.train.hub == "SetFit/sst2"


def test_what_the_recipe_says_wins_key_by_key(tmp_path: Path) -> None:
    more = """\
task: {metric: macro_f1, labels: {negative: bad, positive: good}}
gold: {fraction: 0.05, unlabelled: rest, dev: null}
"""
    recipe = loaded(tmp_path, RECIPE + more)
    assert (recipe.task.name, recipe.task.metric) == ("SST-2", "macro_f1")
    assert recipe.task.labels["negative"].words == "bad"
    assert recipe.gold.dev is None and recipe.gold.test.split == "test"
    assert (recipe.gold.fraction, recipe.gold.unlabelled) == (0.05, "rest")
    recipe = load_recipe(tmp_path / "recipe.yaml", assignments=["gold.fraction=0.2"]).recipe
    assert recipe.gold.fraction == 0.2
    recipe = loaded(tmp_path, RECIPE + "task: nli\n")
    assert (recipe.task.kind, recipe.task.name) == ("nli", "SST-2")


def faults(folder: Path, text: str) -> dict[tuple[int | None, str], str]:
    with pytest.raises(RecipeError) as caught:
        loaded(folder, text)
    return {(f.line, f.where): f.what for f in caught.value.faults}


def test_an_unknown_name_is_told_alone_with_the_nearest(tmp_path: Path) -> None:
    found = faults(tmp_path, RECIPE.replace("sst2", "sst3"))
    assert list(found) == [(1, "dataset")]
    assert "no data set called 'sst3'" in found[1, "dataset"] and "sst2" in found[1, "dataset"]
    found = faults(tmp_path, RECIPE.replace("sst2", "sst3") + "prim: x\n")
    assert set(found) == {(1, "dataset"), (4, "prim")}


def test_faults_keep_their_lines(tmp_path: Path) -> None:
    found = faults(tmp_path, RECIPE + "gold:\n  fraction: 2\n  tran: x\ntask: {fields: 3}\n")
    assert {at for at, _ in found} == {5, 6, 7}
    # What was filled in stands on the line of `dataset`.
    found = faults(tmp_path, RECIPE + "gold:\n  unlabelled: rest\n")
    assert list(found) == [(4, "gold")]
    assert (1, "dataset") in {*faults(tmp_path, RECIPE.replace("sst2", "7"))}


def test_the_schema_needs_a_data_set_or_task_and_gold() -> None:
    schema = recipe_schema()
    assert schema["required"] == ["student", "arms"]
    assert schema["anyOf"] == [{"required": ["dataset"]}, {"required": ["gold", "task"]}]


def test_a_data_set_of_the_recipe_is_taken_away() -> None:
    own = ["dataset=", "task=nli", "gold.train=rows.csv"]
    recipe = load_recipe("tuned_teacher", assignments=own).recipe
    assert (recipe.dataset, recipe.task.kind, recipe.task.name) == ("", "nli", "")
    assert recipe.gold.train is not None and recipe.gold.train.path == "rows.csv"
    assert recipe.gold.test is None and recipe.gold.unlabelled == "rest"
    with pytest.raises(RecipeError, match="task: is missing"):
        load_recipe("tuned_teacher", assignments=["dataset="])


def test_a_place_on_the_hub_is_known_by_its_name() -> None:
    assert {name for name, one in known_datasets().items()
            if read_from(one.hub_id, one.hub["train"].get("name")) is one} == {
        *known_datasets()}  # fmt: skip
    assert read_from("nyu-mll/glue", "cola") is None
