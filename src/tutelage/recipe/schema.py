"""The run as data: what a recipe may say, checked whole before a cent is spent.

pydantic stands only here, at the edge. A part's own options are plain frozen dataclasses that
`plugins.py` knows by name, so that a recipe is checked without importing a room.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tutelage.recipe.data_schema import GoldSpec, SourceSpec, Spec, TaskSpec


class Caps(Spec):
    """Hard limits. None is no limit of that kind."""

    usd: float | None = Field(default=None, ge=0)
    """US dollars; needs a known price."""
    tokens: int | None = Field(default=None, ge=0)
    """Tokens of prompts and replies together."""
    requests: int | None = Field(default=None, ge=0)
    """Sendings as the server counts them: a retry is one more."""


class BudgetSpec(Caps):
    """Caps of the whole study, and further ones for each arm and each turn."""

    arm: Caps = Caps()
    """Caps of each arm, for each of its purchase seeds; they count what is charged."""
    turn: Caps = Caps()
    """Caps of each turn of an arm."""


class PriceSpec(Spec):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    """Of tokens that are sent."""
    output: float = Field(ge=0)
    """Of tokens that come back."""


class PartSpec(Spec):
    """A part by name with its options: `name`, or `{name: {option: value}}`."""

    name: str
    """Name of a built-in part or of a plug-in."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """Checked against the part's own options dataclass."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, Mapping) and len(value) == 1 and "name" not in value:
            name, options = next(iter(value.items()))
            return {"name": name, "options": options or {}}
        return value


def _split_options(value: Any, own: Mapping[str, Any]) -> Any:
    """Move the keys that are not `own` fields into `options`: in YAML both stand side by side."""
    if not isinstance(value, Mapping) or "options" in value:
        return value
    fields = {k: v for k, v in value.items() if k in own}
    return {**fields, "options": {k: v for k, v in value.items() if k not in own}}


class TeacherSpec(Spec):
    """The teacher, what it may cost, and where its replies are kept."""

    kind: str = "endpoint"
    """`endpoint` (every OpenAI-compatible server), `local` (a model in this process), `tuned` (one
    that learns from the gold train rows first), `recorded`, `corpus`, `scripted`, or a plug-in."""
    budget: BudgetSpec = BudgetSpec()
    """Hard caps of the study, of each arm and of each turn."""
    prices: PriceSpec | None = None
    """Overrides the built-in price table."""
    max_failed: str = "5%"
    """Stop when more requests than this fail: a share such as `5%`, or a count."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """The teacher's own options; in YAML they stand beside the keys above."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        return _split_options(value, cls.model_fields)

    @field_validator("max_failed", mode="before")
    @classmethod
    def _share_or_count(cls, value: Any) -> Any:
        text = str(value).strip()
        if not re.fullmatch(r"\d+|\d+(\.\d+)?%", text):
            raise ValueError("needs a share such as 5% or a count such as 20")
        return text


class StudentSpec(Spec):
    """The small model."""

    kind: str = "seq2seq"
    """`seq2seq`, `classifier`, `span_reader`, `generator`, `linear`, `embedding_head`, `setfit`,
    or a plug-in."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """The student's own options; in YAML they stand beside `kind`."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        return _split_options(value, cls.model_fields)


class ArmSpec(Spec):
    """One way of making training data; `{}` trains on gold alone."""

    synthesis: PartSpec | None = None
    """What is bought from the teacher."""
    teacher: str = ""
    """Which of the recipe's `teachers` is asked; its `teacher` where empty."""
    rows: SourceSpec | None = None
    """Rows that someone else made, to enter the same table."""
    gold: bool | Literal["last", "whole"] = True
    """Train on the gold train rows too. A bought row that has a gold row's id replaces it. `last`:
    only once the turns are over, so that errors among these rows can be looked for until then.
    `whole`: on all train rows, those too that `few` or `fraction` leave out: an upper bound."""
    objective: Any = None
    """Short for `student.objective` of this arm."""
    student: Mapping[str, Any] = Field(default_factory=dict)
    """Student options that differ in this arm. With a `kind` of its own it has only the options
    that stand here, and its scores tell of the student as much as of the rows: give it an arm to
    be compared with."""
    grid: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    """Student options with the values to try; the best on dev by the primary rule is the arm's."""
    checks: tuple[PartSpec, ...] | None = None
    """Checks that drafts must pass, in order; the recipe's `checks` where absent."""
    critic: PartSpec | None = None
    """What looks at the last student before the next turn's orders."""
    turns: int = Field(default=1, ge=1)
    """How often to order, train and look again."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many turns without a better dev score; None takes all turns."""
    candidates: int = Field(default=10_000, ge=1)
    """Unlabelled rows that the synthesizer may choose from, sampled by the purchase seed."""
    dev_rationales: int = Field(default=0, ge=0)
    """Buy rationales for so many dev rows too: what the student's own are measured against during
    training (BLEU). Test rows are never asked about."""

    @field_validator("grid", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: v if isinstance(v, (list, tuple)) else [v] for k, v in value.items()}
        return value


class RivalSpec(Spec):
    """Something to beat that is not an arm."""

    kind: Literal["majority", "guess", "copy", "nearest", "student", "teacher", "predictions"]
    """The commonest label, a blind guess (span_qa), the input itself or the target of the train row
    that is nearest to it (generation), a student on gold alone, the teacher itself, or answers from
    a file."""
    student: StudentSpec | None = None
    """A student trained on the gold train rows alone (kind `student`)."""
    teacher: str = ""
    """Which of the recipe's `teachers` is asked; its `teacher` where empty (kind `teacher`)."""
    shots: int = Field(default=0, ge=0)
    """Gold train rows shown in the prompt (kind `teacher`)."""
    template: str = ""
    """Prompt to ask by; that of plain annotation where empty (kind `teacher`)."""
    rows: int | None = Field(default=None, gt=0)
    """Ask the teacher about so many test rows only, at random (kind `teacher`)."""
    predictions: SourceSpec | None = None
    """Rows of id and label, and `score_<label>` where known, of id and answer (span_qa), or of id
    and target (generation) (kind `predictions`)."""


