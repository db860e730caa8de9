"""The generator end to end, in a world where a tiny T5 learns to turn words round in seconds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from tokenizers import processors
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
)

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.tokenization import train_tokenizer, train_word_pieces
from tutelage.plugins import find
from tutelage.records import Example, Fitted, Label, Task
from tutelage.student.generator_options import GeneratorOptions
from tutelage.student.options import ShapeOptions

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine

TASK = Task("turned", "generation", ("text",), metric="chrf")
TINY = ShapeOptions(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=300)
WORDS = ("red", "blue", "green", "grey", "one", "two", "three", "four")


def turned_rows(count: int, seed: int) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.randint(2, 3))]
        rows.append(
            Example(f"{seed}-{i}", {"text": " ".join(words)}, target=" ".join(reversed(words)))
        )
    return rows


def learner(**options: Any) -> Any:
    given = {
        "config": TINY,
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 7e-3,
        "max_target": 12,
        "dropout": 0.0,
        "beams": 2,
        "precision": "fp32",
    }
    return find("learner", "generator").make(GeneratorOptions(**given | options), task=TASK)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """It has learned its 16 rows by heart."""
    rows = turned_rows(16, 1)
    patient = learner(epochs=160, evaluations_per_epoch=0.05)
    return patient.fit(rows, rows, seed=1, folder=tmp_path_factory.mktemp("trained"))


def test_learns_to_write(trained: Fitted) -> None:
    assert set(trained.folders) == {"dev_loss", "dev_chrf", "last"}
    assert trained.primary == "dev_chrf"
    assert {"loss", "chrf"} == set(trained.history[-1].dev)
    assert trained.history[-1].dev["loss"] < 0.1 < 0.4 < trained.history[0].dev["loss"]
    assert max(m.dev["chrf"] for m in trained.history) == pytest.approx(100)
    rows = turned_rows(16, 1)
    said = learner().load(Path(trained.folders["dev_chrf"])).predict(rows)
    assert [p.target for p in said] == [row.target for row in rows]
    assert [(p.id, p.text, p.label, p.scores) for p in said[:1]] == [
        ("1-0", rows[0].target, None, None)
    ]
    assert trained.facts["rows"] == 16 and trained.facts["parameters"] > 10_000
    assert trained.facts["share_source_cut"] == trained.facts["share_target_cut"] == 0
    assert trained.facts["tokens_target"] == sum(len(r.target.split()) + 1 for r in rows)


def test_plain_transformers_writes_the_same(trained: Fitted) -> None:
    folder = trained.folders["last"]
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = turned_rows(6, 9)
    ids = [model.generate(**tokenizer(r.fields["text"], return_tensors="pt"))[0] for r in rows]
    plain = [tokenizer.decode(row, skip_special_tokens=True) for row in ids]
    assert plain == [p.target for p in learner().load(Path(folder)).predict(rows)]
    assert model.generation_config.num_beams == 2
    assert not [p for p in Path(folder).rglob("*") if p.suffix in (".bin", ".pt", ".pkl")]


def test_the_card_says_what_it_writes(trained: Fitted) -> None:
    card = (Path(trained.folders["last"]) / "README.md").read_text(encoding="utf8")
    assert "Writes a text. It reads text." in card and "may state what" in card
    settings = orjson.loads((Path(trained.folders["last"]) / "student.json").read_bytes())
    assert settings["settings"]["beams"] == 2


def test_every_option_of_the_search_reaches_it(trained: Fitted) -> None:
    student = learner().load(Path(trained.folders["last"]))
    row = Example("x", {"text": "red red red red"})
    barred = replace(student.rewriter, search=replace(student.rewriter.search, no_repeat_ngram=1))
    [said] = replace(student, rewriter=barred).predict([row])
    words = said.target.split()
    assert len(words) == len(set(words))
    short = replace(student, rewriter=replace(student.rewriter, max_target=2))
    assert len(short.predict([row])[0].target.split()) <= 2


def test_an_answer_without_text_stays_empty(trained: Fitted) -> None:
    student = learner().load(Path(trained.folders["last"]))
    net = student.rewriter.net
    net.model.get_output_embeddings().register_forward_hook(
        lambda _, given, logits: logits.index_fill(-1, torch.tensor([net.end]), 1e4)
    )
    [said] = student.predict([Example("x", {"text": "red"})])
    assert (said.target, said.text, said.answer) == ("", "", "")


# --- interrupted ----------------------------------------------------------------------------------


def outcome(fitted: Fitted) -> tuple[dict[str, bytes], Any]:
    weights = {
        rule: (Path(folder) / "model.safetensors").read_bytes()
        for rule, folder in fitted.folders.items()
    }
    return weights, fitted.history


def test_kill_minus_nine_and_resume_give_the_undisturbed_student(tmp_path: Path) -> None:
    rows, dev = turned_rows(24, 1), turned_rows(6, 2)
    options = {"dropout": 0.1, "epochs": 2}
    expected = learner(**options).fit(rows, dev, seed=1, folder=tmp_path / "whole")
    child = f"""
