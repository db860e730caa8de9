"""Label scores against a plain computation, one label at a time."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st

from tutelage.neural import scoring
from tutelage.neural.scoring import encode_rows, make_candidates, score_labels, softmax

pytestmark = pytest.mark.train

LABELS = [[5], [6, 7], [6, 8], [9, 10, 11], [9, 10, 12]]
SOURCES = [[20, 21, 22, 1], [23, 1], [24, 25, 26, 27, 28, 1]]


def plainly(net, source, prefix, label) -> float:
    inputs = torch.tensor([[net.start, *prefix, *label[:-1]]])
    with torch.inference_mode():
        logits = net.model(input_ids=torch.tensor([source]), decoder_input_ids=inputs).logits[0]
    logs = torch.log_softmax(logits.double(), dim=-1)
    return sum(float(logs[len(prefix) + i, piece]) for i, piece in enumerate(label))


@pytest.mark.parametrize("prefixes", [None, [[30, 31], [], [32]]])
@pytest.mark.parametrize("cells", [1, 1 << 18])
def test_scores_equal_a_plain_computation(tiny_net, prefixes, cells, monkeypatch) -> None:
    monkeypatch.setattr(scoring, "CELLS", cells)
    with torch.inference_mode():
        states, mask = encode_rows(tiny_net, SOURCES)
        found = score_labels(
            tiny_net, states, mask, make_candidates(LABELS), labels=5, prefixes=prefixes
        )
    for i, source in enumerate(SOURCES):
        before = prefixes[i] if prefixes else []
        expected = [plainly(tiny_net, source, before, label) for label in LABELS]
        assert found[i] == pytest.approx(expected, abs=1e-4)


def test_a_hundred_and_fifty_labels_of_one_piece_need_one_decoder_row() -> None:
    assert make_candidates([[i] for i in range(150)]).inputs == ((),)


@given(
    st.lists(
        st.lists(st.integers(0, 3), min_size=1, max_size=4),
        min_size=2,
        max_size=20,
        unique_by=tuple,
    )
)
def test_every_piece_is_read_behind_the_pieces_before_it(labels) -> None:
    made = make_candidates(labels)
    for number, row, place, piece in zip(made.label, made.row, made.place, made.piece, strict=True):
        assert labels[number][place] == piece
        assert list(made.inputs[row][:place]) == labels[number][:place]
    assert len(made.label) == sum(map(len, labels))


def test_softmax_of_very_small_scores() -> None:
    assert softmax(np.array([[-2000.0, -2000.0]])).tolist() == [[0.5, 0.5]]
