"""Scores of given endings, against sums over one plain pass for each."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal, CausalShape, fresh_causal, join_ids
from tutelage.neural.continuation import Wanted, score_endings, write
from tutelage.neural.families import Transducer
from tutelage.neural.scoring import encode_rows
from tutelage.neural.stepping import read_prompts
from tutelage.neural.tokenization import pieces

pytestmark = pytest.mark.train

PROMPTS = ["Premise: a dog runs. Hypothesis: it moves.", "Good", "red blue", "so"]
ENDINGS = ["Good", "Bad", "So so", "So bad", "", "So", "because of that"]


@pytest.fixture
def causal() -> Causal:
    shape = CausalShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=330, positions=96)
    net = fresh_causal(shape, [*PROMPTS, *ENDINGS], seed=1)
    torch.manual_seed(0)
    for weights in net.model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
    return net


def by_hand(net: Causal | Transducer, prompt: str, ending: str) -> float:
    with torch.inference_mode():
        if isinstance(net, Causal):
            ids, at = join_ids(net, prompt, ending)
            logs = torch.log_softmax(net.model(torch.tensor([ids])).logits[0], dim=1)
            return sum(float(logs[i - 1, ids[i]]) for i in range(at, len(ids)))
        target = [*pieces(net.tokenizer, [ending])[0], net.end]
        states, mask = encode_rows(net, read_prompts(net, [prompt]))
        inputs = torch.tensor([[net.start, *target[:-1]]])
        logits = net.logits_at(states, mask, inputs, torch.ones_like(inputs, dtype=torch.bool))
        logs = torch.log_softmax(logits, dim=1)
        return sum(float(logs[i, piece]) for i, piece in enumerate(target))


@pytest.mark.parametrize("family", ["causal", "tiny_net"])
@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_scores_are_the_sums_of_one_plain_pass(
    family: str, batch_size: int, request: pytest.FixtureRequest
) -> None:
    net = request.getfixturevalue(family)
    scores = score_endings(net, PROMPTS, ENDINGS, batch_size=batch_size, precision="fp32")
    wanted = [[by_hand(net, prompt, ending) for ending in ENDINGS] for prompt in PROMPTS]
    np.testing.assert_allclose(scores, wanted, atol=2e-4)


def test_score_of_what_was_written_is_the_sum_of_its_pieces(causal: Causal) -> None:
    drawn = [Wanted("red", stream=i, temperature=1.0, max_new=9) for i in range(24)]
    for one in write(causal, drawn, batch_size=8, precision="fp32"):
        if one.finish != "stop" or not one.text or "\ufffd" in one.text:
            continue
        ids, at = join_ids(causal, "red", one.text)
        if len(ids) - at - 1 != len(one.tokens):
            continue  # other pieces spell the same text
        [[score]] = score_endings(causal, ["red"], [one.text], batch_size=1, precision="fp32")
        assert score < sum(token.logprob for token in one.tokens)  # the end of sequence costs too


def test_probabilities_of_all_one_piece_endings_sum_to_at_most_one(causal: Causal) -> None:
    words = sorted({causal.tokenizer.decode([i]) for i in range(3, len(causal.tokenizer))})
    words = [w for w in words if len(pieces(causal.tokenizer, [w])[0]) == 1 and "\ufffd" not in w]
    scores = score_endings(causal, ["so"], ["", *words], batch_size=64, precision="fp32")
    assert 0 < np.exp(scores).sum() <= 1


def test_empty_lists_and_limits(causal: Causal) -> None:
    assert score_endings(causal, [], ["a"], batch_size=2, precision="fp32").shape == (0, 1)
    assert score_endings(causal, ["a"], [], batch_size=2, precision="fp32").shape == (1, 0)
    with pytest.raises(UserError, match="The model knows 96"):
        score_endings(causal, ["so bad " * 90], ["Good"], batch_size=2, precision="fp32")


def test_memory_too_small_halves_the_batch(causal: Causal, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_endings(causal, PROMPTS, ENDINGS, batch_size=16, precision="fp32")
    own, sizes = causal.model.model.forward, []

    def forward(*args, **given):
        sizes.append(len(given["input_ids"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return own(*args, **given)

    monkeypatch.setattr(causal.model.model, "forward", forward)
    halved = score_endings(causal, PROMPTS, ENDINGS, batch_size=16, precision="fp32")
    np.testing.assert_allclose(halved, whole, atol=1e-4)
    assert max(sizes) > 2
