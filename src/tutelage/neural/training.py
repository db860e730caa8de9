"""The training loop: plain, resumable, the same for every kind of neural student."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch

from tutelage.exceptions import TrainingError
from tutelage.neural import checkpoint
from tutelage.neural.attention import quicken_attention
from tutelage.neural.batching import Sizes, endless, steps_per_epoch
from tutelage.neural.devices import computing, own_randomness, stream
from tutelage.neural.dropout import quicken_dropout
from tutelage.neural.schedule import Schedule
from tutelage.records import Moment

Rule = Literal["dev_loss", "dev_accuracy", "dev_f1", "dev_chrf", "last"]
RULES: tuple[Rule, ...] = ("dev_loss", "dev_accuracy", "last")
"""Of students that choose among labels; readers of spans have `dev_f1` for the second, those that
write texts `dev_chrf`."""
Progress = Callable[[Mapping[str, Any]], None]

CLIP = 1.0
"""Largest norm of the gradient; what is longer is scaled down to it (the Trainer's default)."""
LOOK_EVERY = 16
"""Steps between looks at the losses on a GPU: each look waits for the device."""


class Workload(Protocol):
    """What one kind of student brings to the loop."""

    model: torch.nn.Module
    paces: Mapping[str, float]
    """Factor of the learning rate by the beginning of a weight's name; 1 for all others."""
    sizes: Sizes
    """Lengths and labels of the training rows: [rows, 3]."""

    def split(self, rows: Sequence[int]) -> Sequence[Any]:
        """The micro-batches of one effective batch."""
        ...

    def loss(self, micro: Any) -> torch.Tensor:
        """What a micro-batch adds to the loss of its effective batch."""
        ...

    def evaluate(self) -> Mapping[str, float]:
        """Measures on dev by name, `loss` and those of the plan's rules among them; empty without
        dev rows."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A workload that changes with training, by more than the model's weights."""

    def begin(self, step: int) -> None:
        """Told before the `step`-th step, counted from 0."""
        ...

    def memory(self) -> Mapping[str, torch.Tensor]:
        """What a resumed training needs of it."""
        ...

    def recall(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Put back what `memory` gave."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """A workload whose micro-batches can be made smaller, where memory is short."""

    micro_batch: int
    """Most rows of a micro-batch."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the loop needs to know besides its workload."""

    schedule: Schedule
    batch_size: int
    weight_decay: float
    precision: str
    device: torch.device
    seed: int
    folder: Path
    """Where the state of the training lies until it is finished."""
    identity: str
    """Hash of everything that decides the result: a checkpoint goes on only under the same."""
    rules: tuple[Rule, ...] = RULES
    """By which weights are chosen."""
    loss_breaks_ties: bool = False
    """Of looks at dev that are equal by a rule take the one of lower loss, not the first. Small dev
    sets tie often."""
    patience: int | None = None
    """Looks at dev without a better one, by the first rule, after which training ends early; None
    for never. The learning rate still falls as if all steps were taken."""


@dataclass
class Course:
    """How far the training has come; the part of its state that is not tensors."""

    step: int = 0
    history: list[Moment] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)
    """Best value so far by rule."""
    at: dict[str, int] = field(default_factory=dict)
    """Step of the weights that a rule has chosen so far."""


def train(work: Workload, plan: Plan, *, progress: Progress | None = None) -> Course:
    """Train to the end, from the checkpoint in `plan.folder` where one is there.

    Afterwards `load_choice` puts the weights that a rule chose into the model.

    Raises:
        TrainingError: the loss is not a number, or the checkpoint belongs to another training.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    quicken_dropout(work.model)
    quicken_attention(work.model)
    with own_randomness(plan.device):
        optimizer = make_optimizer(work.model, plan, work.paces)
        course = _resume(work, optimizer, plan)
        batches = endless(
            work.sizes, plan.batch_size, seed=stream(plan.seed, "rows"), skip=course.step
        )
        losses: list[torch.Tensor] = []
        while course.step < plan.schedule.steps and not _gave_up(plan, course):
            losses.append(_step(work, optimizer, plan, course.step, next(batches)))
            course.step += 1
            evaluating = course.step in plan.schedule.evaluations
            if evaluating or plan.device.type == "cpu" or len(losses) % LOOK_EVERY == 0:
                _look(losses, plan, course.step)
            if evaluating:
                _evaluate(work, plan, course, losses)
                _keep(work, optimizer, plan, course)
                losses = []
            if progress is not None:
                progress(_report(plan, course, losses))
    return course


def _gave_up(plan: Plan, course: Course) -> bool:
    """Whether the last `patience` looks at dev found nothing better than what came before them."""
    if plan.patience is None or plan.rules[0] not in course.at:
        return False
    since = sum(moment.step > course.at[plan.rules[0]] for moment in course.history)
    return since >= plan.patience


def make_optimizer(
    model: torch.nn.Module, plan: Plan, paces: Mapping[str, float]
) -> torch.optim.Optimizer:
    """Fused AdamW; weight decay spares vectors (norms and biases)."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            pace = next((p for start, p in paces.items() if name.startswith(start)), 1.0)
            decay = plan.weight_decay if weight.ndim > 1 else 0.0
            groups.setdefault((pace, decay), []).append(weight)
    return torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": decay, "pace": pace}
            for (pace, decay), weights in groups.items()
        ],
        lr=plan.schedule.peak,
        fused=True,
    )


