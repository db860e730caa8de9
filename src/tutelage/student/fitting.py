"""From a workload to a fitted student: what all neural students share around the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson

from tutelage.exceptions import TrainingError
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.schedule import make_schedule
from tutelage.neural.training import (
    RULES,
    Plan,
    Progress,
    Rule,
    Workload,
    load_choice,
    throw_away,
    train,
)
from tutelage.records import Example, Fitted, Moment, Task, content_hash
from tutelage.store.runs import write_whole
from tutelage.student.generator_options import GeneratorOptions
from tutelage.student.options import ClassifierOptions, Seq2SeqOptions, SpanReaderOptions
from tutelage.student.saving import task_as_json, write_student

FINISHED = "fitted.json"
VERSION = 3
"""Raised whenever the same options and rows give another student."""

Options = Seq2SeqOptions | ClassifierOptions | SpanReaderOptions | GeneratorOptions


def identity_of(
    options: Options, task: Task, rows: Sequence[Example], dev: Sequence[Example], seed: int
) -> str:
    """Hash of everything that decides what is learned."""
    return content_hash(
        "fit1",
        {
            "version": VERSION,
            "learner": type(options).__name__,
            "options": asdict(options),
            "task": task_as_json(task),
            "rows": [_content(row) for row in rows],
            "dev": [_content(row) for row in dev],
            "seed": seed,
        },
    )


def _content(row: Example) -> list[Any]:
    scores = None if row.scores is None else sorted(row.scores.items())
    places = [[span.start for span in row.spans]] if row.spans else []
    others = [list(row.references)] if row.references else []
    return [row.row_fingerprint(), row.rationale, scores, row.weight, *places, *others]


def finished(folder: Path, identity: str) -> Fitted | None:
    """What an earlier call of `fit` left in `folder`, if it finished the very same training."""
    path = folder / FINISHED
    if not path.exists():
        return None
    note = orjson.loads(path.read_bytes())
    if note["identity"] != identity or not all(
        (folder / p).is_dir() for p in note["places"].values()
    ):
        return None
    return Fitted(
        {rule: str(folder / place) for rule, place in note["places"].items()},
        note["primary"],
        tuple(Moment(**moment) for moment in note["history"]),
        note["facts"],
        note["seconds"],
    )


@dataclass(frozen=True)
class Trainee:
    """A student that is ready to be trained."""

    work: Workload
    """The model with its sequences."""
    write: Callable[[Path], None]
    """Writes the model as it stands, and its tokenizer, into a folder."""
    settings: Mapping[str, Any]
    """What the saved student needs besides its weights."""
    facts: Mapping[str, Any]
    """What is known before training; steps, precision and device are added."""
    rules: tuple[Rule, ...] = RULES
    """By which checkpoints are chosen."""


class Training(Protocol):
    """A learner, as far as all neural ones are alike."""

    @property
    def options(self) -> Options: ...
    @property
    def task(self) -> Task: ...
    @property
    def progress(self) -> Progress | None: ...

    def trainee(self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int) -> Trainee:
        """The student before its first step; there is at least one row."""
        ...


def fit_once(
    learner: Training,
    name: str,
    rows: Sequence[Example],
    dev: Sequence[Example],
    *,
    seed: int,
    folder: Path,
) -> Fitted:
    """Train a student and save it under each checkpoint rule; one that is finished is read.

    Args:
        learner: Makes the student.
        name: Of the learner, under which the student is saved.
        rows: To train on.
        dev: To choose checkpoints on.
        seed: Student seed.
        folder: Gets a folder for each rule, and the checkpoint while training runs.

    Raises:
        TrainingError: no row, a loss that is not a number, or a checkpoint of another training.
    """
    options, task = learner.options, learner.task
    identity = identity_of(options, task, rows, dev, seed)
    if (done := finished(folder, identity)) is not None:
        return done
    if not rows:
        raise TrainingError("There is no row to train on.")
    trainee = learner.trainee(rows, dev, seed=seed)
    work, rules = trainee.work, trainee.rules
    begun = time.perf_counter()
    device = pick_device()
    schedule = make_schedule(
        len(work.sizes),
        batch_size=options.batch_size,
        epochs=options.epochs,
        steps=options.steps,
        warmup=options.warmup_steps,
        learning_rate=options.learning_rate,
        evaluations_per_epoch=options.evaluations_per_epoch,
    )
    precision = pick_precision(options.precision, device)
    plan = Plan(
        schedule,
        options.batch_size,
        options.weight_decay,
        precision,
        device,
        seed,
        folder,
        identity,
        rules,
    )
    course = train(work, plan, progress=learner.progress)
    known = {
        **trainee.facts,
        "parameters": sum(p.numel() for p in work.model.parameters()),
        "optimizer_steps": schedule.steps,
        "rows": len(work.sizes),
        "precision": precision,
        "device": device.type,
    }
    has_dev = bool(course.history[-1].dev)
    kept = [rule for rule in rules if has_dev or rule == "last"]
    places = _places(kept, course.at)
    for place in dict.fromkeys(places.values()):
        chosen_by = ", ".join(rule for rule in kept if places[rule] == place)
        load_choice(work.model, plan, course, place)
        trainee.write(folder / place)
        told = {**known, "rule": chosen_by, "step": course.at[place]}
        write_student(
            folder / place, learner=name, task=task, settings=trainee.settings, facts=told
        )
    primary = options.select if options.select in kept else "last"
    note = {
        "identity": identity,
        "places": places,
        "primary": primary,
        "history": [asdict(moment) for moment in course.history],
        "facts": known,
        "seconds": time.perf_counter() - begun,
    }
    write_whole(folder / FINISHED, orjson.dumps(note))
    throw_away(folder)
    done = finished(folder, identity)
    assert done is not None
    return done


def _places(rules: Sequence[Rule], at: Mapping[str, int]) -> dict[Rule, Rule]:
    """The rule under whose name each rule's weights are saved: rules that chose the same step share
    them, so that nothing is saved or examined twice."""
    return {rule: next(other for other in rules if at[other] == at[rule]) for rule in rules}


def looked_at(dev: Sequence[Example], limit: int | None) -> list[Example]:
    """The dev rows that training looks at: all, or `limit` of them, the same for every seed."""
    if limit is None or len(dev) <= limit:
        return list(dev)
    chosen = np.random.default_rng(0).permutation(len(dev))[:limit]
    return [dev[int(i)] for i in sorted(chosen)]
