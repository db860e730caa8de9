"""What a part of `synthesis.py` found, as a Markdown table for `docs/findings.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from findings_table import Results, comparisons, covered, overlaps, standings

from tutelage.report.numbers import count, difference, dollars, interval, p_value, plural, score

HEADS = ("arm", "rows", "gold labels", "{metric}", "95 % interval")
BOUGHT = ("replies", "charged")
AGAINST = ("against {reference}", "95 % interval", "p (Holm)", "verdict", "could find")


def arms(results: Results, behind: Mapping[str, int]) -> list[dict[str, Any]]:
    """One entry for each arm and rival: score, rows trained on, gold labels used, what was bought.

    Args:
        results: Of the finished run.
        behind: Gold rows behind an arm's own rows, which the run cannot know of.
    """
    units = {unit["arm"]: unit for unit in reversed(results["units"])}
    uses = {use["name"]: use["total"] - use["chosen_on"] for use in results["gold_use"]}
    found = []
    for line in standings(results):
        unit = units.get(line["arm"])
        found.append(
            {
                **line,
                "trained_on": unit["rows"] if unit else None,
                "gold": max(behind.get(line["arm"], 0), uses.get(line["arm"], 0)),
                "dropped": dict(dropped(unit)) if unit else {},
                "lacking": [turn["lacking"] for turn in unit["turns"]] if unit else [],
            }
        )
    return found


def dropped(unit: Results) -> Counter[str]:
    """Drafts that checks dropped or mended, by check, over all turns; good rows of which there were
    enough are not among them."""
    found: Counter[str] = Counter()
    for turn in unit["turns"]:
        for reason in turn["reasons"]:
            if reason["check"] == "quota":
                continue
            done = "mended" if reason["decision"] == "mended" else "dropped"
            found[f"{reason['check']} {done}"] += reason["count"]
    return found


def markdown(
    title: str,
    results: Results,
    *,
    notes: Sequence[str],
    behind: Mapping[str, int],
    command: str,
) -> str:
    """The findings of one part."""
    found, compared = arms(results, behind), comparisons(results)
    lines = [
        f"### {title}",
        "",
        f"`{command}`",
        "",
        *_table(results["task"]["metric"], found, compared),
        "",
        *(f"- {note}" for note in (*_facts(results, found), *notes)),
    ]
    return "\n".join(lines)


def _table(metric: str, found: Sequence[Results], compared: Sequence[Results]) -> Iterator[str]:
    """One line for each arm, with what can be said of it against the part's reference."""
    reference = compared[0]["b"] if compared else ""
    against = AGAINST if compared else ()
    bought = any(line["replies"] for line in found)
    heads = [*HEADS, *(BOUGHT if bought else ()), *against]
    named = metric.replace("_", " ")
    yield f"| {' | '.join(heads).format(metric=named, reference=reference)} |"
    yield f"|{'---|' * len(heads)}"
    pairs = {pair["a"]: _pair(pair, metric) for pair in compared}
    for line in found:
        cells = (*_arm(line, metric), *(_price(line) if bought else ()))
        yield f"| {' | '.join((*cells, *pairs.get(line['arm'], [''] * len(against))))} |"


def _arm(line: Results, metric: str) -> tuple[str, ...]:
    spread = "" if not line["spread"] else f" (sd {score(line['spread'], metric)})"
    return (
        line["arm"],
        "–" if line["trained_on"] is None else count(line["trained_on"]),
        count(line["gold"]),
        score(line["accuracy"], metric) + spread,
        interval(line["low"], line["high"], metric),
    )


def _price(line: Results) -> tuple[str, ...]:
    if not line["replies"]:
        return ("–", "–")
    return count(line["replies"]), dollars(round(line["usd"] * 1e9))


def _pair(line: Results, metric: str) -> tuple[str, ...]:
    p = line["p"] if line["p_adjusted"] is None else line["p_adjusted"]
    return (
        difference(line["difference"], metric),
        f"{difference(line['low'], metric)} to {difference(line['high'], metric)}",
        p_value(p).removeprefix("p ").removeprefix("= "),
        line["sentence"],
        score(line["smallest_detectable"], metric),
    )


def _facts(results: Results, found: Sequence[Results]) -> Iterator[str]:
    rows, split, seeds = results["gold"][0]["rows"], results["split"], results["recipe"]["seeds"]
    clusters = f", with the rows of one {results['cluster']} as one cluster"
    yield (
        f"Gold train {count(rows['train'])}, dev {count(rows['dev'])}, {split} "
        f"{count(rows[split])} rows; {plural(len(seeds['student']), 'student seed')}, "
        f"{plural(len(seeds['purchase']), 'purchase seed')}. Intervals cover "
        f"{'; '.join(covered(results))}{clusters if results['cluster'] else ''}."
    )
    for line in found:
        if line["dropped"]:
            told = ", ".join(f"{what} {count(n)}" for what, n in line["dropped"].items())
            yield f"{line['arm']}: {told}."
        if any(line["lacking"]):
            yield f"{line['arm']} fell short of its quota: {line['lacking']}."
    for shared in overlaps(results):
        yield (
            f"{count(shared['rows_second'])} of {count(shared['size_second'])} {shared['second']} "
            f"rows have a {shared['by']} that also stands in {shared['first']}."
        )
