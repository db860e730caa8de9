"""The loss of whole rows, in the sound and in the published mode."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.answering import Answerer
from tutelage.neural.collation import collate
from tutelage.neural.objectives import parts_loss, token_losses
from tutelage.neural.targets import Encoded, make_layout, read_objective
from tutelage.neural.tokenization import pieces
from tutelage.neural.transduction import Examination, SequenceLoss, Transduction, encode_examples
from tutelage.records import Label, Task

pytestmark = pytest.mark.train

TASK = Task("t", "classification", ("text",), (Label("Good"), Label("Bad")))
TEXTS = ["red blue", "green grey red one two", "three"]
ROWS = ["Good", "Bad", "Bad"]
WHY = ["because of that", None, "one two three red blue"]


def workload(net, objective, *, max_target: int = 40, micro_batch: int = 8) -> Transduction:
    layout = make_layout(
        TASK,
        read_objective(objective),
        separator="Rationale:",
        max_target=max_target,
        end=net.end,
        tokenize=lambda texts: pieces(net.tokenizer, texts),
    )
    answerer = Answerer(net, layout, 64)
    said = [None if why is None else pieces(net.tokenizer, [why])[0] for why in WHY]
    multi = layout.objective.name == "multi_task"
    rows = encode_examples(
        TEXTS,
        ROWS,
        said,
        [1.0, 1.0, 1.0],
        layout=layout,
        read=answerer.read,
        prefixes=("predict: ", "explain: ") if multi else ("",),
    )
    padded_to = layout.max_target if layout.objective.padded else None
    loss = SequenceLoss(net, layout.objective, micro_batch=micro_batch, padded_to=padded_to)
    return Transduction(answerer, rows, loss, Examination(rows, TEXTS, ROWS, WHY, 3))


def position_losses(net, row: Encoded, pad_to: int | None = None) -> list[float]:
    """ce of each position, by transformers alone."""
    length = pad_to or len(row.target)
    target = row.target + [net.pad] * (length - len(row.target))
    inputs = torch.tensor([[net.start, *target[:-1]]])
    with torch.inference_mode():
        logits = net.model(input_ids=torch.tensor([row.source]), decoder_input_ids=inputs).logits[0]
    return [-float(x) for x in torch.log_softmax(logits.double(), -1)[range(length), target]]


def loss_of(work: Transduction, rows: range = range(3)) -> float:
    with torch.inference_mode():
        return sum(float(work.loss(micro)) for micro in work.split(list(rows)))


@pytest.mark.parametrize("micro_batch", [1, 2, 8])
def test_split_loss_over_an_effective_batch(tiny_net, micro_batch) -> None:
    work = workload(tiny_net, {"split_loss": {"label": 0.25}}, micro_batch=micro_batch)
    label, rationale = [], []
    for (row,) in work.rows:
        losses = position_losses(tiny_net, row)
        label += losses[: row.label_to]
        rationale += losses[row.label_to :]
    expected = 0.25 * sum(label) / len(label) + 0.75 * sum(rationale) / len(rationale)
    assert loss_of(work) == pytest.approx(expected, abs=1e-6)


def test_multi_task_is_two_token_means(tiny_net) -> None:
    work = workload(tiny_net, {"multi_task": {"alpha": 0.3}}, micro_batch=2)
    label = [x for row in work.rows for x in position_losses(tiny_net, row[0])]
    why = [x for row in work.rows for e in row[1:] for x in position_losses(tiny_net, e)]
    assert [len(row) for row in work.rows] == [2, 1, 2]
    expected = 0.3 * sum(label) / len(label) + 0.7 * sum(why) / len(why)
    assert loss_of(work) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("micro_batch", [1, 8])
def test_as_published_counts_position_zero_and_all_padding(tiny_net, micro_batch) -> None:
    work = workload(tiny_net, {"first_token": {"label": 0.25}}, micro_batch=micro_batch)
    label = rationale = 0.0
    for (row,) in work.rows:
        losses = position_losses(tiny_net, row, pad_to=40)
        label += losses[0] / 3
        rationale += sum(losses[1:]) / (3 * 39)
    assert loss_of(work) == pytest.approx(0.25 * label + 0.75 * rationale, abs=1e-6)


def test_the_published_evaluation_loss_is_one_mean_over_padded_targets(tiny_net) -> None:
    work = workload(tiny_net, {"first_token": {"label": 0.25}})
    work.exam = Examination(work.rows, TEXTS, ROWS, WHY, 0, unsplit=True)
    losses = [x for (row,) in work.rows for x in position_losses(tiny_net, row, pad_to=40)]
    with torch.inference_mode():
        measured = work.evaluate()["loss"]
    assert measured == pytest.approx(sum(losses) / 120, abs=1e-6)


@pytest.mark.parametrize("objective", ["label_only", "split_loss", "rationale_first", "multi_task"])
def test_the_evaluation_loss_is_the_training_loss(tiny_net, objective) -> None:
    work = workload(tiny_net, objective, micro_batch=2)
    with torch.inference_mode():
        measures = work.evaluate()
    assert measures["loss"] == pytest.approx(loss_of(work), abs=1e-6)
    assert ("rationale_bleu" in measures) == (objective != "label_only")


def test_label_only_as_published_at_chance_shows_ln3_over_400() -> None:
    """Three labels equally likely at position 0, padding learnt by heart: ln 3 / 400 = .002747."""
    rows = [Encoded([9], [piece, 1], 0, 400) for piece in (3, 4, 5)]
    micro = collate(rows, pad=0, start=0, device=torch.device("cpu"), padded_to=400)
    assert micro.where.all() and micro.in_label.all() and micro.pieces.shape == (1200,)
    logits = torch.full((3, 400, 6), -1e4)
    logits[:, 0, 3:] = 0.0
    logits[:, 1, 1] = logits[:, 2:, 0] = 0.0
    losses = token_losses(logits.reshape(-1, 6), micro.pieces)
    totals = _sequence_totals(rows)
    value = parts_loss(
        losses, micro.in_label, micro.weights, label=1.0, rationale=0.0, totals=totals
    )
    assert float(value) == pytest.approx(math.log(3) / 400, abs=1e-8)
    assert float(value) == pytest.approx(0.002747, abs=1e-6)


def _sequence_totals(rows):
    published = read_objective({"label_only": {"padded": True}})
    return SequenceLoss(None, published, micro_batch=3, padded_to=400).totals(rows)


def test_padding_never_counts_in_the_sound_mode() -> None:
    rows = [Encoded([9, 8], [3, 4, 1], 0, 2, 2.0), Encoded([7], [5, 1], 0, 1)]
    micro = collate(rows, pad=0, start=0, device=torch.device("cpu"))
    assert micro.inputs.tolist() == [[0, 3, 4], [0, 5, 1]]
    assert micro.where.tolist() == [[True, True, True], [True, True, False]]
    assert micro.pieces.tolist() == [3, 4, 1, 5, 1]
    assert micro.in_label.tolist() == [True, True, False, True, False]
    assert micro.weights.tolist() == [2, 2, 2, 1, 1]
    assert micro.mask.tolist() == [[1, 1], [1, 0]]
