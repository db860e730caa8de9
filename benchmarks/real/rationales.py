"""Do a teacher's rationales make a better student? On real teachers' outputs and real gold data.

    python benchmarks/real/rationales.py                 # (a) on two cores, under 25 minutes
    python benchmarks/real/rationales.py --full          # (a), (b) and (c), for a GPU
    python benchmarks/real/rationales.py --limit 60      # a quick trial of the machinery

Three studies, each an ordinary recipe that is written beside its run and run with `--final`:

    a  e-SNLI: gold labels, rationales that PaLM-540B wrote without knowing them
    b  ANLI R1: labels and rationales by PaLM-540B; dev and test have gold labels
    c  EMANLI: gold labels of ANLI R1's dev rows, explanations that ChatGPT wrote knowing them

The student is an encoder–decoder whose encoder starts as MiniLM. Arms: labels only; label then
rationale with the split loss (F_label .25); label and rationale as two tasks (alpha .5). Rivals:
the commonest label, a linear student, and PaLM's own labels of the test rows (a and b).

Two-core size: only (a), 2,000 train rows, 400 dev rows, the first 2,000 test rows, 3 seeds. Full
size: 9,500 rows of (a) and all its 9,824 test rows, all of (b) and (c), 5 seeds. A run that was
stopped goes on when the same command is given again: runs are kept under `--out` with all their
students, which take half a gigabyte for each arm and seed.

The data are read from TUTELAGE_REAL_DATA (default `../shared/data` from the repository) and nothing
of them is copied into the project. Prints a Markdown table for each study; with `--json` one JSON
line last.
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
from findings_table import comparisons, markdown, overlaps, rationales, standings
from rationale_studies import FULL, STUDIES, TWO_CORE, Size, Study

import tutelage
from tutelage.cli.progress_display import Display
from tutelage.exceptions import TutelageError, UserError

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TUTELAGE_REAL_DATA", ROOT.parent / "shared" / "data"))


def run_one(
    study: Study,
    size: Size,
    *,
    data: Path,
    out: Path,
    limit: int | None,
    assignments: Sequence[str],
    command: str,
) -> dict[str, Any]:
    """Write a study's recipe, run it or go on with it, and tell what it found."""
    cut = "" if limit is None else f"_limit_{limit}"
    folder = out / f"{study.name}_{size.name}{cut}"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    written = study.write(data, folder, size)
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
    table = markdown(
        study.title, results, notes=written.notes, about=written.about, command=command
    )
    print(f"\n{table}\n\nReport: {outcome.report}\n", flush=True)
    return {
        "study": study.key,
        "name": results["name"],
        "split": results["split"],
        "rows": results["gold"][0]["rows"],
        "data": written.about,
        "standings": standings(results),
        "comparisons": comparisons(results),
        "rationales": rationales(results),
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
    """Run the studies that were asked for. Returns the exit status."""
    arguments = _arguments(given)
    told = sys.argv[1:] if given is None else given
    command = shlex.join(["python", "benchmarks/real/rationales.py", *told])
    if not arguments.data.is_dir():
        print(
            f"There are no real data in {arguments.data}. Set TUTELAGE_REAL_DATA, or name their "
            "folder with --data.",
            file=sys.stderr,
        )
        return 2
    keys = [arguments.only] if arguments.only else list(STUDIES) if arguments.full else ["a"]
    started = time.perf_counter()
    found = []
    try:
        for key in keys:
            size = TWO_CORE if key == "a" and not arguments.full else FULL[key]
            found.append(
                run_one(
                    STUDIES[key],
                    size,
                    data=arguments.data.resolve(),
                    out=arguments.out.resolve(),
                    limit=arguments.limit,
                    assignments=arguments.set,
                    command=command,
                )
            )
    except TutelageError as e:
        print(e, file=sys.stderr)
        return 2 if isinstance(e, UserError) else 1
    if arguments.json:
        facts = {
            "benchmark": "rationales",
            "command": command,
            "seconds": round(time.perf_counter() - started, 1),
            "studies": found,
        }
        print(orjson.dumps(facts).decode())
    return 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all three studies, all rows, 5 seeds")
    parser.add_argument(
        "--only", choices=sorted(STUDIES), help="one study; b and c are always of full size"
    )
    parser.add_argument("--limit", type=int, help="at most so many rows of each role")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override the recipe, such as seeds.student=1",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "rationales")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--json", action="store_true", help="one JSON line last")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
