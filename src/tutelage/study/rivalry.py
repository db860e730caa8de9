"""Rivals that are no students: blind ones, a look-up, given predictions, the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tutelage.evaluation.rivals import Guess, Majority, given_predictions, unanswered
from tutelage.evaluation.scorecard import merge_folds, score
from tutelage.evaluation.text_rivals import Copy, Nearest
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.opening import Gold
from tutelage.gold.sources import tables_of
from tutelage.recipe import RivalSpec, SourceSpec
from tutelage.records import Example, Prediction, Reply, Scorecard, content_hash
from tutelage.store.encoding import read_records, rows_fingerprint, write_records
from tutelage.store.runs import Run
from tutelage.study.building import Prepared
from tutelage.study.faculty import rival_asking
from tutelage.study.shop import Shop
from tutelage.teacher.annotator import ask, choose_shots, prompt_of, read

Rows = Mapping[int, Sequence[Example]]
"""Rows to answer, by fold."""


async def rival_cards(
    prepared: Prepared, rows: Rows, split: str, shop: Shop | None, run: Run
) -> list[Scorecard]:
    """Scorecards of all rivals that are not students (those are arms of their own).

    The teacher reads test texts here, on an account of its own and after every student is final;
    its replies go nowhere but into evaluation. Without a `shop` it is left out.
    """
    cards = []
    for name, rival in prepared.recipe.rivals.items():
        if rival.kind == "student" or (rival.kind == "teacher" and shop is None):
            continue
        for gold in prepared.golds:
            wanted = _sample(rows[gold.fold], rival, name)
            predictions = await _answers(prepared, name, rival, gold, wanted, shop, run)
            cards.append(
                score(
                    prepared.task,
                    wanted,
                    predictions,
                    arm=name,
                    split="dev" if split == "dev" else "test",
                    charged=shop.charged_to_rival(name) if shop else None,
                    metrics=prepared.metrics,
                )
            )
    every = [row for fold in rows.values() for row in fold]
    return merge_folds(prepared.task, every, cards, prepared.metrics)


def _sample(rows: Sequence[Example], rival: RivalSpec, name: str) -> Sequence[Example]:
    """The rows the rival is asked about: chosen by their content, so the same ones at each run."""
    if rival.rows is None or rival.rows >= len(rows):
        return rows
    by_chance = sorted(rows, key=lambda row: content_hash("rival1", [name, row.id]))
    chosen = {row.id for row in by_chance[: rival.rows]}
    return [row for row in rows if row.id in chosen]


async def _answers(
    prepared: Prepared,
    name: str,
    rival: RivalSpec,
    gold: Gold,
    rows: Sequence[Example],
    shop: Shop | None,
    run: Run,
) -> list[Prediction]:
    if rival.kind == "majority":
        return Majority(prepared.task, gold.train).predict(rows)
    if rival.kind == "guess":
        return Guess(prepared.task).predict(rows)
    if rival.kind == "copy":
        return Copy(prepared.task).predict(rows)
    if rival.kind == "nearest":
        return Nearest(prepared.task, gold.train).predict(rows)
    if rival.kind == "predictions":
        assert rival.predictions is not None
        return _given(prepared, rival.predictions, rows)
    assert shop is not None
    step = run.step(
        "rival",
        {
            "name": name,
            "rows": rows_fingerprint(rows),
            "train": rows_fingerprint(gold.train),
            "shots": rival.shots,
            "prompt": prompt_of(prepared.task, rival_asking(prepared.loaded, name)).hash,
            "teacher": shop.session(name).name,
        },
    )
    file = step.folder / "predictions.jsonl"
    if not step.done:
        predictions = await _teacher_answers(prepared, name, rival, gold, rows, shop)
        write_records(file, predictions)
        step.finish({"rows": len(predictions)})
    return read_records(file, Prediction)


def _given(prepared: Prepared, source: SourceSpec, rows: Sequence[Example]) -> list[Prediction]:
    records = []
    for table in tables_of(source, prepared.loaded.folder, role="predictions"):
        faults = DataFaults(table.name)
        records += [row.cells for row in table.read(faults)]
        faults.settle()
    return given_predictions(prepared.task, records).predict(rows)


async def _teacher_answers(
    prepared: Prepared,
    name: str,
    rival: RivalSpec,
    gold: Gold,
    rows: Sequence[Example],
    shop: Shop,
) -> list[Prediction]:
    """What the teacher says of rows whose gold labels it is not shown."""
    task, options = prepared.task, rival_asking(prepared.loaded, name)
    shots = choose_shots(task, gold.train, rival.shots, seed=0) if rival.shots else ()
    asked = [unanswered(row) for row in rows]
    requests = [replace(ask(task, row, shots=shots, options=options), shared=True) for row in asked]
    answers = await shop.ask_for_rival(name, requests)
    return [
        read(task, row, reply, options=options) if isinstance(reply, Reply) else Prediction(row.id)
        for row, reply in zip(asked, answers.replies, strict=True)
    ]
