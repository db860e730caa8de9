"""One example from gold row to order, prompt, reply, verdict, training target and prediction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import TutelageError, UserError
from tutelage.gold.opening import Gold, load_gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.validation import student_of
from tutelage.records import Example, Prediction, Refusal, Task, Usage
from tutelage.store.encoding import read_records
from tutelage.store.ledger import Ledger
from tutelage.study.archive import PastRun
from tutelage.study.building import build_synthesizer, grid_label, grid_points
from tutelage.study.faculty import all_sketched, teachers_beside
from tutelage.study.graduates import find_unit, learner_of, task_of
from tutelage.study.planning import brief_of, first_requests
from tutelage.study.saved_rows import SavedRow, saved_rows

LEFT_OUT = "left out of train"
"""Role of train rows that `gold.few` and `gold.fraction` set aside."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One request of an order, and what came back."""

    hash: str
    messages: tuple[tuple[str, str], ...]
    """Role and text."""
    reply: str | None
    """None where the ledger holds none."""
    model: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What one arm made of the row in one turn."""

    arm: str
    purchase_seed: int
    fold: int
    turn: int
    order: int
    exchanged: tuple[Exchanged, ...]
    decision: str
    check: str
    reason: str
    result: Example | None
    """The row as it went on; as drafted where it was dropped."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a student says of the row."""

    arm: str
    seed: int
    rule: str
    said: str | tuple[str, ...] | None
    scores: Mapping[str, float] | None
    rationale: str | None
    examined: bool
    """Whether it is the answer that was scored; else the student was asked for this trace."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All that a run knows of one row."""

    id: str
    run: str
    role: str
    """Gold role, `unlabelled`, `left out of train` (by `few` or `fraction`), `held out` for rows
    that are known by their answers only, or `made` for rows that a teacher wrote."""
    row: Example | None
    """As it stands in the data; None where it is sealed or its file is not there."""
    passages: tuple[Passage, ...]
    targets: Mapping[str, tuple[str, ...]]
    """What students of each arm were trained to answer for it."""
    answers: tuple[Answered, ...]
    notes: tuple[str, ...] = ()

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        facts: dict[str, Any] = orjson.loads(orjson.dumps(asdict(self)))
        return facts


def trace(run: PastRun, id_: str) -> Trace:
    """Follow the row `id_` through a finished run.

    Args:
        run: A finished run.
        id_: Id of a gold, unlabelled or bought row, as in the data or in `tutelage data`.

    Raises:
        UserError: the run is not finished, or knows no such row.
    """
    task = task_of(run)
    notes: list[str] = []
    rows, source = _drafts_about(run, id_, notes)
    role, row = _gold_row(run, id_, notes)
    with _ledger(run, notes) as book:
        passages = tuple(_passage(one, book) for one in rows)
    if row is None and source is not None:
        role, row = source.origin.role or "made", source
    examined = tuple(_examined(run, id_))
    if row is None and not examined:
        raise UserError(
            f"The run {run.folder} knows no row {id_!r}.",
            do="Ids stand in the report, in what `tutelage data RUN --to FILE` writes, and in your "
            "own files.",
        )
    trained = _trained(run, row if role in ("train", LEFT_OUT) else None, role, passages)
    return Trace(
        id=id_,
        run=str(run.folder),
        role=role or "held out",
        row=row,
        passages=passages,
        targets={arm: _targets(run, task, arm, one) for arm, one in trained.items()},
        answers=examined or tuple(_asked_now(run, task, row)),
        notes=tuple(notes),
    )


# --- data -----------------------------------------------------------------------------------------


def _loaded(run: PastRun) -> LoadedRecipe:
    return LoadedRecipe(run.recipe, Path(run.about.get("folder", ".")), str(run.folder))


def _golds(run: PastRun) -> tuple[Gold, ...]:
    recipe = run.recipe
    return load_gold(recipe.gold, recipe.task, folder=_loaded(run).folder, seed=recipe.seeds.gold)


