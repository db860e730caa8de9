"""What a finished run found, as a Markdown table for `docs/findings.md` and as plain facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from tutelage.report.numbers import count, difference, duration, interval, p_value, plural, score
from tutelage.steps import Unit

Results = Mapping[str, Any]


def standings(results: Results) -> list[dict[str, Any]]:
    """One entry for each arm and rival, under its primary checkpoint rule."""
    chosen = {name: (c["grid"], c["rule"]) for name, c in results["chosen"].items()}
    seconds = training_seconds(results)
    return [
        {
            "arm": line["arm"],
            "rule": line["rule"],
            "rows": line["rows"],
            "accuracy": line["mean"],
            "low": line["interval"]["low"],
            "high": line["interval"]["high"],
            "covers": line["interval"]["covers"],
            "spread": line["spread"],
            "macro_f1": line["scores"].get("macro_f1"),
            "seeds": list(line["student_seeds"]),
            "replies": line["charged"]["requests"],
            "usd": line["charged"]["nanousd"] / 1e9,
            "seconds_per_student": seconds.get(line["arm"]),
        }
        for line in results["standings"]
        if chosen.get(line["arm"]) == (line["grid"], line["rule"])
    ]


def training_seconds(results: Results) -> dict[str, float]:
    """Mean training time of a student by arm, as the runs that trained them took it."""
    known = results["clock"]["training_seconds"]
    found: dict[str, list[float]] = defaultdict(list)
    for unit in results["units"]:
        names = ("arm", "grid", "purchase_seed", "student_seed", "fold")
        found[unit["arm"]].append(known[str(Unit(**{name: unit[name] for name in names}))])
    return {arm: fmean(each) for arm, each in found.items()}


def comparisons(results: Results) -> list[dict[str, Any]]:
    """Each comparison with its verdict, in the words that the report uses."""
    names = {
        " ".join(part for part in (c["arm"], c["grid"], c["rule"]) if part): arm
        for arm, c in results["chosen"].items()
    }
    wanted = ("difference", "low", "high", "p", "p_adjusted", "smallest_detectable")
    said = ("rows", "groups", "sentence", "verdict", "covers")
    return [
        {"a": names[c["a"]], "b": names[c["b"]], **{key: c[key] for key in (*wanted, *said)}}
        for c in results["comparisons"]
    ]


def rationales(results: Results) -> dict[str, dict[str, Any]]:
    """By arm: rows trained on, rationales among them, and what the checks dropped or mended."""
    return {
        unit["arm"]: {
            "rows": unit["turns"][-1]["rows"],
            "with_rationale": unit["training"].get("rows_with_rationale", 0),
            "decisions": unit["turns"][-1]["decisions"],
            "failed": unit["turns"][-1]["failed"],
            "share_source_cut": unit["training"].get("share_source_cut"),
            "share_target_cut": unit["training"].get("share_target_cut"),
            "steps": unit["training"].get("optimizer_steps"),
        }
        for unit in reversed(results["units"])
        if unit["arm"] in results["recipe"]["arms"]
    }


def overlaps(results: Results) -> list[dict[str, Any]]:
    """What the roles share by single field, such as premises that stand in train and in test."""
    return [
        found
        for found in results["gold"][0]["overlaps"]
        if found["by"] not in ("row", "text") and found["rows_second"]
    ]


# --- Markdown -------------------------------------------------------------------------------------


def markdown(
    title: str, results: Results, *, notes: Sequence[str], about: Results, command: str
) -> str:
    """The findings of one study."""
    found, split = standings(results), results["split"]
    lines = [
        f"### {title}",
        "",
        f"`{command}`",
        "",
        *_table(
            ("arm", "accuracy", "95 % interval", "macro-F1", "students", "replies", "training"),
            (_standing(line) for line in found),
        ),
        "",
        *_table(
            ("comparison", "points", "95 % interval", "p (Holm)", "verdict", "could have found"),
            map(_comparison, comparisons(results)),
        ),
        "",
        *(f"- {note}" for note in (*_facts(results, about, split), *notes)),
    ]
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _standing(line: Results) -> tuple[str, ...]:
    spread = "" if not line["spread"] else f" (sd {score(line['spread'])})"
    seconds = line["seconds_per_student"]
    return (
        line["arm"],
        score(line["accuracy"]) + spread,
        interval(line["low"], line["high"]),
        score(line["macro_f1"]),
        count(len(line["seeds"])) if seconds is not None else "–",
        count(line["replies"]) if line["replies"] else "–",
        "–" if seconds is None else duration(seconds),
    )


def _comparison(line: Results) -> tuple[str, ...]:
    p = line["p"] if line["p_adjusted"] is None else line["p_adjusted"]
    return (
        f"{line['a']} against {line['b']}",
        difference(line["difference"]),
        f"{difference(line['low'])} to {difference(line['high'])}",
        p_value(p).removeprefix("p ").removeprefix("= "),
        line["sentence"],
        f"{score(line['smallest_detectable'])} points",
    )


def _facts(results: Results, about: Results, split: str) -> Iterator[str]:
    """What was trained on and scored, read from the run."""
    rows, covers = results["gold"][0]["rows"], "; ".join(covered(results))
    yield (
        f"Train {count(rows['train'])} rows, dev {count(rows['dev'])}, {split} "
        f"{count(rows[split])}; {plural(len(results['recipe']['seeds']['student']), 'seed')}. "
        f"Intervals cover {covers}, with the rows of one {results['cluster']} as one cluster."
    )
    if about["left_out"]:
        told = "; ".join(f"{why}: {number}" for why, number in about["left_out"].items())
        yield f"Rows left out of train: {told}."
    for arm, facts in rationales(results).items():
        if facts["decisions"]:
            decisions = ", ".join(f"{n} {what}" for what, n in facts["decisions"].items())
            yield (
                f"{arm}: {count(facts['with_rationale'])} of {count(facts['rows'])} train rows "
                f"have a rationale (drafts: {decisions}); {facts['steps']} steps."
            )
    for found in overlaps(results):
        yield (
            f"{count(found['rows_second'])} of {count(found['size_second'])} {found['second']} "
            f"rows have a {found['by']} that also stands in {found['first']}."
        )


def covered(results: Results) -> list[str]:
    """What the intervals of the trained arms cover."""
    arms = results["recipe"]["arms"]
    return sorted({line["covers"] for line in standings(results) if line["arm"] in arms})
