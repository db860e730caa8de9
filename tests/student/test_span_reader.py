"""The span reader: learns to point, over windows, with and without `no answer`."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from tutelage.answer_matching import match_of
from tutelage.exceptions import TrainingError, UserError
from tutelage.loop import best_dev
from tutelage.plugins import find
from tutelage.records import Example, Fitted, Span, Task
from tutelage.student.options import ShapeOptions, SpanReaderOptions

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine

TASK = Task("world", "span_qa", ("context", "question"), metric="f1")
TINY = ShapeOptions(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=400)
COLOURS = ("red", "blue", "green")
CITIES = ("New York", "Old Town", "Rome")
FILLER = ("the", "of", "and", "it", "was", "there", "once", "more")


def rows(count: int, seed: int, *, length: int = 8, none: float = 0.0) -> list[Example]:
    """Contexts that hold one colour and one city; with `none` some lack what is asked for."""
    rng = random.Random(seed)
    made = []
    for i in range(count):
        colour, city, asked = (
            rng.choice(COLOURS),
            rng.choice(CITIES),
            rng.choice(("colour", "city")),
        )
        answer = colour if asked == "colour" else city
        lacks = rng.random() < none
        held = [word for word in (colour, city) if not (lacks and word == answer)]
        words = [*held, *(rng.choice(FILLER) for _ in range(length))]
        rng.shuffle(words)
        context = " ".join(words)
        start = context.index(answer) if not lacks else -1
        spans = () if lacks else (Span(answer, start, start + len(answer)),)
        fields = {"context": context, "question": f"which {asked}?"}
        made.append(Example(f"{seed}-{i}", fields, spans=spans))
    return made


def learner(**options: Any) -> Any:
    given = {
        "config": TINY,
        "epochs": 12,
        "learning_rate": 5e-3,
        "max_source": 32,
        "stride": 6,
        "max_question": 8,
        "precision": "fp32",
    }
    return find("learner", "span_reader").make(SpanReaderOptions(**given | options), task=TASK)


def share_exact(student: Any, asked: list[Example]) -> float:
    said = student.predict([replace(row, spans=None) for row in asked])
    return sum(match_of(row, a).exact for row, a in zip(asked, said, strict=True)) / len(asked)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("reader")
    return learner().fit(rows(160, 1), rows(40, 2), seed=1, folder=folder)


def test_it_learns_to_point_and_keeps_a_student_for_each_rule(trained: Fitted) -> None:
    assert set(trained.folders) == {"dev_loss", "dev_f1", "last"}
    assert trained.primary == "dev_f1"
    assert {"f1", "em", "loss"} == set(trained.history[-1].dev)
    assert trained.facts["rows_without_answer"] == trained.facts["rows_without_window"] == 0
    student = learner().load(Path(trained.folders["dev_f1"]))
    dev = rows(40, 2)
    best = max(moment.dev["f1"] for moment in trained.history)
    assert best_dev(trained) == best > 0.9
    assert share_exact(student, dev) > 0.9
    for row, said in zip(dev, student.predict(dev), strict=True):
        (span,) = said.spans
        assert row.fields["context"][span.start : span.end] == span.text


def test_plain_transformers_loads_it_and_points_at_the_same_span(trained: Fitted) -> None:
    folder = Path(trained.folders["dev_f1"])
    plain = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    row = rows(1, 3)[0]
    given = tokenizer(row.fields["question"], row.fields["context"], return_tensors="pt")
    with torch.inference_mode():
        found = plain(**given)
    first, last = (int(x[0].argmax()) for x in (found.start_logits, found.end_logits))
    ours = learner().load(folder).predict([row])[0]
    assert tokenizer.decode(given["input_ids"][0, first : last + 1]) == ours.answer[0].lower()
    assert (folder / "model.safetensors").is_file()
    card = (folder / "README.md").read_text("utf8")
    assert "It reads context and question." in card and "points at some piece" in card


def test_the_best_window_of_a_long_context_answers(trained: Fitted) -> None:
    """Contexts four times as long as a window: no window holds all of them."""
    student = learner().load(Path(trained.folders["dev_f1"]))
    long = rows(30, 4, length=80)
    assert all(len(windows) > 3 for windows in student.net.cut(
        [row.fields["question"] for row in long], [row.fields["context"] for row in long]
    ))  # fmt: skip
    assert share_exact(student, long) > 0.8


def test_training_on_long_contexts_uses_the_windows_that_hold_the_answer(tmp_path: Path) -> None:
    fitted = learner(epochs=1).fit(rows(20, 1, length=60), [], seed=1, folder=tmp_path)
    assert fitted.facts["share_several_windows"] == 1
    assert set(fitted.folders) == {"last"}
    assert fitted.primary == "last"


def test_no_answer_is_learned_where_training_rows_have_none(tmp_path: Path) -> None:
    fitted = learner(epochs=20).fit(
        rows(240, 1, none=0.4), rows(60, 2, none=0.4), seed=1, folder=tmp_path
    )
    student = learner().load(Path(fitted.folders["dev_f1"]))
    dev = rows(60, 5, none=0.4)
    assert fitted.facts["rows_without_answer"] > 60
    assert share_exact(student, [row for row in dev if not row.spans]) > 0.8
    assert share_exact(student, [row for row in dev if row.spans]) > 0.8


def test_null_margin_moves_the_border(trained: Fitted) -> None:
    student = learner().load(Path(trained.folders["dev_f1"]))
    dev = rows(20, 2)
    assert all(answer.spans for answer in student.predict(dev))  # it was never taught to abstain
    timid = replace(student, choice=replace(student.choice, abstains=True, margin=-1e9))
    assert all(answer.spans == () for answer in timid.predict(dev))


def test_a_training_broken_off_ends_as_if_undisturbed(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(event: Any) -> None:
        if event["step"] == 13:
            raise Killed

    train, dev = rows(80, 1), rows(20, 2)
    whole = learner(epochs=4).fit(train, dev, seed=3, folder=tmp_path / "whole")
    broken = learner(epochs=4)
    broken.progress = kill
    with pytest.raises(Killed):
        broken.fit(train, dev, seed=3, folder=tmp_path / "broken")
    again = learner(epochs=4).fit(train, dev, seed=3, folder=tmp_path / "broken")
    assert again.history == whole.history
    for rule in whole.folders:
        first, second = (
            (Path(f.folders[rule]) / "model.safetensors").read_bytes() for f in (whole, again)
        )
        assert first == second


def test_rows_that_cannot_be_learned_from(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no answer spans"):
        learner().fit([Example("x", rows(1, 1)[0].fields)], [], seed=1, folder=tmp_path)
    context = " ".join(["red"] * 60)
    far = Example(
        "y", {"context": context, "question": "q"}, spans=(Span(context, 0, len(context)),)
    )
    with pytest.raises(TrainingError, match="No row has its answer whole in a window"):
        learner().fit([far], [], seed=1, folder=tmp_path / "far")
    fitted = learner(steps=2).fit([far, *rows(8, 1)], [], seed=1, folder=tmp_path / "some")
    assert fitted.facts["rows_without_window"] == 1


def test_what_cannot_be_built(tmp_path: Path) -> None:
    labelled = Task("t", "classification", ("text",))
    with pytest.raises(UserError, match="cannot learn the task 't' of kind classification"):
        find("learner", "span_reader").make(SpanReaderOptions(), task=labelled)
    with pytest.raises(UserError, match="Windows of 32 pieces cannot overlap by 21"):
        learner(stride=21).fit(rows(8, 1), [], seed=1, folder=tmp_path)


@pytest.mark.parametrize("kind", ["classifier", "seq2seq", "linear", "embedding_head"])
def test_students_of_labels_name_the_one_that_reads_spans(kind: str) -> None:
    plugin = find("learner", kind)
    with pytest.raises(UserError, match="span_qa") as found:
        plugin.make(plugin.options(), task=TASK)
    assert "span_reader" in str(found.value)