def _gold_row(run: PastRun, id_: str, notes: list[str]) -> tuple[str, Example | None]:
    """The row with its gold role. Test rows are sealed and never shown here."""
    try:
        golds = _golds(run)
    except TutelageError as e:
        notes.append(f"The gold files could not be read again: {e.what}")
        return "", None
    for gold in golds:
        for role, rows in (
            ("train", gold.train),
            ("pool", gold.pool),
            ("dev", gold.dev),
            (LEFT_OUT, gold.whole),
        ):
            for row in rows:
                if row.id == id_:
                    return role, row
    return "", None


def _drafts_about(
    run: PastRun, id_: str, notes: list[str]
) -> tuple[list[SavedRow], Example | None]:
    """Drafts that are the row or were made from it, and its text as the orders had it."""
    every = list(saved_rows(run))
    found = [one for one in every if _is_about(one.example, id_)]
    source = next((one.example for one in found if one.example), None)
    if any(isinstance(one.draft.content, Refusal) for one in every):
        try:
            placed = asyncio.run(_first_orders(run, id_))
        except TutelageError as e:
            notes.append(f"Drafts without a row could not be looked through: {e.what}")
            return found, source
        known = set(map(_place, found))
        found += [one for one in every if _place(one) in placed and _place(one) not in known]
        source = source or next(iter(placed.values()), None)
    return found, source


def _is_about(example: Example | None, id_: str) -> bool:
    return example is not None and id_ in (example.id, example.origin.source)


Place = tuple[str, int, int, int, int]
"""Arm, purchase seed, fold, turn and order."""


def _place(row: SavedRow) -> Place:
    return row.arm, row.purchase_seed, row.fold, row.turn, row.draft.order


async def _first_orders(run: PastRun, id_: str) -> dict[Place, Example]:
    """Where the first turn's orders about a row stand. A draft from which nothing could be read
    does not say which row it is about: its order does, and orders can be placed again."""
    loaded, golds = _loaded(run), _golds(run)
    found: dict[Place, Example] = {}
    async with all_sketched(loaded, golds[0], teachers_beside(run.ledger)) as sessions:
        for name, arm in loaded.recipe.arms.items():
            if arm.synthesis is None:
                continue
            synthesizer = build_synthesizer(loaded, arm.synthesis, golds[0].task)
            for seed, gold in product(loaded.recipe.seeds.purchase, golds):
                brief = brief_of(synthesizer, gold, name, arm, seed)
                for order, _ in first_requests(synthesizer, brief, sessions[arm.teacher]):
                    if order.source is not None and order.source.id == id_:
                        found[name, seed, gold.fold, 0, order.number] = order.source
    return found


# --- purchases ------------------------------------------------------------------------------------


@contextmanager
def _ledger(run: PastRun, notes: list[str]) -> Iterator[Ledger | None]:
    if not run.ledger.is_file():
        notes.append(f"The ledger {run.ledger} is not there: prompts and replies are missing.")
        yield None
        return
    with Ledger.open(run.ledger, read_only=True) as book:
        yield book


def _passage(row: SavedRow, book: Ledger | None) -> Passage:
    example = row.example
    hashes = example.origin.requests if example else ()
    return Passage(
        row.arm,
        row.purchase_seed,
        row.fold,
        row.turn,
        row.draft.order,
        tuple(_exchanged(hash_, book) for hash_ in hashes)
        or (Exchanged("", (), row.draft.raw or None),),
        row.verdict.decision,
        row.verdict.check,
        row.verdict.reason,
        example,
    )


def _exchanged(hash_: str, book: Ledger | None) -> Exchanged:
    request = book.request(hash_) if book else None
    reply = book.find(hash_) if book else None
    return Exchanged(
        hash_,
        tuple((m.role, m.content) for m in request.messages) if request else (),
        "\n---\n".join(c.text for c in reply.completions) if reply else None,
        request.model if request else "",
        reply.usage if reply else None,
    )


