from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.records import Completion, Message, Request, Sampling, TokenScore, Usage
from tutelage.teacher.wire import Unreadable, decode, encode, message_of

BOUND = Usage(1, 100, 50)
ASKED = Request((Message("user", "hi"),), Sampling(max_tokens=5), model="here/m")


def test_each_draw_gets_its_own_seed_and_always_the_same():
    def seed(draw: int) -> int:
        request = Request((Message("user", "hi"),), Sampling(max_tokens=5), draw=draw)
        raw = encode(request, "m", extra={}, max_tokens_field="max_tokens", send_seed=True)
        return orjson.loads(raw)["seed"]

    assert len({seed(draw) for draw in range(100)}) == 100
    assert seed(3) == seed(3) < 2**31


def test_a_seed_that_was_asked_is_sent_as_it_is_and_extra_fields_last():
    request = Request((Message("user", "hi"),), Sampling(max_tokens=5, seed=9, n=2))
    raw = encode(request, "m", extra={"top_k": 4}, max_tokens_field="limit", send_seed=False)
    assert orjson.loads(raw) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "limit": 5,
        "n": 2,
        "seed": 9,
        "top_k": 4,
    }


def test_several_completions_with_log_probabilities():
    top = [{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -2}]
    tokens = [{"token": "a", "logprob": -0.1, "top_logprobs": top}]
    raw = orjson.dumps(
        {
            "choices": [
                {"message": {"content": "a"}, "logprobs": {"content": tokens}},
                {"message": {"content": "b"}, "finish_reason": "length", "logprobs": None},
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        }
    )
    reply = decode(raw, ASKED, bound=BOUND, seconds=1.0)
    assert reply.completions == (
        Completion("a", "stop", (TokenScore("a", -0.1, {"a": -0.1, "b": -2.0}),)),
        Completion("b", "length"),
    )
    assert reply.usage == Usage(1, 3, 2)


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "3"}, {"prompt_tokens": -1}])
def test_usage_that_says_nothing_is_bounded(usage):
    raw = orjson.dumps({"choices": [{"message": {"content": "äb"}}], "usage": usage})
    reply = decode(raw, ASKED, bound=BOUND, seconds=0.0)
    assert reply.estimated
    assert reply.usage == Usage(1, 100, 4)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(raw):
    with pytest.raises(Unreadable):
        decode(raw, ASKED, bound=BOUND, seconds=0.0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "content", "logprobs", "token", "text", "error"]), inner
        )
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_json_breaks_the_reader(choice, usage):
    raw = (
        orjson.dumps({"choices": [choice], "usage": usage}, option=orjson.OPT_NON_STR_KEYS)
        if _fits(choice) and _fits(usage)
        else b"{}"
    )
    try:
        reply = decode(raw, ASKED, bound=BOUND, seconds=0.0)
    except Unreadable:
        return
    assert isinstance(reply.text, str)


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "a"}}, "a"),
        ({"error": "b"}, "b"),
        ({"detail": "c"}, "c"),
        ({"message": "d"}, "d"),
        ({"error": {"type": "e"}}, "{'type': 'e'}"),
    ],
)
def test_errors_are_read_in_several_dialects(body, said):
    assert message_of(body) == said
