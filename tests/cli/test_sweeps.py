"""`--over`: a study for each value, and one page."""

import json


def test_every_value_runs_and_a_page_shows_all(call, recipe_file, tmp_path):
    recipe = recipe_file(rivals=["majority"], seeds={"student": 2})
    said = call("run", recipe, "--over", "gold.few=20,60", "--final", "--yes")
    assert said.code == 0, said.screen
    assert "In all 2 studies" in said.err
    assert "gold.few=20" in said.err
    runs = tmp_path / "runs"
    assert (runs / "small-gold.few=20" / "report.html").exists()
    page = (runs / "small-over-gold.few.html").read_text()
    assert 'href="small-gold.few%3D20/report.html"' in page
    assert "2 runs opened the test" in page
    assert "<svg" in page
    told = json.loads((runs / "small-over-gold.few.json").read_text())
    assert [point["train_rows"] for point in told["points"]] == [20, 60]
    assert told["warnings"] == [], "both are scored on the same test rows"
    curve = next(curve for curve in told["curves"] if curve["name"] == "annotate")
    assert [point["value"] for point in curve["points"]] == ["20", "60"]
    accounts = call("ledger", "--json").facts["accounts"]
    again = call("run", recipe, "--over", "gold.few=20,60", "--final", "--yes", "--json")
    assert again.facts["page"].endswith("small-over-gold.few.html")
    assert set(again.facts["runs"]) == {"20", "60"}
    after = call("ledger", "--json").facts["accounts"]
    assert [a["replies"] for a in after] == [a["replies"] for a in accounts], "bought once"


def test_a_value_that_fails_does_not_lose_the_others_and_goes_on_later(call, recipe_file, tmp_path):
    recipe = recipe_file(rivals=["majority"], seeds={"student": 1})
    over = ("--over", "teacher.budget.requests=75,500", "--yes")
    said = call("run", recipe, *over, "--json")
    assert said.code == 3
    assert list(said.facts["failed"]) == ["75"] and list(said.facts["runs"]) == ["500"]
    assert "cap of 75 requests" in said.err
    told = json.loads((tmp_path / "runs" / "small-over-teacher.budget.requests.json").read_text())
    assert [bool(point["failed"]) for point in told["points"]] == [True, False]
    again = call("run", recipe, *over, "--json")  # the other one has bought what was missing
    assert again.code == 0 and list(again.facts["runs"]) == ["75", "500"]


def test_a_plan_over_values_is_their_sum(call, recipe_file):
    recipe = recipe_file(rivals=["majority"])
    over = ("--over", "arms.annotate.synthesis.annotate.rows=10,30")
    said = call("plan", recipe, *over, "--json")
    assert said.code == 0
    each = [call("plan", recipe, "--set", f"{over[1].partition('=')[0]}={n}", "--json").facts
            for n in (10, 30)]  # fmt: skip
    assert said.facts["students"] == sum(one["students"] for one in each)
    assert said.facts["worst"]["requests"] < sum(one["worst"]["requests"] for one in each)
    assert "In all 2 studies" in call("plan", recipe, *over).out


def test_mistakes_are_told_on_one_screen(call, recipe_file):
    for over in ("gold.few", "gold.few=no,20"):
        said = call("run", recipe_file(), "--over", over)
        assert said.code == 2
        assert said.is_one_screen()
