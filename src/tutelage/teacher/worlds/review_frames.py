"""The sentences in which real people of the review world write: gold rows of every role.

`{thing}` is what is reviewed; `{a}` and `{b}` are two of its aspects. `{p}` says of the thing what
the label says and `{q}` the opposite, `{p.a}` and `{q.b}` say it of an aspect; `{good}` and `{bad}`
are praise and blame whatever the label. `{v}` is the writer's own verdict, and `{more}` compares
with `{rival}` as the label says. A frame under `both` takes either label. The teacher's own
sentences stand in `teacher_frames.py`: the two share phenomena and words, and no frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PHENOMENA = (
    "plain", "comparison", "contrast", "mixed", "negation", "expectation", "reported", "irony",
)  # fmt: skip
"""Ways to say what one thinks."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The sentences of one phenomenon."""

    both: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def of(self, label: str) -> tuple[str, ...]:
        """All that can carry `label`."""
        return self.both + (self.positive if label == "positive" else self.negative)


REAL: Mapping[str, Frames] = {
    "plain": Frames(
        both=(
            "{a} of {thing} is {p.a} and {b} is {p.b}. In a word, {v}.",
            "{thing} is simply {p}. In a word, {v}.",
            "With {thing}, {a} is {p.a}, so {v}.",
            "What stays with me from {thing}: {a} is {p.a}, {b} is {p.b}.",
            "{thing} is {p}, from {a} to {b}, and {v}.",
            "From the first moment {thing} was {p}, {a} above all. {v}.",
            "{a} is {p.a}, {b} is {p.b}: that is {thing} in a nutshell.",
            "I know {thing} well by now. {a} is {p.a} and {b} is {p.b}, and {v}.",
        ),
    ),
    "comparison": Frames(
        both=(
            "{thing} is {more} {rival}: {a} is {p.a}, {b} is {p.b}.",
            "Put next to {rival}, {thing} is {p}, and {v}.",
            "{a} of {thing} is {more} {rival}, and {b} is {p.b}.",
            "Before this I had {rival}. {thing} is {more} that, and {v}.",
            "Compared with {rival}, {a} of {thing} is {p.a} and {b} is {p.b}.",
            "Anyone who knows {rival} will find {thing} {p}, and {a} {p.a}.",
            "{rival} cannot be named in one breath with {thing}: here {a} is {p.a}, and {v}.",
            "I tried {thing} right after {rival}, and {a} is {more} it. In short, {v}.",
        ),
    ),
    "contrast": Frames(
        both=(
            "{a} of {thing} is {q.a}, but {b} is {p.b}, and that counts for more: {v}.",
            "Although {a} is {q.a}, {thing} as a whole is {p}, and {v}.",
            "Granted, {a} is {q.a}. {b} of {thing} is {p.b} though, and {v}.",
            "{thing} is {p} in spite of {a}, which is {q.a}, and {v}.",
            "Yes, {a} is {q.a}; yet {thing} as such is {p} and {b} is {p.b}.",
            "{a} may be {q.a}, but taken as a whole {thing} is {p}, and {v}.",
            "Even though {a} is {q.a}, {b} is {p.b} and makes {thing} {p} to me.",
            "{a} was {q.a} on some days, but {thing} stayed {p} throughout, and {v}.",
        ),
    ),
    "mixed": Frames(
        both=(
            "{thing} has two sides. {a} is {good.a} and {b} is {bad.b}. On balance {v}.",
            "{a} is {bad.a}. {b} is {good.b}. Weighing up all of {thing}, {v}.",
            "Plus: {a} is {good.a}. Minus: {b} is {bad.b}. The sum for {thing}: {v}.",
            "{thing} leaves me with a varied picture: {a} {good.a}, {b} {bad.b}. In the end {v}.",
            "With {thing}, {a} is {good.a} while {b} is {bad.b}. When all is said and done, {v}.",
            "{b} is {bad.b}, {a} is {good.a}, and my view of {thing} as a whole is clear: {v}.",
            "For {thing} I made a list. {a}: {good.a}. {b}: {bad.b}. The last line reads: {v}.",
        ),
    ),
    "negation": Frames(
        both=("I would not call {a} of {thing} {q.a}.",),
        positive=(
            "I have not one complaint about {thing}, and none about {a}.",
            "I couldn't find a fault in {a} of {thing}, however hard I looked.",
            "Not once did {thing} let me down, and {a} never gave me trouble.",
            "There was never a dull moment with {thing}.",
            "{thing} left no wish open, and {a} no question.",
            "I can't get enough of {thing}, nor of {a}.",
            "No other choice would have pleased me like {thing}; nobody does {a} so well.",
        ),
        negative=(
            "I cannot recommend {thing}, and {a} does not change that.",
            "I never once enjoyed {thing}; not even {a}.",
            "There is not one reason to choose {thing}, least of all {a}.",
            "Never again {thing}. I won't put up with {a} a second time.",
            "{thing} isn't worth the trouble, and {a} isn't worth mentioning.",
            "Nothing worked as it should with {thing}, not even {a}.",
            "No apology makes up for {thing}; nobody took care of {a}.",
        ),
    ),
    "expectation": Frames(
        both=("I expected {thing} to be {q}. It turned out otherwise.",),
        positive=(
            "I was braced for {a} to be {bad.a}. With {thing}, all that worry was for nothing.",
            "My fears about {thing} all came to nothing: what a relief.",
            "I turned to {thing} without hope, and {a} was the pleasant surprise of the year.",
            "I feared the worst from {thing} and got the best.",
            "{a} gave me more than I had dared to hope from {thing}.",
            "My doubts about {thing} were gone within minutes, thanks to {a}.",
            "I thought {thing} would be a chore, and {a} became the highlight of my day.",
        ),
        negative=(
            "I was hoping for {a} to be {good.a}. With {thing}, I waited in vain.",
            "My hopes for {thing} all came to nothing: what a let-down.",
            "I turned to {thing} full of hope, and {a} was the sobering moment of the year.",
            "I hoped for the best from {thing} and got the worst.",
            "{a} gave me far less than I had been led to hope from {thing}.",
            "My enthusiasm for {thing} was gone within minutes, because of {a}.",
            "I thought {thing} would be a highlight, and {a} became the low point of my day.",
        ),
    ),
    "reported": Frames(
        both=("My neighbour swears that {a} of {thing} is {q.a}. I can only shake my head.",),
        positive=(
            "Half the comments tear {thing} to pieces over {a}. That is undeserved.",
            "My brother complains about {thing} all day long. He is being unfair.",
            "My cousin warned me off {thing}. I am grateful that I ignored her.",
            "They say {a} spoils {thing}. Don't let them put you off.",
            "The critics were far too harsh on {thing}, and on {a}.",
            "The forum is full of grumbling about {a}. {thing} deserves more respect.",
            "A colleague gave up on {thing}. She doesn't know what she is missing.",
        ),
        negative=(
            "Half the comments praise {thing} to the skies over {a}. That is undeserved.",
            "My brother raves about {thing} all day long. He is easily pleased.",
            "My cousin talked me into {thing}. I should have ignored her.",
            "They say {a} crowns {thing}. Don't fall for it.",
            "The critics were far too kind to {thing}, and to {a}.",
            "The forum is full of hype about {a}. {thing} is overrated.",
            "A colleague swears by {thing}. She has seen nothing better yet.",
        ),
    ),
    "irony": Frames(
        positive=(
            "Thanks a lot, {thing}. Now nothing else is good enough for me, and {a} is to blame.",
            "I want to lodge a complaint: {thing} made me miss my train because of {a}.",
            "Shame on {thing}. My children now refuse anything else, and {a} is at fault.",
            "My duties are piling up because of {thing}. I blame {a}.",
            "Avoid {thing} if you want to keep your savings: one look at {a} and you are lost.",
            "{thing} is {bad} for my diet and for my bank balance, and I keep coming back.",
            "What a nuisance: since {thing}, my friends invite themselves because of {a}.",
        ),
        negative=(
            "Oh yes, {a} of {thing} is {good.a}, if you enjoy headaches.",
            "Bravo! {thing} is just the thing if you have no other plans in life.",
            "Thank you, {thing}, for an afternoon with {a} to tell my therapist about.",
            "How thoughtful of {thing} to teach me patience. A round of applause for {a}.",
            "Sure, {thing} is the pinnacle. And I am the queen of the moon.",
            "{thing}: as enjoyable as having a tooth pulled, with {a} for an anaesthetic.",
            "Five stars for {a}; next to {thing}, a flat tyre is a holiday.",
        ),
    ),
}
