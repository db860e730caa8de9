"""The losses against values worked by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.objectives import (
    Totals,
    class_loss,
    distillation_loss,
    labels_loss,
    parts_loss,
    token_losses,
)

pytestmark = pytest.mark.train

# ce of five positions: two label pieces, then separator, one rationale piece and EOS.
LOSSES = torch.tensor([0.2, 0.4, 1.0, 2.0, 3.0], dtype=torch.float64)
IN_LABEL = torch.tensor([True, True, False, False, False])
ONES = torch.ones(5, dtype=torch.float64)


def split(losses: torch.Tensor = LOSSES, **changes: object) -> float:
    given = {
        "in_label": IN_LABEL,
        "weights": ONES,
        "label": 0.25,
        "rationale": 0.75,
        "totals": Totals(2, 3),
    } | changes
    return float(parts_loss(losses, **given))


def test_split_loss_is_the_weighted_sum_of_the_parts_means() -> None:
    # 0.25 * (0.2 + 0.4) / 2 + 0.75 * (1 + 2 + 3) / 3
    assert split() == pytest.approx(0.25 * 0.3 + 0.75 * 2.0, abs=1e-9)


def test_label_only_counts_every_position_of_its_target() -> None:
    everything = torch.ones(5, dtype=torch.bool)
    value = split(in_label=everything, label=1.0, rationale=0.0, totals=Totals(5, 0))
    assert value == pytest.approx(6.6 / 5, abs=1e-9)


def test_micro_batches_add_up_however_they_are_cut() -> None:
    whole = split()
    for at in range(1, 5):
        parts = [
            split(LOSSES[s], in_label=IN_LABEL[s], weights=ONES[s])
            for s in (slice(0, at), slice(at, 5))
        ]
        assert sum(parts) == pytest.approx(whole, abs=1e-12)


def test_rows_weigh_in_numerator_and_denominator() -> None:
    weights = torch.tensor([2.0, 2.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    value = split(weights=weights, totals=Totals(4, 3))
    assert value == pytest.approx(split(), abs=1e-12)


def test_a_part_without_tokens_adds_nothing() -> None:
    everything = torch.ones(5, dtype=torch.bool)
    value = split(in_label=everything, totals=Totals(5, 0))
    assert value == pytest.approx(0.25 * 6.6 / 5, abs=1e-9)


def test_as_published_first_token_and_the_rest_with_padding() -> None:
    """Two targets padded to 4: position 0 alone against the mean over 2 x 3 other positions."""
    losses = torch.tensor([0.5, 0.1, 0.2, 0.3, 1.5, 0.7, 0.0, 0.0], dtype=torch.float64)
    first = torch.tensor([True, False, False, False] * 2)
    value = parts_loss(
        losses,
        first,
        torch.ones(8, dtype=torch.float64),
        label=0.25,
        rationale=0.75,
        totals=Totals(2, 6),
    )
    assert float(value) == pytest.approx(0.25 * 1.0 + 0.75 * (1.3 / 6), abs=1e-9)


def test_token_losses_are_minus_log_softmax() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    losses = token_losses(logits, torch.tensor([1, 0])).tolist()
    assert losses == pytest.approx([math.log(3), math.log(1 + 2 * math.exp(-2))], abs=1e-6)


def test_label_smoothing_mixes_in_the_mean_over_the_vocabulary() -> None:
    logits = torch.tensor([[1.0, 0.0]])
    plain = math.log(1 + math.exp(-1))
    value = float(token_losses(logits, torch.tensor([0]), label_smoothing=0.1))
    assert value == pytest.approx(0.9 * plain + 0.1 * (plain + plain + 1) / 2, abs=1e-6)


def test_class_loss_is_a_weighted_mean() -> None:
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    value = class_loss(logits, torch.tensor([0, 0]), torch.tensor([1.0, 3.0]), total=4.0)
    assert float(value) == pytest.approx((math.log(2) + 3 * math.log(4 / 3)) / 4, abs=1e-6)


def test_labels_loss_is_binary_cross_entropy() -> None:
    logits = torch.tensor([[0.0, math.log(3)]])
    value = labels_loss(logits, torch.tensor([[1.0, 0.0]]), torch.ones(1), total=1.0)
    assert float(value) == pytest.approx((math.log(2) + math.log(4)) / 2, abs=1e-6)


def test_distillation_loss_vanishes_where_the_student_agrees() -> None:
    teacher = torch.tensor([[0.9, 0.1]])
    same = distillation_loss(teacher.log(), teacher, torch.ones(1), temperature=2.0, total=1.0)
    assert float(same) == pytest.approx(0, abs=1e-6)


def test_distillation_loss_by_hand_at_temperature_two() -> None:
    """Teacher (.9, .1) softens to (.75, .25); the student is even: T^2 KL = 4 (ln 2 - H(.75))."""
    value = distillation_loss(
        torch.zeros(1, 2), torch.tensor([[0.9, 0.1]]), torch.ones(1), temperature=2.0, total=1.0
    )
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert float(value) == pytest.approx(4 * (math.log(2) - entropy), abs=1e-5)
