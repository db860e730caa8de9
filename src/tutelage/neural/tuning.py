"""Tuning a teacher on gold rows: LoRA or all weights, of every family, by the training loop."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch

from tutelage.neural.adapters import put_lora
from tutelage.neural.categorisation import Cases, Categorisation, Categoriser, fresh_categoriser
from tutelage.neural.checkpoint import check_identity, write_folder, write_json
from tutelage.neural.devices import pick_device, pick_precision, stream
from tutelage.neural.families import Transducer
from tutelage.neural.lessons import (
    Endings,
    Examination,
    Lesson,
    Writer,
    check_known,
    check_lessons,
    check_spelled,
    encode,
    endings_of,
    prompt_room,
    shorten,
)
from tutelage.neural.pretraining import TOLD, fresh_writer, pretrain
from tutelage.neural.schedule import make_schedule
from tutelage.neural.stopwatch import Stopwatch
from tutelage.neural.targets import Encoded
from tutelage.neural.tokenization import pieces
from tutelage.neural.training import (
    Course,
    Plan,
    Progress,
    Rule,
    Workload,
    load_choice,
    train,
)
from tutelage.neural.trimming import trimmed
from tutelage.neural.tuned_networks import (
    BASE,
    MODEL,
    NOTE,
    Body,
    Net,
    Tuned,
    load_body,
    load_tuned,
    save_tuned,
    texts_of,
)
from tutelage.neural.tuning_plan import Tuning, check_base, check_plan, identity_of

__all__ = ["Lesson", "Tuned", "Tuning", "load_tuned", "tune"]

STATE, PRETRAINING, CLOCK = "tuning", "pretraining", "seconds.json"


def tune(
    plan: Tuning,
    lessons: Sequence[Lesson],
    dev: Sequence[Lesson],
    *,
    labels: Sequence[str],
    texts: Sequence[str] = (),
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> Tuned:
    """Tune a teacher, or go on from where an earlier call was broken off, or load what it finished.

    Of the weights that were looked at on dev the best are kept: by accuracy where there are labels,
    and of equal ones by loss, else by loss alone; the earlier of those that are equal in all.
    Without dev rows the last are kept.

    Args:
        plan: The settings.
        lessons: Rows to learn.
        dev: Rows to look at.
        labels: Names of the labels; empty where endings are free text. Encoders need them.
        texts: Plain texts to pre-train on.
        seed: Of fresh weights, order and dropout.
        folder: Gets the tuned teacher, and its state until then.
        progress: Called after each step.

    Raises:
        UserError: a plan that cannot be, a model that cannot be loaded, or too few rows.
        TrainingError: the folder holds another tuning, or the loss is not a number.
    """
    check_plan(plan, texts, labels)
    check_lessons(lessons, labels)
    if labels:
        check_known(dev, labels)
    identity = identity_of(plan, lessons, dev, labels=labels, texts=texts, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / NOTE).exists():
        note = orjson.loads((folder / NOTE).read_bytes())
        check_identity(folder / NOTE, note, identity)
        _tidy(folder)
        return load_tuned(folder, model=plan.model)
    job = _Job(plan, lessons, dev, tuple(labels), texts, seed, folder, identity, progress)
    return job.run()


@dataclass
class _Job:
    """One tuning."""

    plan: Tuning
    lessons: Sequence[Lesson]
    dev: Sequence[Lesson]
    labels: tuple[str, ...]
    texts: Sequence[str]
    seed: int
    folder: Path
    identity: str
    progress: Progress | None
    device: torch.device = field(default_factory=pick_device)
    clock: Stopwatch = field(init=False)
    precision: str = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Stopwatch(self.folder / CLOCK, self.identity)
        self.precision = pick_precision(self.plan.precision, self.device)

    def run(self) -> Tuned:
        endings = {} if self.plan.family == "encoder" else endings_of(self.lessons, self.labels)
        body = self._body()
        net, told = self._network(body)
        if not isinstance(net, Categoriser):
            check_spelled(net, endings, max_target=self.plan.max_target)
            told |= self._cuts(net)
        self.clock.begin("tuning")
        adapted = self._adapt(net, body)
        work = self._workload(net, endings)
        loop = self._loop(len(work.sizes))
        course = train(work, loop, progress=self._telling("tuning"))
        load_choice(work.model, loop, course, loop.rules[0])
        work.model.eval()
        save_tuned(net, adapted, self.folder)
        self.clock.tick()
        facts = {**told, **self._facts(work, course, loop)}
        note = {
            "identity": self.identity,
            "body": asdict(body),
            "endings": endings,
            "precision": self.plan.precision,
            "facts": facts,
        }
        write_json(self.folder / NOTE, note)
        _tidy(self.folder)
        return Tuned(body, net, endings, self.precision, self.folder, facts, adapted)

    def _telling(self, part: str) -> Progress:
        def tell(event: Mapping[str, Any]) -> None:
            self.clock.tick()
            if self.progress is not None:
                self.progress({**event, "phase": part})

        return tell

    # --- the network ------------------------------------------------------------------------------

    def _body(self) -> Body:
        plan = self.plan
        on_gpu = self.device.type == "cuda" and self.precision == "bf16"
        return Body(
            plan.family,
            BASE if plan.pretrain_steps else plan.model,
            self.labels,
            max_source=plan.max_source,
            max_target=plan.max_target,
            seed=stream(self.seed, "weights"),
            decoder_layers=plan.decoder_layers,
            dropout=plan.dropout,
            in_bf16=on_gpu and plan.lora is not None and plan.family != "encoder",
            quantise=plan.quantise,
        )

    def _network(self, body: Body) -> tuple[Net, dict[str, Any]]:
        """The network that tuning begins with, and the facts of its pre-training."""
        if not self.plan.pretrain_steps:
            net = self._fresh(body)
            net.model.to(self.device)
            return net, {}
        place = self.folder / BASE
        if not place.is_dir():
            self.clock.begin("pretraining")
            self._pretrain(place, body)
        told = orjson.loads((place / TOLD).read_bytes())
        return load_body(replace(body, model=str(place))), told

    def _fresh(self, body: Body) -> Net:
        """The network before it has seen any text of ours."""
        plan, shape = self.plan, self.plan.shape
        rows = [text for row in self.lessons for text in (row.prompt, row.ending)]
        if shape is None:
            net = load_body(replace(body, model=plan.model))
            check_base(plan, is_made=isinstance(net, Transducer) and net.is_warm_start)
            if isinstance(net, Transducer) and plan.vocabulary == "used":
                return trimmed(net, [*rows, *self.texts])
            return net
        if plan.family == "encoder":
            return fresh_categoriser(
                shape,
                [text for row in self.lessons for text in row.fields] + list(self.texts),
                self.labels,
                multi_label=False,
                seed=stream(self.seed, "weights"),
                max_source=plan.max_source,
                dropout=plan.dropout,
            )
        return fresh_writer(
            shape, [*rows, *self.texts], seed=stream(self.seed, "weights"), dropout=plan.dropout
        )

    def _pretrain(self, place: Path, body: Body) -> None:
        plan, net = self.plan, self._fresh(body)
        assert not isinstance(net, Categoriser)
        net.model.to(self.device)
        told = pretrain(
            net,
            self.texts,
            steps=plan.pretrain_steps,
            rate=plan.pretrain_rate,
            share=plan.pretrain_share,
            batch_size=plan.batch_size,
            micro_batch=plan.micro_batch or plan.batch_size,
            length=plan.max_source + plan.max_target,
            weight_decay=plan.weight_decay,
            precision=self.precision,
            seed=self.seed,
            folder=self.folder / PRETRAINING,
            identity=self.identity,
            progress=self._telling("pretraining"),
        )

        def fill(beside: Path) -> None:
            net.save(beside)
            (beside / TOLD).write_bytes(orjson.dumps(told))

        write_folder(place, fill)
        shutil.rmtree(self.folder / PRETRAINING)

    def _adapt(self, net: Net, body: Body) -> Any:
        if self.plan.lora is None:
            return None
        return put_lora(
            net.model,
            self.plan.lora,
            family=self.plan.family,
            base=body.model,
            seed=stream(self.seed, "adapter"),
        )

    # --- the training -----------------------------------------------------------------------------

    def _workload(self, net: Net, endings: Mapping[str, str]) -> Workload:
        micro = self.plan.micro_batch or self.plan.batch_size
        if isinstance(net, Categoriser):
            return Categorisation(
                net,
                self._cases(net, self.lessons),
                self._cases(net, self.dev),
                multi_label=False,
                micro_batch=micro,
                precision=self.precision,
            )
        numbers = {name: i for i, name in enumerate(self.labels)}
        return Endings(
            net,
            self._encoded(net, self.lessons),
            self._examination(net, endings),
            micro_batch=micro,
            precision=self.precision,
            groups=[numbers.get(row.label or "", 0) for row in self.lessons],
        )

    def _cases(self, net: Categoriser, rows: Sequence[Lesson]) -> Cases:
        targets = np.zeros((len(rows), len(self.labels)), dtype=np.float32)
        for i, row in enumerate(rows):
            targets[i, self.labels.index(str(row.label))] = 1
        weights = np.array([row.weight for row in rows], dtype=np.float32)
        return Cases(net.read([texts_of(row.fields) for row in rows]), targets, weights)

    def _encoded(self, net: Writer, rows: Sequence[Lesson]) -> list[Encoded]:
        found = encode(
            net,
            self._prompts(net, rows),
            [row.ending for row in rows],
            max_target=self.plan.max_target,
        )
        return [replace(one, weight=row.weight) for one, row in zip(found, rows, strict=True)]

    def _prompts(self, net: Writer, rows: Sequence[Lesson]) -> list[str]:
        limit = prompt_room(net, self.plan.max_source, self.plan.max_target)
        return [shorten(net, row.prompt, limit=limit) for row in rows]

    def _cuts(self, net: Writer) -> dict[str, float]:
        """Shares of the prompts and of the endings that are too long."""
        prompts = zip(self._prompts(net, self.lessons), self.lessons, strict=True)
        endings = pieces(net.tokenizer, [row.ending for row in self.lessons])
        count = len(self.lessons)
        return {
            "share_prompt_cut": sum(kept != row.prompt for kept, row in prompts) / count,
            "share_ending_cut": sum(len(x) >= self.plan.max_target for x in endings) / count,
        }

    def _examination(self, net: Writer, endings: Mapping[str, str]) -> Examination:
        if not endings:
            return Examination(self._encoded(net, self.dev))
        return Examination(
            self._encoded(net, self.dev),
            self._prompts(net, self.dev),
            [str(row.label) for row in self.dev],
            endings,
        )

    def _loop(self, rows: int) -> Plan:
        plan = self.plan
        schedule = make_schedule(
            rows,
            batch_size=plan.batch_size,
            epochs=plan.epochs,
            steps=plan.steps,
            warmup=plan.warmup_steps,
            learning_rate=plan.learning_rate,
            evaluations_per_epoch=plan.evaluations_per_epoch,
        )
        rule: Rule = "last"
        if self.dev:
            rule = "dev_accuracy" if self.labels else "dev_loss"
        return Plan(
            schedule,
            plan.batch_size,
            plan.weight_decay,
            self.precision,
            self.device,
            self.seed,
            self.folder / STATE,
            self.identity,
            rules=(rule,) if rule == "last" else (rule, "last"),
            loss_breaks_ties=True,
            patience=plan.patience if self.dev else None,
        )

    # --- afterwards -------------------------------------------------------------------------------

    def _facts(self, work: Workload, course: Course, loop: Plan) -> dict[str, Any]:
        # peft keeps the untrained copy of what is trained whole: it takes no part in any answer.
        named = work.model.named_parameters()
        weights = [p for name, p in named if ".original_module." not in f".{name}"]
        rule = loop.rules[0]
        return {
            "parameters": sum(p.numel() for p in weights),
            "trained_parameters": sum(p.numel() for p in weights if p.requires_grad),
            "rows": len(self.lessons),
            "dev_rows": len(self.dev),
            "steps": course.step,
            "steps_planned": loop.schedule.steps,
            "best_step": course.at[rule],
            "chosen_by": rule,
            "history": [asdict(moment) for moment in course.history],
            "seconds": dict(self.clock.seconds),
            "precision": self.precision,
            "device": self.device.type,
        }


def _tidy(folder: Path) -> None:
    """Remove what only an unfinished tuning needs."""
    for name in (STATE, PRETRAINING):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / CLOCK).unlink(missing_ok=True)
    if (folder / MODEL).is_dir():
        shutil.rmtree(folder / BASE, ignore_errors=True)
