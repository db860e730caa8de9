"""The loop on a workload of one linear layer: history, choice, NaN, resume after any step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import TrainingError
from tutelage.neural.checkpoint import read_note, read_tensors, weights_of
from tutelage.neural.schedule import Schedule
from tutelage.neural.training import (
    Plan,
    chosen,
    load_choice,
    make_optimizer,
    state_path,
    throw_away,
    train,
)
from tutelage.records import Moment

pytestmark = pytest.mark.train


class Line:
    """Fits a line under dropout, so that random streams matter."""

    def __init__(self, *, spoil: int | None = None) -> None:
        torch.manual_seed(5)
        self.model = torch.nn.Sequential(torch.nn.Dropout(0.3), torch.nn.Linear(3, 1))
        self.points = torch.randn(20, 3)
        self.sizes = np.arange(60).reshape(20, 3)
        self.paces: dict[str, float] = {}
        self.spoil = spoil
        self.steps = 0

    def split(self, rows):
        self.steps += 1
        return [rows[:2], rows[2:]]

    def loss(self, micro):
        wanted = self.points[micro].sum(dim=1, keepdim=True)
        loss = ((self.model(self.points[micro]) - wanted) ** 2).sum() / 4
        return loss * float("nan") if self.steps == self.spoil else loss

    def evaluate(self):
        gap = (self.model(self.points) - self.points.sum(dim=1, keepdim=True)).abs()
        return {"loss": float(gap.mean()), "accuracy": float((gap < 1).float().mean())}


def plan(folder: Path, **changes: Any) -> Plan:
    given = {
        "schedule": Schedule(20, 2, 0.05, (5, 10, 15, 20)),
        "batch_size": 4,
        "weight_decay": 0.01,
        "precision": "fp32",
        "device": torch.device("cpu"),
        "seed": 1,
        "folder": folder,
        "identity": "fit1-a",
    } | changes
    return Plan(**given)


def outcome(work: Line, given: Plan) -> dict[str, list[float]]:
    course = train(work, given)
    found = {}
    for rule in ("dev_loss", "dev_accuracy", "last"):
        load_choice(work.model, given, course, rule)
        found[rule] = [x for t in weights_of(work.model).values() for x in t.flatten().tolist()]
    return found


def test_history_has_a_moment_for_each_evaluation(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    course = train(Line(), plan(tmp_path), progress=events.append)
    assert [m.step for m in course.history] == [5, 10, 15, 20]
    assert [m.epoch for m in course.history] == [1, 2, 3, 4]
    assert all(m.train_loss > 0 for m in course.history)
    assert [e["step"] for e in events] == list(range(1, 21))
    assert sum("dev" in e for e in events) == 4


def test_rules_choose_the_lowest_loss_and_the_first_best_accuracy(tmp_path: Path) -> None:
    course = train(Line(), plan(tmp_path))
    losses = {m.step: m.dev["loss"] for m in course.history}
    assert course.at["dev_loss"] == min(losses, key=losses.__getitem__)
    best = max(m.dev["accuracy"] for m in course.history)
    first = next(m.step for m in course.history if m.dev["accuracy"] == best)
    assert course.at["dev_accuracy"] == first
    assert course.at["last"] == 20


def test_without_dev_every_rule_takes_the_last() -> None:
    assert chosen("dev_loss", Moment(7, 1.0)) == chosen("dev_accuracy", Moment(7, 1.0)) == 7.0


@pytest.mark.parametrize("killed_after", [1, 5, 7, 12, 19])
def test_a_training_broken_off_anywhere_ends_as_if_undisturbed(tmp_path, killed_after) -> None:
    class Broken(BaseException):
        pass

    def break_off(event):
        if event["step"] == killed_after:
            raise Broken

    torch.manual_seed(999)  # what others draw must not matter
    expected = outcome(Line(), plan(tmp_path / "whole"))
    with pytest.raises(Broken):
        train(Line(), plan(tmp_path / "broken"), progress=break_off)
    torch.randn(100)
    assert outcome(Line(), plan(tmp_path / "broken")) == expected


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_ends_training_when_dev_gets_no_better(tmp_path: Path, patience: int) -> None:
    work = Line()
    values = iter([0.5, 0.4, 0.4, 0.6, 0.3])
    work.evaluate = lambda: {"loss": next(values)}  # type: ignore[method-assign]
    schedule = Schedule(25, 2, 0.05, (5, 10, 15, 20, 25))
    given = plan(tmp_path, schedule=schedule, rules=("dev_loss", "last"), patience=patience)
    course = train(work, given)
    assert course.step == 10 + 5 * patience and course.at["dev_loss"] == 10
    assert course.at["last"] == course.step
    again = train(Line(), given)  # it is over, and a later call knows it
    assert (again.step, again.at) == (course.step, course.at)


@pytest.mark.parametrize(("loss_breaks_ties", "best"), [(False, 5), (True, 10)])
def test_ties_are_broken_by_loss_where_that_is_wanted_then_by_the_earlier_look(
    tmp_path: Path, loss_breaks_ties: bool, best: int
) -> None:
    looks = [(0.5, 0.3), (0.5, 0.2), (0.5, 0.2), (0.4, 0.1)]
    steps: list[int] = []

    def line() -> Line:
        work = Line()
        work.evaluate = lambda: dict(  # type: ignore[method-assign]
            zip(("accuracy", "loss"), looks[steps[-1] // 5], strict=True)
        )
        return work

    def tell(event: dict[str, Any]) -> None:
        steps.append(event["step"])
        if event["step"] == 7 and steps.count(7) == 1:
            raise KeyboardInterrupt

    given = plan(tmp_path, rules=("dev_accuracy", "last"), loss_breaks_ties=loss_breaks_ties)
    with pytest.raises(KeyboardInterrupt):
        train(line(), given, progress=tell)
    course = train(line(), given, progress=tell)  # what it is compared with was before the kill
    assert course.at == {"dev_accuracy": best, "last": 20}
    assert course.best["dev_accuracy"] == 0.5


def test_without_dev_patience_never_ends(tmp_path: Path) -> None:
    work = Line()
    work.evaluate = dict  # type: ignore[method-assign]
    course = train(work, plan(tmp_path, rules=("dev_loss", "last"), patience=1))
    assert course.step == 20


def test_only_what_is_trained_is_kept(tmp_path: Path) -> None:
    work = Line()
    work.model.append(torch.nn.Linear(1, 1).requires_grad_(False))
    train(work, plan(tmp_path))
    names = {name for f in tmp_path.glob("weights-*") for name in read_tensors(f)}
    assert names == {"1.weight", "1.bias"}


class Cramped(Line):
    """Its memory holds two rows at a time, found out after a part of the batch was done."""

    micro_batch = 4

    def split(self, rows):
        size = self.micro_batch
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]
        return [rows[:1], *parts] if size > 2 else parts

    def loss(self, micro):
        if len(micro) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore.")
        return super().loss(micro)


def test_micro_batches_that_memory_does_not_hold_are_halved(tmp_path: Path) -> None:
    work = Cramped()
    assert outcome(work, plan(tmp_path / "a")) == outcome(Line(), plan(tmp_path / "b"))
    assert work.micro_batch == 2


def test_a_row_that_memory_does_not_hold_ends_training(tmp_path: Path) -> None:
    class Tiny(Cramped):
        def loss(self, micro):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore.")

    with pytest.raises(TrainingError, match="does not fit into the memory of cpu") as caught:
        train(Tiny(), plan(tmp_path))
    assert caught.value.why == "CUDA out of memory. Tried to allocate 2 GiB."


def test_the_seed_decides(tmp_path: Path) -> None:
    first = outcome(Line(), plan(tmp_path / "1"))
    assert outcome(Line(), plan(tmp_path / "2", seed=2)) != first


def test_others_find_their_random_numbers_untouched(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    work = Line()
    torch.manual_seed(3)
    train(work, plan(tmp_path))
    assert torch.equal(torch.rand(4), expected)


def test_a_loss_that_is_not_a_number_stops_with_step_and_rate(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        train(Line(spoil=7), plan(tmp_path))
    told = str(caught.value)
    assert "nan at step 7 of 20" in told and "learning rate was 0.039" in told
    assert "lower learning_rate" in told


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    train(Line(), plan(tmp_path))
    with pytest.raises(TrainingError, match=r"checkpoint of another training \(fit1-a\)"):
        train(Line(), plan(tmp_path, identity="fit1-b"))


def test_a_damaged_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    state_path(tmp_path).write_bytes(b"torn")
    with pytest.raises(TrainingError, match="Delete the file"):
        train(Line(), plan(tmp_path))


def test_the_state_is_tensors_and_json_and_goes_away(tmp_path: Path) -> None:
    train(Line(), plan(tmp_path))
    note = read_note(state_path(tmp_path))
    assert note["identity"] == "fit1-a" and note["step"] == 20
    assert {p.suffix for p in tmp_path.iterdir()} == {".safetensors"}
    throw_away(tmp_path)
    assert not list(tmp_path.iterdir())


def test_weights_that_start_from_nothing_may_learn_faster(tmp_path: Path) -> None:
    model = torch.nn.ModuleDict(
        {"encoder": torch.nn.Linear(2, 2), "decoder": torch.nn.Linear(2, 2)}
    )
    optimizer = make_optimizer(model, plan(tmp_path), {"decoder.": 10.0})
    paces = {
        name: group["pace"]
        for group in optimizer.param_groups
        for name, weight in model.named_parameters()
        if any(weight is other for other in group["params"])
    }
    assert paces == {
        "encoder.weight": 1.0, "encoder.bias": 1.0, "decoder.weight": 10.0, "decoder.bias": 10.0,
    }  # fmt: skip
