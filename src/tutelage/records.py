"""The nouns of Tutelage. Frozen: what one stage hands to the next is never changed in place.

Read this file first, then `contracts.py` (the verbs) and `loop.py` (the sentence).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import orjson

TaskKind = Literal["classification", "multi_label", "nli", "span_qa", "generation"]
Decision = Literal["kept", "dropped", "mended"]


def content_hash(tag: str, content: Any) -> str:
    """Name `content` by what it holds: `tag` and 128 bits of BLAKE2b over canonical JSON.

    The tag keeps kinds apart and carries the version of the scheme, so that a change of what is
    hashed can never be mistaken for the same identity.

    >>> content_hash("x1", {"b": 1, "a": 2}) == content_hash("x1", {"a": 2, "b": 1})
    True
    """
    body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return f"{tag}-{hashlib.blake2b(body, digest_size=16, person=tag.encode()).hexdigest()}"


# --- what is to be learned ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """One class of a task."""

    name: str
    """As it stands in the data. Always a string: `no`, `on` and `01` are labels, not values."""
    words: str = ""
    """How the label is said in prompts and student targets; the name where empty."""
    guideline: str = ""
    """When the label applies, in a sentence for the teacher."""

    @property
    def said(self) -> str:
        return self.words or self.name


@dataclass(frozen=True)
class Task:
    """What is to be learned."""

    name: str
    kind: TaskKind
    fields: tuple[str, ...]
    """Names of the text fields in the order in which a student reads them."""
    labels: tuple[Label, ...] = ()
    """Empty for generation and span QA."""
    instruction: str = ""
    """What the task is, in a sentence or two for the teacher."""
    metric: str = "accuracy"
    """Name of the metric on which arms are compared."""

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def label(self, name: str) -> Label:
        """The label called `name`. Raises KeyError for a name that the task does not have."""
        for label in self.labels:
            if label.name == name:
                return label
        raise KeyError(name)


# --- rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from: a gold role, or an arm's turn, order and replies."""

    role: str = ""
    """`train`, `pool`, `dev`, `test` or `unlabelled`; empty for rows that a teacher made."""
    arm: str = ""
    turn: int = 0
    order: int = 0
    requests: tuple[str, ...] = ()
    """Hashes of the requests whose replies made the row."""
    source: str = ""
    """Id of the row that this one annotates, explains or varies."""


@dataclass(frozen=True, slots=True)
class Span:
    """An answer inside a context: characters `start` (inclusive) to `end` (exclusive); both -1
    where only the text is known."""

    text: str
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its texts and what is known of its answer."""

    id: str
    fields: Mapping[str, str]
    """Text by field name."""
    label: str | None = None
    """Name of the label (single label, NLI)."""
    labels: tuple[str, ...] | None = None
    """Names of all labels that apply (multi-label); an empty tuple means none applies."""
    target: str | None = None
    """Text to write (generation)."""
    references: tuple[str, ...] = ()
    """All acceptable targets (generation)."""
    spans: tuple[Span, ...] | None = None
    """Acceptable answers (span QA); an empty tuple means the question has none."""
    rationale: str | None = None
    """The teacher's reasons or summary: an auxiliary training target, never an input at test."""
    scores: Mapping[str, float] | None = None
    """Soft label: probability by label name."""
    weight: float = 1.0
    origin: Origin = Origin()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Further columns that describe the row, such as a phenomenon: slices of the report."""

    @property
    def answer(self) -> str | tuple[str, ...] | None:
        """What the row says is right, whatever the kind of task."""
        if self.labels is not None:
            return self.labels
        if self.label is not None:
            return self.label
        if self.spans is not None:
            return tuple(span.text for span in self.spans)
        return self.target

    def text_fingerprint(self) -> str:
        """Identity of the row's texts, white space folded: equal where the texts are the same."""
        return content_hash("text1", {k: " ".join(v.split()) for k, v in self.fields.items()})

    def row_fingerprint(self) -> str:
        """Identity of texts and answer together."""
        return content_hash("row1", [self.text_fingerprint(), self.answer])


