"""What the waves of a turn bring, added up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tutelage.buying import Bought
from tutelage.curation.judging import share_of
from tutelage.exceptions import TrainingError
from tutelage.records import Example, Usage, Verdict

TOLD_REASONS = 4
"""Reasons that an arm without a student names; the rest is counted."""


@dataclass(frozen=True)
class Harvest:
    """What one turn bought, over all its waves, and what the checks left of it."""

    kept: tuple[Example, ...]
    """Rows this turn added."""
    verdicts: tuple[Verdict, ...]
    """On every draft, wave by wave."""
    drafts: int
    requests: tuple[str, ...]
    """Hashes of all requests that were answered."""
    draws: Mapping[str, int]
    """Next draw by prompt, for the turns that follow."""
    failed: int = 0
    """Orders without a reply; the next run asks them again."""
    unbought: int = 0
    """Orders that a cap left unasked."""
    stopped: str = ""
    """The cap that ended the purchase."""
    materials: int = 0
    """Drafts that serve later orders and are no rows."""
    waves: int = 1
    wanted: Mapping[str, int] = field(default_factory=dict)
    """The turn's quota by label, under `` for rows of any label; empty where there is none."""
    lacking: Mapping[str, int] = field(default_factory=dict)
    """What the quota still lacks after the last wave."""
    usage: Usage = field(default_factory=Usage)
    """What the replies cost, whoever paid for them first."""
    shown: tuple[str, ...] = ()
    """Ids of the gold rows that orders showed, explained or varied, sorted."""


def with_wave(
    found: Harvest, bought: Bought, added: Sequence[Example], verdicts: Sequence[Verdict]
) -> Harvest:
    """The harvest after one more wave."""
    got = Counter(share_of(row.label, found.lacking) for row in added)
    return replace(
        found,
        kept=(*found.kept, *added),
        verdicts=(*found.verdicts, *verdicts),
        drafts=found.drafts + len(bought.drafts),
        requests=tuple(dict.fromkeys((*found.requests, *bought.requests))),
        draws=bought.draws,
        failed=found.failed + bought.failed,
        unbought=found.unbought + bought.unbought,
        stopped=bought.stopped,
        materials=found.materials + len(bought.materials),
        waves=found.waves + 1,
        usage=found.usage + bought.usage,
        shown=tuple(sorted({*found.shown, *bought.shown})),
        lacking={name: max(0, count - got[name]) for name, count in found.lacking.items()},
    )


def wave_step(name: str, wave: int) -> str:
    """Name of a step in a turn's trail: `buy`, `buy.1`, `buy.2` for one wave after the other."""
    return f"{name}.{wave}" if wave else name


def waves_of(steps: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Folders of a turn's purchases, each with the folder of its curation, wave by wave.

    The first is empty for rows that were not bought.
    """
    wave = 0
    while curated := steps.get(wave_step("curate", wave)):
        yield steps.get(wave_step("buy", wave), ""), curated
        wave += 1


def without_student(
    unit: str, harvests: Sequence[Harvest], rows: int, error: TrainingError
) -> TrainingError:
    """The failure of an arm whose rows teach nothing, with the account of how they came to be few.

    Args:
        unit: Who was to be trained.
        harvests: Of every turn so far.
        rows: To train on, gold among them.
        error: What the learner said.
    """
    drafts = sum(h.drafts - h.materials for h in harvests)
    kept = sum(len(h.kept) for h in harvests)
    said = " ".join(part for part in (error.what, error.why) if part and rows)
    said = said or "There is no row to train on."
    told = [f"{said} Of {drafts:,} drafts {kept:,} passed the checks.", *_losses(harvests)]
    return TrainingError(
        f"{unit}: no student could be trained.",
        " ".join(told),
        "Look at its prompts and replies with `tutelage preview RECIPE --buy --arm NAME`, then "
        "loosen `checks`, change the prompt or the teacher, or train the arm on gold too.",
    )


def _losses(harvests: Sequence[Harvest]) -> Iterator[str]:
    """What became of the rest: drafts that were dropped, and orders that brought none."""
    alike: dict[tuple[str, str], list[str]] = {}
    for verdict in (v for h in harvests for v in h.verdicts if v.decision == "dropped"):
        reason = verdict.reason.split(":")[0]
        alike.setdefault((verdict.check, re.sub(r"\d+", "", reason)), []).append(reason)
    if alike:
        ordered = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
        told = [
            f"{len(reasons):,} by {check} ({'such as ' * (len({*reasons}) > 1)}{min(reasons)})"
            for (check, _), reasons in ordered[:TOLD_REASONS]
        ]
        if rest := sum(len(reasons) for _, reasons in ordered[TOLD_REASONS:]):
            told.append(f"{rest:,} for other reasons")
        yield f"Dropped: {'; '.join(told)}."
    if failed := sum(h.failed for h in harvests):
        yield f"{failed:,} orders had no reply."
    yield from dict.fromkeys(h.stopped for h in harvests if h.stopped)