SHORT_RIVALS: Mapping[str, Mapping[str, Any]] = {
    "majority": {"kind": "majority"},
    "guess": {"kind": "guess"},
    "copy": {"kind": "copy"},
    "nearest": {"kind": "nearest"},
    "linear": {"kind": "student", "student": {"kind": "linear"}},
    "teacher_zero_shot": {"kind": "teacher"},
    "teacher_few_shot": {"kind": "teacher", "shots": 8},
}
"""Rivals that need no more than their name."""

UNLABELLED_RIVALS: Mapping[str, tuple[str, ...]] = {
    "span_qa": ("guess",),
    "generation": ("copy", "nearest"),
}
"""Rivals of kinds of task that have no labels, where a recipe names none."""


class MatchSpec(Spec):
    """What is held equal between arms."""

    by: Literal["usd", "calls", "rows", "steps"]
    """Money charged, requests, kept rows, or optimiser steps."""
    to: float | None = Field(default=None, gt=0)
    """How much for each arm; None: an equal share of the budget (usd, calls), or what the gold rows
    alone would take (steps). Rows need a number."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"by": value}
        if isinstance(value, Mapping) and len(value) == 1 and "by" not in value:
            by, to = next(iter(value.items()))
            return {"by": by, "to": to}
        return value


class SeedsSpec(Spec):
    """Named streams of chance. A number n stands for the list 1 to n."""

    student: tuple[int, ...] = (1, 2, 3)
    """Students of each arm: initialisation, order of rows, dropout."""
    purchase: tuple[int, ...] = (1,)
    """Independent purchases of each arm: another seed buys other replies."""
    gold: int = 0
    """Draw of the `gold.few` train rows; splits and folds follow `gold.carve.seed`."""

    @field_validator("student", "purchase", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return range(1, value + 1)
        return value

    @field_validator("student", "purchase")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or len(set(value)) != len(value) or min(value) < 0:
            raise ValueError("needs at least one seed, each of them once and none below 0")
        return value


class Recipe(Spec):
    """A whole study: task, gold, teacher, student, arms and what to compare."""

    name: str = "study"
    """Name of the run's folder."""
    about: str = ""
    """What the recipe does, in a sentence."""
    paper: str = ""
    """Where the method comes from, such as `arXiv 2409.12599`."""
    mode: Literal["sound", "as_published"] = "sound"
    """`as_published` keeps a paper's quirks so that its figures can be compared; the report says
    which mode ran. The quirks themselves are options, set and commented in the recipe."""
    dataset: str = ""
    """A public data set that Tutelage knows (`tutelage recipes --datasets`): fills in `task` and
    `gold` where the recipe says nothing else. `--set dataset=` takes it out of a recipe."""
    task: TaskSpec
    """What is to be learned; needed where there is no `dataset`."""
    gold: GoldSpec
    """Your own labelled rows, and texts without labels; needed where there is no `dataset`."""
    teacher: TeacherSpec | None = None
    """Who is asked, and what it may cost; none where no arm buys anything."""
    teachers: Mapping[str, TeacherSpec] = Field(default_factory=dict)
    """Further teachers by name, for arms and rivals that name one. The caps of `teacher.budget` are
    the whole study's; these have none of their own."""
    student: StudentSpec
    """The small model that every arm trains."""
    checks: tuple[PartSpec, ...] = (
        PartSpec(name="format"),
        PartSpec(name="refusal"),
        PartSpec(name="duplicate"),
        PartSpec(name="contamination"),
    )
    """What every draft must pass, in this order; `[]` for nothing."""
    arms: Mapping[str, ArmSpec]
    """Ways of making training data, by name."""
    rivals: Mapping[str, RivalSpec] = Field(
        default_factory=lambda: {"majority": RivalSpec(kind="majority")}
    )
    """What every arm has to beat, by name, or a list of short names; majority (span_qa: guess;
    generation: copy and nearest) where absent."""
    match: MatchSpec | None = None
    """What is held equal between arms; nothing where absent."""
    primary: str = ""
    """The one comparison the study is made for, named beforehand: `explain > label_only`."""
    metrics: tuple[PartSpec, ...] = ()
    """Further metrics, from plug-ins."""
    seeds: SeedsSpec = SeedsSpec()
    """How many students and purchases stand behind each figure."""

    @model_validator(mode="before")
    @classmethod
    def _rivals_without_labels(cls, value: Any) -> Any:
        """Questions, and inputs to be written about, have no commonest label to beat."""
        task = value.get("task") if isinstance(value, Mapping) else None
        kind = task.get("kind") if isinstance(task, Mapping) else task
        if isinstance(kind, str) and kind in UNLABELLED_RIVALS and "rivals" not in value:
            return {**value, "rivals": list(UNLABELLED_RIVALS[kind])}
        return value

    @field_validator("rivals", mode="before")
    @classmethod
    def _short_rivals(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            value = {str(name): {} for name in value}
        if not isinstance(value, Mapping):
            return value
        return {
            name: {**SHORT_RIVALS.get(name, {}), **(given or {})}
            if isinstance(given, Mapping) or given is None
            else given
            for name, given in value.items()
        }
