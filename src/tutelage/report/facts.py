"""What a report knows: `report.json`, shaped for reading, in numbers without format.

Made from `results.json` and nothing else. Everything that depends on when, where or how often the
run was started stands under `clock`; all the rest is the same for a run that was killed and resumed
as for one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tutelage.answer_matching import match
from tutelage.exceptions import UserError
from tutelage.report.bookkeeping import Account, Charge, accounts, charges
from tutelage.report.courses import Configuration, Curve, configurations, curves
from tutelage.report.findings import Evidence, Finding, findings
from tutelage.report.headline import Line, Pair, Verdict, lines, pairs, reference_of, verdict
from tutelage.report.hygiene import GoldUse, PoolErrors, gold_uses, pool_errors
from tutelage.report.memorisation import Memorised, memorised
from tutelage.report.openings import earlier_openings
from tutelage.report.return_curves import ReturnCurve, return_curves
from tutelage.report.teacher_sizes import Size, TeacherFacts, teacher_sizes, teachers
from tutelage.report.written_texts import WrittenTexts, closeness, written_texts

Facts = Mapping[str, Any]
FORMAT = 1
"""Of report.json. A key that changes its meaning or goes away makes it 2."""
RESULTS_FORMAT = 1
CHANCE_KINDS = ("classification", "nli")


@dataclass(frozen=True, slots=True)
class SliceScore:
    """One arm on rows that have a label or a tag in common; `sliced_by` says what is measured."""

    arm: str
    name: str
    """`label`, or the name of a tag."""
    value: str
    rows: int
    score: float
    low: float
    high: float
    gap: float | None = None
    """To `slices_against` on the same rows; None for that arm itself and for very few rows."""
    gap_low: float | None = None
    gap_high: float | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of gold label by answer, summed over an arm's students."""

    name: str
    """Arm or rival."""
    students: int
    rows: tuple[str, ...]
    """Gold labels."""
    columns: tuple[str, ...]
    """Answers: the labels, then answers that could not be read."""
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one arm's or rival's first student said of a row."""

    name: str
    said: str | tuple[str, ...] | None
    """None where it could not be read."""
    right: bool | None
    """None where an answer is a text, which is nearer to its references or further from them."""
    rationale: str | None
    closeness: float | None = None
    """chrF of a written text with its best reference, 0 to 100."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One examined row with everyone's answer. Rows are taken in the order of a hash."""

    id: str
    fields: Mapping[str, str]
    answer: str | tuple[str, ...] | None
    """What gold says."""
    answers: tuple[Answer, ...]
    references: tuple[str, ...] = ()
    """All acceptable texts (generation)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What depends on when, where and how often the run was started."""

    study: str
    """The run's id."""
    started: float
    """Of the last start, in seconds since 1970."""
    finished: float
    training_seconds: Mapping[str, float]
    """By student."""
    paid: Mapping[str, Any]
    """What this run really paid: what other arms or runs had bought before is not in it."""
    presumed: Mapping[str, Any]
    """What was sent without an answer and may have to be paid."""
    openings: tuple[Mapping[str, Any], ...]
    """Every opening of this test that the ledger knows: run, recipe, moment, fingerprint."""
    environment: Mapping[str, Any]
    findings: tuple[Finding, ...]
    """Findings that depend on the clock: T104."""
    teacher_seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What teachers took by name, such as seconds of tuning and of pre-training."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, as it stands in report.json."""

    format: int
    name: str
    about: str
    paper: str
    mode: str
    """`sound` or `as_published`."""
    split: str
    """`test`, or `dev` where the test stayed sealed."""
    metric: str
    cluster: str
    """Field or tag whose equal values make test rows one cluster; empty for single rows."""
    task: Mapping[str, Any]
    chance: float | None
    """Accuracy of guessing among the labels; None for other tasks."""
    verdict: Verdict
    reference: str
    """The contender that all others are compared with."""
    lines: tuple[Line, ...]
    pairs: tuple[Pair, ...]
    """All comparisons, the primary one first."""
    curves: tuple[Curve, ...]
    configurations: tuple[Configuration, ...]
    returns: tuple[ReturnCurve, ...]
    """What more data brought, by arm, and whether to buy more."""
    pool_errors: tuple[PoolErrors, ...]
    """Error rates in the pool and in its held-back part, by arm and turn."""
    gold_uses: tuple[GoldUse, ...]
    """How many gold rows each contender saw, and for what."""
    slices: tuple[SliceScore, ...]
    slices_against: str
    """The arm to which slices give gaps; empty where there is none."""
    sliced_by: str
    """Metric of the slices."""
    written: tuple[WrittenTexts, ...]
    """What students wrote, in numbers; none where answers are no texts."""
    signatures: Mapping[str, str]
    """sacrebleu's, of `bleu` and `chrf`."""
    teachers: tuple[TeacherFacts, ...]
    sizes: tuple[Size, ...]
    """Of arms whose student and whose teacher know their parameters."""
    memorised: tuple[Memorised, ...]
    """Copies of gold among drafts, and answers that were held back, by arm."""
    confusions: tuple[Confusion, ...]
    examples: tuple[Shown, ...]
    accounts: tuple[Account, ...]
    charges: tuple[Charge, ...]
    unpriced: int
    """Replies without a known price."""
    findings: tuple[Finding, ...]
    gold: tuple[Mapping[str, Any], ...]
    """Rows, labels, overlaps and fingerprints of each fold."""
    training: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Facts of each student of the chosen grid point, by arm or rival."""
    recipe: Mapping[str, Any]
    """As resolved, every default filled in."""
    clock: Clock

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        told = asdict(self)
        told["verdict"]["sentence"] = self.verdict.sentence
        for account, plain in zip(self.accounts, told["accounts"], strict=True):
            plain["adds_up"] = account.adds_up
            if account.quota:
                plain["quota"]["met"] = account.quota.met
        for size, plain in zip(self.sizes, told["sizes"], strict=True):
            plain["sentence"] = size.sentence
        for found, plain in zip(self.memorised, told["memorised"], strict=True):
            plain["rate"] = found.rate
        for finding in (*told["findings"], *told["clock"]["findings"]):
            finding["anchor"] = f"docs/report.md#{finding['code'].lower()}"
        return told


def report_of(results: Facts) -> Report:
    """Shape a run's results for reading.

    Args:
        results: Content of `results.json`.

    Raises:
        UserError: the results are of a format that this version does not read.
    """
    if results.get("format") != RESULTS_FORMAT:
        raise UserError(
            f"The results are of format {results.get('format')!r}; this version reads "
            f"{RESULTS_FORMAT}.",
            "They were written by another version of Tutelage.",
            "Run the recipe again in its folder: finished steps are read and nothing is bought.",
        )
    compared = pairs(results)
    table = lines(results, compared)
    answer = verdict(results, compared, table)
    booked = accounts(results)
    task = results["task"]
    guessed = task["kind"] in CHANCE_KINDS and task["metric"] == "accuracy" and task["labels"]
    return Report(
        format=FORMAT,
        **{name: results[name] for name in ("name", "about", "paper", "mode", "split", "cluster")},
        metric=task["metric"],
        task=task,
        chance=1 / len(task["labels"]) if guessed else None,
        verdict=answer,
        reference=reference_of(compared),
        lines=tuple(table),
        pairs=tuple(compared),
        curves=tuple(curves(results)),
        configurations=tuple(configurations(results)),
        returns=tuple(return_curves(results)),
        pool_errors=tuple(pool_errors(results)),
        gold_uses=tuple(gold_uses(results)),
        slices=tuple(_slices(results)),
        slices_against=results.get("slices_against", ""),
        sliced_by=results.get("sliced_by", "f1" if task["kind"] == "span_qa" else "accuracy"),
        written=tuple(written_texts(results)),
        signatures=results.get("signatures", {}),
        teachers=tuple(teachers(results)),
        sizes=tuple(teacher_sizes(results)),
        memorised=tuple(memorised(results)),
        confusions=tuple(_confusions(results)),
        examples=tuple(_shown(example, task["kind"]) for example in results["examples"]),
        accounts=tuple(booked),
        charges=tuple(charges(results)),
        unpriced=results["costs"]["unpriced"],
        findings=tuple(findings(Evidence(results, table, booked, answer))),
        gold=tuple(results["gold"]),
        training=_training(results),
        recipe=results["recipe"],
        clock=_clock(results),
    )


def _slices(results: Facts) -> list[SliceScore]:
    return [
        SliceScore(
            arm,
            part["name"],
            part["value"],
            part["rows"],
            part["interval"]["point"],
            part["interval"]["low"],
            part["interval"]["high"],
            *_gap(part.get("gap")),
        )
        for arm, parts in results["slices"].items()
        for part in parts
    ]


def _gap(told: Facts | None) -> tuple[float | None, float | None, float | None]:
    if told is None:
        return None, None, None
    return told["difference"], told["low"], told["high"]


def _confusions(results: Facts) -> list[Confusion]:
    return [
        Confusion(
            name,
            found["students"],
            tuple(found["rows"]),
            tuple(found["columns"]),
            tuple(map(tuple, found["counts"])),
        )
        for name, found in results["confusion"].items()
        if found
    ]


def _shown(example: Facts, kind: str) -> Shown:
    gold = _plain(example["answer"])
    references = tuple(example.get("references", ()))
    answers = [
        _answer(name, _plain(told["said"]), told["rationale"], gold, references, kind)
        for name, told in example["answers"].items()
    ]
    return Shown(example["id"], example["fields"], gold, tuple(answers), references)


def _answer(
    name: str,
    said: str | tuple[str, ...] | None,
    rationale: str | None,
    gold: str | tuple[str, ...] | None,
    references: tuple[str, ...],
    kind: str,
) -> Answer:
    if kind == "generation" and not isinstance(said, tuple):
        return Answer(name, said, None, rationale, closeness(said, references))
    return Answer(name, said, _same(said, gold, kind), rationale)


def _plain(answer: Any) -> str | tuple[str, ...] | None:
    return tuple(answer) if isinstance(answer, list) else answer


def _same(
    said: str | tuple[str, ...] | None, gold: str | tuple[str, ...] | None, kind: str
) -> bool:
    """Whether an answer is right; the order of several labels says nothing, and one of several
    acceptable spans is enough."""
    if isinstance(said, tuple) and isinstance(gold, tuple):
        if kind == "span_qa":
            return match(said[0] if said else "", gold).exact == 1
        return set(said) == set(gold)
    return said == gold


def _training(results: Facts) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for unit in results["units"]:
        if results["chosen"].get(unit["arm"], {}).get("grid") == unit["grid"]:
            found.setdefault(unit["arm"], []).append(unit["training"])
    return {arm: tuple(facts) for arm, facts in found.items()}


def _clock(results: Facts) -> Clock:
    clock = results["clock"]
    return Clock(
        **{name: clock[name] for name in Clock.__dataclass_fields__ if name in clock},
        findings=(earlier_openings(results),),
    )
