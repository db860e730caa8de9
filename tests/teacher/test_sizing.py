from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tutelage.records import Gist, Label, Message, Request, Sampling, Steering, Task
from tutelage.teacher.sizing import LAYOUT_BYTES, MESSAGE_BYTES, widest, worst_usage

TASK = Task("t", "classification", ("text",), (Label("a" * 40), Label("b")))


def test_the_bound_by_hand() -> None:
    request = Request((Message("user", "abcd"),), Sampling(max_tokens=7, n=3))
    used = worst_usage(request, TASK, max_tokens=100)
    assert (used.prompt_tokens, used.completion_tokens) == (LAYOUT_BYTES + MESSAGE_BYTES + 4, 21)
    open_end = Request(request.messages)
    assert worst_usage(open_end, TASK, max_tokens=100).completion_tokens == 100


def test_answers_are_bounded_by_the_longest_label() -> None:
    request = Request((Message("user", "x"),), Sampling(max_tokens=7), gist=Gist("answer"))
    assert worst_usage(request, TASK, max_tokens=100).completion_tokens == 42


def test_prompts_to_steer_against_are_read_too() -> None:
    plain = Request((Message("user", "abcd"),))
    steered = Request(plain.messages, steering=Steering(against=(plain.messages,) * 2))
    one, three = (worst_usage(r, TASK, max_tokens=1).prompt_tokens for r in (plain, steered))
    assert three == 3 * one


@given(st.text())
def test_no_form_of_a_text_is_wider(text: str) -> None:
    assert widest(text) >= len(text.encode("utf-8", "replace"))
