"""The verbs of Tutelage: what each part does, as Protocols. Built-in and third-party parts alike.

Nothing here is inherited from. A part is any object with these methods; `plugins.py` is the door
by which it gets a name. `docs/plugins.md` builds a synthesizer, a check and a learner step by step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from tutelage.records import (
    Brief,
    Draft,
    Example,
    Feedback,
    Fitted,
    Order,
    Prediction,
    Reply,
    Request,
    Task,
    Usage,
    Verdict,
)

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Desk(Protocol):
    """Where a session fetches the requests it may send and hands in what came of them.

    Each request that the desk gives out is reserved in the ledger at its worst case first. Several
    workers may iterate over one desk at the same time.
    """

    def __aiter__(self) -> AsyncIterator[Request]: ...

    async def __anext__(self) -> Request:
        """The next request to send now; stops when none is left or a cap is reached."""
        ...

    def deliver(self, reply: Reply) -> None:
        """Hand in a reply. It is recorded before anyone reads it."""
        ...

    async def again(self, request: Request, why: str, *, maybe_paid: bool) -> bool:
        """Ask to send `request` once more, its last sending having brought no reply.

        Args:
            request: What was sent.
            why: What happened, such as `429` or `timeout`; shown by `tutelage status`.
            maybe_paid: Whether the teacher may charge for the sending that brought nothing (a
                time-out does, a refusal by status code does not).

        Returns:
            False where a cap forbids it: the request is then given up.
        """
        ...

    def fail(self, request: Request, why: str, *, maybe_paid: bool) -> None:
        """Give `request` up. It is counted against `max_failed` and asked again by the next run.

        Where more failed than the recipe allows, nothing new is handed out; what is in flight is
        still taken in, since it is paid for.
        """
        ...


class Session(Protocol):
    """An open teacher."""

    name: str
    """Provider and model, such as `api.openai.com/gpt-4o-mini`; part of a request's identity."""

    def resolve(self, request: Request) -> Request:
        """`request` with the model and all sampling choices filled in: exactly what is sent."""
        ...

    def bound(self, request: Request) -> Usage:
        """The most tokens that one sending of `request` can use.

        `nanousd` 0 leaves the price to the recipe and the price list.
        """
        ...

    async def answer(self, desk: Desk) -> None:
        """Fetch requests from `desk` until it has no more, and hand in replies in any order."""
        ...


@runtime_checkable
class Informed(Session, Protocol):
    """A session that knows its model: how large it is, how it was tuned, and what that took."""

    def facts(self) -> Mapping[str, Any]:
        """Parameters, tuning and pre-training facts as JSON; empty until the model was needed."""
        ...


@runtime_checkable
class Housed(Session, Protocol):
    """A session whose replies are made in this process, or read here: what died unanswered with the
    process is on nobody's bill, and is not presumed paid."""

    answers_here: bool
    """True."""


@runtime_checkable
class Learning(Session, Protocol):
    """A session whose model learns before it answers, which may take long."""

    def learning(self) -> Mapping[str, Any]:
        """How far it has come, for whoever waits: `phase`, `purchase`, and once it takes steps
        `step`, `steps`, `loss` and `dev` as far as they are known. Empty while it does not learn.
        Asked from another thread."""
        ...


class Teacher(Protocol):
    def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example], folder: Path
    ) -> AbstractAsyncContextManager[Session]:
        """Connect, load, or tune.

        A teacher that loads or tunes a model does so when the first request is handed out, so that
        a plan and the replay of a finished run cost nothing.

        Args:
            gold: The train rows.
            dev: For early stopping and calibration alone.
            folder: Where the teacher keeps what it makes, such as an adapter: the next opening
                finds it there, also one that goes on after a kill.
        """
        ...


class Synthesizer(Protocol):
    """Turns a brief into orders, orders into requests, and replies into drafts.

    Requests run level by level: `step` is called with no replies first, then with the replies to
    what it asked for, until it returns drafts.
    """

    stages: tuple[str, ...]
    """Names of a turn's stages. What one drafts as Material, the next one's brief holds."""
    waves: int
    """Most purchases in one turn: a method with a quota orders again for rows that checks refused.
    1 for methods whose orders alone decide how many rows come."""

    def quota(self, brief: Brief) -> Mapping[str, int]:
        """Rows to keep of each label in this turn (label `` for rows of any other, or of none).

        Exactly so many are kept: what lacks is ordered again, wave by wave, and what is too much
        is dropped with a verdict. Empty: no quota, and every row that passes the checks is kept.
        """
        ...

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]: ...

    def step(
        self, order: Order, replies: Sequence[Reply]
    ) -> Sequence[Request] | Sequence[Draft]: ...