# --- asking a teacher -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a method may see: the gold rows its roles allow, and what happened so far."""

    task: Task
    arm: str
    train: tuple[Example, ...] = ()
    """Gold rows that may stand in prompts and be explained."""
    unlabelled: tuple[Example, ...] = ()
    """Candidates for annotation, already sampled from what may be millions of rows."""
    kept: tuple[Example, ...] = ()
    feedback: Feedback | None = None
    materials: tuple[Material, ...] = ()
    """What earlier stages of this turn brought."""
    turn: int = 0
    since: int = 0
    """The first turn of the method at work: an arm may have given earlier ones to others."""
    wave: int = 0
    """Purchases made in this turn before: a turn orders again for rows that checks refused."""
    placed: int = 0
    """Orders placed in this turn before, by earlier waves and stages: numbers go on from here."""
    accepted: tuple[Example, ...] = ()
    """Rows kept of this turn's earlier waves."""
    dev: tuple[Example, ...] = ()
    """Dev rows, for methods that say they calibrate on them; none for all others."""
    lacking: Mapping[str, int] = field(default_factory=dict)
    """Rows of each label still wanted in this turn, for methods with a quota; label `` for tasks
    without labels."""
    seed: int = 0
    """Purchase seed: the stream from which a method draws its own random choices."""

    @property
    def own_turn(self) -> int:
        """Which of its own turns the method is in, from 0."""
        return self.turn - self.since


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to ask for."""

    number: int
    """Position among the orders of its turn. Drafts are judged in this order."""
    kind: str
    """What kind of text is wanted, such as `rationale`, `annotation` or `text`."""
    label: str | None = None
    source: Example | None = None
    """The row to explain, to annotate or to vary, or whose first field another text is for; its
    origin says for which arm and turn, and it has no id where there is no such row."""
    shots: tuple[Example, ...] = ()
    """Examples to show."""
    materials: tuple[str, ...] = ()
    """Texts of earlier stages to use."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What the text must be like: a value by dimension."""
    count: int = 1
    """Texts wanted in one reply."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What a request asks for, as data: for teachers that are no language models and cannot be
    relied on to read prompts (corpus, scripted). It says nothing that the prompt does not say."""

    kind: Literal["text", "variation", "reasons", "attributes", "answer"]
    label: str | None = None
    """Name of the label that the wanted text must have."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Texts by field: of the row to vary or to answer, or fields that stand already, such as a
    premise."""
    wanted: tuple[str, ...] = ()
    """Fields to write."""
    count: int = 1
    """Texts wanted in one completion."""
    shots: int = 0
    """Gold rows shown."""
    lines: bool = False
    """Whether a row is wanted as lines `Heading: text`, and not as a bare text or JSON. `wanted`
    then also has `Label` or `Target` where the answer is to be written with the row."""


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn. None leaves the choice to the teacher's own options."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    """Number of completions in one reply."""
    logprobs: int | None = None
    """Alternatives to report for each token; None for none."""
    seed: int | None = None
    """Sent as it is. None lets the teacher derive one from the request's identity."""


@dataclass(frozen=True, slots=True)
class Steering:
    """How a teacher must bend its own probabilities of the next token; only local ones can."""

    against: tuple[tuple[Message, ...], ...] = ()
    """Self-debiasing (arXiv 2103.00453, used by ZeroGen): prompts for the other labels. A token
    that they make likelier than the prompt does is scaled down."""
    decay: float = 200.0
    """Lambda: the factor is exp(decay * min(0, p(token | prompt) - max p(token | against)))."""
    least: float = 0.01
    """Epsilon: the factor is never below it."""
    source: str = ""
    """Text whose tokens are rewarded (SuperGen, arXiv 2202.04538: the first sentence of a pair)."""
    reward: float = 1.0
    """Temperature factor of tokens of `source` that are not written yet; below 1 rewards them."""
    penalty: float = 1.0
    """Temperature factor of tokens written already; above 1 repeats them less."""


