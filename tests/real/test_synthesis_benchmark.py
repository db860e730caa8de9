"""The benchmark `benchmarks/real/synthesis.py`: its recipes fit the data, and it runs to its table."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import judge
from tutelage.gold.fingerprints import fold
from tutelage.recipe import load_recipe
from tutelage.records import Draft
from tutelage.study.building import Prepared, prepare

pytest.importorskip("torch")
pytestmark = [pytest.mark.real, pytest.mark.train]

FOLDER = Path(__file__).parents[2] / "benchmarks" / "real"
LINEAR = "student={kind: linear, bootstrap: true}"


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `synthesis_studies`, which is not in the package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("synthesis_studies")


def part(studies: Any, name: str) -> Any:
    return next(part for part in studies.PARTS if part.name == name)


def prepared(studies: Any, data: Path, folder: Path, name: str) -> Prepared:
    """A part at two-core size, read and built."""
    found = part(studies, name)
    return prepare(load_recipe(found.write(data, folder, found.size(full=False)).recipe))


def run(out: Path, data: Path, *given: str, student: str = LINEAR) -> tuple[dict[str, Any], str]:
    """Facts and whole output of the benchmark with 30 rows, two seeds and a quick student."""
    quick = ["--limit", "30", "--set", "seeds.student=2", "--json"]
    quick += ["--set", student] if student else []
    places = ["--out", str(out), "--data", str(data)]
    done = subprocess.run(
        [sys.executable, FOLDER / "synthesis.py", *quick, *places, *given],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


def judged(found: Prepared, arm: str) -> tuple[int, list[tuple[str, str]]]:
    """Rows of an arm that the checks keep; premise and check of every row that one dropped."""
    (parts,), gold = found.arms[arm], found.golds[0]
    bench = DraftBench(task=gold.task, kept=(), gold=(*gold.train, *gold.pool), sealed=gold.sealed)
    drafts = [Draft(i, i, row) for i, row in enumerate(parts.given)]
    kept, verdicts = judge(parts.checks, drafts, bench)
    premises = [row.fields["premise"] for row in parts.given]
    return len(kept), [(premises[v.draft], v.check) for v in verdicts if v.decision == "dropped"]


def test_every_row_of_s3_with_a_test_premise_is_dropped(
    studies: Any, real_data: Path, tmp_path: Path
) -> None:
    found = prepared(studies, real_data, tmp_path, "rte_rounds")
    lines = (tmp_path / "test.jsonl").read_text(encoding="utf-8").splitlines()
    test = {fold(json.loads(line)["premise"]) for line in lines}
    (raw,) = found.arms["rounds"]
    # 18 and 13 rows carry a test premise; one more in each does but for a double space.
    assert sum(fold(row.fields["premise"]) in test for row in raw.given) == 18 + 13 + 2
    kept, dropped = judged(found, "rounds_curated")
    assert sum(fold(premise) in test for premise, _ in dropped) == 18 + 13 + 2
    size = part(studies, "rte_rounds").two_core.rows
    assert kept >= size and judged(found, "round_1_curated")[0] >= size, "arms of unequal size"


def test_no_arm_has_seen_a_dev_premise_of_rte(
    studies: Any, real_data: Path, tmp_path: Path
) -> None:
    found = prepared(studies, real_data, tmp_path, "rte_rounds")
    dev = {fold(row.fields["premise"]) for row in found.golds[0].dev}
    assert len(found.golds[0].dev) >= 200
    for arm in found.arms.values():
        assert not dev & {fold(row.fields["premise"]) for row in arm[0].given}
    assert not dev & {fold(row.fields["premise"]) for row in found.golds[0].train}


@pytest.mark.parametrize("task", ["hyperbole", "empathy", "politeness", "sentiment"])
def test_no_variation_of_a_dev_row_is_trained_on(
    studies: Any, real_data: Path, tmp_path: Path, task: str
) -> None:
    found = prepared(studies, real_data, tmp_path, f"augmented_{task}")
    recorded = importlib.import_module("recorded_studies")
    dev = {fold(row.fields["text"]) for row in found.golds[0].dev}
    for writer, name in recorded.WRITERS.items():
        source = f"{recorded.TASKS[task]}__{name}_augmented.jsonl.gz"
        rows = recorded.read_rows(real_data / "parrot_dilemma" / source)
        of_dev = {row["augmented_text"] for row in rows if fold(row["text"]) in dev}
        assert of_dev, "no variation of a dev row was left out"
        assert not of_dev & {row.fields["text"] for row in found.arms[writer][0].given}


def test_equal_size_is_within_what_every_model_wrote(
    studies: Any, real_data: Path, tmp_path: Path
) -> None:
    for found in studies.PARTS:
        if found.study == "d":
            ready = prepared(studies, real_data, tmp_path, found.name)
            size = found.two_core.rows
            assert all(len(p.given) >= size for (p, *_) in ready.arms.values() if p.given)


def test_adqa_is_carved_by_context_and_claims_nothing(
    studies: Any, real_data: Path, tmp_path: Path
) -> None:
    found = part(studies, "adqa")
    written = found.write(real_data, tmp_path, found.full)
    gold = prepare(load_recipe(written.recipe)).golds[0]
    rows = gold.facts["rows"]
    assert abs(rows["train"] - 2_000) < 30 and abs(rows["dev"] - 500) < 30
    assert abs(rows["test"] - 500) < 30
    contexts = [{row.fields["context"] for row in role} for role in (gold.train, gold.dev)]
    assert not contexts[0] & contexts[1]
    assert "No figure of S3 is repeated or claimed" in written.notes[0]
    (tmp_path / "small").mkdir()
    small = found.write(real_data, tmp_path / "small", found.two_core)
    few = prepare(load_recipe(small.recipe)).golds[0].facts["rows"]
    assert (few["train"], few["dev"]) == (1_000, rows["dev"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["supergen_sst2", "augmented_empathy", "imdb_beside_gold"])
def test_a_part_runs_to_its_table_and_goes_on_when_run_again(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    first, _ = run(tmp_path, real_data, "--only", name)
    again, said = run(tmp_path, real_data, "--only", name)
    (found,), (same,) = first["parts"], again["parts"]
    assert found["training_seconds"] == same["training_seconds"], "a second run trained again"
    assert found["arms"] == same["arms"]
    assert found["split"] == "test" and found["rows"]["test"] == 30
    assert found["table"] in said
    assert {line["arm"] for line in found["arms"]} >= {"majority", "linear"}
    sizes = {line["arm"]: line["trained_on"] for line in found["arms"]}
    assert max(size for size in sizes.values() if size) <= 60, "a limit of 30 rows and 30 gold"


def test_without_data_it_says_where_to_put_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / "synthesis.py", "--data", str(tmp_path / "none")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Set TUTELAGE_REAL_DATA" in done.stderr