@runtime_checkable
class Calibrating(Synthesizer, Protocol):
    """A synthesizer that chooses a threshold on dev: its briefs hold dev rows."""

    @property
    def calibration(self) -> int:
        """Most dev rows that it wants in its brief; 0 for none."""
        ...


@runtime_checkable
class Predictor(Protocol):
    """Answers rows: a student, an ensemble, a teacher as annotator, a rival."""

    def predict(
        self, examples: Sequence[Example], *, rationale: bool = False
    ) -> list[Prediction]: ...


@runtime_checkable
class Influential(Predictor, Protocol):
    """A student with gradients: it can say which training rows would have helped it."""

    def influences(
        self, rows: Sequence[Example], validation: Sequence[Example], *, loss: Literal["rce", "ce"]
    ) -> list[float]:
        """What weighting each of `rows` up would do to the mean loss on `validation`.

        Influence functions (Koh and Liang 2017) with the sign of ProGen (arXiv 2210.12329): below
        0 is helpful, since the loss would fall. `rce` is the reverse cross-entropy, which wrong
        labels in `validation` disturb less than `ce`.
        """
        ...


class Bench(Protocol):
    """What checks may use to judge drafts."""

    task: Task
    kept: Sequence[Example]
    """Rows kept so far by this arm."""
    gold: Sequence[Example]
    """Train and pool rows: a draft may not copy them."""
    sealed: SealedFingerprints
    """Knows dev and test rows by fingerprint only."""
    predictors: Mapping[str, Predictor]
    reviews: Mapping[str, Verdict]
    """Verdicts that people recorded, by row fingerprint."""
    lacking: Mapping[str, int]
    """Rows of each label that the turn's quota still lacks; empty where there is none. What is
    kept beyond that is dropped after all checks, the later drafts first."""


class SealedFingerprints(Protocol):
    """Recognises held-out rows without ever showing one."""

    def has_text(self, example: Example) -> bool: ...

    def overlap(self, text: str) -> float:
        """Largest share of `text`'s word 8-grams (hashed) that one held-out row holds, 0 to 1."""
        ...


class Check(Protocol):
    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        """One verdict for each draft, in their order."""
        ...


@runtime_checkable
class Inquiring(Check, Protocol):
    """A check that wants to hear the teacher on each draft before it judges.

    The loop buys the answers on the arm's account, and puts them on the bench as a predictor.
    """

    @property
    def asks(self) -> str:
        """Name under which the bench then has the answers; empty where nothing is to be asked."""
        ...

    def shots(self, train: Sequence[Example], seed: int) -> Sequence[Example]:
        """Gold train rows that its questions show."""
        ...

    def questions(self, row: Example, shots: Sequence[Example]) -> Sequence[Request]:
        """What to ask about `row`."""
        ...

    def heard(self, row: Example, replies: Sequence[Reply]) -> Prediction:
        """What the replies say of `row`: all of them came, in the order of the questions."""
        ...


class Learner(Protocol):
    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows`, choose checkpoints on `dev`, and save all that `load` needs in `folder`.

        Raises:
            TrainingError: a loss that is not a number, labels that cannot be told apart.
        """
        ...

    def load(self, folder: Path) -> Predictor:
        """The student that `fit` saved, from one of `Fitted.folders`."""
        ...


class Critic(Protocol):
    needs: str
    """Capability that the student must have: ``, `scores`, `gradients`."""
    reads: Literal["pool", "unlabelled", "kept"]
    """Which rows it is shown: the labelled error pool, the candidates for annotation, or the rows
    kept so far alone (no gold)."""

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback: ...


class Metric(Protocol):
    """Scores predictions against gold over the whole set."""

    name: str

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        """Value by name; `predictions` are in the order of `gold`."""
        ...


class Executor(Protocol):
    """Does a piece of work for many units: in this process, or on many machines."""

    async def map(
        self, work: Callable[[Unit], Awaitable[Result]], units: Sequence[Unit]
    ) -> list[Result]:
        """Results in the order of `units`. A unit is plain data, so that it can travel."""
        ...
