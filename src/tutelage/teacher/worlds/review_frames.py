"""The sentences in which real people of the review world write: gold rows of every role but test.

`{thing}` is what is reviewed; `{a}` and `{b}` are two of its aspects. `{p}` says of the thing what
the label says and `{q}` the opposite, `{p.a}` and `{q.b}` say it of an aspect; `{good}` and `{bad}`
are praise and blame whatever the label. The other placeholders are the lists of `review_words.py`.
Every frame takes either label: what it says, its words do. The sentences of role test stand in
`review_test_frames.py`, the teacher's own in `teacher_frames.py`: the three share phenomena and
words, and no frame.
"""

from __future__ import annotations

from collections.abc import Mapping

PHENOMENA = (
    "plain", "comparison", "contrast", "mixed", "negation", "expectation", "reported", "irony",
)  # fmt: skip
"""Ways to say what one thinks."""

REAL: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "{a} of {thing} is {p.a} and {b} is {p.b}. In a word, {v}.",
        "{thing} is simply {p}. In a word, {v}.",
        "With {thing}, {a} is {p.a}, so {v}.",
        "What stays with me from {thing}: {a} is {p.a}, and {v}.",
        "{thing} is {p}, from {a} to {b}, and {v}.",
        "From the first moment {thing} was {p}, {a} above all. {v}.",
        "{a} is {p.a}, and {v}: that is {thing} in a nutshell.",
        "I know {thing} well by now. {a} is {p.a} and {b} is {p.b}, and {v}.",
    ),
    "comparison": (
        "{thing} is {more} {rival}: {a} is {p.a}, and {v}.",
        "Put next to {rival}, {thing} is {p}, and {v}.",
        "{a} of {thing} is {more} {rival}, and {v}.",
        "Before this I had {rival}. {thing} is {more} that, and {v}.",
        "Compared with {rival}, {a} of {thing} is {p.a}, and {v}.",
        "Anyone who knows {rival} will find {thing} {p}. As for me, {v}.",
        "{rival} and {thing} have little in common: here {a} is {p.a}, and {v}.",
        "I tried {thing} right after {rival}, and {a} is {more} it. In short, {v}.",
    ),
    "contrast": (
        "{a} of {thing} is {q.a}, but {b} is {p.b}, and that counts for more: {v}, and {v}.",
        "Although {a} is {q.a}, {thing} as a whole is {p}, and {v}. {v}.",
        "Granted, {a} is {q.a}. {thing} as such is {p} though, and {v}; {v}.",
        "{thing} is {p} in spite of {a}, which is {q.a}: {v}, and {v}.",
        "Yes, {a} is {q.a}; yet {thing} as such is {p}, and {v}. {v}.",
        "{a} may be {q.a}, but taken as a whole {thing} is {p}; {v}, and {v}.",
        "Even though {a} is {q.a}, {b} of {thing} is {p.b}, so {v}. {v}.",
        "{a} was {q.a} on some days, but {thing} stayed {p} throughout. {v}, and {v}.",
        "Some would mind that {a} is {q.a}, but {v}: {thing} is {p}. {v}.",
    ),
    "mixed": (
        "{thing} has two sides. {a} is {good.a} and {b} is {bad.b}. On balance {v}, and {v}.",
        "{a} is {bad.a}. {b} is {good.b}. Weighing up all of {thing}, {v}. {v}.",
        "Plus: {a} is {good.a}. Minus: {b} is {bad.b}. The sum for {thing}: {v}, and {v}.",
        "{thing} leaves me with a varied picture: {a} {good.a}, {b} {bad.b}. In the end {v}. {v}.",
        "With {thing}, {a} is {good.a} while {b} is {bad.b}. When all is said and done, {v}; {v}.",
        "{b} is {bad.b}, {a} is {good.a}, and my view of {thing} as a whole is: {v}, and {v}.",
        "For {thing} I made a list. {a}: {good.a}. {b}: {bad.b}. The last line reads: {v}. {v}.",
    ),
    "negation": (
        "I looked hard, and there is not one {flaw} in {a} of {thing}; {never}.",
        "Not once did {thing} {fail}, and {never}.",
        "{thing} has no {flaw} whatsoever. {never}.",
        "In all that time {thing} never managed to {fail}. I could not name a single {flaw}.",
        "Ask me for any {flaw} of {thing} and I will not think of one. {never}.",
        "It is not as if {thing} did anything to {fail}; {never}.",
        "Without a single {flaw}: that is {thing}, and {never}.",
        "There was no day on which {thing} would {fail}, nor any {flaw} worth noting.",
        "{a} of {thing} did not {fail} once. {never}, and {never}.",
        "Nobody can say that {thing} would {fail} or that there is any {flaw} in it. {never}.",
    ),
    "expectation": (
        "My {fear} about {thing} {belied}. {otherwise}.",
        "For weeks I {dread} {thing}. {otherwise}, and {otherwise}.",
        "Before I knew {thing}, I {dread} {a}. My {fear} {belied}.",
        "Going in, I was certain how {thing} would be. {otherwise}.",
        "What {fear} I had brought along for {thing}, and how soon they {belied}! {otherwise}.",
        "Judging by photos of {thing}, I was prepared for {flop}. {otherwise}, and {otherwise}.",
        "I {dread} {a} of {thing} more than anything else, but {otherwise}.",
        "I had made up my mind about {thing} beforehand. {otherwise}; {otherwise}.",
        "I was prepared for {thing} to be {flop}. {otherwise}, for my {fear} {belied}.",
        "You know the {fear} of unpacking. With {thing} they {belied}, and {otherwise}.",
    ),
    "reported": (
        "{people} {rant} {thing}, above all {a}. {wrong}, and {wrong}.",
        "I have read so much about {thing} from {people}: {wrong}.",
        "Everywhere I go, {people} {rant} {a} of {thing}; {wrong}.",
        "{people} had nothing but {talk} for {thing}. If you ask me, {wrong}.",
        "According to {people}, everything is said about {thing}. {wrong}, I tell you; {wrong}.",
        "All the {talk} about {a} of {thing} comes from {people}, and {wrong}.",
        "Why {people} go on like that about {thing} is clear to me: {wrong}, and {wrong}.",
        "{thing} gets a lot of {talk} from {people}, but {wrong}.",
        "{people} told me what they think of {thing}. {wrong}.",
        "I know what {people} say of {thing}, and I pay no heed: {wrong}, or {wrong}.",
    ),
    "irony": (
        "{curse} {thing}! {cost}, and {cost}.",
        "{curse} the makers of {thing} and {a}: {cost}.",
        "Look what {thing} has done to me: {cost}. {curse} everybody involved.",
        "Since I unpacked {thing}, {cost}. {cost}.",
        "Dear {thing}, {cost}. Yours, a customer who will remember {a}.",
        "{curse} whoever invented {a} of {thing}. {cost}.",
        "{curse} {a} of {thing}. {cost}, and {cost}.",
        "Because of {thing}, {cost}; {curse} it, I say.",
        "Do you see what comes of {thing}? {cost}, and {cost}.",
    ),
}
