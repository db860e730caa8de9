from tutelage.store.ledger import Ledger


def test_check_says_what_the_test_can_show(call, recipe_file):
    said = call("check", recipe_file())
    assert said.code == 0
    assert "With 60 test rows, differences of 18.1 points or more can be found" in said.out
    assert "free of charge" in said.out
    assert "recipe.yaml is right." in said.out


def test_check_tells_all_faults_and_ends_with_2(call, recipe_file):
    arms = {"explain": {"synthesis": {"prompted": {"template": "no-such.jinja"}}}}
    path = recipe_file(arms=arms, primary="", teacher={"model": "mystery", "budget": {"usd": 1}})
    said = call("check", path, "--json")
    assert said.code == 2
    assert not said.facts["ok"]
    told = [fault["what"] for fault in said.facts["faults"]]
    assert len(told) == 2
    assert any("no-such.jinja" in what for what in told)
    assert any("price of" in what for what in told)


def test_plan_counts_and_then_finds(call, recipe_file):
    path = recipe_file()
    before = call("plan", path, "--json").facts
    by_arm = {arm["arm"]: arm for arm in before["arms"]}
    assert (by_arm["annotate"]["to_buy"], by_arm["explain"]["to_buy"]) == (40, 20)
    assert [r["arm"] for r in before["rivals"]] == ["pilot of annotate", "teacher_zero_shot"]
    assert call("run", path, "--yes").code == 0
    after = {arm["arm"]: arm for arm in call("plan", path, "--json").facts["arms"]}
    assert (after["annotate"]["reused"], after["annotate"]["to_buy"]) == (40, 0)


def test_plan_warns_of_a_cap_that_would_stop_it(call, recipe_file):
    teacher = {"kind": "scripted", "world": "composition", "budget": {"requests": 30}}
    said = call("plan", recipe_file(teacher=teacher))
    assert "the cap of 30 requests would stop it" in said.err


def test_preview_shows_real_prompts_and_buys_nothing(call, recipe_file, tmp_path):
    said = call("preview", recipe_file(), "--arm", "explain", "-n", "2")
    assert said.code == 0
    assert said.out.count("Explain in 100 words or less") == 2
    assert not (tmp_path / "runs").exists()


def test_preview_buys_replies_that_a_run_finds(call, recipe_file, tmp_path):
    path = recipe_file()
    said = call("preview", path, "--buy", "-n", "2", "--arm", "explain")
    assert "[reply]" in said.out
    assert "rationale:" in said.out
    plan = {arm["arm"]: arm for arm in call("plan", path, "--json").facts["arms"]}
    assert plan["explain"]["reused"] == 2


def test_preview_scores_the_teacher_on_gold_train_rows_only(call, recipe_file, tmp_path):
    said = call("preview", recipe_file(), "--score", "30", "--json")
    score = said.facts["score"]
    assert score["rows"] == 30
    assert sum(map(sum, score["confusion"]["counts"])) == 30
    assert len(score["disagreements"]) == 30 - score["right"]
    assert score["accuracy"]["low"] < score["right"] / 30 < score["accuracy"]["high"]
    with Ledger.open(tmp_path / "runs" / "ledger.sqlite", read_only=True) as book:
        assert {total.account.arm for total in book.totals()} == {"pilot:annotate"}
        assert book.openings() == []


def test_preview_without_a_teacher_says_so(call, recipe_file):
    path = recipe_file(teacher=None, arms={"gold_only": {}}, rivals=["majority"], primary="")
    said = call("preview", path)
    assert said.code == 2
    assert "no teacher" in said.err
