"""Which way of making training data pays? On real teachers' outputs and real gold data.

    python benchmarks/real/synthesis.py                  # two-core size
    python benchmarks/real/synthesis.py --full           # all rows, MiniLM fine-tuned, for a GPU
    python benchmarks/real/synthesis.py --only a d       # studies by letter, or parts by name
    python benchmarks/real/synthesis.py --limit 40       # a quick trial of the machinery

Studies, each of several ordinary recipes that are written beside their runs and run with `--final`:

    a  the rows that GPT-3.5 wrote in S3's two rounds for RTE and IMDb, beside gold
    b  SuperGen's RTE and SST-2 rows, with and without curation, beside gold
    c  every way of asking, on four data sets, with a teacher that answers in real texts
    d  variations of The Parrot Dilemma by GPT-4 and Llama-2, beside real rows
    e  extractive questions, gold alone: a span reader reads some 15 questions a second on one core,
       forward and back
    f  teachers tuned on one train row in twenty annotate TREC-6 and SST-2, and write for CommonGen

Arms are of equal size where a part says so; a part's own comparisons have one reference, which its
table names. At two-core size the student is a logistic regression over frozen MiniLM embeddings
whose seeds draw the training rows with replacement; at full size MiniLM is fine-tuned.

A run that was stopped goes on when the same command is given again. Set TUTELAGE_CACHE to a folder
and no text is embedded twice; by default that folder lies below `--out`. The data are read from
TUTELAGE_REAL_DATA (default `../shared/data` from the repository) and nothing of them is copied into
the project. Prints a Markdown table for each part; with `--json` one JSON line last.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from findings_table import comparisons, overlaps
from synthesis_parts import Part
from synthesis_studies import NAMES, STUDIES, chosen
from synthesis_table import arms, markdown

import tutelage
from tutelage.cli.progress_display import Display
from tutelage.exceptions import TutelageError, UserError

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TUTELAGE_REAL_DATA", ROOT.parent / "shared" / "data"))


def run_one(
    part: Part,
    *,
    full: bool,
    data: Path,
    out: Path,
    limit: int | None,
    assignments: Sequence[str],
) -> dict[str, Any]:
    """Write a part's recipe, run it or go on with it, and tell what it found."""
    size = part.size(full=full).limited(limit)
    folder = out / f"{part.name}_{size.name}"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    written = part.write(data, folder, size)
    with Display({}) as display:
        outcome = tutelage.run(
            tutelage.load_recipe(written.recipe, assignments=assignments),
            folder / "run",
            final=True,
            limit=limit,
            ledger=out / "ledger.sqlite",
            yes=True,
            listener=display,
        )
    results = outcome.results
    command = f"python benchmarks/real/synthesis.py --only {part.name}"
    command += " --full" * (full or part.two_core is None)
    table = markdown(part.title, results, notes=written.notes, behind=written.gold, command=command)
    print(f"\n{table}\n\nReport: {outcome.report}\n", flush=True)
    return {
        "study": part.study,
        "name": part.name,
        "size": size.name,
        "split": results["split"],
        "metric": results["task"]["metric"],
        "rows": results["gold"][0]["rows"],
        "arms": arms(results, written.gold),
        "comparisons": comparisons(results),
        "overlaps": overlaps(results),
        "seeds": results["recipe"]["seeds"],
        "cost": results["costs"],
        "seconds": round(time.perf_counter() - started, 1),
        "training_seconds": results["clock"]["training_seconds"],
        "environment": results["clock"]["environment"],
        "recipe": str(written.recipe),
        "report": str(outcome.report),
        "notes": list(written.notes),
        "table": table,
    }


def main(given: list[str] | None = None) -> int:
    """Run the parts that were asked for. Returns the exit status."""
    arguments = _arguments(given)
    told = sys.argv[1:] if given is None else given
    if not arguments.data.is_dir():
        print(
            f"There are no real data in {arguments.data}. Set TUTELAGE_REAL_DATA, or name their "
            "folder with --data.",
            file=sys.stderr,
        )
        return 2
    out = arguments.out.resolve()
    os.environ.setdefault("TUTELAGE_CACHE", str(out / "cache"))
    started = time.perf_counter()
    found = []
    try:
        for part in chosen(arguments.only, full=arguments.full):
            found.append(
                run_one(
                    part,
                    full=arguments.full,
                    data=arguments.data.resolve(),
                    out=out,
                    limit=arguments.limit,
                    assignments=arguments.set,
                )
            )
    except TutelageError as e:
        print(e, file=sys.stderr)
        return 2 if isinstance(e, UserError) else 1
    if arguments.json:
        facts = {
            "benchmark": "synthesis",
            "command": shlex.join(["python", "benchmarks/real/synthesis.py", *told]),
            "seconds": round(time.perf_counter() - started, 1),
            "parts": found,
        }
        print(orjson.dumps(facts).decode())
    return 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all rows, MiniLM fine-tuned")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=[*STUDIES, *NAMES],
        metavar="NAME",
        help=f"studies ({', '.join(STUDIES)}) or parts: {', '.join(NAMES)}",
    )
    parser.add_argument("--limit", type=int, help="at most so many rows of each role and arm")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override every part's recipe, such as seeds.student=1",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "synthesis")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--json", action="store_true", help="one JSON line last")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
