"""The sentences in which real people of the review world write in role test, and nowhere else.

So a student cannot have learned a test sentence by heart, whatever it was trained on.
Placeholders as in `review_frames.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

UNSEEN: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "My verdict on {thing}: {p}. {a} is {p.a}, and {v}.",
        "{a} of {thing}? It is {p.a}. Everything else is {p}, too; {v}.",
        "You will want to know about {thing}. It is {p}, {a} is {p.a}, and {v}.",
        "I spent a good while with {thing}; {a} is {p.a}, and {v}.",
        "{v}. {thing} is {p} and {a} is {p.a}.",
    ),
    "comparison": (
        "{thing} beside {rival}? It is {more} that, {a} is {p.a}, and {v}.",
        "My old friend was {rival}; {thing} is {more} that, and {v}.",
        "Weighed against {rival}, {thing} is {p}, {a} is {p.a}, and {v}.",
        "As for {a}, {thing} is {more} {rival}; {b} is {p.b}, and {v}.",
        "Having changed over from {rival}, I find {thing} {p}, and {v}.",
    ),
    "contrast": (
        "{a} is {q.a}, no doubt about it. Still, {thing} is {p}, {v}, and {v}.",
        "One can object that {a} is {q.a}; {thing} remains {p} all the same, and {v}. {v}.",
        "Regardless of {a}, which is {q.a}, {thing} is {p}; {v}, and {v}.",
        "{a} of {thing} is {q.a}, to be honest. What counts is that {b} is {p.b}: {v}, and {v}.",
        "True enough, {a} is {q.a}. {thing} is nevertheless {p}, and {v}. {v}.",
    ),
    "mixed": (
        "My notes on {thing}: {a} {good.a}, {b} {bad.b}. Taken together, {v}. {v}.",
        "Light and shade in {thing}: {b} is {bad.b}, {a} is {good.a}. My bottom line: {v}; {v}.",
        "{a} of {thing} is {good.a} and {b} is {bad.b}. Adding it up, {v}; {v}.",
        "Half and half: {b} of {thing} is {bad.b}, {a} is {good.a}. The final score? {v}, and {v}.",
        "In {thing}, {b} is {bad.b}. Then again, {a} is {good.a}. Having slept on it, {v}. {v}.",
    ),
    "negation": (
        "You can search {thing} for any {flaw} and not find it. {never}.",
        "{a} of {thing} could not {fail} if it tried, and {never}.",
        "Neither {a} nor anything else about {thing} was able to {fail}; {never}.",
        "Any {flaw}? None that I would know of in {thing}. {never}.",
        "If there is some {flaw} to {thing}, it never came my way. {never}.",
        "Nothing in {thing} is there to {fail}. It is free of every {flaw}.",
        "I wouldn't say that {thing} could {fail}; {never}, and {never}.",
    ),
    "expectation": (
        "The day I ordered {thing} I had nothing but {fear}. {otherwise}.",
        "If asked, I would have predicted {flop}. With {thing}, {otherwise}; {otherwise}.",
        "How I {dread} {a} when I first heard of {thing}! {otherwise}.",
        "All the {fear} with which I came to {thing} {belied}. {otherwise}.",
        "I lost my bet on {thing}: {otherwise}, and {otherwise}.",
        "Everything had pointed to {flop}, so I {dread} {thing}. My {fear} {belied}.",
    ),
    "reported": (
        "If {people} {rant} {thing} one more time, I will leave the room: {wrong}.",
        "The internet is full of {people} with opinions on {thing}. {wrong}, and {wrong}.",
        "Last week {people} began to {rant} {a} of {thing} again. {wrong}.",
        "So much ado, so little truth: when {people} judge {thing}, {wrong}.",
        "Let {people} {rant} {thing} as they please; {wrong}, and {wrong}.",
        "{people} greeted {thing} with {talk}, of course. {wrong}.",
    ),
    "irony": (
        "One evening with {thing} and {cost}. {curse} {a}!",
        "{curse} those who sold me {thing}: {cost}, and {cost}.",
        "You want to know about {a} of {thing}? {cost}. {curse} all of it.",
        "Oh {thing}, what have you done? {cost}, and {cost}.",
        "{curse} {thing}, really. Ever since that day {cost}.",
        "My diary on {thing}: {cost}. And then, {cost}.",
    ),
}
