"""Open the gold data of a recipe: read, split, check, seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tutelage.exceptions import DataError, UserError
from tutelage.gold.columns import Columns, columns_of
from tutelage.gold.data_faults import joined
from tutelage.gold.gold_facts import absent_labels, facts_of
from tutelage.gold.gold_rows import RowReader
from tutelage.gold.overlaps import HELD_OUT, Overlap, drop_held_out, find_overlaps, unexpected
from tutelage.gold.reduction import reduced, rest_table
from tutelage.gold.sealed import SealedIndex, SealedTest
from tutelage.gold.sources import Table, tables_of
from tutelage.gold.splits import carve, deal, draw
from tutelage.gold.tasks import UNLABELLED_KINDS, check_repeated, default_fields, make_task
from tutelage.gold.unlabelled import UnlabelledSample, UnlabelledSource
from tutelage.gold.written_targets import by_input
from tutelage.recipe import GoldSpec, SourceSpec, TaskSpec
from tutelage.records import Example, Task, content_hash

ROLES = ("train", "pool", "dev", "test")
SMALL = 1_000
FOLDS = 5
Roles = Mapping[str, Sequence[Example]]


@dataclass(frozen=True)
class Gold:
    """All that one fold of a study may know of the user's own rows."""

    task: Task
    train: tuple[Example, ...]
    pool: tuple[Example, ...]
    """Rows in which errors may be looked for; empty where the recipe asks for none."""
    dev: tuple[Example, ...]
    test: SealedTest
    sealed: SealedIndex
    """Recognises dev and test rows without showing them."""
    facts: Mapping[str, Any]
    """Sizes, label counts, overlaps, warnings and fingerprints, for the report."""
    fold: int = 0
    """Number of the fold; 0 where there is one test."""
    source: UnlabelledSource | None = None
    whole: tuple[Example, ...] = ()
    """All train rows, those too that `few` or `fraction` leave out: for an upper bound only."""
    samples: dict[tuple[int, int], UnlabelledSample] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Samples drawn so far by size and seed: all arms and student seeds of a purchase share one."""

    def unlabelled(self) -> Iterator[Example]:
        """Unlabelled rows, read anew and one at a time; those whose text is in dev or test are
        left out, or refused after the last one where `gold.allow_overlap` is not set."""
        return iter(()) if self.source is None else self.source.rows(self.sealed)

    def sample_unlabelled(self, count: int, seed: int) -> tuple[Example, ...]:
        """`count` different unlabelled texts, whatever the order of the source, in one pass."""
        return self.survey_unlabelled(count, seed).rows

    def survey_unlabelled(self, count: int, seed: int) -> UnlabelledSample:
        """The same sample with how many rows were seen, held out, or empty."""
        if self.source is None:
            return UnlabelledSample(())
        if (count, seed) not in self.samples:
            self.samples[count, seed] = self.source.sample(count, seed, self.sealed)
        return self.samples[count, seed]

    @cached_property
    def fingerprint(self) -> str:
        """Identity of all roles, and of the held-out rows that `sealed` knows."""
        return content_hash("gold1", [self.facts["used"], self.sealed.fingerprint])


def load_gold(
    gold: GoldSpec, task: TaskSpec, *, folder: Path, seed: int = 0, limit: int | None = None
) -> tuple[Gold, ...]:
    """Read and split the gold data of a recipe.

    Args:
        gold: Sources by role, and how to carve what is not given.
        task: What is to be learned; labels are read from train where it lists none.
        folder: Folder of the recipe: relative paths start there.
        seed: Gold seed: draws the `few` train rows or the `fraction` of them. Splits and worlds
            follow `gold.carve.seed`, so that studies over several gold seeds share one test.
        limit: Cut each role to so many rows, for a quick trial.

    Returns:
        One `Gold` for each fold; one in all where a test is given or carved.

    Raises:
        DataError: rows that cannot be read, stand on two sides, or are not what was expected.
        UserError: a task or a mapping of columns that cannot be; fewer train rows than labels.
    """
    _check_shares(gold)
    columns = columns_of(gold, default_fields(task), task.kind)
    noun, given, mended = _read_roles(gold, task, folder)
    splits = _splits(gold, given)
    _check_expected(gold, splits[0] if len(splits) == 1 else given, columns, folder)
    tables = _unlabelled(gold, folder)
    opening = _Opening(gold, noun, columns, seed, limit, tables, mended, len(splits))
    first, *others = [_fold(opening, roles, fold) for fold, roles in enumerate(splits)]
    absent = absent_labels([first.facts, *(fold.facts for fold in others)])
    facts = {**first.facts, "warnings": [*first.facts["warnings"], *absent]}
    return (replace(first, facts=facts), *others)


def load_rows(
    source: SourceSpec, gold: GoldSpec, task: Task, *, folder: Path, at: str = ""
) -> tuple[Example, ...]:
    """Labelled rows that an arm brings along, read by the columns of the recipe's gold.

    `at` is the key of the recipe that names them, for messages.

    Ids, rationales and tags are read where the rows have them, and not asked for: rationales also
    where gold's own are left unread, since bought rows bring theirs.

    Raises:
        DataError: rows that cannot be read.
    """
    columns = columns_of(gold, task.fields, task.kind, source=source, at=at or "rows")
    columns = replace(columns, needed=frozenset(), rationale=columns.rationale or "rationale")
    reader = RowReader(columns, gold.labels_separator)
    tables = tables_of(source, folder, role="train", seed=gold.carve.seed, at=at)
    rows = reader.raw(tables, answers=True, most=source.rows)
    return tuple(reader.examples(rows, task, role=""))


@dataclass(frozen=True)
class _Opening:
    """What all folds of one opening share."""

    gold: GoldSpec
    task: Task
    columns: Columns
    seed: int
    limit: int | None
    tables: Sequence[Table]
    """Unlabelled ones, from outside of train."""
    mended: Mapping[str, int]
    folds: int


def _fold(opening: _Opening, given: Roles, fold: int) -> Gold:
    gold, task = opening.gold, opening.task
    apart = drop_held_out(given) if gold.allow_overlap == "drop" else given
    overlaps = find_overlaps(apart)
    if not gold.allow_overlap:
        _refuse_leaks(overlaps)
    roles = apart
    if task.kind == "generation":
        roles = {**apart, **{role: by_input(apart[role]) for role in HELD_OUT}}
    dropped, merged = _fewer(given, apart), _fewer(apart, roles)
    cut = reduced(gold, task, roles["train"], seed=opening.seed)
    kept = {**roles, "train": cut.train}
    if gold.pool == "train":  # the same rows on purpose: no overlap of roles
        given, kept = {**given, "pool": given["train"]}, {**kept, "pool": cut.train}
    ready = {role: _ready(opening, role, rows) for role, rows in kept.items()}
    return Gold(
        task=task,
        train=ready["train"],
        pool=ready["pool"],
        dev=ready["dev"],
        test=SealedTest(ready["test"]),
        sealed=SealedIndex([*roles["dev"], *roles["test"]]),
        facts=facts_of(
            task,
            ready,
            whole=given,
            made={role: _made(gold, role, opening.folds) for role in ROLES if given[role]},
            overlaps=overlaps,
            fold=fold,
            folds=opening.folds,
            mended=opening.mended,
            dropped=dropped,
            merged=merged,
        ),
        fold=fold,
        source=_source(opening, cut.rest),
        whole=_ready(opening, "train", roles["train"]),
    )


def _fewer(before: Roles, after: Roles) -> dict[str, int]:
    """Rows that roles lost."""
    return {r: lost for r in after if (lost := len(before[r]) - len(after[r]))}


def _ready(opening: _Opening, role: str, rows: Sequence[Example]) -> tuple[Example, ...]:
    """Rows of a role as a fold hands them out, cut to `--limit`."""
    if opening.limit is not None:
        rows = draw(rows, opening.limit, seed=opening.gold.carve.seed, purpose="limit")
    return tuple(_as(role, row) for row in rows)


def _as(role: str, row: Example) -> Example:
    if row.origin.role == role:
        return row
    return replace(row, origin=replace(row.origin, role=role))


def _made(gold: GoldSpec, role: str, folds: int) -> str:
    if (given := getattr(gold, role)) is not None:
        return "the train rows" if given == "train" else "given"
    return f"each row once, in {folds} folds" if role == "test" and folds > 1 else "carved"


# --- reading --------------------------------------------------------------------------------------


def _read_roles(
    gold: GoldSpec, spec: TaskSpec, folder: Path
) -> tuple[Task, dict[str, list[Example]], dict[str, int]]:
    """The task, the rows of all roles that the recipe gives, and how many of them had an answer
    mended; faults of all roles at once."""
    if gold.train is None and gold.test is None:
        raise UserError(
            "The recipe names neither gold.train nor gold.test.",
            "Without gold rows nothing can be learned from them or measured on them.",
            "Write gold: {train: train.csv}.",
        )
    task = make_task(spec, _label_names(gold, spec, folder))
    given: dict[str, list[Example]] = {role: [] for role in ROLES}
    mended: dict[str, int] = {}
    errors: list[DataError] = []
    for role in ROLES:
        source: SourceSpec | str | None = getattr(gold, role)
        if not isinstance(source, SourceSpec):
            continue
        own = columns_of(gold, task.fields, task.kind, source=source, at=f"gold.{role}")
        reader = RowReader(own, gold.labels_separator)
        try:
            tables = _tables(gold, source, folder, role)
            rows = reader.raw(tables, answers=True, most=source.rows)
            given[role] = list(reader.examples(rows, task, role=role))
            mended[role] = reader.mended
        except DataError as e:
            errors.append(e)
    if errors:
        raise joined(errors)
    return task, given, mended


def _tables(gold: GoldSpec, source: SourceSpec, folder: Path, role: str) -> list[Table]:
    return tables_of(source, folder, role=role, seed=gold.carve.seed, at=f"gold.{role}")


def _label_names(gold: GoldSpec, spec: TaskSpec, folder: Path) -> set[str]:
    """Labels that stand in train, where neither the recipe nor the kind of task names them."""
    if spec.labels or spec.kind == "nli" or spec.kind in UNLABELLED_KINDS:
        return set()
    if gold.train is None:
        raise UserError(
            "The recipe lists no labels and gives no train rows to read them from.",
            do="List them: task: {labels: [...]}.",
        )
    columns = columns_of(gold, default_fields(spec), spec.kind, source=gold.train)
    reader = RowReader(columns, gold.labels_separator)
    tables = _tables(gold, gold.train, folder, "train")
    rows = reader.raw(tables, answers=True, most=gold.train.rows)
    counts = reader.label_names(rows, multi=spec.kind == "multi_label")
    if spec.kind != "multi_label":  # where one label of several may well be rare
        check_repeated(counts, columns.labels[0])
    return set(counts)


def _unlabelled(gold: GoldSpec, folder: Path) -> list[Table]:
    """The tables of unlabelled rows; none where they are the rest of train."""
    if not isinstance(gold.unlabelled, SourceSpec):
        return []
    return _tables(gold, gold.unlabelled, folder, "unlabelled")


def _source(opening: _Opening, rest: Sequence[Example]) -> UnlabelledSource | None:
    gold = opening.gold
    if gold.unlabelled is None:
        return None
    tables, most, columns = opening.tables, None, opening.columns
    if isinstance(gold.unlabelled, SourceSpec):
        most, task = gold.unlabelled.rows, opening.task
        columns = columns_of(
            gold, task.fields, task.kind, source=gold.unlabelled, at="gold.unlabelled"
        )
    else:
        tables = [rest_table(rest, opening.columns)]
    source = UnlabelledSource(columns, tuple(tables), most, opening.limit, bool(gold.allow_overlap))
    source.peek()
    return source


# --- splitting ------------------------------------------------------------------------------------


def _check_shares(gold: GoldSpec) -> None:
    c = gold.carve
    if c.test + c.dev + c.pool >= 1:
        raise UserError(
            f"gold.carve takes {c.test:g} for test, {c.dev:g} for dev and {c.pool:g} for pool.",
            "Nothing would be left to train on.",
            "Choose shares that sum to less than 1.",
        )
    if gold.test is not None and isinstance(gold.cross_fit, int):
        raise UserError(
            f"gold.cross_fit asks for {gold.cross_fit} folds, but gold.test is given.",
            "Folds make every train row test once; a given test makes them needless.",
            "Leave out one of the two.",
        )


def _splits(gold: GoldSpec, given: Roles) -> list[Roles]:
    """The rows of each fold by role."""
    c = gold.carve
    missing = {r: getattr(c, r) for r in ("test", "dev", "pool") if getattr(gold, r) is None}
    folds = _folds(gold, len(given["train"]))
    if folds == 0:
        return [{**given, **carve(given["train"], missing, seed=c.seed, by=c.by)}]
    dealt = deal(given["train"], folds, seed=c.seed, by=c.by)
    # The shares are of all rows; each fold carves them from what its test leaves.
    shares = {r: s * folds / (folds - 1) for r, s in missing.items() if r != "test"}
    splits: list[Roles] = []
    for k, test in enumerate(dealt):
        mine = {id(row) for row in test}
        rest = [row for row in given["train"] if id(row) not in mine]
        carved = carve(rest, shares, seed=c.seed, by=c.by, purpose=f"fold{k}")
        splits.append({**given, **carved, "test": test})
    return splits


def _folds(gold: GoldSpec, rows: int) -> int:
    """Number of folds; 0 for one test."""
    if gold.test is not None or gold.cross_fit == "off" or rows < 2:
        return 0
    if gold.cross_fit == "auto":
        return min(FOLDS, rows) if rows < SMALL and gold.carve.test > 0 else 0
    return min(gold.cross_fit, rows)


# --- refusing -------------------------------------------------------------------------------------


def _refuse_leaks(overlaps: Sequence[Overlap]) -> None:
    leaks = [str(overlap) for overlap in overlaps if overlap.leaks]
    if leaks:
        raise DataError(
            "Gold roles overlap: " + "; ".join(leaks) + ".",
            "A score on rows that were seen before says nothing about new ones.",
            "Remove the rows from one side, or have them left out of the one that is learned from "
            "with gold.allow_overlap: drop, or go on with gold.allow_overlap: true; the report "
            "then says how many there are.",
        )


def _check_expected(gold: GoldSpec, given: Roles, columns: Columns, folder: Path) -> None:
    expected: dict[str, str | Sequence[Example]] = {}
    for role, known in gold.expect.items():
        if known.startswith("split1-"):
            expected[role] = known
            continue
        reader = RowReader(columns, gold.labels_separator)
        place = f"gold.expect.{role}"
        tables = tables_of(SourceSpec(path=known), folder, role=role, at=place)
        expected[role] = list(reader.unlabelled(reader.raw(tables, answers=False)))
    if wrong := unexpected(expected, given):
        raise DataError(
            "Gold roles are not what gold.expect says: " + "; ".join(wrong) + ".",
            "Swapped or changed splits make scores that cannot be compared with earlier ones.",
            "Give each role its own file, or correct gold.expect.",
        )
