"""AdQA as S3 released it: its test set alone, 3,000 questions, so dev and test are carved from it.

Nothing here repeats a figure of S3: its training questions were not released.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.evaluation.metrics import measure
from tutelage.evaluation.rivals import Guess
from tutelage.evaluation.scorecard import score
from tutelage.evaluation.standings import table
from tutelage.gold.opening import Gold, load_gold
from tutelage.recipe import GoldSpec, TaskSpec
from tutelage.records import Prediction

pytestmark = pytest.mark.real
SHARE = 1 / 6


@pytest.fixture(scope="module")
def adqa(real_data: Path) -> Gold:
    path = str(real_data / "s3_synthesis" / "AdQA__gold_test.jsonl.gz")
    carve = {"test": SHARE, "dev": SHARE, "by": "context"}
    gold = GoldSpec(train={"path": path}, carve=carve)
    return load_gold(gold, TaskSpec(kind="span_qa"), folder=real_data)[0]


def test_three_thousand_questions_in_three_parts_without_a_shared_context(adqa: Gold) -> None:
    rows = adqa.facts["rows"]
    assert sum(rows.values()) == 3000
    assert abs(rows["dev"] - 500) < 60 and abs(rows["test"] - 500) < 60
    assert not {o["by"] for o in adqa.facts["overlaps"]} & {"context", "text"}
    assert not any("offset" in warning for warning in adqa.facts["warnings"])


def test_the_measures_on_real_answers(adqa: Gold) -> None:
    copied = [Prediction(row.id, spans=row.spans) for row in adqa.dev]
    assert measure(adqa.task, adqa.dev, copied)["f1"] == 1.0
    guessed = Guess(adqa.task).predict(adqa.dev)
    card = score(adqa.task, adqa.dev, guessed, arm="guess", split="dev")
    (standing,) = table(adqa.task, adqa.dev, [card], by="context")
    assert standing.interval is not None and standing.interval.high < 0.15
    assert card.scores["em"] <= card.scores["f1"] == standing.mean


@pytest.mark.train
def test_every_answer_stands_whole_in_a_window_of_the_shipped_encoder(adqa: Gold) -> None:
    pytest.importorskip("torch")
    from tutelage.neural.tokenization import load_tokenizer
    from tutelage.neural.windows import WindowSize, cut_windows

    rows = adqa.dev[:200]
    cut = cut_windows(
        load_tokenizer("minilm", offline=True),
        [row.fields["question"] for row in rows],
        [row.fields["context"] for row in rows],
        WindowSize(limit=128, stride=48, question=40),
    )
    assert max(map(len, cut)) > 2
    exact = 0
    for row, windows in zip(rows, cut, strict=True):
        (span,) = row.spans or ()
        found = [(w, t) for w in windows if (t := w.target(span.start, span.end))]
        assert found, row.id
        window, target = found[0]
        start, end = window.characters(*target)
        assert start <= span.start and span.end <= end
        exact += (start, end) == (span.start, span.end)
    assert exact >= 0.97 * len(rows)  # the others begin or end inside a piece
