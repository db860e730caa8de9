"""Lessons: what is refused, and a loss that counts endings alone, worked by hand from logits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal
from tutelage.neural.endings import score_endings
from tutelage.neural.lessons import (
    Endings,
    Examination,
    Lesson,
    check_lessons,
    check_spelled,
    encode,
    ending_losses,
    endings_of,
    prompt_room,
    share_loss,
    shares,
    shorten,
)
from tutelage.neural.tuned_networks import Body, load_body

pytestmark = pytest.mark.train
WRITERS = ["seq2seq", "causal"]
PROMPTS = ["Text: it is good\nAnswer:", "it is bad"]
ENDINGS = [" pos", " neg, it is"]


@pytest.fixture
def net(request: pytest.FixtureRequest, bases: dict[str, Path]) -> Any:
    """An untrained network of the family that the test names."""
    found = load_body(
        Body(request.param, str(bases[request.param]), (), max_source=32, max_target=8)
    )
    found.model.eval()
    return found


def log_probabilities(net: Any, source: list[int], target: list[int]) -> list[float]:
    """-log p of each piece of a target, from the network's logits on this row alone."""
    if isinstance(net, Causal):
        logits = net.model(input_ids=torch.tensor([[*source, *target]])).logits[0]
        logits = logits[len(source) - 1 : -1]
    else:
        logits = net.model(
            input_ids=torch.tensor([source]),
            decoder_input_ids=torch.tensor([[net.start, *target[:-1]]]),
        ).logits[0]
    return [-float(row.log_softmax(0)[piece]) for row, piece in zip(logits, target, strict=True)]


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_the_loss_of_two_rows_is_the_mean_over_the_pieces_of_their_endings(net: Any) -> None:
    rows = encode(net, PROMPTS, ENDINGS, max_target=16)
    assert all(row.target[-1] == net.end for row in rows)
    assert net.tokenizer.decode(rows[1].target[:-1]) == " neg, it is"
    with torch.inference_mode():
        by_hand = [x for row in rows for x in log_probabilities(net, row.source, row.target)]
        torch.testing.assert_close(ending_losses(net, rows), torch.tensor(by_hand))
        [whole] = shares(rows, micro_batch=2)
        assert float(share_loss(net, whole)) == pytest.approx(sum(by_hand) / len(by_hand))


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_weights_count_and_micro_batches_add_up(net: Any) -> None:
    light, heavy = encode(net, PROMPTS, ENDINGS, max_target=16)
    heavy = replace(heavy, weight=3.0)
    with torch.inference_mode():
        first, second = (
            sum(log_probabilities(net, row.source, row.target)) for row in (light, heavy)
        )
        expected = (first + 3 * second) / (len(light.target) + 3 * len(heavy.target))
        for size in (1, 2):
            parts = shares([heavy, light], micro_batch=size)
            assert len(parts) == 3 - size
            found = sum(float(share_loss(net, part)) for part in parts)
            assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_the_loss_is_what_scoring_adds_up(net: Any) -> None:
    [row] = encode(net, PROMPTS[:1], ENDINGS[:1], max_target=16)
    [[score]] = score_endings(net, PROMPTS[:1], ENDINGS[:1], batch_size=1, precision="fp32")
    with torch.inference_mode():
        assert float(ending_losses(net, [row]).sum()) == pytest.approx(-score, rel=1e-5)


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_a_long_ending_is_learned_without_an_end(net: Any) -> None:
    [row] = encode(net, PROMPTS[:1], [" pos pos pos pos"], max_target=3)
    assert len(row.target) == 3 and net.end not in row.target


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_dev_is_measured_by_loss_and_by_the_likeliest_label(net: Any) -> None:
    rows = encode(net, PROMPTS, [" pos", " neg"], max_target=8)
    words = {"p": " pos", "n": " neg"}
    scores = score_endings(net, PROMPTS, list(words.values()), batch_size=2, precision="fp32")
    said = [list(words)[i] for i in scores.argmax(axis=1)]
    right = [said[0], "n" if said[1] == "p" else "p"]
    work = Endings(net, rows, Examination(rows, PROMPTS, right, words), 1, "fp32", [0, 1])
    with torch.inference_mode():
        found = work.evaluate()
        whole = float(share_loss(net, shares(rows, micro_batch=2)[0]))
    assert found["accuracy"] == 0.5
    assert found["loss"] == pytest.approx(whole)
    assert work.sizes.tolist() == [
        [len(row.source), len(row.target), group] for row, group in zip(rows, [0, 1], strict=True)
    ]


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_a_long_prompt_loses_its_beginning(net: Any) -> None:
    assert shorten(net, PROMPTS[0], limit=100) == PROMPTS[0]
    for limit in (1, 2, 5):
        short = shorten(net, PROMPTS[0], limit=limit)
        assert short and PROMPTS[0].endswith(short) and len(short) < len(PROMPTS[0])
        assert len(net.tokenizer(short, add_special_tokens=False)["input_ids"]) <= limit


