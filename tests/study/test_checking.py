import asyncio
import sys

import pytest

from tutelage.recipe import load_recipe
from tutelage.study.checking import check_study


def check(recipe, tmp_path, **how):
    return asyncio.run(check_study(load_recipe(recipe, folder=tmp_path), **how))


def test_pairs_are_independent_by_their_premise(small_recipe, tmp_path):
    labels = ["entailment", "neutral", "contradiction"]
    for role, count in (("train", 60), ("test", 30)):
        rows = [
            f"{role} premise {i // 3},{role} hypothesis {i},{labels[i % 3]}" for i in range(count)
        ]
        text = "\n".join(["premise,hypothesis,label", *rows])
        (tmp_path / f"{role}.csv").write_text(text)
    recipe = small_recipe(
        task="nli", gold={"train": "train.csv", "test": "test.csv"}, teacher=None,
        arms={"gold_only": {}}, rivals=["majority"], primary="",
    )  # fmt: skip
    reach = check(recipe, tmp_path).reach
    assert (reach.by, reach.groups, reach.rows) == ("premise", 10, 30)


def test_cross_fitting_tests_every_row_once(small_recipe, tmp_path):
    recipe = small_recipe(gold={"train": {"world": "composition", "rows": 100}},
                          arms={"gold_only": {}}, primary="")  # fmt: skip
    found = check(recipe, tmp_path)
    assert len(found.gold) == 5
    assert found.reach.rows == 100
    # (1.960 + 0.842) * sqrt(0.25 / 100)
    assert found.reach.smallest == pytest.approx(0.1401, abs=1e-4)


def test_all_faults_at_once(small_recipe, tmp_path):
    (tmp_path / "bad.jinja").write_text("{% block user %}{{ text ")
    recipe = small_recipe(
        arms={"a": {"synthesis": {"prompted": {"template": "bad.jinja"}}},
              "b": {"synthesis": {"annotate": {"votes": 3, "soft_labels": True}}}},
        primary="", teacher={"model": "mystery", "budget": {"usd": 1}},
    )  # fmt: skip
    found = check(recipe, tmp_path)
    assert not found.ok
    told = "\n".join(map(str, found.faults))
    for words in ("bad.jinja", "votes: 3", "The price of"):
        assert words in told


def test_a_missing_key_is_a_warning_and_a_command_is_not_run(small_recipe, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = check(small_recipe(teacher={"model": "gpt-4o-mini"}), tmp_path)
    assert found.ok
    assert any("OPENAI_API_KEY" in warning for warning in found.warnings)
    witness = tmp_path / "witness"
    key = {"command": f"touch {witness}"}
    assert check(small_recipe(teacher={"model": "gpt-4o-mini", "api_key": key}), tmp_path).ok
    assert not witness.exists()


def test_probing_asks_the_teacher_and_says_what_it_does(small_recipe, tmp_path):
    found = check(small_recipe(), tmp_path, online=tmp_path / "runs" / "ledger.sqlite")
    assert found.ok
    assert found.teachers[0].online.name == found.teachers[0].name
    assert {f.name for f in found.teachers[0].online.findings} >= {
        "usage",
        "n",
        "logprobs",
        "schema",
    }


def test_a_key_that_is_missing_online_is_a_fault(small_recipe, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = check(small_recipe(teacher={"model": "gpt-4o-mini"}), tmp_path,
                  online=tmp_path / "l.sqlite")  # fmt: skip
    assert not found.ok
    assert "OPENAI_API_KEY" in found.faults[0].what


def test_a_student_that_reads_everything_cuts_nothing(small_recipe, tmp_path):
    assert check(small_recipe(), tmp_path).cut.limit is None


@pytest.mark.parametrize(("student", "extra"), [("classifier", "train"), ("setfit", "setfit")])
def test_without_the_extra_the_rest_is_still_checked(
    small_recipe, tmp_path, monkeypatch, student, extra
):
    monkeypatch.setattr("tutelage.study.checking._is_installed", lambda package: False)
    found = check(small_recipe(student={"kind": student}), tmp_path)
    assert found.ok
    (told,) = (warning for warning in found.warnings if "pip install" in warning)
    assert told.startswith(f"The student needs the extra `{extra}`")
    assert f"'tutelage[{extra}]'" in told
    assert found.cut.why == f"the extra `{extra}` is not installed"


def test_a_teacher_in_this_process_names_its_extra(small_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("tutelage.study.checking._is_installed", lambda package: False)
    found = check(small_recipe(teacher={"kind": "local", "model": "acme/m"}), tmp_path)
    (told,) = (warning for warning in found.warnings if "pip install" in warning)
    assert told.startswith("A teacher in this process needs the extra `train`")


@pytest.mark.train
def test_the_share_of_rows_that_the_limit_cuts(small_recipe, tmp_path):
    pytest.importorskip("torch")
    cut = check(small_recipe(student={"kind": "classifier", "max_source": 30}), tmp_path).cut
    if cut.share is None:
        pytest.skip(cut.why)
    assert cut.share == 1.0
    assert cut.longest > 30
    wide = check(small_recipe(student={"kind": "classifier", "max_source": 512}), tmp_path).cut
    assert wide.share == 0.0


@pytest.mark.train
@pytest.mark.usefixtures("minilm")
def test_a_tuned_teacher_that_cannot_be_tuned_so_is_told_before_a_run(small_recipe, tmp_path):
    pytest.importorskip("torch")
    tuned = {"kind": "tuned", "family": "causal", "model": "minilm"}
    rivals = {"own": {"kind": "teacher", "teacher": "own"}}
    (fault,) = check(small_recipe(teachers={"own": tuned}, rivals=rivals), tmp_path).faults
    assert fault.what.startswith("teachers.own: ") and "Family causal" in fault.why


@pytest.mark.train
def test_an_adapter_of_another_model_is_told_before_a_run(small_recipe, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from tutelage.neural.adapters import Lora, put_lora, save_adapter
    from tutelage.neural.causal import CausalShape, fresh_causal

    for name, width in (("own", 16), ("other", 32)):
        shape = CausalShape(d_model=width, layers=1, heads=2, d_ff=32, vocab_size=300, positions=64)
        net = fresh_causal(shape, ["it is good"], seed=1)
        net.save(tmp_path / name)
        (tmp_path / name / "model.safetensors").unlink()  # `check` reads no weights
        if name == "own":
            view = put_lora(net.model, Lora(rank=2), family="causal", base="own", seed=1)
            save_adapter(view, net.tokenizer, tmp_path / "adapter")

    def told(model):
        local = {"kind": "local", "model": model, "adapter": "adapter"}
        return check(small_recipe(teacher=local), tmp_path)

    fits = told("own")
    assert fits.ok and not any("adapter" in warning for warning in fits.warnings)
    (fault,) = told("other").faults
    assert "was tuned on another model, not on" in fault.what and "q_proj" in fault.why
    monkeypatch.setitem(sys.modules, "tutelage.neural.writers", None)  # as without the extra
    untold = told("other")
    assert untold.ok
    assert "The adapter adapter was not tried: the extra `train` is not installed." in (
        untold.warnings
    )