def _step(
    work: Workload,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    step: int,
    rows: Iterable[int],
) -> torch.Tensor:
    if isinstance(work, Remembering):
        work.begin(step)
    rate = plan.schedule.rate(step)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["pace"]
    work.model.train()
    total = _gradients(work, plan, step, [int(row) for row in rows])
    norm = torch.nn.utils.clip_grad_norm_(work.model.parameters(), CLIP)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total + 0 * norm.detach()  # a norm that is not a number shows in the loss


def _gradients(work: Workload, plan: Plan, step: int, rows: Sequence[int]) -> torch.Tensor:
    """The loss of a batch, its gradients added to the weights'. Micro-batches that memory does not
    hold are halved from then on, and the batch begins anew."""
    while True:
        torch.manual_seed(stream(plan.seed, "dropout", step))
        try:
            return _backward(work, plan, rows)
        except torch.OutOfMemoryError as e:
            refused = e.with_traceback(None)  # its frames still hold tensors
        if not isinstance(work, Divisible) or work.micro_batch < 2:
            raise TrainingError(
                f"A micro-batch does not fit into the memory of {plan.device}.",
                str(refused).split("\n", maxsplit=1)[0],
                "Use a smaller micro_batch, shorter texts, LoRA, or a smaller model.",
            ) from refused
        work.micro_batch = -(-min(work.micro_batch, len(rows)) // 2)
        work.model.zero_grad(set_to_none=True)
        if plan.device.type == "cuda":
            torch.cuda.empty_cache()


def _backward(work: Workload, plan: Plan, rows: Sequence[int]) -> torch.Tensor:
    total = torch.zeros((), device=plan.device)
    for micro in work.split(rows):
        with computing(plan.device, plan.precision):
            loss = work.loss(micro)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    return total


def _look(losses: Sequence[torch.Tensor], plan: Plan, step: int) -> None:
    """Stop at the first loss that is not a number; those before the last look were sound."""
    recent = torch.stack(list(losses[-LOOK_EVERY:])).tolist()
    for at, value in enumerate(recent, start=step - len(recent) + 1):
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss or its gradient became {value} at step {at} of {plan.schedule.steps}.",
                f"The learning rate was {plan.schedule.rate(at - 1):.2g}, in {plan.precision}.",
                "Try a lower learning_rate or more warmup_steps; precision: fp32 if it stays. "
                "Nothing that was bought is lost.",
            )


def _evaluate(work: Workload, plan: Plan, course: Course, losses: list[torch.Tensor]) -> None:
    work.model.eval()
    torch.manual_seed(stream(plan.seed, "evaluation", course.step))
    with torch.inference_mode(), computing(plan.device, plan.precision):
        dev = dict(work.evaluate())
    epoch = course.step / steps_per_epoch(len(work.sizes), plan.batch_size)
    seen = float(torch.stack(losses).mean())
    course.history.append(Moment(course.step, epoch, seen, dev))