# --- training -------------------------------------------------------------------------------------


def _trained(
    run: PastRun, gold: Example | None, role: str, passages: Sequence[Passage]
) -> dict[str, Example]:
    """The row as each arm's student was taught it; arms that did not train on it are left out."""
    taught: dict[str, Example] = {}
    for name, arm in run.recipe.arms.items():
        kept = [p for p in passages if p.arm == name and p.decision != "dropped" and p.result]
        if kept and kept[-1].result is not None:
            taught[name] = kept[-1].result
        elif gold is not None and arm.gold and (role != LEFT_OUT or arm.gold == "whole"):
            taught[name] = gold
    return taught


def _targets(run: PastRun, task: Task, arm: str, row: Example) -> tuple[str, ...]:
    """What the student was to write, in words: one text, or two for the multi-task objective."""
    student = student_of(run.recipe, run.recipe.arms[arm], _point(run, arm))
    options = build_options(find("learner", student.kind), student.options)
    said = ", ".join(task.label(name).said for name in row.labels or ()) or "(no label)"
    if row.label is not None:
        said = task.label(row.label).said
    if row.spans is not None:
        said = " or ".join(span.text for span in row.spans) or "(no answer)"
    if row.target is not None:
        said = row.target
    if not hasattr(options, "objective"):
        soft = f" (soft: {_shares(row.scores)})" if row.scores else ""
        return (said + soft,)
    from tutelage.neural.targets import MARKER, read_objective

    objective = read_objective(options.objective).name
    if not row.rationale or objective == "label_only":
        return (said,)
    if objective == "multi_task":
        return said, row.rationale
    if objective == "rationale_first":
        return (f"{row.rationale} {MARKER} {said}",)
    return (f"{said} {options.separator} {row.rationale}",)


def _point(run: PastRun, arm: str) -> Mapping[str, Any]:
    """The grid point that was chosen for the arm."""
    chosen = run.results["chosen"].get(arm, {}).get("grid", "")
    points = grid_points(run.recipe.arms[arm].grid)
    return next((p for p in points if grid_label(p) == chosen), points[0])


def _shares(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in scores.items())


# --- answers --------------------------------------------------------------------------------------


def _examined(run: PastRun, id_: str) -> Iterator[Answered]:
    """Answers that students gave when they were examined on dev or test."""
    students = {
        folder: (unit, rule)
        for unit in run.results["units"]
        for rule, folder in unit["folders"].items()
    }
    found: dict[tuple[str, int, str], Answered] = {}
    for file in sorted(run.folder.glob("steps/predict-*/predictions.jsonl")):
        done = file.with_name("done.json")
        student = orjson.loads(done.read_bytes()).get("student") if done.exists() else None
        if student not in students:
            continue
        unit, rule = students[student]
        if rule != unit["primary"]:
            continue
        for prediction in read_records(file, Prediction):
            if prediction.id == id_:
                key = (unit["arm"], unit["student_seed"], unit["grid"])
                found[key] = _answered(unit, rule, prediction, examined=True)
    yield from (found[key] for key in sorted(found))


def _answered(unit: Mapping[str, Any], rule: str, said: Prediction, *, examined: bool) -> Answered:
    return Answered(
        unit["arm"],
        unit["student_seed"],
        rule,
        said.answer,
        said.scores,
        said.rationale,
        examined,
    )


def _asked_now(run: PastRun, task: Task, row: Example | None) -> Iterator[Answered]:
    """What the first student of each arm says of a row that was not examined."""
    if row is None:
        return
    asked = Example(row.id, row.fields)
    for arm in dict.fromkeys(unit["arm"] for unit in run.results["units"]):
        unit = find_unit(run, arm)
        learner = learner_of(run.recipe, task, arm, unit["grid"])
        student = learner.load(run.folder / unit["folders"][unit["primary"]])
        said = student.predict([asked], rationale=True)[0]
        yield _answered(unit, unit["primary"], said, examined=False)