@dataclass(frozen=True)
class Request:
    """Exactly what is sent. Its hash is its identity: the same request is never bought twice.

    A synthesizer leaves `model` empty and `draw` at 0; the loop numbers the draws and the session
    fills in the model and the sampling that the recipe leaves open, before anything is hashed.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    """JSON schema that the reply must follow, for endpoints that can do that."""
    shared: bool = False
    """True for a prompt that several orders share on purpose (5W): all of them use draw 0."""
    model: str = ""
    """Provider and model, such as `api.openai.com/gpt-4o-mini`."""
    purchase: int = 0
    """Purchase seed: another seed buys another, independent set of replies."""
    draw: int = 0
    """The k-th sample of the same prompt within one purchase seed, counted from 0."""
    steering: Steering | None = None
    """How decoding is bent, for local teachers; None for plain sampling."""
    gist: Gist | None = field(default=None, compare=False)
    """What the messages ask for, as data. Never sent, and no part of the identity."""

    @cached_property
    def prompt_hash(self) -> str:
        """Identity of what is asked, without purchase and draw: draws are counted by it."""
        return content_hash("prompt1", self._asked())

    @cached_property
    def hash(self) -> str:
        """Identity of the purchase. `docs/identity.md` lists what is in it and what is not."""
        return content_hash("request1", [self._asked(), self.purchase, self.draw])

    def _asked(self) -> dict[str, Any]:
        s = self.sampling
        steered = {} if self.steering is None else {"steering": asdict(self.steering)}
        return {
            **steered,
            "model": self.model,
            "messages": [[m.role, m.content] for m in self.messages],
            "temperature": None if s.temperature is None else float(s.temperature),
            "top_p": None if s.top_p is None else float(s.top_p),
            "max_tokens": s.max_tokens,
            "stop": list(s.stop),
            "n": s.n,
            "logprobs": s.logprobs,
            "seed": s.seed,
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One token of a completion with its log-probability and, where given, its rivals."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)
    """Log-probability of the likeliest tokens at this place."""


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    finish: str = "stop"
    """`stop`, `length`, `content_filter`, or what the endpoint said."""
    tokens: tuple[TokenScore, ...] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What something costs. Money is in nano-dollars (1e-9 USD), whole, so that sums are exact."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    nanousd: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def usd(self) -> float:
        return self.nanousd / 1e9

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.nanousd + other.nanousd,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request."""

    request: str
    """Hash of the request."""
    completions: tuple[Completion, ...]
    usage: Usage = Usage(requests=1)
    served_by: str = ""
    """The model's name as the endpoint gave it."""
    seconds: float = 0.0
    """From sending to the last byte."""
    estimated: bool = False
    """True where the endpoint did not say what it used, and its bound was counted instead."""

    @property
    def text(self) -> str:
        """The first completion."""
        return self.completions[0].text if self.completions else ""


# --- what was read out of replies -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Material:
    """Something for later orders rather than for training: a topic, a reason, a context."""

    kind: str
    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing could be read out of a reply."""

    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What was read out of the replies to one order: a row, a material, or a refusal."""

    number: int
    """Position among the drafts of a turn, in order number whatever the order of arrival."""
    order: int
    content: Example | Material | Refusal
    raw: str = ""
    """The completion it was read from, before cleaning."""
    score: float | None = None
    """The teacher's mean log-probability of the completion's tokens, where the reply carries it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a draft. No paid row disappears without one."""

    draft: int
    decision: Decision
    check: str
    """Name of the check or the person who decided."""
    reason: str = ""
    replacement: Example | None = None
    """The row that takes its place (decision `mended`)."""


# --- what was learned -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prediction:
    """A student's, teacher's or rival's answer to one row."""

    id: str
    label: str | None = None
    """None where the answer could not be read: it counts as wrong and stays in the denominator."""
    labels: tuple[str, ...] | None = None
    scores: Mapping[str, float] | None = None
    """Probability by label name."""
    text: str | None = None
    """What was generated, as it came."""
    rationale: str | None = None
    spans: tuple[Span, ...] | None = None
    """The answer (span QA); an empty tuple says that the question has none."""
    target: str | None = None
    """What was written for the row (generation)."""

    @property
    def answer(self) -> str | tuple[str, ...] | None:
        """What is said to be right, in the form of `Example.answer`; None where unreadable."""
        if self.labels is not None:
            return self.labels
        if self.spans is not None:
            return tuple(span.text for span in self.spans)
        return self.target if self.label is None else self.label


@dataclass(frozen=True, slots=True)
class Moment:
    """One evaluation during training."""

    step: int
    epoch: float
    train_loss: float | None = None
    """Mean since the last evaluation."""
    dev: Mapping[str, float] = field(default_factory=dict)
    """Measures on dev by name, such as `loss`, `accuracy`, `rationale_bleu`."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A student under each checkpoint rule."""

    folders: Mapping[str, str]
    """Folder of the saved student by checkpoint rule (`dev_loss`, `dev_accuracy`, `last`; span QA
    has `dev_f1` for the second, generation `dev_chrf`)."""
    primary: str
    """The rule that the recipe named before training."""
    history: tuple[Moment, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Parameters, steps, tokens, share of rows cut and the like; no clock times."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighted:
    """A row that the next orders should heed."""

    example: Example
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the last student teaches the next orders."""

    rows: tuple[Weighted, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    """What the critic measured, such as the error rate in the pool."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One student's, teacher's or rival's answers to one set of rows, with what it takes to score
    and compare them."""

    arm: str
    rule: str
    """Checkpoint rule; empty for rivals without one."""
    grid: str
    """Point of the arm's grid; empty where there is none."""
    student_seed: int
    purchase_seed: int
    split: str
    """`dev` or `test`."""
    scores: Mapping[str, float]
    """Value by metric name."""
    predictions: tuple[Prediction, ...]
    charged: Usage = Usage()
    """What the arm's replies cost as if it had bought them alone."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Row counts, training facts, gold rows used."""
