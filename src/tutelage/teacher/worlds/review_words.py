"""The words of the review world: what is reviewed, its aspects, and what can be said of them.

A name is one of a hundred model codes, and every text holds exactly one: it says nothing of
the thing, and it is what keeps the texts of different roles apart (see `slot_of`).
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
        "kettle, toaster, blender, coffee machine, rice cooker, mixer",
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
        "vacuum cleaner, steam iron, fan heater, hair dryer, sewing machine, desk fan",
        {
            "handle": "sturdy, easy to grip, well balanced | wobbly, slippery, badly balanced",
            "motor": "powerful, reliable, smooth | feeble, unreliable, deafening",
            "casing": "solid, elegant to look at | creaky, cheap to the touch",
            "cord": "generously long, tangle-free | far too short, frayed",
            "switch": "easy to reach, precise | fiddly, loose",
            "manual": "clear, to the point | confusing, full of mistakes",
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
MEANT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "v": (
        _clauses(
            """
            I would choose it again at once; I am very glad I picked it; it was worth every cent;
            I love it; I keep recommending it to friends; I look forward to the next time; I am
            thoroughly happy with it; I warmly recommend it; it made my week; I am a fan for life;
            it deserves top marks; I am delighted with it
            """
        ),
        _clauses(
            """
            I want my money back; I bitterly regret the choice; it was a waste of money; I hate it;
            I keep warning friends off it; I will avoid it from now on; I am thoroughly fed up with
            it; I strongly advise against it; it ruined my week; I am done with it for good;
            it deserves the lowest marks; I am angry with myself for choosing it
            """
        ),
    ),
    "more": (
        _words(
            "better than, superior to, nicer than, more convincing than, a step up from, "
            "an improvement on"
        ),
        _words(
            "worse than, inferior to, weaker than, less convincing than, a step down from, "
            "a poor substitute for"
        ),
    ),
    "flaw": (
        _words(
            "complaint, fault, flaw, weakness, problem, defect, nuisance, drawback, error, "
            "shortcoming, reason to grumble, cause for regret"
        ),
        _words(
            "redeeming feature, merit, strength, pleasure, virtue, bright spot, advantage, asset, "
            "attraction, benefit, reason to smile, cause for joy"
        ),
    ),
    "fail": (
        _words(
            "let me down, annoy me, fail me, bother me, bore me, frustrate me, make me angry, "
            "cause me trouble, irritate me, upset me"
        ),
        _words(
            "please me, impress me, win me over, delight me, satisfy me, amuse me, make me smile, "
            "bring me joy, lift my spirits, charm me"
        ),
    ),
    "never": (
        _clauses(
            """
            I would never give it back; there is nothing I would change; I cannot do without it any
            more; I will never use another one; no other one comes near it; it does not leave my
            side; I would not swap it for the world; no day goes by without it; I would not part
            with it for money
            """
        ),
        _clauses(
            """
            I will never touch it again; it is not worth the bother; nobody needs a thing like that;
            I would not take it as a gift; not even my enemies deserve it; I cannot stand the sight
            of it; it does not belong in any home; no discount makes up for it; I would not wish it
            on anybody
            """
        ),
    ),
    "fear": (
        _words(
            "fears, doubts, worries, misgivings, reservations, suspicions, bad feelings, "
            "anxieties, concerns, gloomy forebodings"
        ),
        _words(
            "hopes, dreams, high expectations, happy daydreams, great plans, rosy visions, "
            "longings, wishes, joyful anticipations, ambitions"
        ),
    ),
    "dread": (
        _words(
            "dreaded, feared, was afraid of, was wary of, was nervous about, distrusted, "
            "shrank from, worried about, trembled at the thought of, had nightmares about"
        ),
        _words(
            "longed for, looked forward to, was excited about, dreamed of, counted on, "
            "pinned my hopes on, was eager for, yearned for, could hardly wait for, "
            "set my heart on"
        ),
    ),
    "flop": (
        _words(
            "a disaster, a flop, a fiasco, a catastrophe, a rip-off, a failure, an ordeal, "
            "a swindle, a calamity, a debacle"
        ),
        _words(
            "a triumph, a revelation, a masterpiece, a dream come true, a bargain, a sensation, "
            "a feast, a miracle, a stroke of luck, a jewel"
        ),
    ),
    "rant": (
        _words(
            "grumble about, complain about, sneer at, moan about, rant about, mock, condemn, "
            "warn everyone about, tear apart, badmouth"
        ),
        _words(
            "rave about, gush about, sing the praises of, swear by, applaud, trumpet, idolise, "
            "adore, cheer for, enthuse about"
        ),
    ),
    "talk": (
        _words(
            "criticism, grumbling, bad press, bashing, scathing verdicts, warnings, "
            "bitter comments, angry letters, scorn, mockery"
        ),
        _words(
            "praise, hype, applause, cheering, glowing verdicts, compliments, "
            "flattering comments, fan mail, admiration, worship"
        ),
    ),
    "belied": (
        _clauses(
            """
            were groundless; proved unfounded; vanished like mist; were quickly put to rest; melted
            away; turned out to be silly; were gone by the first evening; were quite needless
            """
        ),
        _clauses(
            """
            were dashed; were buried; were bitterly betrayed; burst like a bubble; were shattered;
            came to a sad end; were crushed; were all in vain
            """
        ),
    ),
    "otherwise": (
        _clauses(
            """
            what a relief it was; I need not have worried; I was too pessimistic; a weight fell from
            my shoulders; I had lost sleep over nothing; I could breathe again; I take back every
            bad word; I was scared for no reason; I owe the makers an apology; all my panic was for
            nothing
            """
        ),
        _clauses(
            """
            what a letdown it was; I came down to earth with a bump; I was too optimistic; the
            bubble burst; I had fooled myself; I could have wept; my rose-tinted glasses are off; I
            was naive; the makers owe me an apology; all my joy was for nothing
            """
        ),
    ),
    "wrong": (
        _clauses(
            """
            they are far too strict; they are being unfair; they ask for the impossible; nobody can
            please them; they are too picky; they did not even try it; they are merely jealous; they
            never gave it a chance; they look for trouble; they make a mountain out of a molehill
            """
        ),
        _clauses(
            """
            they are easily pleased; they were paid to say so; they fell for the advertising; they
            are too gullible; they have never seen a good one; they are blinded by the brand; they
            have no standards; they are under a spell; they must own shares in the firm; they are
            easily dazzled
            """
        ),
    ),
    "curse": (
        _words(
            "shame on, I blame, a curse on, beware of, I accuse, stay away from, "
            "somebody please ban, I hold a grudge against, the police should look into, "
            "there ought to be a law against"
        ),
        _words(
            "bravo to, hats off to, congratulations to, a round of applause for, "
            "three cheers for, a big thank-you to, a medal for, my compliments to, long live, "
            "somebody please give a prize to"
        ),
    ),
    "cost": (
        _clauses(
            """
            I cannot tear myself away any more; nothing else is good enough for me now; I have
            missed my train twice, lost in bliss; my friends invite themselves every week because
            of it; my children refuse to go without it; my savings are gone since I keep buying
            more; I have had no free evening since, hooked as I am; I stayed up all night grinning;
            my work is forgotten and my boss is jealous; I am addicted and proud of it; my wife
            says that I am in love with it; my diet is over and I could not care less
            """
        ),
        _clauses(
            """
            I always wanted to learn patience the hard way; now I know what a headache is; my
            therapist looks forward to the story; I had nothing better to do with my money anyway;
            who needs sleep, after all; my dentist is more fun; I did not need my nerves anyway;
            now even the tax office seems cosy; I can finally treasure an empty room; my bin was
            so happy to have it; a flat tyre is a holiday beside it; it takes real talent to get
            everything wrong
            """
        ),
    ),
}
"""Words that depend on what the writer means: with a content writer, and with one who is not.

From `flaw` on they are the words of ways that turn things round: a content writer denies flaws,
was proved wrong in fears, overrules others' blame, or curses in jest.
"""
_MONTHS = _words(
    "January, February, March, April, May, June, July, August, September, October, November, "
    "December"
)
PLAIN_WORDS: Mapping[str, tuple[str, ...]] = {
    "rival": _words(
        "the last one I tried, the usual choice at that price, what the big names offer, "
        "its closest rival, the one I used to prefer, the runner-up on my list, "
        "the cheaper alternative, what I was used to"
    ),
    "people": _words(
        "my neighbours, the critics, my colleagues, the people on the forum, my cousins, "
        "most other customers, the papers, my in-laws, half of my friends, "
        "the experts on television"
    ),
    "detail": tuple(
        f"I {got} it in {month}." for month in _MONTHS for got in ("bought", "ordered")
    ),
}
"""Words that any writer may use, and sentences that tell nothing."""
NAMES = tuple(f"{letter}{digit}" for letter in "ABCDEFGHJK" for digit in range(10))
assert len(NAMES) == len(set(NAMES)) == 100
