"""The run as data: what a recipe may say, checked whole before a cent is spent.

pydantic stands only here, at the edge. A part's own options are plain frozen dataclasses that
`plugins.py` knows by name, so that a recipe is checked without importing a room.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tutelage.records import TaskKind


class Spec(BaseModel):
    """Base of all parts of a recipe: frozen, and no unknown key passes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LabelSpec(Spec):
    words: str = ""
    """How the label is said in prompts and student targets; its name where empty."""
    guideline: str = ""
    """When the label applies, in a sentence for the teacher."""


class TaskSpec(Spec):
    """What is to be learned. `task: nli` is short for the three-label pair task."""

    kind: TaskKind = "classification"
    name: str = ""
    fields: tuple[str, ...] = ()
    """Text fields in the order a student reads them; `text`, or `premise` and `hypothesis`."""
    labels: Mapping[str, LabelSpec] = Field(default_factory=dict)
    """Label names with words and guidelines; a plain list of names will do. Empty: read from gold."""
    instruction: str = ""
    """What the task is, in a sentence or two for the teacher."""
    metric: str = ""
    """Metric on which arms are compared; accuracy, or macro_f1 for multi-label."""


class SourceSpec(Spec):
    """Where rows come from: files here, a data set of the hub, or a built-in world."""

    path: str = ""
    """File or glob, relative to the recipe: csv, tsv, json, jsonl (plain, gz, zst), parquet, xlsx."""
    hub: str = ""
    """Data set id as in `datasets.load_dataset(path)`; needs the extra `hub`."""
    name: str | None = None
    """Configuration of the hub data set."""
    split: str | None = None
    """Split of the hub data set, such as `train[:1%]`."""
    revision: str | None = None
    """Revision of the hub data set."""
    world: str = ""
    """Name of a built-in world."""
    rows: int | None = Field(default=None, gt=0)
    """Read at most so many rows (a world: write so many)."""
    sheet: str | None = None
    """Sheet of an xlsx file."""
    delimiter: str | None = None
    """Separator of a csv file; found by looking where empty."""
    encoding: str | None = None
    """Encoding of a csv file; UTF-8 (with or without BOM), else cp1252, where empty."""

    @model_validator(mode="after")
    def _one_place(self) -> SourceSpec:
        if sum(map(bool, (self.path, self.hub, self.world))) != 1:
            raise ValueError("needs exactly one of path, hub and world")
        return self


class SplitSpec(Spec):
    """How missing roles are carved out of train: stratified by label, stable under reordering."""

    test: float = Field(default=0.2, ge=0, lt=1)
    dev: float = Field(default=0.1, ge=0, lt=1)
    pool: float = Field(default=0.0, ge=0, lt=1)
    seed: int = 0
    by: str = ""
    """Field or column whose equal values must stay on one side, such as `premise`."""


class GoldSpec(Spec):
    """The user's own labelled rows by role. A path alone stands for `{path: ...}`."""

    train: SourceSpec | None = None
    pool: SourceSpec | None = None
    """Rows in which errors are looked for; taken from train by `carve.pool` where absent."""
    dev: SourceSpec | None = None
    test: SourceSpec | None = None
    unlabelled: SourceSpec | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)
    """Column by field: `{premise: sentence1, label: gold, id: uid}`. Same names where absent."""
    tags: tuple[str, ...] = ()
    """Further columns to keep as slices of the report."""
    labels_separator: str = ","
    """Between the labels of one cell in a multi-label csv file."""
    carve: SplitSpec = SplitSpec()
    few: int | None = Field(default=None, gt=0)
    """Use only so many train rows, stratified, drawn by the gold seed."""
    cross_fit: Literal["auto", "off"] | Annotated[int, Field(ge=2, le=20)] = "auto"
    """Folds for error finding and noise checks; auto: 5 below 1,000 train rows, else off."""
    allow_overlap: bool = False
    """Go on although rows of one role also stand in another; the report says how many."""


class Caps(Spec):
    """Hard limits. None is no limit of that kind."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    requests: int | None = Field(default=None, ge=0)


class BudgetSpec(Caps):
    """Caps of the whole study, and further ones for each arm and each turn."""

    arm: Caps = Caps()
    turn: Caps = Caps()


class PriceSpec(Spec):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


def options_of(value: Any) -> tuple[str, Mapping[str, Any]]:
    """Read a part's name and options from `name` or `{name: {option: value}}`."""
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and len(value) == 1:
        name, options = next(iter(value.items()))
        return str(name), options or {}
    raise ValueError("needs a name, or one name with its options: {name: {option: value}}")
