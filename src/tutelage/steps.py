"""The lines of the loop as keyed steps: each is read from the run's folder once it is finished."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tutelage.buying import Answers, Bought, buy, split_step
from tutelage.consulting import Consulted, Inquiry, hear, inquire, inquiries
from tutelage.contracts import Critic, Learner, Predictor, Synthesizer
from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck, judge
from tutelage.curation.opinions import Opinions
from tutelage.gold.opening import Gold
from tutelage.harvesting import Harvest, wave_step, with_wave
from tutelage.records import (
    Brief,
    Draft,
    Example,
    Feedback,
    Fitted,
    Material,
    Prediction,
    Request,
    Verdict,
    content_hash,
)
from tutelage.row_sets import RATIONALES, GoldShare, answered, calibration_rows
from tutelage.step_keys import brief_fingerprint, relative, task_identity
from tutelage.store.encoding import (
    decode,
    encode,
    read_records,
    rows_fingerprint,
    write_records,
)
from tutelage.store.runs import Run, Step
from tutelage.store.trails import Trail

Identity = Mapping[str, Any]
"""Name, options and version of a part: what its steps are keyed by."""


@dataclass(frozen=True)
class Parts:
    """An arm at one point of its grid, built and ready."""

    arm: str
    learner: Learner
    learner_id: Identity
    synthesizer: Synthesizer | None = None
    synthesizer_id: Identity = field(default_factory=dict)
    given: tuple[Example, ...] = ()
    """Rows that the arm brought along."""
    checks: tuple[NamedCheck, ...] = ()
    checks_id: Sequence[Identity] = ()
    critic: Critic | None = None
    critic_id: Identity = field(default_factory=dict)
    grid: str = ""
    with_gold: GoldShare = True
    turns: int = 1
    patience: int | None = None
    candidates: int = 10_000
    dev_rationales: int = 0
    """Dev rows for which rationales are bought, to measure the student's own against."""
    most_rows: int | None = None
    """Keep at most so many bought rows, in draft order: what `match: rows` asks for."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One student to be made: an arm, a point of its grid, and one seed of each stream."""

    arm: str
    grid: str
    purchase_seed: int
    student_seed: int
    fold: int = 0

    def __str__(self) -> str:
        grid = f" {self.grid}" if self.grid else ""
        fold = f", fold {self.fold}" if self.fold else ""
        purchase = f", purchase {self.purchase_seed}" if self.purchase_seed != 1 else ""
        return f"{self.arm}{grid}, seed {self.student_seed}{purchase}{fold}"


