import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import RecipeError, UserError
from tutelage.recipe.yaml12 import override, read_file, read_text, scalar, walk


def test_only_true_and_false_are_booleans():
    tree = read_text("a: no\nb: on\nc: yes\nd: true\ne: False\n", "r").tree
    assert tree == {"a": "no", "b": "on", "c": "yes", "d": True, "e": False}


def test_the_written_form_of_a_scalar_stays_at_hand():
    document = read_text("labels: [01, 1.0, no]\n", "r")
    assert document.tree == {"labels": [1, 1.0, "no"]}
    assert [document.written["labels", i] for i in range(3)] == ["01", "1.0", "no"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.2e-3", 0.0012), ("1e-3", 0.001), (".inf", float("inf")), ("0o17", 15), ("-3", -3),
     ("", None), ("1_000", "1_000"), ("12:30", "12:30")],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text, value):
    assert scalar(text) == value


def test_a_repeated_key_is_refused_with_both_lines():
    with pytest.raises(RecipeError, match="r:3: a: stands twice \\(first on line 1\\)"):
        read_text("a: 1\nb: 2\na: 3\n", "r")


def test_broken_yaml_names_the_line():
    with pytest.raises(RecipeError) as error:
        read_text("a: [1, 2\nb: 3\n", "r")
    assert error.value.faults[0].line == 2


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n", "\ta: 1\n"])
def test_a_tab_is_told_as_one(text):
    with pytest.raises(RecipeError, match="indent with spaces"):
        read_text(text, "r")


def test_lines_point_at_keys_and_fall_back_to_what_surrounds_them():
    document = read_text("a:\n  b:\n    - 1\n    - 2\n", "r")
    assert document.line(("a", "b", 1)) == 4
    assert document.line(("a", "missing", "deeper")) == 1


def test_override_makes_missing_parents_and_keeps_the_original():
    document = read_text("teacher: {model: m}\n", "r")
    changed = override(document, ["teacher.budget.usd=2.5", "seeds.student=[1, 2]"])
    assert changed.tree["teacher"] == {"model": "m", "budget": {"usd": 2.5}}
    assert changed.tree["seeds"] == {"student": [1, 2]}
    assert document.tree == {"teacher": {"model": "m"}}


@pytest.mark.parametrize("assignment", ["no-equals", "=1", "a..b=1", "a.b=1"])
def test_override_refuses_what_it_cannot_set(assignment):
    with pytest.raises(UserError, match="--set"):
        override(read_text("a: 1\n", "r"), [assignment])


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="tutelage init"):
        read_file(tmp_path / "none.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_walk_visits_every_value_once(tree):
    def count(value):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + (sum(map(count, inner)) if isinstance(value, (dict, list)) else 0)

    places = [at for at, _ in walk(tree)]
    assert len(places) == len(set(places)) == count(tree)
