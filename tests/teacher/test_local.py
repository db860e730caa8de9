"""A tiny model in this process: what it says, what it costs, and when it is loaded."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import CausalShape, fresh_causal, load_causal
from tutelage.neural.continuation import score_endings
from tutelage.neural.families import Sizes, fresh_transducer
from tutelage.records import Example, Gist, Label, Message, Request, Sampling, Steering, Task
from tutelage.store.caps import Account
from tutelage.teacher import residence
from tutelage.teacher.annotator import AnnotatorOptions, ask, read
from tutelage.teacher.local import build
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.purchasing import Purchaser

pytestmark = pytest.mark.train

ARM = Account("study", "arm")
TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad", "not good")))
WORDS = ["the film is good and bright", "the film is not good", "Answer: bad", "Text: it is dull"]


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "causal"
    shape = CausalShape(d_model=16, layers=1, heads=2, d_ff=32, vocab_size=300, positions=512)
    fresh_causal(shape, WORDS, seed=1).save(folder)
    return folder


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "seq2seq"
    shape = Sizes(d_model=16, layers=1, decoder_layers=1, heads=2, d_ff=32, vocab_size=300)
    fresh_transducer(shape, WORDS, seed=1).save(folder)
    return folder


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models that were loaded."""
    seen: list[str] = []
    own = residence.load
    monkeypatch.setattr(residence, "load", lambda o, *a: (seen.append(o.model), own(o, *a))[1])
    return seen


def opened(model: Path | str, folder: Path = Path(), keep: Path | None = None, **more: Any) -> Any:
    options = LocalOptions(model=str(model), precision=more.pop("precision", "fp32"), **more)
    return build(options, task=TASK, folder=folder).open([], dev=[], folder=keep)


async def buy(session: Any, ledger: Any, requests: Any) -> list[Any]:
    async with aclosing(Purchaser(session, ledger).ask(requests, ARM)) as answers:
        return sorted([answer async for answer in answers], key=lambda answer: answer.position)


def writing(count: int) -> list[Request]:
    """Prompts of unlike length."""
    return [
        Request((Message("user", f"{k} " + "the film is " * (k % 5)),), Sampling(max_tokens=12))
        for k in range(count)
    ]


@pytest.mark.parametrize("family", ["causal", "seq2seq"])
async def test_texts_do_not_depend_on_the_batch(
    family: str, request: pytest.FixtureRequest, tmp_path: Path, ledgers: Callable[[str], Any]
) -> None:
    model = request.getfixturevalue(family)
    said = []
    for size in (1, 3, 16):
        async with opened(model, batch_size=size) as session:
            got = await buy(session, ledgers(str(size)), writing(10))
        said.append([answer.reply.completions for answer in got])
        assert [answer.reply.usage.requests for answer in got] == [1] * 10
    assert said[0] == said[1] == said[2]
    assert len({completions[0].text for completions in said[0]}) > 5


@pytest.mark.parametrize("family", ["causal", "seq2seq"])
async def test_bf16_writes_and_scores(
    family: str, request: pytest.FixtureRequest, ledger: Any
) -> None:
    row = Example("1", {"text": "it is dull"})
    model = request.getfixturevalue(family)
    async with opened(model, precision="bf16") as session:
        asked = [*writing(3), ask(TASK, row, options=AnnotatorOptions(logprobs=2))]
        got = await buy(session, ledger, asked)
        assert session.facts()["precision"] == "bf16"
    assert all(answer.reply is not None for answer in got)
    assert got[-1].reply.text in ("good", "not good")


async def test_draws_and_completions_have_streams_of_their_own(causal: Path, ledger: Any) -> None:
    one = replace(writing(1)[0], sampling=Sampling(n=3, max_tokens=8, logprobs=2))
    async with opened(causal) as session:
        first, second = await buy(session, ledger, [one, replace(one, draw=1)])
    texts = [c.text for answer in (first, second) for c in answer.reply.completions]
    assert len(set(texts)) == 6
    for completion in first.reply.completions:
        told = "".join(t.token for t in completion.tokens)
        assert told.replace("<s>", "") == completion.text, "special pieces are silent"
        assert all(t.logprob <= 0 for t in completion.tokens)
        assert {len(t.top) for t in completion.tokens} <= {1, 2}, "two pieces may look alike"


async def test_a_finished_purchase_is_replayed_without_the_model(
    causal: Path, ledger: Any, loads: list[str], tmp_path: Path
) -> None:
    async with opened(causal, keep=tmp_path) as session:
        assert session.facts() == {}
        first = await buy(session, ledger, writing(5))
        facts = session.facts()
    assert facts["parameters"] == load_causal(str(causal)).parameters
    assert facts["family"] == "causal" and facts["loading_seconds"] >= 0
    assert len(loads) == 1
    async with opened(causal, keep=tmp_path) as session:
        again = await buy(session, ledger, writing(5))
        assert session.facts() == facts
    assert [a.reply for a in again] == [a.reply for a in first]
    assert len(loads) == 1


async def test_another_checkpoint_in_the_folder_is_another_teacher(
    causal: Path, tmp_path: Path
) -> None:
    shutil.copytree(causal, tmp_path / "mine")
    names = []
    for seed in (1, 2):
        shape = CausalShape(d_model=16, layers=1, heads=2, d_ff=32, vocab_size=300, positions=512)
        fresh_causal(shape, WORDS, seed=seed).save(tmp_path / "mine")
        async with opened("mine", tmp_path) as session:
            names.append(session.name)
    assert names[0] != names[1]
    assert all(name.startswith("local/llama-") for name in names)


