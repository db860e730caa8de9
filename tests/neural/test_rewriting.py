"""Texts for texts: how they are cut, their loss, and the look at dev."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.decoding import Search
from tutelage.neural.rewriting import Probe, Rewriter, Rewriting, chrf
from tutelage.neural.schedule import Schedule
from tutelage.neural.targets import Objective
from tutelage.neural.training import Plan, train
from tutelage.neural.transduction import SequenceLoss

pytestmark = pytest.mark.train

SOURCES = ["red blue", "green grey red one two", "three"]
TARGETS = ["one two three", "Good", "it moves"]
WEIGHTS = [1.0, 3.0, 0.5]


def workload(net: Any, *, micro_batch: int = 8, written: int = 3) -> Rewriting:
    rewriter = Rewriter(net, 64, 20)
    rows = rewriter.encode(SOURCES, TARGETS, WEIGHTS)
    loss = SequenceLoss(net, Objective("label_only"), micro_batch=micro_batch)
    probe = Probe(rows, SOURCES[:written], [[target] for target in TARGETS[:written]])
    return Rewriting(rewriter, rows, loss, probe)


def test_the_loss_is_the_weighted_mean_over_all_pieces_of_the_targets(tiny_net: Any) -> None:
    work = workload(tiny_net)
    weighted = pieces = 0.0
    for row in work.rows:
        target = torch.tensor(row.target)
        with torch.inference_mode():
            logits = tiny_net.model(
                input_ids=torch.tensor([row.source]),
                decoder_input_ids=torch.tensor([[tiny_net.start, *row.target[:-1]]]),
            ).logits[0]
        ce = torch.nn.functional.cross_entropy(logits.double(), target, reduction="sum")
        weighted += row.weight * float(ce)
        pieces += row.weight * len(row.target)
    for micro_batch in (1, 2, 8):
        parts = workload(tiny_net, micro_batch=micro_batch).split([0, 1, 2])
        with torch.inference_mode():
            loss = sum(float(work.loss(part)) for part in parts)
        assert loss == pytest.approx(weighted / pieces, abs=1e-5)


def test_what_memory_does_not_hold_is_halved(tiny_net: Any, tmp_path: Any) -> None:
    class Cramped(SequenceLoss):
        """Its memory holds one sequence at a time."""

        def loss(self, work: Any) -> Any:
            if len(work.micro.source) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().loss(work)

    work = workload(tiny_net)
    work.training = Cramped(tiny_net, Objective("label_only"), micro_batch=8)
    schedule, device = Schedule(1, 0, 1e-3, (1,)), torch.device("cpu")
    work.probe = Probe([], [], [])
    course = train(work, Plan(schedule, 3, 0.0, "fp32", device, 1, tmp_path, "x", ("last",)))
    assert (course.step, work.micro_batch) == (1, 1)


def test_targets_are_whole_with_their_end_or_cut_without_one(tiny_net: Any) -> None:
    whole = Rewriter(tiny_net, 64, 20).aim(["one two three"])[0]
    assert whole[-1] == tiny_net.end
    tight = Rewriter(tiny_net, 4, len(whole) - 1)
    assert tight.aim(["one two three"])[0] == whole[:-1]
    assert len(tight.read(SOURCES)[1]) == 4 and tight.read(SOURCES)[1][-1] == tiny_net.end
    assert tight.share_cut(SOURCES, ["one two three", "Good"]) == (
        pytest.approx(sum(len(x) > 4 for x in Rewriter(tiny_net, 64, 20).read(SOURCES)) / 3),
        0.5,
    )


def test_dev_is_measured_as_far_as_there_is_any(tiny_net: Any) -> None:
    with torch.inference_mode():
        assert set(workload(tiny_net).evaluate()) == {"loss", "chrf"}
        assert set(workload(tiny_net, written=0).evaluate()) == {"loss"}
        bare = workload(tiny_net)
        bare.probe = Probe([], [], [])
        assert bare.evaluate() == {}


def test_chrf_takes_the_best_of_several_references() -> None:
    assert chrf(["it rains", "a b"], [["it snows", "it rains"], ["a b"]]) == pytest.approx(100)
    assert chrf(["", ""], [["it rains"], ["a b"]]) == 0
    assert chrf(["it snows"], [["it rains"]]) < chrf(["it snows"], [["it rains", "it snow"]])


def test_what_is_saved_says_how_it_is_written(tiny_net: Any, tmp_path: Any) -> None:
    Rewriter(tiny_net, 64, 20, search=Search(3, 0.6)).save(tmp_path)
    from transformers import GenerationConfig

    saved = GenerationConfig.from_pretrained(tmp_path)
    assert (saved.num_beams, saved.length_penalty, saved.max_new_tokens) == (3, 0.6, 20)
    assert saved.forced_bos_token_id is None
