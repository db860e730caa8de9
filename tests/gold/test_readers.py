"""All kinds of files: the same rows, whatever they came in; and what is told of bad ones."""

from __future__ import annotations

import builtins
import gzip
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.exceptions import DataError
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import NotText, RawRow, cell_text
from tutelage.gold.readers.delimited import SEPARATORS
from tutelage.gold.sources import tables_of
from tutelage.recipe import SourceSpec

ROWS = [{"text": "one, two", "label": "a"}, {"text": 'say "x"\nagain; é', "label": "01"}]


def read(folder: Path, path: str, **options: Any) -> list[RawRow]:
    found: list[RawRow] = []
    for table in tables_of(SourceSpec(path=path, **options), folder, role="train"):
        faults = DataFaults(table.name)
        found += table.read(faults)
        faults.settle()
    return found


def cells(rows: list[RawRow]) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in rows]


def delimited(separator: str = ",") -> str:
    quoted = [[row["text"].replace('"', '""'), row["label"]] for row in ROWS]
    return f"text{separator}label\n" + "".join(f'"{t}"{separator}"{k}"\n' for t, k in quoted)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_of_any_separator_and_encoding(
    write: Any, tmp_path: Path, separator: str, encoding: str
) -> None:
    write("rows.csv", delimited(separator).encode(encoding))
    assert cells(read(tmp_path, "rows.csv")) == ROWS


def test_lines_are_those_of_the_file(write: Any, tmp_path: Path) -> None:
    write("rows.csv", delimited() + "\nlast,b\n")
    assert [row.line for row in read(tmp_path, "rows.csv")] == [2, 3, 6]


def test_carriage_returns_and_long_cells(write: Any, tmp_path: Path) -> None:
    long = "x" * 300_000
    write("rows.csv", f"text,label\r\n{long},a\r\n")
    assert cells(read(tmp_path, "rows.csv")) == [{"text": long, "label": "a"}]


def test_a_file_of_one_column_is_never_split(write: Any, tmp_path: Path) -> None:
    write("rows.csv", "text\nwell, then\nso; what\n")
    assert [c["text"] for c in cells(read(tmp_path, "rows.csv"))] == ["well, then", "so; what"]


def test_bare_quotation_marks_in_a_tsv_are_letters(write: Any, tmp_path: Path) -> None:
    write("rows.tsv", 'text\tlabel\n"Open and\ta\nnever" closed\tb\n"whole"\ta\n')
    texts = [c["text"] for c in cells(read(tmp_path, "rows.tsv"))]
    assert texts == ['"Open and', 'never" closed', '"whole"']


def test_delimiter_and_encoding_can_be_given(write: Any, tmp_path: Path) -> None:
    write("rows.csv", "text;x,label\né,a\n".encode("latin-1"))
    rows = read(tmp_path, "rows.csv", delimiter=",", encoding="latin-1")
    assert cells(rows) == [{"text;x": "é", "label": "a"}]
    with pytest.raises(DataError, match="no text encoding called 'utf-88'"):
        read(tmp_path, "rows.csv", encoding="utf-88")
    with pytest.raises(DataError, match=r"rows\.csv:2: The text cannot be read as utf-8\."):
        write("rows.csv", b"text,label\n\xe9,a\n")
        read(tmp_path, "rows.csv", encoding="utf-8")


def test_faults_of_csv_rows_are_gathered(write: Any, tmp_path: Path) -> None:
    write("rows.csv", 'text,label\nok,a\nno\na,b,c\n"x" y,b\nz,a\n"open,a\n')
    with pytest.raises(DataError) as caught:
        read(tmp_path, "rows.csv")
    told = caught.value.what
    assert told.startswith("rows.csv has 4 faults:")
    assert "rows.csv:3: Cells in the row: 1; in the header: 2." in told
    assert "rows.csv:4: Cells in the row: 3; in the header: 2." in told
    assert "rows.csv:5: The row cannot be split into cells" in told
    assert "rows.csv:7: The row cannot be split into cells" in told
    with pytest.raises(DataError, match="names a column twice: a"):
        write("twice.csv", "a,a\n1,2\n")
        read(tmp_path, "twice.csv")