import importlib.util, os, signal, torch
from pathlib import Path
torch.set_num_threads(1)
spec = importlib.util.spec_from_file_location("world", {__file__!r})
world = importlib.util.module_from_spec(spec)
spec.loader.exec_module(world)
doomed = world.learner(**{options!r})
def kill(event):
    if event["step"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
doomed.progress = kill
doomed.fit(world.turned_rows(24, 1), world.turned_rows(6, 2), seed=1,
           folder=Path({str(tmp_path / "killed")!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", child], check=False, capture_output=True, env=dict(os.environ)
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    steps: list[int] = []
    again = learner(**options)
    again.progress = lambda event: steps.append(event["step"])
    resumed = again.fit(rows, dev, seed=1, folder=tmp_path / "killed")
    assert steps == [5, 6]  # looks at dev after steps 1, 3, 4 and 6
    assert outcome(resumed) == outcome(expected)
    assert learner(**options).fit(rows, dev, seed=1, folder=tmp_path / "killed") == resumed


# --- models ---------------------------------------------------------------------------------------


@pytest.fixture
def bart_folder(tmp_path: Path) -> Path:
    """A BART of 16 positions with the settings of a published summariser."""
    bare = train_tokenizer(WORDS, vocab_size=300)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare.backend_tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        unk_token="<unk>",
    )
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=16,
        init_std=0.1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
    )
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[
            ("<s>", tokenizer.bos_token_id),
            ("</s>", tokenizer.eos_token_id),
        ],
    )
    torch.manual_seed(0)
    model = BartForConditionalGeneration(config)
    model.generation_config.min_length = 9
    model.generation_config.forced_bos_token_id = tokenizer.bos_token_id
    model.save_pretrained(tmp_path / "bart")
    tokenizer.save_pretrained(tmp_path / "bart")
    return tmp_path / "bart"


def test_a_bart_is_trained_as_it_was_made(bart_folder: Path, tmp_path: Path) -> None:
    rows = turned_rows(8, 1)
    bart = learner(
        config=None,
        model=str(bart_folder),
        epochs=80,
        max_source=64,
        max_target=64,
        evaluations_per_epoch=0.05,
    )
    fitted = bart.fit(rows, rows, seed=1, folder=tmp_path / "out")
    student = bart.load(Path(fitted.folders["dev_chrf"]))
    net = student.rewriter.net
    assert (net.start, net.end) == (net.tokenizer.eos_token_id,) * 2
    assert net.lead == [net.tokenizer.bos_token_id]
    assert (student.rewriter.max_source, student.rewriter.max_target) == (16, 16)
    [aimed] = student.rewriter.aim(["red blue"])
    assert aimed == net.tokenizer("red blue")["input_ids"]
    # Its least length of 9 pieces is not ours: right answers have fewer.
    said = student.predict(rows)
    assert sum(p.target == row.target for p, row in zip(said, rows, strict=True)) > 3
    long = Example("long", {"text": " ".join(WORDS * 5)})
    assert student.predict([long])[0].target
    model = AutoModelForSeq2SeqLM.from_pretrained(fitted.folders["dev_chrf"]).eval()
    ids = net.tokenizer(rows[0].fields["text"], return_tensors="pt")["input_ids"]
    plain = net.tokenizer.decode(model.generate(ids)[0], skip_special_tokens=True)
    assert plain == said[0].target


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    tokenizer = train_word_pieces(WORDS, vocab_size=300)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
        initializer_range=0.1,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_an_encoder_gets_a_decoder(encoder_folder: Path, tmp_path: Path) -> None:
    rows = turned_rows(8, 1)
    warm = learner(
        config=None,
        model=str(encoder_folder),
        decoder_layers=1,
        decoder_pace=2,
        epochs=80,
        evaluations_per_epoch=0.05,
        max_target=64,
    )
    fitted = warm.fit(rows, rows, seed=1, folder=tmp_path / "out")
    student = warm.load(Path(fitted.folders["dev_chrf"]))
    assert student.rewriter.net.lead == [] and student.rewriter.max_target == 16
    said = student.predict(rows)
    assert sum(p.target == row.target for p, row in zip(said, rows, strict=True)) > 3
    plain = AutoModelForSeq2SeqLM.from_pretrained(fitted.folders["dev_chrf"]).eval()
    tokenizer = student.rewriter.net.tokenizer
    ids = plain.generate(**_asked(tokenizer, rows[0]))[0]
    assert tokenizer.decode(ids, skip_special_tokens=True) == said[0].target


def test_an_encoder_may_keep_its_first_layers(encoder_folder: Path, tmp_path: Path) -> None:
    warm = learner(config=None, model=str(encoder_folder), layers=1, decoder_layers=1, steps=1)
    fitted = warm.fit(turned_rows(8, 1), [], seed=1, folder=tmp_path / "out")
    net = warm.load(Path(fitted.folders["last"])).rewriter.net.model
    assert (len(net.encoder.encoder.layer), len(net.decoder.bert.encoder.layer)) == (1, 1)


def test_a_student_may_keep_the_pieces_of_its_rows_alone(
    encoder_folder: Path, tmp_path: Path
) -> None:
    rows = [Example(f"{i}", {"text": "red blue"}, target="blue red") for i in range(4)]
    facts = {
        vocabulary: learner(config=None, model=str(encoder_folder), steps=1, vocabulary=vocabulary)
        .fit(rows, [], seed=1, folder=tmp_path / vocabulary)
        .facts
        for vocabulary in ("all", "used")
    }
    assert facts["used"]["vocabulary"] < facts["all"]["vocabulary"]
    gone = facts["all"]["vocabulary"] - facts["used"]["vocabulary"]
    # A row of 32 weights for each piece, in the encoder's table and the decoder's, and its bias.
    assert facts["all"]["parameters"] - facts["used"]["parameters"] == gone * (32 + 32 + 1)


def test_a_vocabulary_that_cannot_be_cut_is_refused_beforehand(bart_folder: Path) -> None:
    with pytest.raises(UserError, match="BPE cannot be trimmed"):
        learner(config=None, model=str(bart_folder), vocabulary="used")
    with pytest.raises(UserError, match="vocabulary: used and config"):
        learner(vocabulary="used")


def _asked(tokenizer: Any, row: Example) -> Any:
    asked = tokenizer(row.fields["text"], return_tensors="pt")
    return {name: asked[name] for name in ("input_ids", "attention_mask")}


def test_a_prefix_stands_before_each_source(tmp_path: Path) -> None:
    prefixed = learner(prefix="turn: ", steps=1)
    fitted = prefixed.fit(turned_rows(8, 1), [], seed=1, folder=tmp_path)
    student = prefixed.load(Path(fitted.folders["last"]))
    [ids] = student.rewriter.read(["red"])
    assert student.rewriter.net.tokenizer.decode(ids, skip_special_tokens=True) == "turn: red"
    assert set(fitted.folders) == {"last"} and fitted.primary == "last"


# --- references -----------------------------------------------------------------------------------


def with_references() -> list[Example]:
    rows = turned_rows(8, 1)
    both = replace(rows[0], references=(rows[0].target or "", "one two three"))
    return [both, *rows[1:]]


@pytest.mark.parametrize(("taught", "pairs"), [("first", 8), ("all", 9)])
def test_each_reference_is_a_row_where_asked(taught: str, pairs: int, tmp_path: Path) -> None:
    fitted = learner(references=taught, steps=1).fit(
        with_references(), with_references(), seed=1, folder=tmp_path
    )
    assert fitted.facts["rows"] == pairs
    assert fitted.facts["rows_with_references"] == 1


def test_other_references_make_another_training(tmp_path: Path) -> None:
    first = learner(steps=1).fit(turned_rows(8, 1), with_references(), seed=1, folder=tmp_path)
    ran: list[Any] = []
    again = learner(steps=1)
    again.progress = ran.append
    again.fit(turned_rows(8, 1), turned_rows(8, 1), seed=1, folder=tmp_path)
    assert ran and first.history


# --- what cannot be -------------------------------------------------------------------------------


def test_tasks_of_another_kind_name_their_learners() -> None:
    labelled = Task("t", "classification", ("text",), (Label("a"), Label("b")))
    with pytest.raises(UserError, match="cannot learn the task 't' of kind classification") as told:
        find("learner", "generator").make(GeneratorOptions(), task=labelled)
    assert "Use the learner classifier, seq2seq" in str(told.value)


@pytest.mark.parametrize(
    "kind", ["classifier", "seq2seq", "span_reader", "linear", "embedding_head"]
)
def test_other_learners_name_the_generator(kind: str) -> None:
    plugin = find("learner", kind)
    with pytest.raises(UserError, match="of kind generation") as told:
        plugin.make(plugin.options(), task=TASK)
    assert "Use the learner generator" in str(told.value)


def test_rows_without_a_target_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="The row x has no target") as told:
        learner().fit([Example("x", {"text": "red"})], [], seed=1, folder=tmp_path)
    assert "Annotate it first" in str(told.value)
    with pytest.raises(TrainingError, match="no row to train on"):
        learner().fit([], [], seed=1, folder=tmp_path)


def test_a_choice_by_chrf_needs_something_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dev_written: 0"):
        learner(dev_written=0)
    rows = turned_rows(8, 1)
    fitted = learner(dev_written=0, select="dev_loss", steps=1).fit(
        rows, rows, seed=1, folder=tmp_path
    )
    assert set(fitted.folders) == {"dev_loss", "last"} and set(fitted.history[0].dev) == {"loss"}
