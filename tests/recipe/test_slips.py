"""What users write in another place, or in another way, than a recipe has it."""

import pytest

from tutelage.exceptions import RecipeError
from tutelage.recipe import load_recipe

PLAIN = """\
task: {kind: classification, labels: [a, b]}
gold: {train: train.csv, unlabelled: texts.csv}
teacher: {model: gpt-4o-mini, budget: {usd: 5}}
student: {kind: linear}
arms:
  gold_only: {}
"""


def faults(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    return [(f.line, f.where, f.what) for f in error.value.faults]


ARM = PLAIN + "  bought: "


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (
            ARM + "{synthesis: {name: annotate, rows: 500}}",
            "arms.bought.synthesis",
            "has rows beside annotate: write `synthesis: {annotate: {rows: 500}}`; options go "
            "inside the synthesizer.",
        ),
        (
            ARM + "{synthesis: {zerogen: {rows: 9, topics: 3}, waves: 3}}",
            "arms.bought.synthesis",
            "`synthesis: {zerogen: {rows: 9, topics: 3, waves: 3}}`",
        ),
        (
            ARM + "{synthesis: {zerogen: {template: " + "x" * 99 + "}, waves: 3}}",
            "arms.bought.synthesis",
            "`synthesis: {zerogen: {..., waves: ...}}`",
        ),
        (
            ARM + "{synthesis: {zerogen: {}, annotate: {}}}",
            "arms.bought.synthesis",
            "names zerogen and annotate, and only one can stand here.",
        ),
        (
            ARM + "{synthesis: {anotate: {}, rows: 3}}",
            "arms.bought.synthesis",
            "names no synthesizer: write one over its options. Known: annotate,",
        ),
        (
            ARM + "{annotate: {rows: 500}}",
            "arms.bought.annotate",
            "stands under synthesis: `synthesis: {annotate: {rows: 500}}`.",
        ),
        (ARM + "{synthesis: annotate, checks: [{refusal: {}, x: 1}]}",
         "arms.bought.checks.0", "has x beside refusal: write `{refusal: {x: 1}}`"),
        (ARM + "{synthesis: annotate, criticus: errors}",
         "arms.bought.criticus", "is not known here. Did you mean critic?"),
        (ARM + "{synthesis: annotate, zzz: 1}",
         "arms.bought.zzz", "Known: synthesis, teacher, rows, gold,"),
        (PLAIN + "rivals: [majorty, linear]",
         "rivals.majorty", "there is no rival called 'majorty'. Did you mean majority?"),
        (PLAIN + "rivals: {zzz: {}}", "rivals.zzz", "Known: majority, guess, copy,"),
        (PLAIN + "seeds: 3",
         "seeds", "is 3 and does not say whose seeds: write `seeds: {student: 3}`."),
        (PLAIN + "seeds: [1, 2]", "seeds", "write `seeds: {student: [1, 2]}`."),
        (PLAIN.replace("{usd: 5}", "5"),
         "teacher.budget", "is 5 and does not say of what: write `budget: {usd: 5}`"),
    ],
)  # fmt: skip
def test_a_slip_is_told_once_with_what_was_meant(tmp_path, text, where, what):
    ((line, at, said),) = faults(tmp_path, text)
    assert at == where
    assert what in said
    assert text.splitlines()[line - 1].strip().startswith(("bought", "rivals", "seeds", "teacher"))


def test_other_faults_are_told_beside_it(tmp_path):
    found = faults(tmp_path, ARM + "{annotate: {}, turns: many}\nseeds: 3")
    assert [where for _, where, _ in found] == [
        "arms.bought.annotate",
        "arms.bought.turns",
        "seeds",
    ]


def test_parts_that_are_right_are_no_slips(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(ARM + "{synthesis: {name: annotate, options: {rows: 5}}}\nrivals: [linear]")
    assert load_recipe(path).recipe.arms["bought"].synthesis.options == {"rows": 5}
