def test_report_is_written_anew(call, finished):
    (finished / "report.html").unlink(missing_ok=True)
    said = call("report", finished, "--json")
    assert said.code == 0
    assert (finished / "report.html").exists()
    assert said.facts["verdict"]
    shown = call("report", finished).out
    assert said.facts["verdict"].split(".")[0] in shown


def test_runs_are_compared_side_by_side(call, recipe_file):
    plain = {"arms": {"gold_only": {}}, "primary": "", "rivals": ["majority"]}
    for name in ("one", "two"):
        assert call("run", recipe_file(**plain), "--out", name).code == 0
    said = call("compare", "one", "two", "--json")
    assert said.code == 0
    assert said.facts["comparable"]
    assert {line["run"] for line in said.facts["lines"]} == {"one", "two"}
    assert "gold_only" in call("compare", "one", "two").out


def test_runs_on_other_rows_are_not_comparable(call, recipe_file, finished):
    plain = {"arms": {"gold_only": {}}, "primary": "", "rivals": ["majority"]}
    assert call("run", recipe_file(**plain), "--out", "one").code == 0
    said = call("compare", "one", finished, "--json")
    assert not said.facts["comparable"]
    assert "Warning" in call("compare", "one", finished).err


def test_one_run_cannot_be_compared(call, finished):
    assert call("compare", finished).code == 2
