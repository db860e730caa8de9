"""What the waves of a turn bring, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tutelage.buying import Bought
from tutelage.records import Example, Usage, Verdict


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
    """The turn's quota by label; empty where there is none."""
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
    got = Counter(row.label or "" for row in added)
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
