"""A tuned teacher answers alike in process, loaded and merged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import transformers

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Lora
from tutelage.neural.causal import CausalShape
from tutelage.neural.continuation import Wanted
from tutelage.neural.lessons import Lesson, Writer
from tutelage.neural.steering import Steered
from tutelage.neural.tuned_networks import Body, Tuned, load_body, load_tuned, texts_of
from tutelage.neural.tuning import Tuning, tune

pytestmark = pytest.mark.train
FAMILIES: list[Any] = ["encoder", "seq2seq", "causal"]
LABELS = ("pos", "neg")
TEXTS = ["it is a good day", "it is a bad day"]


def tuned_on(
    lessons: Any, base: Path | str, folder: Path, *, family: Any, texts: Any = (), **changes: Any
) -> Tuned:
    given: dict[str, Any] = {
        "model": str(base),
        "lora": Lora(rank=4, alpha=16, targets=("all-linear",)),
        "steps": 12,
        "batch_size": 4,
        "learning_rate": 1e-2,
        "max_source": 32,
        "max_target": 8,
        "precision": "fp32",
    }
    plan = Tuning(family, **{**given, **changes})
    return tune(plan, lessons, lessons, labels=LABELS, texts=texts, seed=3, folder=folder)


def plain(family: Any, folder: Path, like: Tuned) -> Tuned:
    """The network of a plain folder, asked as `like` is asked."""
    net = load_body(Body(family, str(folder), LABELS, max_source=32, max_target=8))
    return Tuned(like.body, net, like.endings, "fp32", folder, {})


@pytest.mark.parametrize("adapter", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_in_process_loaded_and_merged_give_the_same(
    family: Any, adapter: bool, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    changes = {} if adapter else {"lora": None}
    tuned = tuned_on(lessons, bases[family], tmp_path / "t", family=family, **changes)
    expected = tuned.probabilities(lessons)
    untuned = plain(family, bases[family], tuned).probabilities(lessons)
    assert np.abs(expected - untuned).max() > 1e-3
    loaded = load_tuned(tmp_path / "t")
    assert np.array_equal(loaded.probabilities(lessons), expected)
    assert (loaded.adapted is not None) == adapter
    tuned.merge(tmp_path / "merged")
    assert np.array_equal(tuned.probabilities(lessons), expected)  # merging left it as it was
    merged = plain(family, tmp_path / "merged", tuned).probabilities(lessons)
    np.testing.assert_allclose(merged, expected, atol=1e-5)
    assert np.array_equal(merged.argmax(axis=1), expected.argmax(axis=1))
    assert not list((tmp_path / "merged").glob("adapter*"))


@pytest.mark.parametrize("family", ["seq2seq", "causal"])
def test_what_it_writes_is_the_same_too(
    family: Any, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    tuned = tuned_on(lessons, bases[family], tmp_path / "t", family=family)
    wanted = [Wanted(row.prompt, i, temperature=1.0, max_new=6) for i, row in enumerate(lessons)]
    expected = [one.text for one in tuned.write(wanted)]
    assert [one.text for one in load_tuned(tmp_path / "t").write(wanted)] == expected
    tuned.merge(tmp_path / "merged")
    merged = plain(family, tmp_path / "merged", tuned)
    assert [one.text for one in merged.write(wanted, batch_size=3)] == expected


def test_counter_prompts_are_cut_as_prompts_are(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    tuned = tuned_on(lessons, bases["causal"], tmp_path / "t", family="causal", lora=None)

    def written(against: str) -> str:
        steering = Steered(against=(against,), decay=5.0)
        wanted = Wanted(lessons[0].prompt, 1, temperature=1.0, max_new=6, steering=steering)
        (text,) = tuned.write([wanted])
        assert text.completion_tokens > 0, "there was room"
        return text.text

    end = "it is a bad day " * 12
    assert written(end) == written("good " * 500 + end)


@pytest.mark.parametrize("family", ["seq2seq", "causal"])
def test_probabilities_are_shares_of_the_endings(
    family: Any, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    tuned = tuned_on(lessons, bases[family], tmp_path, family=family)
    net: Writer = tuned.net  # type: ignore[assignment]
    ids = net.tokenizer(lessons[0].prompt, return_tensors="pt")["input_ids"]
    logs = []
    for ending in (" pos", " neg"):
        target = [*net.tokenizer(ending, add_special_tokens=False)["input_ids"], net.end]
        with torch.no_grad():
            if family == "causal":
                whole = torch.cat([ids, torch.tensor([target])], dim=1)
                logits = net.model(input_ids=whole).logits[0, ids.shape[1] - 1 : -1]
            else:
                fed = torch.tensor([[0, *target[:-1]]])
                logits = net.model(input_ids=ids, decoder_input_ids=fed).logits[0]
        logs.append(float(logits.log_softmax(1)[range(len(target)), target].sum()))
    shares = np.exp(logs) / np.exp(logs).sum()
    np.testing.assert_allclose(tuned.probabilities(lessons[:1])[0], shares, atol=1e-6)
    assert tuned.probabilities([]).shape == (0, 2)


def test_a_merged_encoder_is_plain_and_knows_its_labels(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    tuned = tuned_on(lessons, bases["encoder"], tmp_path / "t", family="encoder")
    tuned.merge(tmp_path / "merged")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "merged")
    assert model.config.id2label == {0: "pos", 1: "neg"}
    assert tuned.parameters == sum(p.numel() for p in model.parameters()) + sum(
        p.numel() for name, p in tuned.net.model.named_parameters() if "lora_" in name
    )


def test_a_moved_folder_brings_the_base_that_it_was_pretrained_for(
    lessons: Any, tmp_path: Path
) -> None:
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=400, positions=64)
    changes = {"model": "", "shape": shape, "pretrain_steps": 2, "lora": Lora(), "steps": 2}
    tuned = tuned_on(lessons, "", tmp_path / "one", family="causal", texts=TEXTS, **changes)
    expected = tuned.probabilities(lessons)
    (tmp_path / "one").rename(tmp_path / "two")
    assert np.array_equal(load_tuned(tmp_path / "two").probabilities(lessons), expected)


def test_a_base_may_be_moved_if_something_else_names_it(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    shutil.copytree(bases["causal"], tmp_path / "one")
    given: dict[str, Any] = {"family": "causal", "known_as": "hash", "steps": 2}
    tuned = tuned_on(lessons, tmp_path / "one", tmp_path / "t", **given)
    expected = tuned.probabilities(lessons)
    (tmp_path / "one").rename(tmp_path / "two")
    with pytest.raises(UserError, match="cannot be loaded"):
        load_tuned(tmp_path / "t")
    again = tuned_on(lessons, tmp_path / "two", tmp_path / "t", **given)
    assert np.array_equal(again.probabilities(lessons), expected)
    again.merge(tmp_path / "merged")


def test_a_base_that_changed_is_refused(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    net = load_body(Body("causal", str(bases["causal"]), (), max_source=32, max_target=8))
    net.save(tmp_path / "base")
    tuned_on(lessons, tmp_path / "base", tmp_path / "t", family="causal")
    with torch.no_grad():
        net.model.model.norm.weight += 1
    net.save(tmp_path / "base")
    with pytest.raises(UserError, match="was tuned on another model"):
        load_tuned(tmp_path / "t")


def test_what_a_teacher_cannot_do_it_says(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    tuned = tuned_on(lessons, bases["encoder"], tmp_path / "t", family="encoder", steps=2)
    with pytest.raises(UserError, match="A tuned encoder cannot write"):
        tuned.write([Wanted("a", 0, temperature=0.0)])
    rows = [Lesson(row.prompt, row.ending) for row in lessons]
    plan = Tuning("causal", str(bases["causal"]), steps=2, max_source=32, max_target=8)
    free = tune(plan, rows, (), labels=(), seed=1, folder=tmp_path / "free")
    with pytest.raises(UserError, match="was tuned without labels"):
        free.probabilities(rows)
    with pytest.raises(UserError, match="holds no tuned teacher"):
        load_tuned(tmp_path)


def test_a_row_is_one_text_or_a_pair() -> None:
    assert texts_of(("a",)) == ("a",)
    assert texts_of(("a", "b")) == ("a", "b")
    assert texts_of(("a", "b", "c")) == ("a", "b c")
    with pytest.raises(UserError, match="no fields"):
        texts_of(())