@dataclass
class Workbench:
    """What one unit works with: its parts, its gold, the teacher's shop and the run's folder."""

    unit: Unit
    parts: Parts
    gold: Gold
    run: Run
    ask: Callable[[Unit, int, Sequence[Request]], Awaitable[Answers]]
    resolve: Callable[[Request], Request]
    """A request as the open teacher would send it."""
    caps: Mapping[str, Any]
    """Caps of arm and turn: where they bind they decide what is bought."""
    buyer: str
    """Whose account pays: students that share one share their purchases, others buy each for
    itself (replies that are there already cost nothing, and are charged to each)."""
    say: Callable[[str, Unit, int], None]
    """Told the name of each step that is run anew."""
    trail: Trail
    """Folder of each step by turn and name, so that a row can be followed through the run."""

    def steps(self, turn: int) -> Mapping[str, str]:
        """Folders of the steps that `turn` took so far, inside the run's folder."""
        return self.trail.of(turn)

    def _step(self, turn: int, name: str, inputs: Mapping[str, Any], wave: int = 0) -> Step:
        step = self.run.step(name, inputs)
        place = str(step.folder.relative_to(self.run.folder))
        self.trail.take(turn, wave_step(name, wave), place)
        return step

    async def harvest(
        self,
        turn: int,
        kept: Sequence[Example],
        feedback: Feedback | None,
        draws: Mapping[str, int],
    ) -> Harvest:
        """Buy and curate a turn's rows, wave after wave until the quota is met.

        It ends short of the quota when the synthesizer's waves are used up, when a wave brought no
        row at all, or when a cap is reached; `Harvest.lacking` then says what is missing.
        """
        parts = self.parts
        brief = self._brief(turn, tuple(kept), feedback)
        wanted = dict(parts.synthesizer.quota(brief)) if parts.synthesizer else {}
        brief = replace(brief, lacking=wanted)
        found = Harvest((), (), 0, (), draws, wanted=wanted, lacking=wanted, waves=0)
        while True:
            room = None if parts.most_rows is None else parts.most_rows - len(kept)
            if room == 0:  # match: rows has been met: what more is bought could not be kept
                return found
            bought = await self.purchase(brief, found.draws)
            bought, opinions = await self.consult(brief, bought)
            added, verdicts = self.curate(brief, bought, room, opinions)
            found = with_wave(found, bought, added, verdicts)
            enough = not any(found.lacking.values()) or len(found.kept) == room
            waves = parts.synthesizer.waves if parts.synthesizer else 1
            if enough or bought.stopped or not added or found.waves >= waves:
                return found
            brief = replace(
                brief,
                wave=found.waves,
                placed=bought.placed,
                accepted=found.kept,
                lacking=found.lacking,
                materials=(*brief.materials, *bought.materials),
            )

    async def purchase(self, brief: Brief, draws: Mapping[str, int]) -> Bought:
        """Buy one wave of drafts."""
        if self.parts.synthesizer is None:
            given = self.parts.given if brief.turn == 0 else ()
            return Bought(tuple(Draft(i, i, row) for i, row in enumerate(given)), (), {})
        return await self._bought("buy", brief, draws)

    async def dev_rows(self) -> list[Example]:
        """Dev with the teacher's rationales for its first rows, where the arm buys them.

        They are what the student's rationales are measured against during training. They reach no
        training row and no choice: checkpoints are chosen by loss and accuracy.
        """
        count = self.parts.dev_rationales
        if not count or self.parts.synthesizer is None:
            return list(self.gold.dev)
        brief = replace(self._brief(0, (), None), train=self.gold.dev[:count], unlabelled=())
        bought = await self._bought("references", brief, {})
        written = {
            draft.content.id: draft.content.rationale
            for draft in bought.drafts
            if isinstance(draft.content, Example)
        }
        return [replace(row, rationale=written.get(row.id, row.rationale)) for row in self.gold.dev]

    async def _bought(self, name: str, brief: Brief, draws: Mapping[str, int]) -> Bought:
        assert self.parts.synthesizer is not None
        step = self._step(
            brief.turn,
            name,
            {
                "synthesizer": self.parts.synthesizer_id,
                "arm": self.parts.arm,
                "brief": brief_fingerprint(brief),
                "first": self._first_requests(brief),
                "draws": content_hash("draws1", dict(draws)),
                "caps": self.caps,
                "buyer": self.buyer,
            },
            brief.wave,
        )
        drafts_file = step.folder / "drafts.jsonl"
        if not step.done:
            self.say("buying", self.unit, brief.turn)
            bought = await buy(
                self.parts.synthesizer, brief, lambda r: self.ask(self.unit, brief.turn, r), draws
            )
            write_records(drafts_file, bought.drafts)
            if bought.failed:  # asked again by the next run, so the step is not finished
                return bought
            step.finish(encode(replace(bought, drafts=())))
        facts = decode(Bought, step.result)
        return replace(facts, drafts=tuple(read_records(drafts_file, Draft)))

    def _brief(self, turn: int, kept: tuple[Example, ...], feedback: Feedback | None) -> Brief:
        seed = self.unit.purchase_seed
        return Brief(
            task=self.gold.task,
            arm=self.parts.arm,
            train=tuple(self.gold.train),
            unlabelled=tuple(self.gold.sample_unlabelled(self.parts.candidates, seed)),
            kept=kept,
            feedback=feedback,
            turn=turn,
            dev=calibration_rows(self.parts.synthesizer, self.gold),
            seed=seed,
        )

    def _first_requests(self, brief: Brief) -> str:
        """Identity of the first level of requests as the teacher would get them: those of the first
        stage that orders anything, so that no purchase is taken for one from another teacher."""
        assert self.parts.synthesizer is not None
        synthesizer = self.parts.synthesizer
        ordered = (synthesizer.orders(stage, brief) for stage in synthesizer.stages)
        hashes = [
            self.resolve(request).hash
            for order in next(filter(None, ordered), ())
            for request in split_step(synthesizer.step(order, ()))[1]
        ]
        return content_hash("first1", hashes)

    async def consult(self, brief: Brief, bought: Bought) -> tuple[Bought, Mapping[str, Opinions]]:
        """Let checks that want it hear the teacher on the wave's drafts, on the arm's account.

        Returns:
            The purchase with these requests added, and what was said, by the check's `asks`.
        """
        opinions: dict[str, Opinions] = {}
        for place, check in inquiries(self.parts.checks):
            inquiry = inquire(
                self.parts.checks,
                place,
                _rows_of(bought),
                self._draft_bench(brief, opinions),
                train=self.gold.train,
                seed=brief.seed,
                draws=bought.draws,
            )
            said = await self._heard(brief, inquiry)
            opinions[check.asks] = Opinions.on(inquiry.rows, said.predictions)
            bought = replace(
                bought,
                requests=(*bought.requests, *said.requests),
                draws=inquiry.draws,
                stopped=bought.stopped or said.stopped,
                unbought=bought.unbought + (said.missing if said.stopped else 0),
                failed=bought.failed + (0 if said.stopped else said.missing),
                usage=bought.usage + said.usage,
                shown=tuple(sorted({*bought.shown, *inquiry.shown})),
            )
        return bought, opinions

    async def _heard(self, brief: Brief, inquiry: Inquiry) -> Consulted:
        step = self._step(
            brief.turn,
            "consult",
            {
                "asks": inquiry.check.asks,
                "arm": self.parts.arm,
                "rows": rows_fingerprint(inquiry.rows),
                "questions": content_hash(
                    "asked1", [self.resolve(request).hash for request in inquiry.requests]
                ),
                "caps": self.caps,
                "buyer": self.buyer,
            },
            brief.wave,
        )
        if not step.done:
            self.say("asking for second opinions", self.unit, brief.turn)
            answers = await self.ask(self.unit, brief.turn, inquiry.requests)
            said = hear(inquiry, answers)
            if said.missing and not said.stopped:  # asked again by the next run
                return said
            step.finish(encode(said))
        return decode(Consulted, step.result)

    def _draft_bench(self, brief: Brief, opinions: Mapping[str, Opinions]) -> DraftBench:
        return DraftBench(
            task=self.gold.task,
            kept=[*brief.kept, *brief.accepted],
            gold=(*self.gold.train, *self.gold.pool),
            sealed=self.gold.sealed,
            predictors=opinions,
            lacking=brief.lacking,
        )

    def curate(
        self, brief: Brief, bought: Bought, room: int | None, opinions: Mapping[str, Opinions]
    ) -> tuple[list[Example], list[Verdict]]:
        """Judge a wave's drafts; every one of them gets a verdict.

        Args:
            brief: What was asked for; rows beyond what it lacks are dropped.
            bought: The drafts.
            room: Rows that the turn may keep at most.
            opinions: What the teacher said of the drafts, for checks that asked.
        """
        drafts, bench = _rows_of(bought), self._draft_bench(brief, opinions)
        most = None if room is None else room - len(brief.accepted)
        step = self._step(
            brief.turn,
            "curate",
            {
                "checks": list(self.parts.checks_id),
                "drafts": rows_fingerprint(drafts),
                "kept": rows_fingerprint(bench.kept),
                "gold": self.gold.fingerprint,
                "opinions": {name: said.fingerprint for name, said in opinions.items()},
                "lacking": dict(brief.lacking),
                "most": most,
            },
            brief.wave,
        )
        rows_file, verdicts_file = step.folder / "kept.jsonl", step.folder / "verdicts.jsonl"
        if not step.done:
            self.say("curating", self.unit, brief.turn)
            rows, verdicts = judge(
                self.parts.checks, drafts, bench, lacking=brief.lacking or None, most=most
            )
            write_records(rows_file, rows)
            write_records(verdicts_file, verdicts)
            judged = rows_fingerprint(drafts)
            step.finish({"drafts": len(drafts), "kept": len(rows), "judged": judged})
        return read_records(rows_file, Example), read_records(verdicts_file, Verdict)

    def fit(self, turn: int, rows: Sequence[Example], dev: Sequence[Example]) -> Fitted:
        """Train a student on `rows`, resuming a training that was cut off."""
        step = self._step(
            turn,
            "fit",
            {
                "learner": self.parts.learner_id,
                "task": task_identity(self.gold.task),
                "rows": rows_fingerprint(rows),
                "dev": rows_fingerprint(dev),
                "seed": self.unit.student_seed,
            },
        )
        if not step.done:
            self.say("training", self.unit, turn)
            fitted = self.parts.learner.fit(
                rows, dev, seed=self.unit.student_seed, folder=step.folder
            )
            step.finish(encode(relative(fitted, self.run.folder)))
        return decode(Fitted, step.result)

    def student(self, fitted: Fitted, rule: str) -> Predictor:
        return self.parts.learner.load(self.run.folder / fitted.folders[rule])

    def review(
        self, turn: int, fitted: Fitted, kept: Sequence[Example], *, last: bool
    ) -> Feedback | None:
        """Let the critic look at the student, for the next turn's orders.

        After the last turn nothing is ordered: only errors in the pool are counted once more, so
        that the report can say what the last rows did to them.
        """
        critic = self.parts.critic
        if critic is None or (last and critic.reads != "pool"):
            return None
        rows: Sequence[Example] = () if critic.reads == "kept" else self.gold.pool
        if critic.reads == "unlabelled":
            rows = self.gold.sample_unlabelled(self.parts.candidates, self.unit.purchase_seed)
        step = self._step(
            turn,
            "review",
            {
                "critic": self.parts.critic_id,
                "student": fitted.folders[fitted.primary],
                "rows": rows_fingerprint(rows),
                "kept": rows_fingerprint(kept),
                "seed": self.unit.purchase_seed,
            },
        )
        if not step.done:
            self.say("reviewing", self.unit, turn)
            student = self.student(fitted, fitted.primary)
            feedback = critic.review(student, rows, kept, seed=self.unit.purchase_seed)
            step.finish(encode(feedback))
        return decode(Feedback, step.result)

    def predict(
        self, fitted: Fitted, rule: str, rows: Sequence[Example], *, rationale: bool
    ) -> list[Prediction]:
        """Let a finished student answer `rows`."""
        step = self.run.step(
            "predict",
            {
                "student": fitted.folders[rule],
                "rows": rows_fingerprint(rows),
                "rationale": rationale,
            },
        )
        answers = step.folder / "predictions.jsonl"
        if not step.done:
            self.say("predicting", self.unit, 0)
            student = self.student(fitted, rule)
            write_records(answers, answered(student, rows, explained=RATIONALES * rationale))
            step.finish({"rows": len(rows), "student": fitted.folders[rule]})
        return read_records(answers, Prediction)


def _rows_of(bought: Bought) -> list[Draft]:
    """Drafts that checks judge: all but materials."""
    return [draft for draft in bought.drafts if not isinstance(draft.content, Material)]
