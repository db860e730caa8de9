"""How often the test was opened before: the one check that depends on when a run was started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.report import numbers
from tutelage.report.findings import Finding

Facts = Mapping[str, Any]
TITLE = "The test was opened before"


def earlier_openings(results: Facts) -> Finding:
    """T104: how many other runs had opened this test when this run did."""
    if results["split"] != "test":
        return Finding("T104", TITLE, "not applicable", "This run did not open the test.")
    clock = results["clock"]
    own = [o["at"] for o in clock["openings"] if o["run"] == clock["study"]]
    first = min(own, default=float("inf"))
    others = {o["run"] for o in clock["openings"] if o["run"] != clock["study"] and o["at"] < first}
    if not others:
        return Finding("T104", TITLE, "clear", "No earlier run in this ledger had opened it.")
    told = (
        f"{numbers.plural(len(others), 'earlier run')} had opened this test. Each look that shaped "
        "what came after makes its scores less of a test."
    )
    return Finding("T104", TITLE, "found", told)
