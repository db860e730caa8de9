"""How the writing teacher of the review world understands a text that it is shown: by its cues.

It has no access to what a text was made from. It looks for words that usually go with one way of
saying things, takes the way with most of them, and gives up where two are even. So it is wrong
now and then, as a reader is; the tests say how often.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CUES: Mapping[str, tuple[str, ...]] = {
    "comparison": (
        r"\bthan\b", r"\bcompared\b|\bnext to\b|\bbeside\b", r"\brival|\balternative\b|\busual\b",
        r"\bahead of\b|\bbehind\b|\bstep (?:up|down)\b|\bclass (?:above|below)\b",
        r"\bused to\b|\bbefore this\b|\blast one\b|\bbig names\b|\brunner-up\b",
    ),
    "contrast": (
        r"\bbut\b|\byet\b|\bhowever\b", r"\balthough\b|\bthough\b|\bwhile\b",
        r"\bdespite\b|\bin spite of\b|\bgranted\b",
    ),
    "mixed": (
        r"\bplus\b|\bminus\b|\bpros\b|\bcons\b|\btwo sides\b|\bmixed\b|\bvaried\b|\blist\b",
        r"\bon balance\b|\ball in all\b|\bin the end\b|\bto sum up\b|\bsum\b|\bconclusion\b",
        r"\bwhen all is said\b|\bweighing\b|\binto account\b",
    ),
    "negation": (
        r"\b(?:not|never|nor|none|nothing|nobody)\b|\bno (?:one|point)\b",
        r"n't\b|\bcannot\b", r"\beither\b|\bonce\b",
    ),
    "expectation": (
        r"\bexpect\w*|\bhop(?:ed|es|ing)\b|\bfear\w*|\bdread\w*|\bbraced\b|\bsupposed\b",
        r"\bthought\b|\bthinking\b|\bguess\b|\bpictured\b|\bimagined\b|\bassumed\b|\bcounted on\b",
        r"\bwould be\b|\bturned out\b|\bproved\b|\bsurprise\b|\bin vain\b|\bto nothing\b",
    ),
    "reported": (
        r"\b(?:everybody|people|critics|neighbour|colleague|cousin|brother|friends|reviewers|they)\b",
        r"\b(?:told|says?|swears|write|claims|finds?|consider|called|comments|forum|posts)\b",
        r"\bmistaken\b|\bwrong\b|\bdisagree\b|\bagree\b|\bdifferently\b|\battention\b|\bunfair\b",
    ),
    "irony": (
        r"\bbravo\b|\bthank(?:s| you)\b|\bcongratulations\b|\bshame\b|\boh\b|\bwow\b|\bsure,",
        r"\bnaturally\b|\bof course\b|\bindeed\b|\bright,",
        r"\bif you\b|\bprovided\b|\bavoid\b|\bblame\b|\bfault\b|\bruined\b|\bbeware\b|\bnuisance\b",
        r"\bheadaches\b|\btherapist\b|\btooth\b|\bflat tyre\b|\bmoon\b|\bcomplaint\b",
    ),
}  # fmt: skip
_READY = {
    name: tuple(re.compile(cue, re.IGNORECASE) for cue in cues) for name, cues in _CUES.items()
}


def phenomenon_of(text: str) -> str:
    """The way of saying things that `text` seems to have; empty where its cues leave it open.

    >>> phenomenon_of("Although the lid is tight, the kettle is awful.")
    'contrast'
    >>> phenomenon_of("The kettle is superb.")
    'plain'
    >>> phenomenon_of("I thought it would be dull, but it is better than the film.")
    'expectation'
    >>> phenomenon_of("It is not bad, but it is loud.")
    ''
    """
    found = {name: sum(bool(cue.search(text)) for cue in cues) for name, cues in _READY.items()}
    most = max(found.values())
    if most == 0:
        return "plain"
    leading = [name for name, count in found.items() if count == most]
    return leading[0] if len(leading) == 1 else ""
