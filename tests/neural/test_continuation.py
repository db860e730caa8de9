"""Writing: the same text in every batch, ends told apart, exact counts and log-probabilities."""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import TutelageError
from tutelage.neural.causal import Causal, CausalShape, fresh_causal, prompt_ids
from tutelage.neural.continuation import Wanted, Written, write
from tutelage.neural.families import Sizes, Transducer, fresh_transducer
from tutelage.neural.scoring import encode_rows
from tutelage.neural.stepping import read_prompts

pytestmark = pytest.mark.train

Net = Causal | Transducer
TEXTS = ["Text: a dog runs.\nAnswer: good", "Text: it is so so.\nAnswer: bad", "one two 12 red"]
PROMPTS = ["Text:", "a dog runs. a dog runs", "one two 12", "x", "Answer: good bad red", "", "dog"]


def spread(net: Net) -> Net:
    """Larger weights: probabilities far from equal, so that draws differ from the likeliest."""
    torch.manual_seed(0)
    for weights in net.model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
    return net


@pytest.fixture(scope="module")
def causal() -> Causal:
    shape = CausalShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=330, positions=96)
    return spread(fresh_causal(shape, TEXTS, seed=1))


@pytest.fixture(scope="module")
def paired() -> Transducer:
    shape = Sizes(d_model=32, layers=2, decoder_layers=2, heads=2, d_ff=64, vocab_size=300)
    return spread(fresh_transducer(shape, TEXTS, seed=3, dropout=0.0))


@pytest.fixture(params=["causal", "paired"])
def net(request: pytest.FixtureRequest) -> Net:
    net: Net = request.getfixturevalue(request.param)
    return net


def many() -> list[Wanted]:
    """Requests of every kind: greedy and drawn, narrow and wide, long and short."""
    settings = [(1.0, 1.0, 20), (0.0, 1.0, 40), (1.0, 0.9, 30), (0.7, 0.5, 9), (1.3, 1.0, 33)]
    return [
        Wanted(prompt, stream=100 + i, temperature=t, top_p=p, max_new=n, alternatives=2)
        for i, (prompt, (t, p, n)) in enumerate(zip(PROMPTS * 2, settings * 3, strict=False))
    ]


def gist(written: Sequence[Written]) -> list[tuple[Any, ...]]:
    return [(w.text, w.finish, w.prompt_tokens, w.completion_tokens) for w in written]


@pytest.mark.parametrize("batch_size", [3, 14])
def test_a_text_does_not_depend_on_its_batch(net: Net, batch_size: int) -> None:
    wanted = many()
    alone = write(net, wanted, batch_size=1, precision="fp32")
    assert len({w.text for w in alone}) > 10
    order = list(range(len(wanted)))
    for seed in range(2):
        random.Random(seed).shuffle(order)
        together = write(net, [wanted[i] for i in order], batch_size=batch_size, precision="fp32")
        assert gist(together) == gist([alone[i] for i in order])
        for i, one in zip(order, together, strict=True):
            for a, b in zip(alone[i].tokens, one.tokens, strict=True):
                assert a.token == b.token
                assert b.logprob == pytest.approx(a.logprob, abs=1e-4)
                assert list(a.top.values()) == pytest.approx(list(b.top.values()), abs=1e-4)


def test_equal_requests_give_equal_texts_and_other_streams_others(net: Net) -> None:
    wanted = Wanted("a dog", stream=5, temperature=1.0, max_new=24)
    first, again, other = write(
        net, [wanted, wanted, replace(wanted, stream=6)], batch_size=3, precision="fp32"
    )
    assert first == again != other
    greedy = replace(wanted, temperature=0.0)
    first, other = write(net, [greedy, replace(greedy, stream=6)], batch_size=2, precision="fp32")
    assert first == other


