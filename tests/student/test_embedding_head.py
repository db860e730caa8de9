from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tutelage.contracts import Influential
from tutelage.records import Example, Label, Task
from tutelage.student.embedding_cache import EmbeddingCache, forget
from tutelage.student.embedding_head import Embedder, EmbeddingHeadStudent, build
from tutelage.student.logistic import fit_heads
from tutelage.student.options import EmbeddingHeadOptions
from tutelage.student.upweighting import influences

PAIR = Task("p", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))


class Lengths:
    """An encoder of two figures for each text, which counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(t), t.count("a")] for t in texts], dtype=np.float32)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget()


def test_embeddings_outlive_the_program_where_a_folder_is_named(tmp_path: Path) -> None:
    encode = Lengths()
    for folder in (tmp_path, None):
        EmbeddingCache(folder, "m", 64).table(["a"], encode)
        EmbeddingCache(folder, "m", 64).table(["a"], encode)
        forget()
        EmbeddingCache(folder, "m", 64).table(["a"], encode)
        forget()
    assert len(encode.asked) == 1 + 2


def test_the_cache_encodes_each_text_once(tmp_path: Path) -> None:
    encode, cache = Lengths(), EmbeddingCache(tmp_path, "m", 64)
    first = cache.table(["a", "bbb"], encode)
    second = cache.table(["bbb", "cc", "a"], encode)
    assert encode.asked == [["a", "bbb"], ["cc"]]
    assert first.tolist() == [[1, 1], [3, 0]]
    assert second.tolist() == [[3, 0], [2, 0], [1, 1]]


def test_another_encoder_or_length_has_its_own_embeddings(tmp_path: Path) -> None:
    encode = Lengths()
    for cache in (EmbeddingCache(tmp_path, "m", 64), EmbeddingCache(tmp_path, "m", 65)):
        cache.table(["a"], encode)
    assert len(encode.asked) == 2


def test_pairs_are_both_texts_their_distance_and_their_product(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "m", 64)
    cache.table(["aa", "bbbbb"], Lengths())
    rows = [Example("1", {"premise": "aa", "hypothesis": "bbbbb"})]
    found = Embedder("m", 8, 64, cache).features(rows, PAIR.fields)
    assert found.tolist() == [[2, 2, 5, 0, 3, 2, 10, 0]]


def test_a_head_answers_from_cached_embeddings_alone(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "m", 64)
    cache.table(["a", "aaaaaa", "b"], Lengths())
    rows = [
        Example("1", {"premise": "a", "hypothesis": "b"}, label="yes"),
        Example("2", {"premise": "aaaaaa", "hypothesis": "b"}, label="no"),
    ]
    embedder = Embedder("m", 8, 64, cache)
    (head,) = fit_heads(embedder.features(rows, PAIR.fields), rows, PAIR, [10.0])
    student = EmbeddingHeadStudent(PAIR, embedder, head)
    assert [p.label for p in student.predict(rows)] == ["yes", "no"]


def test_influence_is_measured_on_the_embeddings(tmp_path: Path) -> None:
    texts = ["a", "aa", "b", "aab", "bb", "ba"]
    cache = EmbeddingCache(tmp_path, "m", 64)
    cache.table(texts, Lengths())
    rows = [
        Example(t, {"premise": t, "hypothesis": "b"}, label="yes" if "a" in t else "no")
        for t in texts
    ]
    embedder = Embedder("m", 8, 64, cache)
    table = embedder.features(rows, PAIR.fields)
    (head,) = fit_heads(table, rows, PAIR, [2.0])
    student = EmbeddingHeadStudent(PAIR, embedder, head, c=2.0)
    assert isinstance(student, Influential)
    found = student.influences(rows[:5], rows[5:], loss="ce")
    assert found == influences(table[:5], rows[:5], table[5:], rows[5:], PAIR, c=2.0, loss="ce")


@pytest.fixture
def tiny_encoder(tmp_path: Path) -> str:
    """A random BERT of two layers with a vocabulary of letters, saved in a folder."""
    pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

    set_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefgh"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    folder = tmp_path / "encoder"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(words), intermediate_size=32, **shape)
    BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.train
def test_it_trains_saves_and_loads(
    tiny_encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))
    rows = [
        Example(str(i), {"premise": text, "hypothesis": "b c"}, label=label)
        for i, (text, label) in enumerate([("a a h", "yes"), ("c d", "no"), ("a h", "yes")] * 4)
    ]
    learner = build(EmbeddingHeadOptions(model=tiny_encoder, max_source=16), task=PAIR)
    fitted = learner.fit(rows, rows[:4], seed=1, folder=tmp_path / "out")
    place = Path(fitted.folders[fitted.primary])
    answers = learner.load(place).predict(rows)
    assert [a.label for a in answers] == [r.label for r in rows]
    assert learner.load(place).predict(rows) == answers
    assert fitted.facts["model"] == tiny_encoder
    assert len(list((tmp_path / "cache" / "embeddings").rglob("*.npz"))) == 1 + 1
