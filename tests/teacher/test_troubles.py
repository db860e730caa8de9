from __future__ import annotations

import orjson
import pytest

from tutelage.teacher.troubles import Trouble, advice, of_status, retry_after


def refused(status: int, message: str, **more: str) -> Trouble:
    return of_status(status, {}, orjson.dumps({"error": {"message": message, **more}}))


@pytest.mark.parametrize(
    ("message", "course"),
    [
        ("This model's maximum context length is 8192 tokens", "give_up"),
        ("prompt is too long: 9000 tokens", "give_up"),
        ("Input length 900 exceeds the limit", "give_up"),
        ("Unsupported parameter: 'seed'", "drop_seed"),
        ("Unrecognized request argument: seed", "drop_seed"),
        ("'max_tokens' is not supported, use 'max_completion_tokens'", "rename_max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.9", "fatal"),
        ("Unknown parameter: 'response_format'", "fatal"),
        ("messages must not be empty", "give_up"),
        ("I cannot find that; unknown reason", "give_up"),
    ],
)
def test_a_bad_request_is_understood(message, course):
    assert refused(400, message).course == course


def test_fields_of_the_error_body_count():
    assert refused(400, "no", code="context_length_exceeded").course == "give_up"
    assert refused(422, "not permitted", param="seed").course == "drop_seed"
    assert refused(429, "quota", code="insufficient_quota").course == "fatal"
    assert refused(429, "slow down").course == "slow"


def test_an_unreadable_error_body_is_shown_as_it_came():
    assert of_status(500, {}, b"<h1>Oops</h1>").why == "http 500: <h1>Oops</h1>"
    assert of_status(500, {}, b"").why == "http 500: (empty body)"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "250", "Retry-After": "3"}, 0.25),
        ({"Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers, seconds):
    assert retry_after(headers, now=100.0) == seconds


def test_each_end_comes_with_advice():
    for why in ("http 401: x", "http 404: x", "http 402: x", "no connection: x", "tls: x", "?"):
        assert advice(Trouble(why, "fatal"), place="the file k").endswith(".")
    assert "the file k" in advice(Trouble("http 401: x", "fatal"), place="the file k")
    assert "{env: NAME}" in advice(Trouble("http 401: x", "fatal"), place="")