def logs_without_cache(net: Net, prompt: str, written: list[int]) -> torch.Tensor:
    """Log-probabilities at each place of what was written, in one plain pass."""
    [ids] = read_prompts(net, [prompt])
    with torch.inference_mode():
        if isinstance(net, Causal):
            logits = net.model(torch.tensor([[*ids, *written]])).logits[0, len(ids) - 1 :]
        else:
            states, mask = encode_rows(net, [ids])
            inputs = torch.tensor([[net.start, *written]])
            where = torch.ones_like(inputs, dtype=torch.bool)
            logits = net.logits_at(states, mask, inputs, where)
    return torch.log_softmax(logits, dim=-1)


def test_greedy_text_is_the_likeliest_piece_each_time_with_its_log_probability(net: Net) -> None:
    wanted = [Wanted(p, stream=1, temperature=0.0, max_new=12, alternatives=3) for p in PROMPTS[:4]]
    for one, told in zip(wanted, write(net, wanted, batch_size=4, precision="fp32"), strict=True):
        ids: list[int] = []
        for _ in range(12):
            best = int(logs_without_cache(net, one.prompt, ids)[-1, : len(net.tokenizer)].argmax())
            ids.append(best)
            if best == net.end:
                break
        assert told.completion_tokens == len(ids)
        logs = logs_without_cache(net, one.prompt, ids)
        shown = ids[:-1] if ids[-1] == net.end else ids
        assert told.text == net.tokenizer.decode(shown, skip_special_tokens=True)
        assert len(told.tokens) == len(shown)
        for place, (piece, token) in enumerate(zip(shown, told.tokens, strict=True)):
            assert token.logprob == pytest.approx(float(logs[place, piece]), abs=1e-4)
            best3 = logs[place].topk(3).values.tolist()
            assert max(token.top.values()) == pytest.approx(best3[0], abs=1e-4)
            assert len(token.top) <= 3


def test_log_probabilities_are_the_models_own_whatever_the_sampling(net: Net) -> None:
    cold = Wanted("a dog", stream=8, temperature=0.3, top_p=0.7, max_new=16)
    [told] = write(net, [cold], batch_size=1, precision="fp32")
    assert told.tokens[0].top == {}
    vocabulary = logs_without_cache(net, "a dog", [])[0]
    [piece] = [
        i
        for i in range(len(net.tokenizer))
        if vocabulary[i].item() == pytest.approx(told.tokens[0].logprob, abs=1e-5)
    ]
    assert net.tokenizer.decode([piece]).strip() == told.tokens[0].token.strip()


def test_counts_are_exact(net: Net) -> None:
    [told] = write(
        net, [Wanted("a dog runs", 3, temperature=1.0, max_new=7)], batch_size=1, precision="fp32"
    )
    assert told.prompt_tokens == len(read_prompts(net, ["a dog runs"])[0])
    assert told.completion_tokens == 7
    assert told.finish == "length"
    assert len(told.tokens) == 7


def test_nothing_is_written_where_nothing_is_wanted(net: Net) -> None:
    none = Wanted("a dog", 3, temperature=1.0, max_new=0)
    assert gist(write(net, [none], batch_size=1, precision="fp32"))[0][:2] == ("", "length")
    assert write(net, [], batch_size=4, precision="fp32") == []


def test_stop_string_cuts_the_text(net: Net) -> None:
    free = Wanted("a dog", stream=11, temperature=1.0, max_new=40)
    [whole] = write(net, [free], batch_size=1, precision="fp32")
    middle = whole.text[len(whole.text) // 2 :][:2]
    at = whole.text.index(middle)
    beside = Wanted("one", stream=1, temperature=1.0, max_new=40)
    [cut, _] = write(
        net, [replace(free, stop=("§", middle)), beside], batch_size=2, precision="fp32"
    )
    assert (cut.text, cut.finish) == (whole.text[:at], "stop")
    assert cut.completion_tokens < whole.completion_tokens
    kept = [token.token for token in cut.tokens]
    assert kept == [token.token for token in whole.tokens[: len(kept)]]
    assert len(cut.tokens) <= cut.completion_tokens


def test_a_phrase_said_again_and_again_ends_early(causal: Causal) -> None:
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=330, positions=96)
    parrot = fresh_causal(shape, TEXTS, seed=1)  # fresh tied weights repeat the piece they read
    [told] = write(
        parrot, [Wanted("dog", 1, temperature=0.0, max_new=60)], batch_size=1, precision="fp32"
    )
    assert (told.finish, told.completion_tokens) == ("loop", 24)


