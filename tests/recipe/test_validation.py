import pytest

from tutelage.exceptions import RecipeError, UserError
from tutelage.recipe import load_recipe
from tutelage.recipe.validation import parse_primary, recipe_schema, shipped, student_of

GOOD = """\
name: good
task: {kind: classification, labels: [no, on, 01]}
gold: {train: train.csv}
teacher: {endpoint: openai, model: gpt-4o-mini, budget: {usd: 5}}
student: {kind: linear}
arms:
  label_only: {}
  explain: {synthesis: explain}
primary: explain > label_only
seeds: {student: 3}
"""


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def faults(path, **options):
    with pytest.raises(RecipeError) as error:
        load_recipe(path, **options)
    return {(f.line, f.where): f.what for f in error.value.faults}


def test_a_good_recipe_loads_with_labels_as_written(write, tmp_path):
    loaded = load_recipe(write(GOOD))
    assert list(loaded.recipe.task.labels) == ["no", "on", "01"]
    assert loaded.recipe.seeds.student == (1, 2, 3)
    assert loaded.folder == tmp_path


def test_every_fault_at_once_with_line_and_nearest_key(write):
    found = faults(
        write("""\
task: {kind: clasification, labels: [a, b]}
gold: {train: t.csv, validation: d.csv}
teacher: {endpoint: openai, model: m, budget: {dollars: 5}, temprature: 0.2}
student:
  model: google-t5/t5-small
  num_train_epochs: 3
  learning_rate: fast
arms:
  explain:
    synthesis: {explian: {}}
  other:
    synthesis: {explain: {max_token: 3}}
    grid: {learning_rat: [1]}
""")
    )
    assert found[2, "gold.validation"] == "is called dev here."
    assert found[6, "student.num_train_epochs"] == "is called epochs here."
    assert "Did you mean temperature?" in found[3, "teacher.temprature"]
    assert (3, "teacher.budget.dollars") in found
    assert "Did you mean explain?" in found[10, "arms.explain.synthesis.explian"]
    assert "Did you mean max_tokens?" in found[12, "arms.other.synthesis.explain.max_token"]
    assert "Did you mean learning_rate?" in found[13, "arms.other.grid.learning_rat"]
    assert "valid number" in found[7, "student.learning_rate"]
    assert "classification" in found[1, "task.kind"]
    assert len(found) == 9


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ("primary: explan > label_only", "primary", "Did you mean explain?"),
        ("primary: explain", "primary", "one_arm > other_arm"),
        ("match: usd\nteacher: {kind: scripted}", "match", "teacher.budget.usd"),
        ("arms: {}", "arms", "at least one arm"),
        ("arms: {a: {gold: false}}", "arms.a", "nothing to train on"),
        ("arms: {a: {synthesis: annotate}}", "arms.a.synthesis", "gold.unlabelled"),
        ("arms: {a: {turns: 2}}", "arms.a.turns", "asked again"),
        ("arms: {a: {synthesis: explain, critic: errors}}", "arms.a.critic", "never heard"),
        (
            "arms: {a: {synthesis: {extrapolate: {rows: 5}}, turns: 2}}",
            "arms.a.critic",
            "such as `errors` or its rival `random_rows`",
        ),
        (
            "arms: {a: {synthesis: explain, turns: 2, critic: {random_rows: {rows: eror}}}}",
            "arms.a.critic.random_rows.rows",
            "be a whole number, or 'errors' (is 'eror').",
        ),
        (
            "arms: {a: {synthesis: {zerogen: {rows: 5, attributes: {dimensions: 0}}}}}",
            "arms.a.synthesis.zerogen.attributes.dimensions",
            "be greater than 0, or a list, or a mapping (is 0).",
        ),
        ("arms: {a: {gold: lst}}", "arms.a.gold", "true or false, or 'last' or 'whole' (is"),
        ("arms: {a: {synthesis: explain, rows: t.csv}}", "arms.a", "make two arms"),
        ("rivals: {x: {kind: predictions}}", "rivals.x", "a file of id and label"),
        ("rivals: {explain: {kind: majority}}", "rivals.explain", "name of an arm"),
        ("teacher: null", "arms.explain.synthesis", "recipe has none"),
    ],
)
def test_parts_that_do_not_fit_each_other(write, change, where, what):
    changed = [line.partition(":")[0] for line in change.splitlines()]
    kept, skip = [], False
    for line in GOOD.splitlines():
        top = line.partition(":")[0]
        if not line.startswith(" "):
            skip = top in changed or (top == "primary" and "arms" in changed)
        if not skip:
            kept.append(line)
    found = faults(write("\n".join([*kept, change])))
    assert any(w == where and what in text for (_, w), text in found.items()), found


def test_arm_options_are_checked_against_the_student(write):
    found = faults(
        write(GOOD.replace("explain: {synthesis", "explain: {student: {epochs: 1}, synthesis"))
    )
    assert "is not known here" in found[8, "arms.explain.student.epochs"]


def test_set_overrides_and_is_checked(write):
    path = write(GOOD)
    loaded = load_recipe(path, assignments=["teacher.budget.usd=250", "seeds.student=[7]"])
    assert loaded.recipe.teacher.budget.usd == 250
    assert loaded.recipe.seeds.student == (7,)
    assert "each of them once" in str(faults(path, assignments=["seeds.student=[1, 1]"]))


