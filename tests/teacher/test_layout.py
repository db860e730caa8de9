"""Replies of teachers that are no language models look as the prompt asks, and are read back."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.records import Gist, Label, Task
from tutelage.teacher.layout import laid_out
from tutelage.teacher.serialisation import parse
from tutelage.teacher.written import read_written

PAIR = {"premise": 'He said "no".', "hypothesis": "He spoke."}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fields", [("hypothesis",), ("premise", "hypothesis")])
@pytest.mark.parametrize("strict", [False, True])
def test_every_shape_is_read_back(count: int, fields: tuple[str, ...], strict: bool) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"texts": {"type": "array"}}}
    gist = Gist("text", "yes", wanted=fields, count=count)
    reply = laid_out([PAIR] * count, gist, schema if strict else None)
    found = read_written(reply, fields, count=count)
    assert found.texts == tuple({name: PAIR[name] for name in fields} for _ in range(count))


def test_the_schema_names_the_key() -> None:
    gist = Gist("text", wanted=("hypothesis",), count=2)
    schema = {"properties": {"rows": {"type": "array"}}}
    assert laid_out([PAIR, PAIR], gist, schema) == '{"rows":["He spoke.","He spoke."]}'


def test_whole_rows_are_lines_that_are_read_back() -> None:
    task = Task("t", "nli", tuple(PAIR), (Label("yes"), Label("no")))
    gist = Gist("text", wanted=("Label", *PAIR), lines=True)
    text = laid_out([{**PAIR, "Label": "no", "other": "x"}], gist)
    assert text == 'Label: no\nPremise: He said "no".\nHypothesis: He spoke.'
    assert (parse(task, text).label, parse(task, text).fields) == ("no", PAIR)
    alone = laid_out([PAIR], Gist("text", "no", wanted=tuple(PAIR), lines=True))
    assert parse(task, alone, answer=False).fields == PAIR
