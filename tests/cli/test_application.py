"""The door itself: quick, quiet, and polite when something is wrong."""

import subprocess
import sys

import pytest

from tutelage import __version__

HEAVY = ("torch", "transformers", "matplotlib", "sklearn", "scipy", "aiohttp", "pyarrow", "numpy")


@pytest.mark.parametrize(
    "code",
    [
        "import tutelage",
        "from tutelage.cli.application import app\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0",
    ],
    ids=["import tutelage", "tutelage --help"],
)
def test_nothing_heavy_is_loaded_at_the_door(code):
    check = f"{code}\nimport sys\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command_and_the_exit_codes(call):
    said = call("--help")
    assert said.code == 0
    for command in ("init", "check", "plan", "preview", "run", "status", "report", "compare",
                    "data", "predict", "trace", "ledger", "recipes", "quickstart", "schema"):  # fmt: skip
        assert f" {command} " in said.out
        assert call(command, "--help").code == 0
    assert "3 a budget is reached" in said.out


def test_the_version_is_said(call):
    assert call("--version").out.strip() == f"tutelage {__version__}"


def test_an_unknown_command_is_the_users_mistake(call):
    said = call("chekc", "recipe.yaml")
    assert said.code == 2
    assert said.is_one_screen()


def test_an_error_is_one_json_object_where_asked_for(call):
    said = call("check", "no-such.yaml", "--json")
    assert said.code == 2
    assert said.facts["error"] == "cannot do that"
    assert "no-such.yaml" in said.facts["what"]
    assert said.facts["do"]


def test_recipe_faults_come_with_their_lines_in_json(call, recipe_file):
    path = recipe_file(student={"kind": "linear", "num_features": 3}, prymary="x > y")
    facts = call("check", path, "--json").facts
    assert {fault["where"] for fault in facts["faults"]} == {"prymary", "student.num_features"}
    assert all(fault["line"] for fault in facts["faults"])


def test_ctrl_c_says_what_is_kept(call, recipe_file, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tutelage.api.run_study", interrupted)
    said = call("run", recipe_file(arms={"gold_only": {}}, primary=""))
    assert said.code == 130
    assert "kept" in said.err
    assert said.is_one_screen()


def test_a_full_disk_is_told_without_a_traceback(call, recipe_file, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "runs/small/steps")

    monkeypatch.setattr("tutelage.api.run_study", full)
    said = call("run", recipe_file(arms={"gold_only": {}}, primary=""))
    assert said.code == 1
    assert "runs/small/steps: No space left on device." in said.err
    assert said.is_one_screen()