def test_booleans_are_only_true_and_false(write):
    found = faults(write(GOOD + "gold_extra: 1\n"))
    assert "is not known here" in found[11, "gold_extra"]
    path = write(GOOD.replace("train: train.csv", "train: train.csv, allow_overlap: true"))
    assert load_recipe(path).recipe.gold.allow_overlap is True


def test_a_resolved_recipe_states_every_default_and_loads_again(write):
    loaded = load_recipe(write(GOOD))
    resolved = loaded.resolved()
    assert resolved["arms"]["explain"]["synthesis"]["options"]["temperature"] == 0.2
    assert resolved["checks"][0]["name"] == "format"
    assert "usd" in resolved["teacher"]["budget"]


def test_an_unknown_name_points_at_shipped_recipes():
    with pytest.raises(UserError) as error:
        load_recipe("smanly")
    assert "smanli" in error.value.do


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_recipe_is_right(name):
    loaded = load_recipe(name)
    assert loaded.recipe.about
    assert loaded.resolved()
    assert loaded.recipe.mode == ("as_published" if name.endswith("as_published") else "sound")


def test_the_paper_has_a_grid_of_three_and_nine_and_nine():
    from tutelage.study.building import grid_points

    for name in ("rationale_grid", "rationale_grid_as_published"):
        recipe = load_recipe(name).recipe
        assert [len(grid_points(arm.grid)) for arm in recipe.arms.values()] == [3, 9, 9]


def test_an_arm_overrides_the_student_and_the_grid_overrides_the_arm(write):
    recipe = load_recipe(write(GOOD.replace("kind: linear", "kind: seq2seq, epochs: 2"))).recipe
    arm = recipe.arms["explain"].model_copy(
        update={"student": {"epochs": 3}, "objective": "multi_task"}
    )
    student = student_of(recipe, arm, {"epochs": 4})
    assert student.options == {"epochs": 4, "objective": "multi_task"}


def test_an_arm_may_have_another_kind_of_student(write):
    text = GOOD.replace("kind: linear", "kind: seq2seq, epochs: 2").replace(
        "label_only: {}", "label_only: {student: {kind: linear, c: 2.0}}"
    )
    recipe = load_recipe(write(text)).recipe
    assert student_of(recipe, recipe.arms["explain"], {}).options == {"epochs": 2}
    other = student_of(recipe, recipe.arms["label_only"], {})
    assert (other.kind, other.options) == ("linear", {"c": 2.0})


def test_options_of_another_kind_of_student_are_its_own(write):
    text = GOOD.replace("label_only: {}", "label_only: {student: {kind: classifier, c: 2.0}}")
    assert [where for _, where in faults(write(text))] == ["arms.label_only.student.c"]
    text = GOOD.replace("label_only: {}", "label_only: {student: {kind: classifer}}")
    assert [where for _, where in faults(write(text))] == ["arms.label_only.student"]


def test_primary_is_two_names():
    assert parse_primary("a > b") == ("a", "b")
    assert parse_primary("a") == ("", "")


def test_the_schema_knows_recipes_and_parts():
    schema = recipe_schema()
    assert "arms" in schema["properties"]
    assert "learner.seq2seq" in schema["$defs"]


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdefghijklmnop1234567890", "{env: X, key: sk-aaaabbbbcccc}"]
)
def test_a_key_in_a_recipe_is_refused_and_never_repeated(write, key):
    path = write(GOOD.replace("model: gpt-4o-mini", f"model: gpt-4o-mini, api_key: {key}"))
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    assert "api_key" in str(error.value)
    assert "sk-" not in str(error.value)


def test_rationales_of_gold_can_be_left_unread_and_nothing_else(write):
    given = "gold: {train: train.csv}"
    silent = GOOD.replace(given, "gold: {train: train.csv, columns: {rationale: null}}")
    assert load_recipe(write(silent)).recipe.gold.columns == {"rationale": None}
    added = load_recipe(write(GOOD), assignments=["gold.columns.rationale=null"]).recipe
    assert added.gold.columns == {"rationale": None}
    wrong = GOOD.replace(given, "gold: {train: train.csv, columns: {text: null}}")
    ((where, what),) = faults(write(wrong)).items()
    assert where == (3, "gold.columns") and "only rationale can be left unread" in what


def test_a_width_that_heads_do_not_share_evenly_is_told_with_its_line(write):
    student = "student: {kind: seq2seq, config: {d_model: 30, heads: 4}}"
    teacher = "teachers: {own: {kind: tuned, family: encoder, config: {d_model: 30, heads: 4}}}"
    found = faults(write(GOOD.replace("student: {kind: linear}", f"{student}\n{teacher}")))
    told = "d_model 30 is not a multiple of heads 4."
    assert found == {(5, "student.config"): told, (6, "teachers.own.config"): told}


def test_rows_may_say_their_own_columns_and_answers_may_not(write):
    own = "gold: {train: {path: train.csv, columns: {text: body}}}"
    assert load_recipe(write(GOOD.replace("gold: {train: train.csv}", own))).recipe.gold.train
    rival = "rivals: {theirs: {kind: predictions, predictions: {path: a.csv, columns: {id: n}}}}\n"
    assert list(faults(write(GOOD + rival))) == [(11, "rivals.theirs.predictions.columns")]
