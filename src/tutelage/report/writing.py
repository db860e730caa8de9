"""From a finished run's folder to `report.json` and `report.html` beside its results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.report.facts import report_of
from tutelage.report.page import page
from tutelage.store.runs import write_whole

RESULTS, JSON, HTML = "results.json", "report.json", "report.html"


def write_report(run_folder: Path) -> tuple[Path, Path]:
    """Write a run's report; each file is whole or not there.

    Args:
        run_folder: Of a run that finished.

    Returns:
        Paths of `report.json` and `report.html`.

    Raises:
        UserError: the run did not finish, its results cannot be read, or the disk is full.
    """
    report = report_of(read_results(run_folder))
    html = page(report)
    told = orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2)
    write_whole(run_folder / JSON, told)
    write_whole(run_folder / HTML, html.encode("utf-8"))
    return run_folder / JSON, run_folder / HTML


def read_results(run_folder: Path) -> dict[str, Any]:
    """Content of a run's `results.json`.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    path = run_folder / RESULTS
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError as e:
        raise _unfinished(run_folder) from e
    except (OSError, orjson.JSONDecodeError) as e:
        raise UserError(
            f"{path} cannot be read: {e}.",
            "A report is made from it and from nothing else.",
            "Run the recipe again in this folder: finished steps are read and nothing is bought.",
        ) from e
    return found


def _unfinished(run_folder: Path) -> UserError:
    if not run_folder.is_dir():
        return UserError(
            f"There is no folder {run_folder}.", do="Name the folder of a run that finished."
        )
    if (run_folder / "run.json").exists():
        return UserError(
            f"The run in {run_folder} has not finished: it has no {RESULTS}.",
            "A report shows all arms side by side, so it is made at the end.",
            f"See `tutelage status {run_folder}`, or run the recipe again: it goes on where it "
            "stopped.",
        )
    return UserError(
        f"{run_folder} is not a run's folder: it has no {RESULTS}.",
        do="Name the folder that `tutelage run` wrote, such as runs/NAME.",
    )