def test_the_models_positions_end_a_text(causal: Causal) -> None:
    long = "a dog runs. " * 18
    length = len(prompt_ids(causal, long))
    assert 48 < length < 96
    [told] = write(
        causal, [Wanted(long, 4, temperature=1.0, max_new=90)], batch_size=1, precision="fp32"
    )
    assert (told.finish, told.completion_tokens) == ("length", 96 - length + 1)
    [none] = write(causal, [Wanted(long * 3, 4, temperature=1.0)], batch_size=1, precision="fp32")
    assert (none.text, none.finish, none.tokens) == ("", "length", ())
    assert none.prompt_tokens == len(prompt_ids(causal, long * 3))


class Small:
    """A device whose memory holds only so many rows: the model's forward refuses more."""

    def __init__(self, net: Net, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        part = net.model if isinstance(net, Causal) else net.model.get_encoder()
        own = part.forward

        def forward(*args: Any, **given: Any) -> Any:
            ids = given["input_ids"] if "input_ids" in given else args[0]
            self.sizes.append(len(ids))
            if len(ids) > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            return own(*args, **given)

        forward.__signature__ = inspect.signature(own)  # type: ignore[attr-defined]
        monkeypatch.setattr(part, "forward", forward)


def test_memory_too_small_halves_the_batch_and_changes_nothing(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = many()
    whole = write(net, wanted, batch_size=14, precision="fp32")
    small = Small(net, 4, monkeypatch)
    assert gist(write(net, wanted, batch_size=14, precision="fp32")) == gist(whole)
    refused = [size for size in small.sizes if size > 4]
    assert refused == [14, 7]
    assert 3 in small.sizes


def test_memory_too_small_for_one_request_says_what_to_do(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    Small(net, 0, monkeypatch)
    with pytest.raises(TutelageError, match="One request alone does not fit") as caught:
        write(net, many(), batch_size=4, precision="fp32")
    assert "CUDA out of memory" in caught.value.why
    assert "shorten the prompt" in caught.value.do


def test_rows_of_the_vocabulary_that_stand_for_nothing_are_not_written(causal: Causal) -> None:
    head, size = causal.model.get_output_embeddings(), len(causal.tokenizer)
    assert head.weight.shape[0] > size
    wanted = [Wanted(PROMPTS[0], 1, t, max_new=9) for t in (0.0, 1.0)]
    before = [one.text for one in write(causal, wanted, batch_size=2, precision="fp32")]

    def raise_padding(_: Any, __: Any, logits: Any) -> Any:
        logits[..., size:] += 1000.0
        return logits

    hook = head.register_forward_hook(raise_padding)
    try:
        again = [one.text for one in write(causal, wanted, batch_size=2, precision="fp32")]
    finally:
        hook.remove()
    assert again[0] == before[0] and all(again)


def test_training_mode_is_given_back(causal: Causal) -> None:
    causal.model.train()
    write(causal, many()[:1], batch_size=1, precision="fp32")
    assert causal.model.training
    causal.model.eval()


def test_bf16_writes_texts_of_the_same_form(net: Net) -> None:
    told = write(net, many(), batch_size=5, precision="bf16")
    exact = write(net, many(), batch_size=5, precision="fp32")
    assert [w.prompt_tokens for w in told] == [w.prompt_tokens for w in exact]
    assert sum(a.text == b.text for a, b in zip(told, exact, strict=True)) > 0
