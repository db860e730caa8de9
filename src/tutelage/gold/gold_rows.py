"""From raw rows to examples: texts, answers, ids, tags, and every row that cannot be one, told."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson

from tutelage.exceptions import DataError
from tutelage.gold.answer_spans import WrongAnswer, read_spans
from tutelage.gold.columns import Columns
from tutelage.gold.data_faults import DataFaults, joined
from tutelage.gold.fingerprints import text_key
from tutelage.gold.readers.cells import NotText, RawRow, cell_text
from tutelage.gold.sources import Table
from tutelage.gold.tasks import some_labels
from tutelage.gold.written_targets import joined_text, read_targets
from tutelage.records import Example, Origin, Span, Task

UNLABELLED = Origin(role="unlabelled")


def content_id(example: Example) -> str:
    """Id of a row that has none of its own: it follows from what the row holds, not its place.

    >>> content_id(Example("", {"text": "Hello"}, label="en"))
    'r-774a8fdae0c5'
    """
    return f"r-{example.row_fingerprint().rpartition('-')[2][:12]}"


@dataclass
class RowReader:
    """Reads the rows of one role. Used for one pass."""

    columns: Columns
    separator: str = ","
    """Between the labels of one cell (multi-label)."""
    empty: int = 0
    """Unlabelled rows that were passed over because a text was empty."""
    mended: int = 0
    """Rows of which an answer did not stand at its offset, but once elsewhere in the context."""
    _ids: Counter[str] = field(default_factory=Counter)

    def raw(
        self, tables: Sequence[Table], *, answers: bool, most: int | None = None
    ) -> Iterator[tuple[RawRow, DataFaults]]:
        """Rows of all tables with the list on which their faults go.

        Args:
            tables: Tables of one source.
            answers: Whether rows must have an answer.
            most: Stop after so many rows.

        Raises:
            DataError: at the end, with all that was wrong; at once where nothing can be read.
        """
        errors: list[DataError] = []
        seen = 0
        for table in tables:
            faults = DataFaults(table.name)
            rows = table.read(faults)
            try:
                first = True
                for row in islice(rows, None if most is None else most - seen):
                    if first:
                        self.columns.check(row.cells, faults, answers=answers)
                        first = False
                    seen += 1
                    yield row, faults
                faults.settle()
            except DataError as e:
                errors.append(e)
        if errors:
            raise joined(errors)
        if not seen:
            names = ", ".join(table.name for table in tables[:3])
            raise DataError(
                f"{names}: there are no rows.",
                "The file is empty or holds only a header.",
                "Check the path, or leave the role out.",
            )

    def examples(
        self, rows: Iterator[tuple[RawRow, DataFaults]], task: Task, *, role: str
    ) -> Iterator[Example]:
        """Examples of a labelled role, each with an id of its own."""
        for row, faults in rows:
            fields = self._texts(row, faults)
            answer = self._known(row, fields, task, faults)
            if fields is None or answer is None:
                continue
            example = Example(
                id="",
                fields=fields,
                **answer,
                rationale=self._rationale(row.cells),
                origin=Origin(role=role),
                tags=self._tags(row.cells),
            )
            yield replace(example, id=self._id(row, example, faults))

    def unlabelled(self, rows: Iterator[tuple[RawRow, DataFaults]]) -> Iterator[Example]:
        """Examples without an answer, in constant memory: the same text has the same id."""
        for row, faults in rows:
            fields = self._texts(row, faults, allow_empty=True)
            if fields is None:
                continue
            name = _optional(row.cells.get(self.columns.id))
            yield Example(
                name or f"u-{text_key(fields).hex()[:12]}",
                fields,
                origin=UNLABELLED,
                tags=self._tags(row.cells),
            )

    def label_names(
        self, rows: Iterator[tuple[RawRow, DataFaults]], *, multi: bool
    ) -> Counter[str]:
        """Rows of each label that stands in `rows`, for a recipe that lists none."""
        found: Counter[str] = Counter()
        for row, faults in rows:
            column = self.columns.label(row.cells)
            if column is None:
                continue
            try:
                found.update(self._names(row.cells[column], multi=multi))
            except NotText as e:
                _tell_no_label(column, e, row.line, faults)
        return found

    def _texts(
        self, row: RawRow, faults: DataFaults, *, allow_empty: bool = False
    ) -> dict[str, str] | None:
        texts: dict[str, str] = {}
        for name, column in self.columns.fields.items():
            if column not in row.cells:
                has = ", ".join(islice(row.cells, 8))
                faults.add(
                    f"The row has no {column!r}; it has {has}.",
                    line=row.line,
                    why="All rows of a file need the same columns.",
                    do="Give the rows one set of columns, or split the file.",
                )
                return None
            try:
                text = (cell_text if self.columns.targets is None else joined_text)(
                    row.cells[column]
                )
            except NotText as e:
                faults.add(
                    f"{column!r} holds {e}, not a text.", line=row.line, do="Write one text a row."
                )
                return None
            if text is None or not text.strip():
                if allow_empty:
                    self.empty += 1
                else:
                    faults.add(
                        f"The text {column!r} is empty.",
                        line=row.line,
                        why="A row without its text teaches and tests nothing.",
                        do="Fill or delete the row.",
                    )
                return None
            texts[name] = text
        return texts

    def _known(
        self, row: RawRow, fields: Mapping[str, str] | None, task: Task, faults: DataFaults
    ) -> dict[str, Any] | None:
        """What the row says is right, as parts of an example; None where that cannot be read."""
        if task.kind == "span_qa":
            spans = None if fields is None else self._spans(row, fields[task.fields[0]], faults)
            return None if spans is None else {"spans": spans}
        if self.columns.targets is not None:
            return self._written(row, self.columns.targets, faults)
        names = self._answer(row, task, faults)
        if names is None:
            return None
        return {"labels": names} if task.kind == "multi_label" else {"label": names[0]}

    def _spans(self, row: RawRow, context: str, faults: DataFaults) -> tuple[Span, ...] | None:
        column = self.columns.label(row.cells)
        try:
            if column is None:
                missing = " or ".join(map(repr, self.columns.labels))
                raise WrongAnswer(f"The row has no {missing}.", "Leave it empty for `no answer`.")
            found = read_spans(row.cells[column], row.cells, self.columns.offsets, context)
        except WrongAnswer as e:
            faults.add(
                e.what,
                line=row.line,
                why="A span student is trained and scored on pieces of the context.",
                do=e.do,
            )
            return None
        self.mended += found.mended
        return found.spans

    def _written(
        self, row: RawRow, columns: tuple[str, str], faults: DataFaults
    ) -> dict[str, Any] | None:
        try:
            texts = read_targets(row.cells, *columns)
        except WrongAnswer as e:
            faults.add(
                e.what,
                line=row.line,
                why="A student learns to write targets, and is scored by them.",
                do=e.do,
            )
            return None
        return {"target": texts[0], "references": texts}

    def _answer(self, row: RawRow, task: Task, faults: DataFaults) -> tuple[str, ...] | None:
        column = self.columns.label(row.cells)
        multi = task.kind == "multi_label"
        try:
            names = () if column is None else self._names(row.cells[column], multi=multi)
        except NotText as e:
            _tell_no_label(str(column), e, row.line, faults)
            return None
        if not names and not (multi and column is not None):
            faults.add(
                f"The label {self.columns.labels[0]!r} is empty.",
                line=row.line,
                do="Label the row, or move it to gold.unlabelled.",
            )
            return None
        unknown = [name for name in names if name not in task.label_names]
        for name in unknown:
            _tell_unknown(name, task, row.line, faults)
        if unknown:
            return None
        return tuple(name for name in task.label_names if name in names) if multi else names

    def _names(self, cell: Any, *, multi: bool) -> tuple[str, ...]:
        """Labels of a cell. Several stand in a list, a JSON list, or between separators."""
        parts = [cell]
        if multi:
            items = _listed(cell)
            parts = (cell_text(cell) or "").split(self.separator) if items is None else items
        texts = [(cell_text(part) or "").strip() for part in parts]
        names = self.columns.label_names
        return tuple(dict.fromkeys(names.get(text, text) for text in texts if text))

    def _id(self, row: RawRow, example: Example, faults: DataFaults) -> str:
        own = _optional(row.cells.get(self.columns.id))
        name = own or content_id(example)
        self._ids[name] += 1
        if self._ids[name] == 1:
            return name
        if own:
            faults.add(
                f"The id {own!r} stands for more than one row.",
                line=row.line,
                why="Rows are followed by their ids.",
                do="Make the ids unique, or map id to another column.",
            )
        return f"{name}-{self._ids[name]}"

    def _rationale(self, cells: Mapping[str, Any]) -> str | None:
        column = self.columns.rationale
        return None if column is None else _optional(cells.get(column))

    def _tags(self, cells: Mapping[str, Any]) -> dict[str, str]:
        return {
            tag: _any_text(cells[column])
            for tag, column in self.columns.tags.items()
            if cells.get(column) is not None
        }


def _optional(value: Any) -> str | None:
    return _any_text(value).strip() or None


def _any_text(value: Any) -> str:
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return cell_text(value) or ""


def _listed(cell: Any) -> list[Any] | None:
    """The items of a list, or of a text that is a JSON list."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = orjson.loads(cell)
        except orjson.JSONDecodeError:
            return None
    return cell if isinstance(cell, list) else None


def _tell_no_label(column: str, found: NotText, line: int, faults: DataFaults) -> None:
    faults.add(
        f"{column!r} holds {found}, not a label.",
        line=line,
        do="Write one label a row, or set task.kind to multi_label.",
    )


def _tell_unknown(name: str, task: Task, line: int, faults: DataFaults) -> None:
    folded = {known.casefold(): known for known in task.label_names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    faults.add(
        f"Unknown label {some_labels([name])!r}."
        + (f" The nearest known one is {some_labels([folded[close[0]]])!r}." if close else ""),
        line=line,
        why=f"The task's labels are {some_labels(task.label_names)}.",
        do="Correct the rows, or list the label under task.labels.",
    )
