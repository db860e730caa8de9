"""Runs the checks over the drafts of a turn: one final verdict for each draft, none disappears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tutelage.contracts import Bench, Check
from tutelage.exceptions import TutelageError
from tutelage.records import Draft, Example, Material, Refusal, Verdict


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """A check under the name by which the recipe calls it."""

    name: str
    check: Check


def judge(
    checks: Sequence[NamedCheck],
    drafts: Sequence[Draft],
    bench: Bench,
    *,
    lacking: Mapping[str, int] | None = None,
    most: int | None = None,
) -> tuple[list[Example], list[Verdict]]:
    """What is kept of `drafts`, and the final verdict on each one in draft order.

    Args:
        checks: In the order in which they run.
        drafts: All drafts of one purchase.
        bench: What checks may use.
        lacking: Rows of each label that may still be kept, under `` those of any other label or
            none; None where there is no quota.
        most: Rows that may still be kept in all.

    Checks run in their order over what is left, and always see drafts by number, so that nothing
    depends on the order of arrival. A mended row goes on to the later checks in its new form; its
    final verdict is `mended`, with all reasons and the last replacement, unless a later check
    drops it. Refusals are dropped with their own reason; materials are kept, and are no rows.

    Raises:
        TutelageError: a check returns other than one verdict for each draft, in their order.
    """
    ordered = sorted(drafts, key=lambda draft: draft.number)
    assert len({draft.number for draft in ordered}) == len(ordered), "draft numbers must be unique"
    final: dict[int, Verdict] = {draft.number: _first(draft) for draft in ordered}
    left = [draft for draft in ordered if isinstance(draft.content, Example)]
    for named in checks:
        verdicts = named.check.judge(left, bench)
        _complete(named.name, left, verdicts)
        for verdict in verdicts:
            signed = replace(verdict, check=verdict.check or named.name)
            final[verdict.draft] = _joined(final[verdict.draft], signed)
        left = [_next(draft, final) for draft in left if final[draft.number].decision != "dropped"]
    for surplus in _surplus(left, lacking, most):
        final[surplus.draft] = surplus
    left = [draft for draft in left if final[draft.number].decision != "dropped"]
    kept = [draft.content for draft in left if isinstance(draft.content, Example)]
    return kept, [final[draft.number] for draft in ordered]


QUOTA = "quota"
"""The verdict's check for good rows of which there were enough."""


def _surplus(
    left: Sequence[Draft], lacking: Mapping[str, int] | None, most: int | None
) -> Iterator[Verdict]:
    """Verdicts on rows beyond the quota of their label, and beyond `most`: later ones go first."""
    kept: Counter[str] = Counter()
    for draft in left:
        assert isinstance(draft.content, Example)
        label = share_of(draft.content.label, lacking or {})
        if lacking is not None and kept[label] >= lacking.get(label, 0):
            whose = "the task" if label in lacking else draft.content.label or "the task"
            yield Verdict(draft.number, "dropped", QUOTA, f"enough rows of {label or whose}")
        elif most is not None and kept.total() >= most:
            yield Verdict(draft.number, "dropped", QUOTA, "enough rows in all (match: rows)")
        else:
            kept[label] += 1


def share_of(label: str | None, lacking: Mapping[str, int]) -> str:
    """The part of a quota that a row with `label` counts for: its label's, else that of any."""
    return label if label is not None and label in lacking else ""


def _first(draft: Draft) -> Verdict:
    """The verdict that stands before any check has looked."""
    match draft.content:
        case Refusal(reason):
            return Verdict(draft.number, "dropped", "synthesis", reason)
        case Material():
            return Verdict(draft.number, "kept", "synthesis", "material for later orders")
    return Verdict(draft.number, "kept", "all checks")


def _joined(before: Verdict, now: Verdict) -> Verdict:
    """What stands after another check has looked."""
    if now.decision == "kept":
        return before
    if now.decision == "mended" and before.decision == "mended":
        return replace(
            now,
            check=f"{before.check}, {now.check}",
            reason=f"{before.reason}; {now.reason}",
        )
    return now


def _next(draft: Draft, final: Mapping[int, Verdict]) -> Draft:
    replacement = final[draft.number].replacement
    return draft if replacement is None else replace(draft, content=replacement)


def _complete(name: str, left: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
    """See to it that the check said what becomes of each draft."""
    if [verdict.draft for verdict in verdicts] != [draft.number for draft in left]:
        raise TutelageError(
            f"The check {name} returned {len(verdicts)} verdicts for {len(left)} drafts, "
            "or not in their order.",
            "A check says of each draft, in their order, what becomes of it.",
            "Correct the check, or leave it out.",
        )
    for verdict in verdicts:
        if verdict.decision == "mended" and verdict.replacement is None:
            raise TutelageError(
                f"The check {name} mended draft {verdict.draft} but names no replacement.",
                "A mended row goes on in its new form.",
                "Correct the check, or leave it out.",
            )