def _report(plan: Plan, course: Course, losses: Sequence[torch.Tensor]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "phase": "training",
        "step": course.step,
        "steps": plan.schedule.steps,
    }
    if losses and plan.device.type == "cpu":
        event["loss"] = float(losses[-1])
    if not losses and course.history:
        event["dev"] = dict(course.history[-1].dev)
    return event


# --- checkpoints ----------------------------------------------------------------------------------


def chosen(rule: Rule, moment: Moment) -> float:
    """How good a moment is by a rule; larger is better. `last` likes each better than the one
    before, and so does every rule where there is no dev."""
    if rule == "dev_loss" and "loss" in moment.dev:
        return -moment.dev["loss"]
    for measure in ("accuracy", "f1", "chrf"):
        if rule == f"dev_{measure}" and measure in moment.dev:
            return moment.dev[measure]
    return float(moment.step)


def _is_better(rule: Rule, moment: Moment, plan: Plan, course: Course) -> bool:
    """Whether a rule likes a moment better than the one that it has chosen so far."""
    value, best = chosen(rule, moment), course.best.get(rule, -math.inf)
    if value != best or not plan.loss_breaks_ties:
        return value > best
    so_far = next(earlier for earlier in course.history if earlier.step == course.at[rule])
    return chosen("dev_loss", moment) > chosen("dev_loss", so_far)


def _keep(work: Workload, optimizer: torch.optim.Optimizer, plan: Plan, course: Course) -> None:
    """Save weights that a rule chooses, then the state that refers to them, then tidy up: whenever
    the process dies, the state on disk refers to weights that are on disk."""
    moment = course.history[-1]
    for rule in plan.rules:
        if _is_better(rule, moment, plan, course):
            course.best[rule], course.at[rule] = chosen(rule, moment), course.step
    weights = checkpoint.weights_of(work.model)
    if course.step in course.at.values():
        checkpoint.write_tensors(_weights_path(plan, course.step), weights, {})
    state = {f"optimizer/{k}": v for k, v in checkpoint.moments_of(optimizer).items()}
    if isinstance(work, Remembering):
        state |= {f"work/{k}": v for k, v in work.memory().items()}
    note = {"identity": plan.identity, **asdict(course)}
    checkpoint.write_tensors(state_path(plan.folder), state, note)
    for path in plan.folder.glob("weights-*.safetensors"):
        if path not in {_weights_path(plan, step) for step in course.at.values()}:
            path.unlink()


def _resume(work: Workload, optimizer: torch.optim.Optimizer, plan: Plan) -> Course:
    path = state_path(plan.folder)
    if not path.exists():
        return Course()
    note = checkpoint.read_note(path)
    checkpoint.check_identity(path, note, plan.identity)
    history = [Moment(**moment) for moment in note["history"]]
    course = Course(note["step"], history, note["best"], note["at"])
    tensors = checkpoint.read_tensors(path)
    checkpoint.put_moments(optimizer, _under("optimizer/", tensors))
    if isinstance(work, Remembering):
        work.recall(_under("work/", tensors))
    load_choice(work.model, plan, course, "last")
    return course


def _under(start: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors whose name begins with `start`, by the rest of it."""
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def load_choice(model: torch.nn.Module, plan: Plan, course: Course, rule: Rule) -> None:
    """Put the weights that `rule` chose into the model."""
    path = _weights_path(plan, course.at[rule])
    checkpoint.put_weights(model, checkpoint.read_tensors(path))


def state_path(folder: Path) -> Path:
    """The checkpoint of an unfinished training."""
    return folder / "training.safetensors"


def _weights_path(plan: Plan, step: int) -> Path:
    return plan.folder / f"weights-{step}.safetensors"


def throw_away(folder: Path) -> None:
    """Remove the state of a training that is finished and saved."""
    for path in (state_path(folder), *folder.glob("weights-*.safetensors")):
        path.unlink(missing_ok=True)
