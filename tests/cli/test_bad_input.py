"""Mistakes that reach the door: each told on one screen, with exit code 2 and nothing lost."""

import os

import pytest

from tutelage.store.runs import Run

GOOD = "text,label\n" + "".join(f"text {i} of {'ab'[i % 2]},{'ab'[i % 2]}\n" for i in range(40))


def gold(**roles):
    return {"train": "gold.csv", **roles}


def simple(recipe_file, tmp_path, content=GOOD, *, task=None, roles=None, **changes):
    (tmp_path / "gold.csv").write_text(content)
    return recipe_file(
        task=task or {"kind": "classification"},
        gold=gold(**(roles or {})),
        teacher=None,
        arms={"gold_only": {}},
        rivals=["majority"],
        primary="",
        **changes,
    )


@pytest.mark.parametrize("command", ["check", "plan", "run"])
@pytest.mark.parametrize(
    ("content", "task", "told"),
    [
        (GOOD.replace("text,label", "body,label"), {}, ["no column 'text'", "body, label"]),
        (GOOD, {"labels": ["a", "c"]}, ["Unknown label 'b'", "gold.csv:3"]),
        ("", {}, ["gold.csv"]),
        ("text,label\n", {}, ["no rows"]),
        (GOOD, {"labels": {"a": "yes", "b": "Yes"}}, ["collide", "'a' and 'b'"]),
    ],
    ids=["missing column", "unknown label", "empty file", "header only", "colliding words"],
)
def test_gold_that_cannot_be_used(call, recipe_file, tmp_path, command, content, task, told):
    path = simple(recipe_file, tmp_path, content, task={"kind": "classification", **task})
    said = call(command, path)
    assert said.code == 2
    assert said.is_one_screen()
    for words in told:
        assert words in said.err
    assert not (tmp_path / "runs" / "small" / "results.json").exists()


def test_a_broken_json_line_is_named(call, recipe_file, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n{"text": "b", "label"\n')
    path = simple(recipe_file, tmp_path, roles={"train": "rows.jsonl"})
    said = call("check", path)
    assert said.code == 2
    assert "rows.jsonl:2" in said.err
    assert said.is_one_screen()


def test_dev_that_equals_test_is_found(call, recipe_file, tmp_path):
    held = "text,label\nheld out one,a\nheld out two,b\n"
    (tmp_path / "dev.csv").write_text(held)
    (tmp_path / "test.csv").write_text(held)
    path = simple(recipe_file, tmp_path, roles={"dev": "dev.csv", "test": "test.csv"})
    said = call("check", path)
    assert said.code == 2
    assert "dev and test are the same 2 rows" in said.err
    assert "gold.allow_overlap" in said.err


def online(recipe_file):
    teacher = {"model": "gpt-4o-mini", "budget": {"usd": 1}}
    return recipe_file(teacher=teacher, arms={"gold_only": {}, "explain": {"synthesis": "explain"}},
                       primary="")  # fmt: skip


def test_a_missing_key_stops_a_run_but_not_a_look(call, recipe_file):
    path = online(recipe_file)
    looked = call("check", path)
    assert looked.code == 0
    assert "OPENAI_API_KEY" in looked.err
    assert call("plan", path).code == 0
    said = call("run", path)
    assert said.code == 2
    assert "OPENAI_API_KEY" in said.err
    assert "teacher.api_key" in said.err
    assert said.is_one_screen()


def test_an_unknown_price_under_a_cap_comes_with_the_lines_to_paste(call, recipe_file):
    path = recipe_file(teacher={"model": "mystery-1", "budget": {"usd": 1}})
    for command in ("check", "plan"):
        said = call(command, path)
        assert said.code == 2
        assert "teacher:\n  prices: {input: 0.00, output: 0.00}" in said.err


def test_an_unknown_recipe_comes_with_the_nearest(call):
    said = call("run", "anotate")
    assert said.code == 2
    assert "Did you mean annotate?" in said.err


def test_an_unknown_arm_comes_with_the_nearest(call, recipe_file):
    for command in ("plan", "run", "preview"):
        said = call(command, recipe_file(), "--arm", "anotate")
        assert said.code == 2
        assert "Did you mean annotate?" in said.err


def test_an_assignment_without_a_value_is_refused(call, recipe_file):
    said = call("check", recipe_file(), "--set", "seeds.student")
    assert said.code == 2
    assert "key.key=value" in said.err


def test_a_file_in_place_of_the_run_folder_is_refused(call, recipe_file, tmp_path):
    (tmp_path / "runs").write_text("not a folder")
    said = call("run", recipe_file(), "--yes")
    assert said.code == 2
    assert "cannot be written" in said.err
    assert "--out" in said.err
    assert said.is_one_screen()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_run_folder_is_refused(call, recipe_file, tmp_path):
    (tmp_path / "runs").mkdir(mode=0o500)
    said = call("run", recipe_file(), "--yes")
    assert said.code == 2
    assert "cannot be written" in said.err


def test_two_runs_on_one_folder_are_refused_and_the_first_loses_nothing(
    call, recipe_file, tmp_path
):
    folder = tmp_path / "runs" / "small"
    with Run(folder) as first:
        first.status({"phase": "training"})
        said = call("run", recipe_file(), "--yes")
        assert said.code == 2
        assert "Another process" in said.err
        assert said.is_one_screen()
        assert b"training" in (folder / "status.json").read_bytes()


def test_a_folder_of_another_recipe_is_refused(call, recipe_file):
    plain = {"arms": {"gold_only": {}}, "primary": "", "rivals": ["majority"]}
    assert call("run", recipe_file(**plain), "--out", "here").code == 0
    said = call("run", recipe_file(**plain), "--set", "name=other", "--out", "here")
    assert said.code == 2
    assert "is a run of the recipe 'small'" in said.err


def test_a_run_that_is_not_there_or_not_finished(call, tmp_path, finished):
    said = call("report", "nowhere")
    assert said.code == 2
    assert "There is no run nowhere." in said.err
    half = tmp_path / "runs" / "half"
    half.mkdir(parents=True)
    for name in ("run.json", "recipe.json"):
        (half / name).write_bytes((finished / name).read_bytes())
    for command in (["report", "half"], ["data", "half", "--to", "x.csv"], ["predict", "half",
                    "--text", "x"], ["trace", "half", "x"]):  # fmt: skip
        said = call(*command)
        assert said.code == 2
        assert "is not finished" in said.err
    assert "Did you mean half?" in call("status", "hal").err
