from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from tutelage.records import Gist, Label, Message, Request, Sampling, Task
from tutelage.teacher.label_replies import drawn, is_weighed, label_reply

MOOD = Task("mood", "classification", ("text",), (Label("good"), Label("bad", "not good")))
ASKED = Request(
    (Message("user", "?"),), Sampling(temperature=0.0), gist=Gist("answer", given={"text": "x"})
)


def test_the_whole_distribution_stands_in_one_token() -> None:
    reply = label_reply(
        ASKED, MOOD, [0.2, 0.8], prompt_tokens=7, length=lambda w: len(w.split()), served_by="m"
    )
    (completion,) = reply.completions
    assert completion.text == "not good" and completion.tokens is not None
    (token,) = completion.tokens
    assert token.token == "not good" and token.logprob == math.log(0.8)
    assert token.top == {"good": math.log(0.2), "not good": math.log(0.8)}
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (7, 2)


def test_draws_follow_the_probabilities_and_their_own_streams() -> None:
    warm = replace(ASKED, sampling=Sampling(temperature=1.0, n=2000))
    reply = label_reply(warm, MOOD, [0.25, 0.75], prompt_tokens=1, length=len, served_by="m")
    counts = Counter(completion.text for completion in reply.completions)
    assert abs(counts["good"] - 500) < 80
    assert drawn([0.25, 0.75], 0.1, stream="a") == 1, "1/10 of the temperature: 3**10 to 1"


def test_only_answers_with_one_label_are_weighed() -> None:
    assert is_weighed(ASKED, MOOD)
    assert not is_weighed(ASKED, replace(MOOD, kind="multi_label"))
    assert not is_weighed(replace(ASKED, gist=Gist("text", "good")), MOOD)
    assert not is_weighed(replace(ASKED, gist=None), MOOD)
