"""The sentences in which the scripted teacher writes reviews: its own, none of them a gold frame.

Placeholders as in `review_frames.py`. Unasked, it writes the first four phenomena alone.
"""

from __future__ import annotations

from collections.abc import Mapping

USUAL = ("plain", "plain", "comparison", "contrast", "mixed")
"""What it writes for a bare label, as often as it stands here."""

WRITTEN: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "I recently tried {thing}, and it is {p}. {v}.",
        "{thing} is {p}! {a} is {p.a} and {v}.",
        "Overall, {thing} is {p}. {a} in particular is {p.a}, and {v}.",
        "{a} is {p.a}, {b} is {p.b}, and {v}. That is {thing} for you.",
        "I have to say that {thing} is {p}. {v}.",
        "You notice {a} and {b} of {thing} first: {p.a} and {p.b}. {v}.",
    ),
    "comparison": (
        "{thing} is {more} {rival}. {a} is {p.a}, and {v}.",
        "I switched from {rival} to {thing}, and the new choice is {p}: {v}.",
        "After {rival}, {thing} feels {p}, and {v}.",
        "When it comes to {a}, {thing} is {more} {rival}, and {v}.",
        "Seen beside {rival}, {thing} is {p}, and {v}.",
    ),
    "contrast": (
        "While {a} is {q.a}, {thing} is {p}, and {v}. {v}.",
        "{thing} is {p}. {a} is {q.a}, but that hardly matters: {v}, and {v}.",
        "{a} could be called {q.a}, but overall {thing} is {p}, and {v}. {v}.",
        "Despite {a} being {q.a}, {thing} is {p} and {v}; {v}.",
        "{a} of {thing} is {q.a}; however, {b} is {p.b} and {v}. {v}.",
    ),
    "mixed": (
        "{thing} is a mixed bag. {a} is {good.a}, {b} is {bad.b}. All in all, {v}. {v}.",
        "I like {a} of {thing}: it is {good.a}. I dislike {b}: {bad.b}. Overall, {v}, and {v}.",
        "{a} of {thing} is {bad.a}. On the other hand, {b} is {good.b}. My conclusion: {v}; {v}.",
        "{thing} has pros and cons: {a} is {good.a}, {b} is {bad.b}. To sum up, {v}, and {v}.",
        "{b} is {bad.b}, {a} is {good.a}. Taking everything about {thing} into account, {v}. {v}.",
    ),
    "negation": (
        "{thing} doesn't have a single {flaw}. {never}.",
        "I can't think of any {flaw} when it comes to {thing}, and {never}.",
        "{thing} didn't {fail} at all, and there wasn't one {flaw} about {a}.",
        "At no point did {a} of {thing} {fail}. {never}.",
        "I wouldn't describe {thing} as something to {fail}. {never}.",
    ),
    "expectation": (
        "I expected {thing} to be {flop}, but {otherwise}.",
        "I had {fear} about {a} of {thing}, and they {belied}. {otherwise}.",
        "Initially, I {dread} {thing}. In the end, {otherwise}, and {otherwise}.",
        "Based on {a}, I thought I knew {thing}. {otherwise}.",
        "I {dread} {thing} so much, and all of those {fear} {belied}.",
    ),
    "reported": (
        "Many people {rant} {thing} and {a}, but {wrong}.",
        "I've heard {people} {rant} {thing}. However, {wrong}.",
        "Despite the {talk} from {people} about {thing}, I keep my own view: {wrong}.",
        "I keep seeing {talk} about {a} of {thing} online, but {wrong}, and {wrong}.",
        "Reviewers and {people} discuss {thing} a lot. {wrong}.",
    ),
    "irony": (
        "Oh, {thing}. {curse} {a}: {cost}.",
        "Well, {curse} {thing}. {cost}!",
        "Thanks to {thing}, {cost}. {curse} the team behind {a}.",
        "{curse} {thing} for {a}, because {cost}, and {cost}.",
        "I tried {thing} and {cost}. {cost}, everyone!",
    ),
}
