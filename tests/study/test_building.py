import asyncio
import sys
from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import Plugin, catalogue, find
from tutelage.recipe import PartSpec, load_recipe
from tutelage.records import Label, Task
from tutelage.study.building import Plugged, plugged, prepare
from tutelage.study.checking import check_study


def looked_at(small_recipe, critic, student, pool="train"):
    arm = {"synthesis": {"annotate": {"rows": 5}}, "critic": critic, "turns": 2, "gold": "last"}
    return small_recipe(
        gold={"train": {"world": "composition", "rows": 60}, "pool": pool,
              "unlabelled": {"world": "composition", "rows": 60}},
        arms={"looked_at": arm}, primary="", student=student,
    )  # fmt: skip


def test_a_critic_that_cannot_look_is_found_before_a_cent_is_spent(small_recipe, tmp_path):
    pytest.importorskip("torch", reason="the student seq2seq needs the extra train")
    recipe = load_recipe(looked_at(small_recipe, "influence", {"kind": "seq2seq"}), folder=tmp_path)
    with pytest.raises(UserError, match="needs gradients, and the student seq2seq gives none"):
        prepare(recipe)
    (fault,) = asyncio.run(check_study(recipe)).faults
    assert "classifier, embedding_head, linear" in fault.do


def test_a_critic_of_errors_without_a_pool_is_told_so(small_recipe, tmp_path):
    raw = looked_at(small_recipe, "errors", {"kind": "linear"}, pool=None)
    recipe = load_recipe(raw, folder=tmp_path)
    (fault,) = asyncio.run(check_study(recipe)).faults
    assert "'looked_at' looks for rows in the error pool, and there is none" in fault.what
    assert "gold.pool: train" in fault.do


@pytest.mark.parametrize(("checks", "told"), [(["format"], 1), (["format", "selection"], 0)])
def test_candidates_that_nothing_chooses_among_are_told(small_recipe, tmp_path, checks, told):
    raw = looked_at(small_recipe, "errors", {"kind": "linear"})
    raw["arms"]["looked_at"] = {"synthesis": {"supergen": {"rows": 10}}, "checks": checks}
    found = asyncio.run(check_study(load_recipe(raw, folder=tmp_path)))
    assert sum("supergen asks for more texts" in text for text in found.warnings) == told


def test_errors_are_not_looked_for_among_rows_that_are_trained_on(small_recipe, tmp_path):
    raw = looked_at(small_recipe, "errors", {"kind": "linear"})
    raw["arms"]["looked_at"]["gold"] = True
    with pytest.raises(UserError, match="among the rows its students train on"):
        prepare(load_recipe(raw, folder=tmp_path))


def test_rationales_of_dev_need_a_method_that_writes_them(small_recipe, tmp_path):
    raw = looked_at(small_recipe, "uncertainty", {"kind": "linear"})
    raw["arms"]["looked_at"]["dev_rationales"] = 5
    with pytest.raises(UserError, match="sets dev_rationales, and its synthesis writes none"):
        prepare(load_recipe(raw, folder=tmp_path))


def test_an_edited_template_of_ones_own_is_another_part(small_recipe, tmp_path):
    raw = looked_at(small_recipe, "uncertainty", {"kind": "linear"})
    raw["arms"]["looked_at"]["synthesis"] = {"prompted": {"template": "mine.jinja"}}
    ids = []
    for text in ("Why {{ answer }}?", "How come {{ answer }}?"):
        (tmp_path / "mine.jinja").write_text(text)
        ids.append(prepare(load_recipe(raw, folder=tmp_path)).arms["looked_at"][0].synthesizer_id)
    assert ids[0] != ids[1]


def test_a_fault_of_a_synthesis_names_its_arm(small_recipe, tmp_path):
    raw = looked_at(small_recipe, "errors", {"kind": "linear"})
    writer = {"supergen": {"rows": 10, "texts_per_request": 5}}
    raw["arms"]["looked_at"]["synthesis"] = writer
    (fault,) = asyncio.run(check_study(load_recipe(raw, folder=tmp_path))).faults
    assert fault.what.startswith("arms.looked_at.synthesis: supergen cannot ask for 5 texts")


@pytest.mark.parametrize(
    ("critic", "student"),
    [("influence", "linear"), ("uncertainty", "linear"), ("errors", "seq2seq")],
)
def test_a_critic_that_can_look_is_built(small_recipe, tmp_path, critic, student):
    if student == "seq2seq":
        pytest.importorskip("torch", reason="the student seq2seq needs the extra train")
    recipe = load_recipe(looked_at(small_recipe, critic, {"kind": student}), folder=tmp_path)
    (parts,) = prepare(recipe).arms["looked_at"]
    assert parts.critic.needs in ("", "scores", "gradients")


@pytest.mark.parametrize(
    ("check", "module", "package"),
    [
        ("noise", "tutelage.curation.label_noise", "cleanlab"),
        ("language", "tutelage.curation.languages", "py3langid"),
        ("semantic_duplicate", "tutelage.curation.semantic_duplicates", "tokenizers"),
    ],
)
def test_a_check_whose_package_is_missing_names_its_extra(monkeypatch, check, module, package):
    pytest.importorskip("safetensors")
    for name in (module, "tutelage.neural.static_embedding"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    task = Task("t", "classification", ("text",), (Label("a"), Label("b")))
    with pytest.raises(UserError, match=f"The check {check} needs the package {package}") as told:
        plugged("check", PartSpec(name=check)).make(task=task)
    assert "pip install 'tutelage[curation]'" in told.value.do


def test_a_missing_package_is_told_with_the_extra_that_the_part_names(tmp_path, monkeypatch):
    (tmp_path / "acme_part.py").write_text("import acme_missing.deep\n")
    monkeypatch.syspath_prepend(tmp_path)
    part = Plugin("learner", "acme", "acme_part:build", extra="setfit")
    with pytest.raises(UserError, match="The learner acme needs the package acme_missing") as told:
        Plugged(part, {}).make()
    assert "pip install 'tutelage[setfit]'" in told.value.do
    for other in (replace(part, extra=""), replace(part, build="acme_part_that_is_not:build")):
        with pytest.raises(ModuleNotFoundError):
            Plugged(other, {}).make()


def test_a_part_of_others_is_known_by_their_defaults_versions_and_templates(tmp_path, monkeypatch):
    def identity(*parts):
        part = PartSpec(name="in_turns", options={"parts": parts})
        return plugged("synthesizer", part).with_files(tmp_path)

    first = identity("annotate", {"prompted": {"template": "mine.jinja"}})
    assert first == identity({"annotate": {}}, {"prompted": {"template": "mine.jinja"}})
    assert first["options"]["parts"][0]["options"]["template"] == "annotate.v1"
    (tmp_path / "mine.jinja").write_text("{% block user %}Why?{% endblock %}", encoding="utf-8")
    edited = identity("annotate", {"prompted": {"template": "mine.jinja"}})
    assert edited != first
    newer = replace(find("synthesizer", "annotate"), version=99)
    monkeypatch.setitem(catalogue(), ("synthesizer", "annotate"), newer)
    assert identity("annotate", {"prompted": {"template": "mine.jinja"}}) != edited
