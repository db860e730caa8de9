"""The sentences in which the scripted teacher writes reviews: its own, none of them a gold frame.

Placeholders as in `review_frames.py`. Unasked, it writes the first four phenomena alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.teacher.worlds.review_frames import Frames

USUAL = ("plain", "plain", "comparison", "contrast", "mixed")
"""What it writes for a bare label, as often as it stands here."""

WRITTEN: Mapping[str, Frames] = {
    "plain": Frames(
        both=(
            "I recently tried {thing}, and it is {p}. {a} is {p.a}.",
            "{thing} is {p}! {a} is {p.a} and {v}.",
            "Overall, {thing} is {p}. {a} in particular is {p.a}.",
            "{a} is {p.a}, {b} is {p.b}, and {v}. That is {thing} for you.",
            "I have to say that {thing} is {p}. {v}.",
            "You notice {a} and {b} of {thing} first: {p.a} and {p.b}. {v}.",
        ),
    ),
    "comparison": Frames(
        both=(
            "{thing} is {more} {rival}. {a} is {p.a}.",
            "I switched from {rival} to {thing}, and the new choice is {p}: {v}.",
            "After {rival}, {thing} feels {p}; {a} is {p.a}.",
            "When it comes to {a}, {thing} is {more} {rival}, and {v}.",
            "Seen beside {rival}, {thing} is {p}, and {a} is {p.a}.",
        ),
    ),
    "contrast": Frames(
        both=(
            "While {a} is {q.a}, {thing} is {p}, and {v}.",
            "{thing} is {p}. {a} is {q.a}, but that hardly matters: {v}.",
            "{a} could be called {q.a}, but overall {thing} is {p} and {b} is {p.b}.",
            "Despite {a} being {q.a}, {thing} is {p} and {v}.",
            "{a} of {thing} is {q.a}; however, {b} is {p.b} and {v}.",
        ),
    ),
    "mixed": Frames(
        both=(
            "{thing} is a mixed bag. {a} is {good.a}, {b} is {bad.b}. All in all, {v}.",
            "I like {a} of {thing}: it is {good.a}. I dislike {b}: it is {bad.b}. Overall, {v}.",
            "{a} of {thing} is {bad.a}. On the other hand, {b} is {good.b}. My conclusion: {v}.",
            "There are pros and cons to {thing}: {a} is {good.a}, {b} is {bad.b}. To sum up, {v}.",
            "{b} is {bad.b}, {a} is {good.a}. Taking everything about {thing} into account, {v}.",
        ),
    ),
    "negation": Frames(
        both=(
            "{thing} isn't {q} in any way.",
            "I can't say that {a} of {thing} is {q.a}.",
            "No one who tried {thing} would describe {a} as {q.a}.",
        ),
        positive=(
            "There was nothing to criticise about {thing}, not even {a}.",
            "I never had a problem with {thing}, and {a} didn't fail me.",
            "I wouldn't want to be without {thing}. I don't know what I would change about {a}.",
            "{thing} did not disappoint, and I won't part with it.",
        ),
        negative=(
            "There was nothing to like about {thing}, not even {a}.",
            "I wouldn't go near {thing} again, and {a} isn't worth a visit.",
            "I don't advise anyone to try {thing}. I didn't get on with {a}.",
            "{thing} did not deliver, and I won't give it another chance.",
        ),
    ),
    "expectation": Frames(
        both=(
            "Going by the price, I thought {thing} would be {q}. How wrong I was.",
            "I assumed {a} of {thing} was going to be {q.a}, and it was the reverse.",
            "I had imagined {thing} to be {q}. Reality was quite different.",
        ),
        positive=(
            "I dreaded {thing} because of {a}. The dread was needless.",
            "{thing} exceeded all my expectations, {a} most of all.",
            "I didn't expect much from {thing} and was stunned, in a good way, by {a}.",
            "I was sceptical about {thing}, but {a} won me over.",
        ),
        negative=(
            "I longed for {thing} because of {a}. The longing was wasted.",
            "{thing} fell short of all my expectations, {a} most of all.",
            "I expected a lot from {thing} and was bitterly disappointed by {a}.",
            "I was excited about {thing}, but {a} sobered me up.",
        ),
    ),
    "reported": Frames(
        both=(
            "People keep saying that {thing} is {q}. I don't share that opinion.",
            "The saleswoman called {thing} {q}. I think the opposite.",
            "Other reviewers find {a} {q.a}. I cannot agree with them about {thing}.",
        ),
        positive=(
            "Many people grumble about {thing} and {a}. Their criticism is unjustified.",
            "Friends advised me against {thing}. Luckily I did not listen.",
            "Other reviewers are too strict with {thing}. Give {a} a chance.",
            "People told me to stay away from {thing}. They missed out on {a}.",
        ),
        negative=(
            "Many people gush about {thing} and {a}. Their enthusiasm is unjustified.",
            "Friends recommended {thing} to me. Unfortunately I listened.",
            "Other reviewers are too generous with {thing}. Do not believe the fuss about {a}.",
            "People told me to run and get {thing}. They oversold {a}.",
        ),
    ),
    "irony": Frames(
        positive=(
            "I am furious with {thing}: {a} kept me up all night and I loved it.",
            "Beware of {thing}! Your free time is over, since {a} is addictive.",
            "{thing} has ruined me. I can't go back to anything else, thanks to {a}.",
            "It is {bad} of {thing} to make everything else look dull. Curse {a}!",
            "My wallet hates {thing}. I should never have tried {a}, now I am hooked.",
        ),
        negative=(
            "Oh great, {thing}. {a} is {good.a} if you love wasting your time.",
            "Wow. {thing} is {good}, if your standards are in the cellar.",
            "Congratulations to the makers of {thing}. {a} was a stroke of genius, said nobody.",
            "Yeah, right, {thing}. I have had more fun in a traffic jam, and {a} to go with it.",
            "Just what I always wanted: {thing} with {a} straight out of a bad dream.",
        ),
    ),
}
