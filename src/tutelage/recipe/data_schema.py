"""What a recipe says of its task and its gold rows: the first part of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

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
    """What is answered: one label, several labels, the relation of a pair of texts, a question by a
    piece of its context (span_qa), or anything by a text to write (generation)."""
    name: str = ""
    """What the report calls the task."""
    fields: tuple[str, ...] = ()
    """Text fields in the order a student reads them; `text`, or `premise` and `hypothesis`, or
    `context` and `question`."""
    labels: Mapping[str, LabelSpec] = Field(default_factory=dict)
    """Label names with words and guidelines, or a plain list; empty: read from gold."""
    instruction: str = ""
    """What the task is, in a sentence or two for the teacher."""
    metric: str = ""
    """Metric on which arms are compared; accuracy, macro_f1 for multi-label, f1 for span_qa, chrf
    for generation."""

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("labels", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return {str(name): {} for name in value}
        if isinstance(value, Mapping):
            return {k: {"words": v} if isinstance(v, str) else v or {} for k, v in value.items()}
        return value


class SourceSpec(Spec):
    """Where rows come from: files here, a data set of the hub, or a built-in world."""

    path: str = ""
    """File or glob from the recipe's folder: csv, tsv, json, jsonl, parquet, xlsx; gz, zst. A path
    that begins with `tutelage:` is a file that comes with Tutelage."""
    hub: str = ""
    """Data set id as in `datasets.load_dataset(path)`; needs the extra `hub`."""
    name: str | None = None
    """Configuration of the hub data set."""
    split: str | None = None
    """Split of the hub data set, such as `train[:1%]`."""
    revision: str | None = None
    """Revision of the hub data set."""
    data_dir: str | None = None
    """Folder of the hub data set that holds the rows, as in `datasets.load_dataset`."""
    world: str = ""
    """Name of a built-in world."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """Columns of these rows that are called otherwise than `gold.columns` says, by field."""
    rows: int | None = Field(default=None, gt=0)
    """Read at most so many rows (a world: write so many)."""
    sheet: str | None = None
    """Sheet of an xlsx file."""
    delimiter: str | None = None
    """Separator of a csv file; found by looking where empty."""
    encoding: str | None = None
    """Encoding of a csv file; UTF-8 (with or without BOM), else cp1252, where empty."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_place(self) -> SourceSpec:
        if sum(map(bool, (self.path, self.hub, self.world))) != 1:
            raise ValueError("needs exactly one of path, hub and world")
        return self


class SplitSpec(Spec):
    """How missing roles are carved out of train: stratified by label, stable under reordering."""

    test: float = Field(default=0.2, ge=0, lt=1)
    """Share of the rows for test, where none is given."""
    dev: float = Field(default=0.1, ge=0, lt=1)
    """Share of the rows for dev, where none is given."""
    pool: float = Field(default=0.0, ge=0, lt=1)
    """Share of the rows for the error pool, where none is given."""
    seed: int = 0
    """Another seed, another split. Worlds follow it too."""
    by: str = ""
    """Field or column whose equal values must stay on one side, such as `premise`."""


GoldRole = Literal["train", "pool", "dev", "test"]


class GoldSpec(Spec):
    """The user's own labelled rows by role. A path alone stands for `{path: ...}`."""

    train: SourceSpec | None = None
    """Rows to train on, to show in prompts and to explain."""
    pool: SourceSpec | Literal["train"] | None = None
    """Rows in which errors are looked for; taken from train by `carve.pool` where absent. `train`:
    the train rows themselves, for arms that train on bought rows alone until the end."""
    dev: SourceSpec | None = None
    """Rows on which checkpoints and grid points are chosen."""
    test: SourceSpec | None = None
    """Rows for the last line: opened once, with `--final`."""
    unlabelled: SourceSpec | Literal["rest"] | None = None
    """Texts without labels, which a teacher may annotate; read lazily. `rest`: the train rows that
    `few` or `fraction` leave out, their labels hidden."""
    columns: Mapping[str, str | None] = Field(default_factory=dict)
    """Column by field: `{premise: sentence1, label: gold, id: uid}`. Same names where absent. Rows
    whose columns have other names say so beside their path:
    `unlabelled: {path: texts.csv, columns: {text: body}}`.
    Rationales are read where there is a column `rationale`; `{rationale: null}` leaves gold's
    unread. The answers of questions stand in `answers` as SQuAD has them, or in `answer` with
    `start`. Texts to write stand in `target`, or as a list in `references`; their inputs may be
    lists too."""
    tags: tuple[str, ...] = ()
    """Further columns to keep as slices of the report."""
    labels_separator: str = ","
    """Between the labels of one cell in a multi-label csv file."""
    label_names: Mapping[str, str] = Field(default_factory=dict)
    """Label by what stands for it in the data, such as `{0: entailment, 1: not_entailment}`."""
    carve: SplitSpec = SplitSpec()
    """How roles that are not given are taken from train."""
    few: int | None = Field(default=None, gt=0)
    """Use only so many train rows, stratified, drawn by the gold seed."""
    fraction: float | None = Field(default=None, gt=0, le=1)
    """Use only this share of the train rows, stratified, drawn by the gold seed: the axis of
    arXiv 2310.01119. Not with `few`."""
    cross_fit: Literal["auto", "off"] | Annotated[int, Field(ge=2, le=20)] = "auto"
    """Folds where no test is given: each train row is test exactly once, and each fold carves its
    dev from the rest. auto: 5 folds below 1,000 train rows, else one test is carved; off: one test
    in any case."""
    allow_overlap: bool | Literal["drop"] = False
    """Go on although rows of one role also stand in another; the report says how many. `drop`:
    train and pool rows whose text is in dev or test are left out, and dev rows whose text is in
    test. Unlabelled rows that stand there are left out either way, and refused without it."""
    expect: Mapping[GoldRole, str] = Field(default_factory=dict)
    """What a role must be, against swapped or changed files: the fingerprint (`split1-...`) that an
    earlier report shows, or a reference file that holds all rows of the role, joined on texts and
    on ids, such as `{dev: anli_r1_dev.jsonl, test: anli_r1_test.jsonl}`."""

    @field_validator("columns")
    @classmethod
    def _no_part_unread(cls, columns: Mapping[str, str | None]) -> Mapping[str, str | None]:
        unread = [part for part, column in columns.items() if column is None]
        if wrong := [part for part in unread if part != "rationale"]:
            raise ValueError(
                f"reads no column for {wrong[0]}: only rationale can be left unread; write a "
                f"column's name, or leave {wrong[0]} out for the column of the same name"
            )
        return columns

    @model_validator(mode="after")
    def _one_cut(self) -> GoldSpec:
        if self.few is not None and self.fraction is not None:
            raise ValueError("has both few and fraction: write one of them")
        if self.unlabelled == "rest" and self.few is None and self.fraction is None:
            raise ValueError(
                "takes the rest of train as unlabelled text, and nothing is left over: set few or "
                "fraction, such as `fraction: 0.05`"
            )
        return self
