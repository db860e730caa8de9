"""The words of the review world: what is reviewed, its aspects, and what can be said of them.

A name is one of a hundred plain words, and every text holds exactly one: it says nothing of the
thing, and it is what keeps the texts of different roles apart (see `slot_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Domain:
    """One kind of thing that people review."""

    nouns: tuple[str, ...]
    aspects: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """What praises and what blames each aspect, in words that follow `is`."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


def _clauses(text: str) -> tuple[str, ...]:
    return tuple(" ".join(clause.split()) for clause in text.split(";"))


def _domain(nouns: str, aspects: Mapping[str, str]) -> Domain:
    split = {name: words.split("|") for name, words in aspects.items()}
    return Domain(
        _words(nouns), {name: (_words(good), _words(bad)) for name, (good, bad) in split.items()}
    )


DOMAINS = (
    _domain(
        "kettle, toaster, blender, coffee machine, frying pan, rice cooker",
        {
            "handle": "sturdy, easy to grip, well balanced | wobbly, slippery, badly balanced",
            "lid": "tight, well fitted, neatly hinged | leaky, ill-fitting, always stuck",
            "finish": "flawless, scratch-proof, handsome | blotchy, full of scratches, tacky",
            "cord": "generously long, tangle-free | far too short, frayed",
            "clean-up": "quick, effortless | tedious, a chore",
            "manual": "clear, to the point | confusing, full of mistakes",
        },
    ),
    _domain(
        "hotel, guesthouse, hostel, inn, holiday flat, campsite",
        {
            "breakfast": "fresh, generous, varied | stale, meagre, monotonous",
            "mattress": "comfortable, firm, heavenly | lumpy, sagging, rock-hard",
            "bathroom": "spotless, roomy | mouldy, cramped",
            "reception": "welcoming, always staffed | rude, never staffed",
            "view": "breathtaking, open | depressing, blocked by a wall",
            "heating": "silent, well regulated | noisy, out of order",
        },
    ),
    _domain(
        "restaurant, bistro, pizzeria, noodle bar, steakhouse, bakery",
        {
            "soup": "rich, fragrant, full of flavour | watery, bland, lukewarm",
            "bread": "crusty, homemade, still warm | soggy, days old, crumbly",
            "service": "attentive, quick, warm-hearted | sloppy, slow, impatient",
            "menu": "inventive, well chosen | tired, far too long",
            "bill": "fair, lower than it could be | outrageous, padded",
            "music": "pleasant, discreet | deafening, grating",
        },
    ),
    _domain(
        "novel, thriller, cookbook, biography, travel guide, memoir",
        {
            "plot": "gripping, clever, full of turns | predictable, full of holes, muddled",
            "prose": "elegant, vivid, precise | clumsy, wooden, overwrought",
            "ending": "satisfying, moving | rushed, contrived",
            "research": "thorough, up to date | shallow, out of date",
            "binding": "durable, beautiful | flimsy, coming apart",
            "humour": "dry, infectious | forced, stale as last week",
        },
    ),
    _domain(
        "phone, laptop, camera, headset, printer, smartwatch",
        {
            "battery": "long-lasting, quick to charge | dead by noon, slow to charge",
            "screen": "bright, razor-sharp, easy on the eyes | dim, grainy, hard on the eyes",
            "software": "stable, intuitive, snappy | buggy, baffling, sluggish",
            "casing": "solid, elegant to look at | creaky, cheap to the touch",
            "sound": "crisp, balanced | tinny, distorted",
            "setup": "painless, done in minutes | a nightmare, endless",
        },
    ),
    _domain(
        "film, musical, concert, play, exhibition, ballet",
        {
            "staging": "imaginative, lavish | uninspired, shabby",
            "acting": "convincing, subtle, full of life | stilted, hammy, lifeless",
            "pacing": "brisk, well judged | sluggish to the end, uneven",
            "sound mix": "clear as a bell, well dosed | muddy, ear-splitting",
            "lighting": "atmospheric, ingenious | harsh, careless",
            "seating": "comfortable to the last row, spacious | torture, narrow",
        },
    ),
)

PRAISE = _words(
    "excellent, superb, wonderful, delightful, outstanding, first-rate, marvellous, impressive, "
    "splendid, terrific, remarkable, lovely, brilliant, fantastic, exemplary, great, charming, "
    "magnificent, a joy, a treat, very good, just right, top-notch, exceptional"
)
BLAME = _words(
    "awful, dreadful, terrible, horrible, abysmal, third-rate, miserable, disappointing, "
    "appalling, lousy, pathetic, nasty, useless, atrocious, shoddy, bad, annoying, "
    "deplorable, a pain, a mess, very poor, all wrong, substandard, unacceptable"
)
CONTENT = _clauses(
    """
    I would choose it again at once; I am very glad I picked it; it was worth every cent; I love
    it; I keep recommending it to friends; I look forward to the next time; I am thoroughly happy
    with it; I warmly recommend it; it made my week; I am a fan for life; it deserves top marks;
    I am delighted with it
    """
)
REGRET = _clauses(
    """
    I want my money back; I bitterly regret the choice; it was a waste of money; I hate it; I keep
    warning friends about it; I will avoid it from now on; I am thoroughly fed up with it;
    I strongly advise against it; it ruined my week; I am done with it for good; it deserves the
    lowest marks; I am angry with myself for choosing it
    """
)
BETTER = _words(
    "better than, superior to, nicer than, more convincing than, a step up from, an improvement on"
)
WORSE = _words(
    "worse than, inferior to, weaker than, less convincing than, a step down from, "
    "a poor substitute for"
)
RIVALS = _words(
    "the last one I tried, the usual choice at that price, what the big names offer, "
    "its closest rival, the one I used to prefer, the runner-up on my list, "
    "the cheaper alternative, what I was used to"
)
NAMES = (
    "Acorn", "Alder", "Amber", "Anchor", "Apollo", "Arrow", "Aspen", "Atlas", "Aurora", "Autumn",
    "Bamboo", "Beacon", "Birch", "Bishop", "Bison", "Bluebell", "Breeze", "Canyon", "Castle",
    "Cedar", "Cherry", "Clover", "Cobalt", "Comet", "Condor", "Coral", "Cosmos", "Crane",
    "Crescent", "Crystal", "Cypress", "Daisy", "Delta", "Diamond", "Dolphin", "Eagle", "Ebony",
    "Echo", "Ember", "Emerald", "Falcon", "Fern", "Fjord", "Garnet", "Ginger", "Granite",
    "Harbour", "Hawk", "Hazel", "Heron", "Horizon", "Indigo", "Iris", "Ivory", "Ivy", "Jade",
    "Jasmine", "Juniper", "Juno", "Kestrel", "Lagoon", "Lantern", "Laurel", "Lilac", "Linden",
    "Lotus", "Luna", "Lynx", "Magnolia", "Maple", "Marble", "Meadow", "Meridian", "Mistral",
    "Neptune", "Nova", "Oak", "Olive", "Onyx", "Opal", "Orchid", "Orion", "Osprey", "Otter",
    "Pacific", "Pearl", "Pegasus", "Phoenix", "Pine", "Polaris", "Quartz", "Raven", "Robin",
    "Ruby", "Saffron", "Sapphire", "Saturn", "Sierra", "Swan", "Topaz",
)  # fmt: skip
assert len(NAMES) == len(set(NAMES)) == 100
