"""Tuning as a user calls it: learns, resumes after any step, stops early, is finished once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from transformers import BertModel

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.adapters import Lora
from tutelage.neural.causal import CausalShape
from tutelage.neural.checkpoint import weights_of
from tutelage.neural.continuation import Wanted
from tutelage.neural.families import Sizes
from tutelage.neural.lessons import encode, share_loss, shares
from tutelage.neural.tuning import Lesson, Tuned, Tuning, load_tuned, tune

pytestmark = pytest.mark.train
FAMILIES = ["encoder", "seq2seq", "causal"]
SHAPE = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=400, positions=64)
SIZES = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
TEXTS = ["it is a good day", "it is a bad day", "this text is neither good nor bad"] * 3
LABELS = ["pos", "neg"]


def plan(family: Any, **changes: Any) -> Tuning:
    given: dict[str, Any] = {
        "steps": 6,
        "batch_size": 4,
        "learning_rate": 5e-3,
        "max_source": 32,
        "max_target": 8,
        "precision": "fp32",
        "evaluations_per_epoch": 1,
    }
    return Tuning(family, **{**given, **changes})


def learn(given: Tuning, lessons: Any, folder: Path, *, dev: Any = None, **changes: Any) -> Tuned:
    settings = {"labels": LABELS, "seed": 1, "folder": folder} | changes
    return tune(given, lessons, lessons if dev is None else dev, **settings)


def weights(tuned: Tuned) -> dict[str, list[float]]:
    return {name: w.flatten().tolist() for name, w in weights_of(tuned.net.model).items()}


class Killed(BaseException):
    pass


def killer(at: int) -> Any:
    """A progress callback that dies at its `at`-th call."""
    calls = iter(range(1, 10_000))

    def tell(event: Any) -> None:
        if next(calls) == at:
            raise Killed

    return tell


@pytest.mark.parametrize(
    ("family", "changes", "kills"),
    [
        ("encoder", {"lora": Lora(rank=2, dropout=0.1)}, (1, 3, 2, 1)),
        ("causal", {"lora": Lora(rank=2, dropout=0.1)}, (3, 3)),
        ("seq2seq", {"dropout": 0.1}, (5,)),
        ("causal", {"shape": SHAPE, "pretrain_steps": 4, "lora": Lora(rank=2)}, (1, 5, 3)),
        ("seq2seq", {"shape": SIZES, "pretrain_steps": 4}, (3, 4, 6)),
        ("seq2seq", {"model": "masking", "pretrain_steps": 4, "vocabulary": "used"}, (3, 4, 6)),
    ],
)
def test_a_tuning_broken_off_anywhere_ends_as_if_undisturbed(
    family: Any,
    changes: Any,
    kills: Any,
    bases: dict[str, Path],
    masking_encoder: Path,
    lessons: Any,
    tmp_path: Path,
) -> None:
    place = masking_encoder if "model" in changes else bases[family]
    model = {} if "shape" in changes else {"model": str(place)}
    given = plan(family, **{**changes, **model})
    whole = learn(given, lessons, tmp_path / "whole", texts=TEXTS)
    broken = tmp_path / "broken"
    for at in kills:
        with pytest.raises(Killed):
            learn(given, lessons, broken, texts=TEXTS, progress=killer(at))
        torch.randn(7)  # what others draw must not matter
    again = learn(given, lessons, broken, texts=TEXTS)
    assert weights(again) == weights(whole)
    timeless = [{k: v for k, v in x.facts.items() if k != "seconds"} for x in (whole, again)]
    assert timeless[0] == timeless[1]
    assert sorted(p.name for p in broken.iterdir()) == sorted(
        p.name for p in (tmp_path / "whole").iterdir()
    )


def test_a_tuning_killed_after_its_weights_were_saved_ends_alike(
    bases: dict[str, Path], lessons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plan("causal", model=str(bases["causal"]), lora=Lora(rank=2))
    whole = learn(given, lessons, tmp_path / "whole")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("tutelage.neural.tuning.write_json", die)
        learn(given, lessons, tmp_path / "broken")
    again = learn(given, lessons, tmp_path / "broken")
    assert weights(again) == weights(whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_finished_tuning_is_loaded_and_not_done_again(
    family: Any, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan(family, model=str(bases[family]), lora=Lora(rank=2))
    first = learn(given, lessons, tmp_path)
    second = learn(given, lessons, tmp_path, progress=killer(1))
    assert np.array_equal(first.probabilities(lessons), second.probabilities(lessons))
    assert first.facts == second.facts and second.family == family
    for changed in ({"seed": 2}, {"dev": lessons[:4]}, {"labels": LABELS[::-1]}):
        with pytest.raises(TrainingError, match="another training"):
            learn(given, lessons, tmp_path, **changed)
    with pytest.raises(TrainingError, match="another training"):
        learn(replace(given, steps=7), lessons, tmp_path)


def test_an_unfinished_folder_of_another_tuning_is_refused(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan("causal", model=str(bases["causal"]))
    with pytest.raises(Killed):
        learn(given, lessons, tmp_path, progress=killer(1))
    with pytest.raises(TrainingError, match="another training"):
        learn(given, lessons, tmp_path, seed=2)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_learns_its_lessons(
    family: Any, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan(family, model=str(bases[family]), steps=60, evaluations_per_epoch=0.25)
    tuned = learn(given, lessons, tmp_path)
    found = tuned.probabilities(lessons)
    assert found.shape == (8, 2) and np.allclose(found.sum(axis=1), 1)
    assert [LABELS[i] for i in found.argmax(axis=1)] == [row.label for row in lessons]
    right = [look for look in tuned.facts["history"] if look["dev"]["accuracy"] == 1.0]
    best = min(right, key=lambda look: look["dev"]["loss"])
    assert tuned.facts["best_step"] == best["step"]


def test_a_causal_teacher_from_nothing_learns_eight_lessons_by_heart(
    lessons: Any, tmp_path: Path
) -> None:
    rows = [
        Lesson(f"Write example {i}", f": {row.fields[0]}\nLabel: {row.label}")
        for i, row in enumerate(lessons)
    ]
    shape = replace(SHAPE, d_model=64, layers=2, d_ff=128)
    given = plan("causal", shape=shape, steps=120, batch_size=8, learning_rate=1e-2, max_target=24)
    tuned = learn(given, rows, tmp_path, dev=(), labels=())
    written = tuned.write([Wanted(row.prompt, 0, temperature=0.0, max_new=24) for row in rows])
    assert [one.text for one in written] == [row.ending for row in rows]
    assert {one.finish for one in written} == {"stop"}
    assert tuned.facts["chosen_by"] == "last"


def test_free_endings_are_chosen_by_dev_loss(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    rows = [replace(row, label=None) for row in lessons]
    tuned = learn(plan("seq2seq", model=str(bases["seq2seq"])), rows, tmp_path, labels=())
    losses = {m["step"]: m["dev"]["loss"] for m in tuned.facts["history"]}
    assert tuned.facts["chosen_by"] == "dev_loss"
    assert tuned.facts["best_step"] == min(losses, key=losses.__getitem__)


def test_the_best_weights_are_what_answers_and_not_the_last(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    """Dev wants another answer than the one that is learned, so every step makes it worse."""
    rows = [replace(row, label=None, ending=" pos") for row in lessons]
    dev = [replace(row, ending=" neg") for row in rows]
    given = plan("causal", model=str(bases["causal"]), steps=30, dropout=0.0)
    tuned = learn(replace(given, learning_rate=2e-2), rows, tmp_path, dev=dev, labels=())
    losses = {m["step"]: m["dev"]["loss"] for m in tuned.facts["history"]}
    best = tuned.facts["best_step"]
    assert best < 30 and losses[best] < losses[30] - 0.1

    def loss(net: Any) -> float:
        pairs = encode(net, [r.prompt for r in dev], [r.ending for r in dev], max_target=8)
        with torch.inference_mode():
            return float(share_loss(net, shares(pairs, micro_batch=8)[0]))

    for found in (tuned, load_tuned(tmp_path)):
        assert loss(found.net) == pytest.approx(losses[best], abs=1e-4)


@pytest.mark.parametrize("family", ["encoder", "causal"])
def test_a_lesson_counts_by_its_weight(
    family: str, bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan(family, model=str(bases[family]), steps=2, batch_size=9, dropout=0.0)
    light = [*lessons, replace(lessons[0], label="neg", ending=" neg", weight=1e-9)]
    heavy = [*lessons, replace(light[-1], weight=1.0)]
    first = [
        learn(given, rows, tmp_path / name, dev=()).facts["history"][0]["train_loss"]
        for name, rows in {"none": lessons, "light": light, "heavy": heavy}.items()
    ]
    assert first[0] == pytest.approx(first[1], abs=1e-5) and abs(first[2] - first[0]) > 1e-5


def test_patience_ends_a_tuning_that_gets_no_better(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    frozen = plan(
        "causal", model=str(bases["causal"]), learning_rate=0.0, steps=12, dropout=0.0, patience=2
    )
    tuned = learn(frozen, lessons, tmp_path)
    assert [m["step"] for m in tuned.facts["history"]] == [2, 4, 6]
    assert (tuned.facts["steps"], tuned.facts["steps_planned"]) == (6, 12)
    assert tuned.facts["best_step"] == 2


def test_of_looks_that_are_equally_right_the_one_of_lowest_loss_is_kept(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    slow = plan("causal", model=str(bases["causal"]), learning_rate=1e-5, dropout=0.0)
    facts = learn(slow, lessons, tmp_path).facts
    accuracies = {look["dev"]["accuracy"] for look in facts["history"]}
    losses = {look["step"]: look["dev"]["loss"] for look in facts["history"]}
    assert len(accuracies) == 1 and len(losses) == 3
    assert facts["chosen_by"] == "dev_accuracy"
    assert facts["best_step"] == min(losses, key=losses.__getitem__) == 6


def test_the_share_of_what_was_cut_is_told(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    long = replace(lessons[0], prompt="Text: it is good. " * 20 + "Answer:")
    rows = [*lessons[1:], long]
    tuned = learn(plan("causal", model=str(bases["causal"])), rows, tmp_path, dev=())
    assert (tuned.facts["share_prompt_cut"], tuned.facts["share_ending_cut"]) == (1 / 8, 0)
    free = [replace(row, label=None, ending=" it is good" * 9) for row in rows[:2]]
    given = plan("causal", model=str(bases["causal"]))
    tuned = learn(given, free, tmp_path / "free", dev=(), labels=())
    assert tuned.facts["share_ending_cut"] == 1


def test_dev_rows_must_have_a_label_of_the_task(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    dev = [replace(lessons[0], label="other")]
    with pytest.raises(UserError, match="one has 'other'"):
        learn(plan("encoder", model=str(bases["encoder"])), lessons, tmp_path, dev=dev)


def test_what_a_kill_left_behind_is_tidied(
    bases: dict[str, Path], lessons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plan("causal", model=str(bases["causal"]), steps=2)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("tutelage.neural.tuning._tidy", die)
        learn(given, lessons, tmp_path)
    assert (tmp_path / "tuning").is_dir()
    learn(given, lessons, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "tuned.json"]


def test_facts_tell_what_was_done(bases: dict[str, Path], lessons: Any, tmp_path: Path) -> None:
    events: list[Any] = []
    given = plan("causal", shape=SHAPE, pretrain_steps=3, lora=Lora(rank=2))
    tuned = learn(given, lessons, tmp_path, dev=lessons[:4], texts=TEXTS, progress=events.append)
    facts = tuned.facts
    assert (facts["rows"], facts["dev_rows"], facts["steps"]) == (8, 4, 6)
    assert facts["trained_parameters"] == 2 * 2 * (2 * 32)  # query and value, A and B of rank 2
    assert facts["parameters"] == tuned.net.parameters
    assert set(facts["seconds"]) == {"pretraining", "tuning"}
    assert all(seconds > 0 for seconds in facts["seconds"].values())
    assert facts["pretraining_steps"] == 3 and facts["pretraining_texts"] == len(TEXTS)
    assert [e["phase"] for e in events] == ["pretraining"] * 3 + ["tuning"] * 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["adapter", "base", "tuned.json"]


def test_a_warm_started_decoder_takes_no_adapter(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan("seq2seq", model=str(bases["encoder"]), lora=Lora())
    with pytest.raises(UserError, match="LoRA cannot teach"):
        learn(given, lessons, tmp_path)
    tuned = learn(replace(given, lora=None), lessons, tmp_path / "whole")
    assert tuned.probabilities(lessons).shape == (8, 2)


def test_a_vocabulary_of_used_pieces_is_saved_and_loaded(
    masking_encoder: Path, lessons: Any, tmp_path: Path
) -> None:
    given: Any = {"model": str(masking_encoder), "steps": 2}
    whole = learn(plan("seq2seq", **given), lessons, tmp_path / "whole")
    less = learn(plan("seq2seq", **given, vocabulary="used"), lessons, tmp_path / "less")
    unheard = ["the", "cat", "sat", "on", "mat", "dog", "ran", "to", "one", "red"]
    assert len(less.net.tokenizer) == len(whole.net.tokenizer) - len(unheard)
    assert less.parameters < whole.parameters
    assert weights(load_tuned(tmp_path / "less")) == weights(less)


def test_a_decoder_out_of_an_encoder_learns_ten_times_as_fast(
    masking_encoder: Path, lessons: Any, tmp_path: Path
) -> None:
    given = plan("seq2seq", model=str(masking_encoder), steps=1, weight_decay=0.0)
    model = learn(given, lessons, tmp_path).net.model
    name = "encoder.layer.0.attention.self.query.weight"
    began = BertModel.from_pretrained(masking_encoder).get_parameter(name)
    moved = [
        float((part.get_parameter(name) - began).detach().abs().max())
        for part in (model.encoder, model.decoder.bert)
    ]
    rate = given.learning_rate  # is the most that one step of Adam moves a weight
    assert moved[0] <= 1.001 * rate and moved[1] == pytest.approx(10 * rate, rel=0.01)


def test_a_model_that_writes_already_is_not_pretrained_again(
    bases: dict[str, Path], lessons: Any, tmp_path: Path
) -> None:
    given = plan("seq2seq", model=str(bases["seq2seq"]), pretrain_steps=2)  # T5's marks and all
    with pytest.raises(UserError, match="has learned to write"):
        learn(given, lessons, tmp_path, texts=TEXTS)