def jsonl(rows: list[dict[str, Any]] = ROWS) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_json_lines_plain_and_packed(write: Any, tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    write("a.jsonl", b"\xef\xbb\xbf\n" + jsonl())
    write("b.jsonl.gz", gzip.compress(jsonl()))
    write("c.jsonl.zst", zstandard.compress(jsonl()))
    write("d.ndjson", jsonl())
    write("e.csv.gz", gzip.compress(delimited().encode()))
    write("f.csv.zst", zstandard.compress(delimited().encode()))
    write("g.json.gz", gzip.compress(orjson.dumps(ROWS)))
    for name in sorted(path.name for path in tmp_path.iterdir()):
        assert cells(read(tmp_path, name)) == ROWS, name
    assert [row.line for row in read(tmp_path, "a.jsonl")] == [2, 3]


def test_broken_json_lines_name_line_and_place(write: Any, tmp_path: Path) -> None:
    write("rows.jsonl", b'{"text": "x"}\n{"text": "y"\n[1]\n{"text": "\xe9"}\n{"text": NaN}\n')
    with pytest.raises(DataError) as caught:
        read(tmp_path, "rows.jsonl")
    told = caught.value.what
    assert "rows.jsonl:2: Broken JSON: Expecting ',' delimiter" in told
    assert "rows.jsonl:3: The line holds a list, not an object of columns." in told
    assert "rows.jsonl:4: Byte 0xe9 is not UTF-8." in told
    assert told.startswith("rows.jsonl has 3 faults:")


def test_json_is_a_list_or_an_object_with_one(write: Any, tmp_path: Path) -> None:
    write("a.json", orjson.dumps(ROWS))
    write("b.json", orjson.dumps({"version": 1, "data": ROWS}))
    assert cells(read(tmp_path, "a.json")) == cells(read(tmp_path, "b.json")) == ROWS
    write("c.json", orjson.dumps({"train": ROWS, "test": ROWS}))
    with pytest.raises(DataError, match=r"has 2 lists \(train, test\)"):
        read(tmp_path, "c.json")
    write("d.json", "[1,\n 2,,]")
    with pytest.raises(DataError, match=r"d\.json:2: Broken JSON"):
        read(tmp_path, "d.json")
    for content in (b"3", b'"x"', b"null", b"{}"):
        write("e.json", content)
        with pytest.raises(DataError, match="holds no list of rows"):
            read(tmp_path, "e.json")


def test_parquet(write: Any, tmp_path: Path) -> None:
    pq.write_table(
        pa.Table.from_pylist([*ROWS, {"text": "n", "label": None}]), tmp_path / "a.parquet"
    )
    assert cells(read(tmp_path, "a.parquet")) == [*ROWS, {"text": "n", "label": None}]
    write("b.parquet", b"PAR1 not really")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read(tmp_path, "b.parquet")


def test_xlsx(write: Any, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for line in ([None, None], ["text", "label"], ["one", 1.0], [None, None], ["two", True]):
        sheet.append(line)
    book.create_sheet("More").append(["text"])
    book.save(tmp_path / "a.xlsx")
    rows = read(tmp_path, "a.xlsx")
    assert [(r.line, r.cells["text"], cell_text(r.cells["label"])) for r in rows] == [
        (3, "one", "1"),
        (5, "two", "true"),
    ]
    assert read(tmp_path, "a.xlsx", sheet="More") == []
    with pytest.raises(DataError, match="no sheet called 'more'") as caught:
        read(tmp_path, "a.xlsx", sheet="more")
    assert "More" in caught.value.do
    write("b.xlsx", b"no zip")
    with pytest.raises(DataError, match="cannot be read as xlsx"):
        read(tmp_path, "b.xlsx")


@pytest.mark.parametrize(
    ("package", "path", "extra"),
    [("openpyxl", "a.xlsx", "excel"), ("zstandard", "a.jsonl.zst", "zst"), ("datasets", "", "hub")],
)
def test_a_missing_extra_names_its_command(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, path: str, extra: str
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    spec = SourceSpec(path=write(path, b"x").name) if path else SourceSpec(hub="some/set")
    (table,) = tables_of(spec, tmp_path, role="train")
    with pytest.raises(DataError) as caught:
        list(table.read(DataFaults(table.name)))
    assert caught.value.do == f'Run: pip install "tutelage[{extra}]"'


def test_damaged_archives_are_told(write: Any, tmp_path: Path) -> None:
    pytest.importorskip("zstandard")
    write("cut.jsonl.gz", gzip.compress(jsonl() * 50)[:-9])
    write("no.jsonl.gz", b"plain text")
    write("no.jsonl.zst", b"plain text")
    for name in ("cut.jsonl.gz", "no.jsonl.gz", "no.jsonl.zst"):
        with pytest.raises(DataError, match=f"{name}: The file cannot be read"):
            read(tmp_path, name)


def test_paths(write: Any, tmp_path: Path) -> None:
    write("part-1.jsonl", jsonl())
    write("part-2.jsonl", jsonl())
    write("odd[1].jsonl", jsonl())
    write("deep/er/x.jsonl", jsonl())
    assert len(read(tmp_path, "part-*.jsonl")) == 4
    assert len(read(tmp_path, "odd[1].jsonl")) == 2
    assert len(read(tmp_path, "**/x.jsonl")) == 2
    assert len(read(tmp_path, str(tmp_path / "part-1.jsonl"))) == 2
    with pytest.raises(DataError, match="No file matches none-"):
        read(tmp_path, "none-*.jsonl")
    with pytest.raises(DataError, match=r"There is no file part-3\.jsonl") as caught:
        read(tmp_path, "part-3.jsonl")
    assert "Did you mean part-" in caught.value.do
    with pytest.raises(DataError, match=r"deep is a folder"):
        read(tmp_path, "deep")
    with pytest.raises(DataError, match=r"ending in \.docx are not read"):
        write("a.docx", "x")
        read(tmp_path, "a.docx")


def test_rows_are_read_lazily(write: Any, tmp_path: Path) -> None:
    write("rows.jsonl", jsonl() + b"broken")
    (table,) = tables_of(SourceSpec(path="rows.jsonl"), tmp_path, role="unlabelled")
    faults = DataFaults(table.name)
    rows = table.read(faults)
    assert next(rows).cells == ROWS[0] and not faults


def test_cells_that_hold_no_single_value() -> None:
    for value in ([1], {"a": 1}, b"x"):
        with pytest.raises(NotText):
            cell_text(value)


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(st.tuples(TEXT.filter(bool), TEXT), min_size=1, max_size=5),
    st.sampled_from(SEPARATORS),
)
def test_any_csv_that_python_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str]], separator: str
) -> None:
    import csv

    with (tmp_path / "any.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *rows])
    assert [(r.cells["text"], r.cells["label"]) for r in read(tmp_path, "any.csv")] == rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "json", "jsonl", "jsonl.gz"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"any.{ending}").write_bytes(content)
    try:
        read(tmp_path, f"any.{ending}")
    except DataError as e:
        assert f"any.{ending}" in e.what