async def test_a_teacher_is_its_weights_and_the_words_it_scores_and_no_folder(
    causal: Path, tmp_path: Path
) -> None:
    async def name(folder: str, task: Task = TASK) -> str:
        options = LocalOptions(model=folder)
        async with build(options, task=task, folder=tmp_path).open([], dev=[], folder=None) as s:
            return s.name

    shutil.copytree(causal, tmp_path / "mine")
    own = await name("mine")
    (tmp_path / "mine").rename(tmp_path / "renamed")
    assert await name("renamed") == own
    # prompts such as fields.v1 do not name the labels, so the request cannot tell which were scored
    other = replace(TASK, labels=(Label("good"), Label("bad", "poor")))
    assert await name("renamed", other) != own


async def test_labels_are_scored_where_scores_are_wanted(causal: Path, ledger: Any) -> None:
    row = Example("1", {"text": "it is dull"})
    options = AnnotatorOptions(logprobs=5)
    async with opened(causal) as session:
        (answer,) = await buy(session, ledger, [ask(TASK, row, options=options)])
    said = read(TASK, row, answer.reply, options=options)
    prompt = answer.request.messages[0].content
    net = load_causal(str(causal))
    scores = score_endings(net, [prompt], [" good", " not good"], batch_size=1, precision="fp32")
    shares = {n: math.exp(s) for n, s in zip(TASK.label_names, scores[0], strict=True)}
    best = max(shares, key=shares.__getitem__)
    assert (said.label, answer.reply.text) == (best, TASK.label(best).said)
    assert said.scores is not None
    for name, share in shares.items():
        assert said.scores[name] == pytest.approx(share / sum(shares.values()), rel=1e-5)


async def test_the_bound_holds_and_is_told_without_the_model(
    causal: Path, ledger: Any, loads: list[str]
) -> None:
    texts = ["plain", "naïve ﷺ ㎢ 日本語", "x" * 200, "\N{GRINNING FACE}"]
    requests = [
        Request((Message("system", "Be brief."), Message("user", text)), Sampling(max_tokens=9))
        for text in texts
    ]
    async with opened(causal) as session:
        bounds = [session.bound(session.resolve(request)) for request in requests]
        assert not loads
        got = await buy(session, ledger, requests)
    for bound, answer in zip(bounds, got, strict=True):
        assert answer.reply.usage.prompt_tokens <= bound.prompt_tokens
        assert answer.reply.usage.completion_tokens <= bound.completion_tokens == 9


async def test_a_prompt_longer_than_the_model_fails_alone(causal: Path, ledger: Any) -> None:
    long = Request((Message("user", "dull " * 600),), Sampling(max_tokens=4))
    async with opened(causal) as session:
        got = await buy(session, ledger, [*writing(3), long, *writing(6)[3:]])
    (failed,) = [answer for answer in got if answer.reply is None]
    assert failed.position == 3
    assert failed.why.startswith("prompt too long: it has") and "512" in failed.why


async def test_a_prompt_limit_of_the_recipe(causal: Path, ledger: Any) -> None:
    async with opened(causal, prompt_limit=8) as session:
        got = await buy(session, ledger, writing(5))
    assert [answer.reply is None for answer in got] == [False, False, True, True, True]


async def test_steering_changes_what_is_written(causal: Path, ledger: Any) -> None:
    plain = writing(3)[2]
    against = ((Message("user", "the film is not good"),),)
    steered = replace(plain, steering=Steering(against=against, source="bright", reward=0.1))
    async with opened(causal) as session:
        one, other = await buy(session, ledger, [plain, steered])
        bound = session.bound(session.resolve(steered))
    assert one.reply.text != other.reply.text
    assert one.reply.usage.prompt_tokens < other.reply.usage.prompt_tokens <= bound.prompt_tokens


async def test_a_gist_to_write_is_written_also_with_logprobs(causal: Path, ledger: Any) -> None:
    gist = Gist("text", "good", wanted=("text",))
    wanted = replace(writing(1)[0], gist=gist, sampling=Sampling(max_tokens=6, logprobs=0))
    async with opened(causal) as session:
        (answer,) = await buy(session, ledger, [wanted])
    assert answer.reply.text not in ("good", "not good")


async def test_a_model_too_large_is_told_before_it_is_loaded(
    causal: Path, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutelage.neural.memory.free_bytes", lambda _: 1000)
    async with opened(causal) as session:
        with pytest.raises(UserError, match="What would fit"):
            await buy(session, ledger, writing(2))
    assert ledger.balance(ARM)[0].tokens == 0 and not ledger.presumed()


async def test_models_that_are_not_there_or_not_of_the_family(
    causal: Path, seq2seq: Path, ledger: Any, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no model folder"):
        async with opened("./nowhere", tmp_path):
            pass
    with pytest.raises(UserError, match="holds no adapter"):
        async with opened(causal, adapter=str(tmp_path)):
            pass
    for model, family in ((causal, "seq2seq"), (seq2seq, "causal"), ("acme/no-such", "auto")):
        async with opened(model, family=family) as session:
            with pytest.raises(UserError):
                await buy(session, ledger, writing(3))
    assert ledger.balance(ARM)[0].tokens == 0 and not ledger.presumed()
