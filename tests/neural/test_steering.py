"""Self-debiasing and repetition rewards, against steps worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal, CausalShape, fresh_causal, prompt_ids
from tutelage.neural.continuation import Wanted, write
from tutelage.neural.families import Sizes, Transducer, fresh_transducer
from tutelage.neural.scoring import encode_rows
from tutelage.neural.steering import Steered, debiasing_factors, rewarded, steer
from tutelage.neural.stepping import read_prompts
from tutelage.neural.tokenization import pieces

pytestmark = pytest.mark.train

TEXTS = ["The review is good: a dog runs.", "The review is bad: it is so so.", "one two red"]
GOOD, BAD, ODD = "The review is good:", "The review is bad:", "one two"


@pytest.fixture(scope="module", params=["causal", "paired"])
def net(request: pytest.FixtureRequest) -> Causal | Transducer:
    net: Causal | Transducer
    if request.param == "causal":
        net = fresh_causal(
            CausalShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=330, positions=96),
            TEXTS,
            seed=1,
        )
    else:
        shape = Sizes(d_model=32, layers=2, decoder_layers=2, heads=2, d_ff=64, vocab_size=300)
        net = fresh_transducer(shape, TEXTS, seed=3, dropout=0.0)
    torch.manual_seed(0)
    for weights in net.model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
    return net


def shares(net: Causal | Transducer, prompt: str, written: list[int]) -> list[float]:
    """p(next piece | prompt, written) by one plain pass without cache or batch."""
    with torch.inference_mode():
        if isinstance(net, Causal):
            ids = torch.tensor([[*prompt_ids(net, prompt), *written]])
            logits = net.model(ids).logits[0, -1]
        else:
            states, mask = encode_rows(net, read_prompts(net, [prompt]))
            inputs = torch.tensor([[net.start, *written]])
            where = torch.ones_like(inputs, dtype=torch.bool)
            logits = net.logits_at(states, mask, inputs, where)[-1]
        told: list[float] = torch.softmax(logits.double(), dim=-1).tolist()
    return told


# --- self-debiasing -------------------------------------------------------------------------------


def test_factors_worked_by_hand() -> None:
    own = torch.tensor([0.50, 0.30, 0.15, 0.05], dtype=torch.float64)
    against = torch.tensor(
        [[0.50, 0.31, 0.10, 0.09], [0.10, 0.32, 0.48, 0.10]], dtype=torch.float64
    )
    # differences to the larger counter probability: 0, -.02, -.33, -.05; decay 10, least .1
    wanted = [1.0, math.exp(-0.2), 0.1, math.exp(-0.5)]
    found = debiasing_factors(own, against, decay=10, least=0.1)
    assert found.tolist() == pytest.approx(wanted, rel=1e-12)


def test_scaled_probabilities_are_normalised_again() -> None:
    own = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    against = torch.tensor([[0.2, 0.35, 0.45]], dtype=torch.float64)
    # factors with decay 200, least .01: 1, exp(-10) -> .01, exp(-70) -> .01
    wanted = torch.tensor([0.6, 0.003, 0.001], dtype=torch.float64)
    found = steer(own.log(), against.log(), Steered(against=("x",))).exp()
    assert found.tolist() == pytest.approx((wanted / wanted.sum()).tolist(), rel=1e-12)
    assert float(found.sum()) == pytest.approx(1)


def test_the_default_strength_is_zerogens() -> None:
    assert (Steered().decay, Steered().least) == (200.0, 0.01)


def test_steps_of_writing_are_those_of_the_equation(net: Causal | Transducer) -> None:
    """Each greedy piece is the argmax of the hand-computed equation; what is told is the model's
    own log-probability."""
    prompts = [GOOD, "red", "so so"]
    how = Steered(against=(BAD, ODD), decay=200.0, least=0.01)
    steered = [Wanted(p, 1, temperature=0.0, max_new=5, steering=how) for p in prompts]
    free = [Wanted(p, 1, temperature=0.0, max_new=5) for p in prompts]
    told = write(net, [*steered, *free], batch_size=9, precision="fp32")
    changed = 0
    for prompt, one in zip(prompts, told[:3], strict=True):
        written: list[int] = []
        for step in range(one.completion_tokens):
            own = shares(net, prompt, written)
            others = [shares(net, other, written) for other in (BAD, ODD)]
            scaled = []
            for w in range(len(net.tokenizer)):
                difference = own[w] - max(other[w] for other in others)
                alpha = 1.0 if difference >= 0 else max(math.exp(200.0 * difference), 0.01)
                scaled.append(alpha * own[w])
            best = max(range(len(scaled)), key=scaled.__getitem__)
            changed += best != max(range(len(scaled)), key=own.__getitem__)
            written.append(best)
            if step < len(one.tokens):
                assert one.tokens[step].logprob == pytest.approx(math.log(own[best]), abs=1e-4)
        shown = written[:-1] if written[-1] == net.end else written
        assert net.tokenizer.decode(shown, skip_special_tokens=True) == one.text
    assert changed > 0
    assert [w.prompt_tokens for w in told[:3]] == [w.prompt_tokens for w in told[3:]]


def test_one_drawn_step_has_the_shares_of_the_equation(net: Causal | Transducer) -> None:
    how = Steered(against=(BAD,), decay=40.0, least=0.02)
    drawn = write(
        net,
        [Wanted(GOOD, i, temperature=1.0, max_new=1, steering=how) for i in range(600)],
        batch_size=600,
        precision="fp32",
    )
    own, other = shares(net, GOOD, []), shares(net, BAD, [])
    scaled = [
        p * max(math.exp(40.0 * min(0.0, p - q)), 0.02) for p, q in zip(own, other, strict=True)
    ][: len(net.tokenizer)]
    best = max(range(len(scaled)), key=scaled.__getitem__)
    share = scaled[best] / sum(scaled)
    told = [w.tokens[0].logprob for w in drawn if w.tokens]
    if best == net.end:
        count = len(drawn) - len(told)
    else:
        count = sum(abs(logprob - math.log(own[best])) < 1e-5 for logprob in told)
    spread = math.sqrt(share * (1 - share) / len(drawn))
    assert count / len(drawn) == pytest.approx(share, abs=4 * spread)


def test_steered_texts_do_not_depend_on_their_batch(net: Causal | Transducer) -> None:
    hows = [Steered(against=(BAD, ODD)), None, Steered(against=(BAD,), source="a dog", reward=0.5)]
    wanted = [
        Wanted(prompt, i, temperature=1.0, max_new=15, steering=how)
        for i, (prompt, how) in enumerate(zip([GOOD, BAD, ODD, "x"] * 2, hows * 3, strict=False))
    ]
    alone = [w.text for w in write(net, wanted, batch_size=1, precision="fp32")]
    for batch_size in (3, 30):
        turned = write(net, wanted[::-1], batch_size=batch_size, precision="fp32")
        assert [w.text for w in turned][::-1] == alone


# --- repetition rewards ---------------------------------------------------------------------------


def test_temperatures_worked_by_hand() -> None:
    logits = torch.tensor([2.0, -2.0, 3.0, -3.0, 1.0, -1.0])
    how = Steered(source="x", reward=0.8, penalty=1.25)
    found = rewarded(logits, how, source={0, 1, 4}, written=[4, 2, 3, 2])
    # 0, 1: of the source, not yet written; 2, 3, 4: written, also the one of the source; 5: other
    wanted = [2 / 0.8, -2 * 0.8, 3 / 1.25, -3 * 1.25, 1 / 1.25, -1.0]
    assert found.tolist() == pytest.approx(wanted)
    rewards = rewarded(logits, Steered(reward=0.8), source={0, 1, 4}, written=[4, 2, 3, 2])
    assert rewards.tolist() == pytest.approx([2 / 0.8, -2 * 0.8, 3, -3, 1, -1]), "4 is written"


def test_a_reward_never_lowers_and_a_penalty_never_raises() -> None:
    logits = torch.linspace(-4, 4, 41)
    ids = list(range(41))
    assert (rewarded(logits, Steered(reward=0.7), source=ids) >= logits).all()
    assert (rewarded(logits, Steered(penalty=1.3), written=ids) <= logits).all()
    assert torch.equal(rewarded(logits, Steered(), source=ids, written=ids[:9]), logits)


def test_both_together_scale_the_rewarded_distribution() -> None:
    logits = torch.tensor([1.0, 0.5, 0.2], dtype=torch.float64)
    against = torch.tensor([[0.2, 0.5, 1.0]], dtype=torch.float64)
    how = Steered(against=("x",), decay=5.0, least=0.01, source="y", reward=0.5)
    own, other = torch.softmax(logits, 0), torch.softmax(against[0], 0)
    alpha = torch.exp(5.0 * (own - other).clamp(max=0))
    wanted = torch.softmax(torch.tensor([1.0, 0.5, 0.4], dtype=torch.float64), 0) * alpha
    found = steer(logits, against, how, source={2}).exp()
    assert found.tolist() == pytest.approx((wanted / wanted.sum()).tolist())


def test_writing_repeats_a_rewarded_source_and_avoids_what_is_written(
    net: Causal | Transducer,
) -> None:
    def text(**strengths: Any) -> list[str]:
        how = Steered(source="a dog runs", **strengths)
        wanted = Wanted(GOOD, 1, temperature=0.0, max_new=16, steering=how)
        [told] = write(net, [wanted], batch_size=1, precision="fp32")
        return [token.token for token in told.tokens]

    ids = {i for t in ("a dog runs", " a dog runs") for i in pieces(net.tokenizer, [t])[0]}
    source = {net.tokenizer.decode([i]).strip() for i in ids}
    loved = text(reward=0.05)
    assert loved[0].strip() in source
    again = text(penalty=8.0)
    known = [word for word in again if word != "\ufffd"]  # bytes of a letter all read alike
    assert len(set(known)) == len(known) > 1


@pytest.mark.parametrize(
    "wrong", [{"reward": 0.0}, {"penalty": -1.0}, {"least": 0.0}, {"least": 2.0}, {"decay": -1.0}]
)
def test_impossible_strengths_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="Steering has"):
        Steered(**wrong)  # type: ignore[arg-type]