@pytest.mark.parametrize("net", WRITERS, indirect=True)
def test_letters_of_several_pieces_do_not_overrun_the_room(net: Any) -> None:
    prompt = "one 🦊🦊🦊 two 🦊"
    whole = len(net.tokenizer(prompt, add_special_tokens=False)["input_ids"])
    for limit in range(1, whole):
        short = shorten(net, prompt, limit=limit)
        assert prompt.endswith(short) and len(short) < len(prompt)
        assert len(net.tokenizer(short, add_special_tokens=False)["input_ids"]) <= limit


@pytest.mark.parametrize("net", ["causal"], indirect=True)
def test_prompt_and_ending_share_the_positions(net: Any) -> None:
    begin = len(net.begin)
    assert net.limit == 64
    assert prompt_room(net, 10, 8) == 10
    assert prompt_room(net, 100, 8) == 56 - begin
    with pytest.raises(UserError, match="max_target 64 leaves no room"):
        prompt_room(net, 10, 64)


@pytest.mark.parametrize("net", ["seq2seq"], indirect=True)
def test_relative_positions_set_no_limit(net: Any) -> None:
    assert prompt_room(net, 100_000, 64) == 100_000


# --- what is refused ------------------------------------------------------------------------------


def rows_of(*labels: str | None) -> list[Lesson]:
    return [Lesson("p", f" {label}", ("f",), label) for label in labels]


def test_gold_must_hold_every_label() -> None:
    check_lessons(rows_of("a", "b"), ["a", "b"])
    check_lessons(rows_of(None), [])
    for rows, told in (
        ([], "no gold row to tune"),
        (rows_of("a"), "1 gold row is fewer than the 2 labels"),
        (rows_of("a", "a"), "No gold row has the label 'b'"),
        (rows_of("a", "c"), "1 rows to tune on have no label of the task; one has 'c'"),
        (rows_of("a", None), "one has None"),
    ):
        with pytest.raises(UserError, match=re.escape(told)) as caught:
            check_lessons(rows, ["a", "b"])
        assert caught.value.why and caught.value.do


def test_labels_are_said_in_one_way_each() -> None:
    assert endings_of(rows_of("b", "a", None, "b"), ["a", "b"]) == {"a": " a", "b": " b"}
    with pytest.raises(UserError, match="'a' is said ' a' and ' A'"):
        endings_of([*rows_of("a"), Lesson("p", " A", label="a")], ["a"])
    with pytest.raises(UserError, match="Two labels are said alike"):
        endings_of([*rows_of("a"), Lesson("p", " a", label="b")], ["a", "b"])


@pytest.mark.parametrize("net", ["seq2seq"], indirect=True)
def test_labels_must_be_pieces_that_differ_and_fit(net: Any) -> None:
    check_spelled(net, {"p": " pos", "n": " neg"}, max_target=8)
    with pytest.raises(UserError, match=r"'p' takes \d+ pieces, but max_target is 2"):
        check_spelled(net, {"p": " pos pos"}, max_target=2)
    with pytest.raises(UserError, match="'p' and 'q' are the same pieces"):
        check_spelled(net, {"p": " x", "q": " x"}, max_target=8)
