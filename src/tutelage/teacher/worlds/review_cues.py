"""How the writing teacher of the review world understands a text that it is shown: by its cues.

It has no access to what a text was made from. It looks for words that usually go with one way of
saying things, takes the way with most of them, and gives up where two are even. So it is wrong
now and then, as a reader is; the tests say how often.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tutelage.teacher.worlds.review_words import MEANT, PLAIN_WORDS


def _any(*lists: Sequence[str]) -> str:
    return rf"\b(?:{'|'.join(re.escape(word) for words in lists for word in words)})\b"


_CUES: Mapping[str, Sequence[str]] = {
    "comparison": (
        _any(*MEANT["more"]), _any(PLAIN_WORDS["rival"]),
        r"\bthan\b", r"\bcompared\b|\bnext to\b|\bbeside\b|\bagainst\b|\bin common\b",
        r"\bbefore this\b|\bright after\b|\bswitched\b|\bchanged over\b",
    ),
    "contrast": (
        r"\bbut\b|\byet\b|\bhowever\b|\bstill\b", r"\balthough\b|\b(?:even )?though\b|\bwhile\b",
        r"\bdespite\b|\bin spite of\b|\bgranted\b|\bregardless\b|\bnevertheless\b",
        r"\bas a whole\b|\bas such\b|\boverall\b|\bcounts\b|\bthroughout\b|\ball the same\b",
    ),
    "mixed": (
        r"\bplus\b|\bpros\b|\btwo sides\b|\bmixed\b|\bvaried\b|\blist\b|\bhalf and half\b",
        r"\bminus\b|\bcons\b|\bon the other hand\b|\bthen again\b|\bwhile\b",
        r"\bon balance\b|\ball in all\b|\bin the end\b|\bto sum up\b|\bsum\b|\bconclusion\b",
        r"\bwhen all is said\b|\bweighing\b|\binto account\b|\blast line\b|\bas a whole is:",
    ),
    "negation": (
        _any(*MEANT["flaw"]), _any(*MEANT["fail"]), _any(*MEANT["never"]),
        r"\b(?:not|never|nor|none|nothing|nobody|without)\b|\bno (?:one|point)\b|n't\b|\bcannot\b",
        r"\b(?:either|neither|once|any|single|whatsoever)\b",
    ),
    "expectation": (
        _any(*MEANT["fear"]), _any(*MEANT["dread"]), _any(*MEANT["flop"]),
        _any(*MEANT["belied"], *MEANT["otherwise"]),
        r"\bexpect\w*\b|\bprepared\b|\bcertain\b|\bassumed\b|\bjudging\b|\bhad to be\b|\bbefore\b",
    ),
    "reported": (
        _any(*MEANT["rant"]), _any(*MEANT["talk"]), _any(PLAIN_WORDS["people"]),
        _any(*MEANT["wrong"]),
        r"\baccording to\b|\beverywhere\b|\beverybody\b|\bpeople\b|\breviewers\b|\btold\b",
    ),
    "irony": (
        _any(*MEANT["curse"]), _any(*MEANT["cost"]),
        r"\bthanks to\b|\bdear\b|\byours\b|\boh\b|\blook what\b|\bdone to me\b|\bwhoever\b",
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
    >>> phenomenon_of("I had my fears of a flop, but it is better than that: what a relief it was.")
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
