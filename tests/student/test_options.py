"""Students are declared without torch, and their options are checked as data."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tutelage.student import PLUGINS, generator_options, options

EVERY = [
    options.Seq2SeqOptions,
    options.ClassifierOptions,
    options.SpanReaderOptions,
    generator_options.GeneratorOptions,
    options.LinearOptions,
    options.EmbeddingHeadOptions,
    options.ShapeOptions,
]


def test_declaring_students_imports_no_torch() -> None:
    code = "import sys, tutelage.student; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_seven_students_are_offered() -> None:
    assert [p.name for p in PLUGINS] == [
        "seq2seq",
        "classifier",
        "span_reader",
        "generator",
        "linear",
        "embedding_head",
        "setfit",
    ]
    assert all(p.kind == "learner" and p.summary for p in PLUGINS)


@pytest.mark.parametrize("kind", EVERY)
def test_every_option_is_explained(kind: type) -> None:
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)
    body = tree.body
    explained = {
        statement.target.id
        for statement, after in pairwise(body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(after, ast.Expr)
    }
    assert explained == {field.name for field in fields(kind)}


def read(kind: type, **given: Any) -> Any:
    return TypeAdapter(kind).validate_python(given)


@pytest.mark.parametrize(
    "given",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": -1},
        {"precision": "fp16"},
        {"select": "test_accuracy"},
        {"dropout": 1.0},
        {"answer": "guess"},
    ],
)
def test_values_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(options.Seq2SeqOptions, **given)


def test_a_shape_and_an_objective_are_read_from_plain_data() -> None:
    found = read(
        options.Seq2SeqOptions,
        config={"d_model": 64},
        objective={"split_loss": {"label": 0.25, "rationale": 0.75}},
    )
    assert found.config == options.ShapeOptions(d_model=64)
    assert read(options.LinearOptions, c=[1, 10]).c == (1.0, 10.0)


def test_the_published_settings_are_options() -> None:
    read(
        options.Seq2SeqOptions,
        epochs=5,
        batch_size=64,
        learning_rate=1.2e-3,
        warmup_steps=100,
        weight_decay=0,
        evaluations_per_epoch=2,
        max_source=600,
        max_target=400,
        precision="fp32",
        objective={"first_token": {"label": 0.25, "rationale": 0.75}},
        eval_loss="unsplit",
        answer="generate",
        count_unparseable="drop",
    )
