"""Every kind of bad answer, against a server that keeps its own books."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import ssl
import subprocess
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from tutelage.exceptions import TeacherError, UserError
from tutelage.records import Message, Request, Sampling, Steering
from tutelage.store.caps import Account, Limit, Limits
from tutelage.teacher.endpoint import Endpoint
from tutelage.teacher.keys import KeySource
from tutelage.teacher.providers import EndpointOptions, Timeouts
from tutelage.teacher.purchasing import Purchaser

ARM = Account("study", "arm")


@pytest.fixture
def buy(connect, ledger, asked):
    """Buys so many requests; returns answers in order, and the session's notes."""

    async def run(count: int = 1, *, max_failed: Any = 1000, requests: Any = None, **options: Any):
        wanted = requests or [asked(f"p{k}") for k in range(count)]
        async with connect(**options) as session:
            purchaser = Purchaser(session, ledger, max_failed=max_failed)
            async with aclosing(purchaser.ask(wanted, ARM)) as answers:
                got = sorted([answer async for answer in answers], key=lambda a: a.position)
            return got, purchaser.snapshot()

    return run


def once(*says: Any):
    """The n-th sending is answered by the n-th of `says`, all further ones properly."""
    return lambda number, *_: says[number - 1] if number <= len(says) else None


async def test_what_is_sent_is_what_was_asked(server, buy):
    request = Request(
        (Message("system", "Be brief."), Message("user", "Say ü.")),
        Sampling(0.9, 0.5, 20, ("\n",), 1, 3, None),
        schema={"type": "object"},
    )
    (answer,), _ = await buy(requests=[request])
    (body,) = server.bodies
    seed = body.pop("seed")
    assert body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Say ü."},
        ],
        "max_tokens": 20,
        "temperature": 0.9,
        "top_p": 0.5,
        "stop": ["\n"],
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
    }
    assert seed == int(answer.request.hash[-7:], 16)
    assert answer.request.model == "localhost/tiny"
    assert answer.reply.served_by == "tiny-2026"
    assert answer.reply.seconds > 0


async def test_defaults_fill_what_a_request_leaves_open(connect, asked):
    async with connect(temperature=0.3, top_p=0.8, max_tokens=77) as session:
        resolved = session.resolve(Request((Message("user", "x"),)))
        assert resolved.sampling == Sampling(0.3, 0.8, 77)
        assert session.resolve(resolved) is resolved
        assert session.resolve(asked("x")).sampling.temperature == 0.9
        assert session.bound(resolved).completion_tokens == 77
        assert "tiny" in repr(session)


@pytest.mark.parametrize(
    ("status", "paid"), [(429, 0), (500, 0), (502, 1), (503, 0), (504, 1), (408, 0)]
)
async def test_a_passing_refusal_is_tried_again(server, buy, say, ledger, status, paid):
    server.script = once(say(status=status), say(status=status))
    (answer,), snapshot = await buy()
    assert answer.reply is not None
    assert server.requests == answer.reply.usage.requests == 3
    assert snapshot.lapses == {f"http {status}": 2}
    assert snapshot.refusals == (2 if status in (429, 503) else 0)
    assert len(ledger.presumed()) == 2 * paid


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"hang_up": True}, "connection lost"),
        ({"cut": True}, "truncated"),
        ({"body": b'{"choices": [{"mess'}, "not JSON"),
        ({"body": b"<html>busy</html>"}, "not JSON"),
        ({"body": b"[1]"}, "not a JSON object"),
        ({"body": {"choices": []}}, "no choices"),
        ({"body": {"choices": [{"text": "old api"}]}}, "not a chat completion"),
        ({"body": {"error": {"message": "overloaded"}}}, "error in a 200 reply"),
    ],
)
async def test_a_sending_that_may_be_paid_is_presumed_paid(server, buy, say, ledger, how, reason):
    server.script = once(say(**how))
    (answer,), snapshot = await buy()
    assert answer.reply is not None
    assert snapshot.lapses == {reason: 1}
    (presumed,) = ledger.presumed()
    assert presumed.why.startswith(reason)


async def test_a_time_out_is_presumed_paid(server, buy, say, ledger):
    server.script = once(say(delay=1.0))
    (answer,), snapshot = await buy(timeout=Timeouts(total=0.1))
    assert answer.reply is not None
    assert snapshot.lapses == {"timeout": 1}
    server.script = lambda number, *_: say(delay=1.0) if number == 3 else None
    (answer,), snapshot = await buy(
        timeout=Timeouts(first_byte=0.1), requests=[Request((Message("user", "more"),))]
    )
    assert snapshot.lapses == {"timeout": 1}
    assert len(ledger.presumed()) == 2


async def test_retry_after_is_obeyed_by_all_workers(server, buy, say):
    loop = asyncio.get_running_loop()
    moments = []

    def script(number: int, *_: Any) -> Any:
        moments.append(loop.time())
        busy = say(status=429, headers={"Retry-After": "0.2"})
        return busy if number == 1 else say(delay=0.03)

    server.script = script
    answers, snapshot = await buy(12, concurrency=2)
    assert all(answer.reply for answer in answers)
    told = moments[0]
    # The other worker's request was under way already; all further ones kept away.
    assert sum(moment < told + 0.19 for moment in moments) <= 2
    assert snapshot.refusals == 1


async def test_a_storm_of_429_narrows_the_window_and_ends_well(server, buy, say):
    server.script = lambda *_: say(status=429) if server.in_flight > 4 else say(delay=0.002)
    answers, snapshot = await buy(150, concurrency=32, retries=30)
    assert all(answer.reply for answer in answers)
    assert snapshot.refusals > 0


async def test_the_last_retry_gives_the_request_up(server, buy, say):
    server.script = lambda *_: say(status=500)
    (answer,), snapshot = await buy(retries=2)
    assert answer.reply is None
    assert answer.why == "http 500: status 500"
    assert server.requests == 3
    assert snapshot.failures == {"http 500": 1}


async def test_a_busy_server_is_waited_for_beyond_the_retries(server, buy, say, monkeypatch):
    server.script = lambda number, *_: say(status=429) if number <= 6 else None
    (answer,), snapshot = await buy(retries=1)
    assert answer.reply is not None
    assert snapshot.refusals == 6
    monkeypatch.setattr("tutelage.teacher.endpoint.PATIENCE", 0.0)
    server.script = lambda *_: say(status=429)
    (answer,), _ = await buy(retries=1, requests=[Request((Message("user", "more"),))])
    assert answer.why == "http 429: status 429"


async def test_context_overflow_fails_that_request_only(server, buy, say):
    message = "This model's maximum context length is 128 tokens. Please reduce the length."
    server.script = lambda number, body, _: (
        say(status=400, body={"error": {"message": message, "code": "context_length_exceeded"}})
        if body["messages"][0]["content"] == "p2"
        else None
    )
    answers, snapshot = await buy(5)
    assert [answer.reply is None for answer in answers] == [False, False, True, False, False]
    assert snapshot.failures == {"context overflow, http 400": 1}
    assert server.requests == 5


async def test_a_refused_seed_is_left_out_once_and_said(server, buy, say):
    server.script = lambda number, body, _: (
        say(status=400, body={"error": {"message": "Unsupported parameter: 'seed'"}})
        if "seed" in body
        else None
    )
    answers, snapshot = await buy(30, concurrency=4, retries=0)
    assert all(answer.reply for answer in answers)
    assert server.requests <= 34
    (note,) = snapshot.notes
    assert "takes no seed" in note


async def test_the_name_of_the_length_limit_is_learned(server, buy, say):
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead."
    )
    server.script = lambda number, body, _: (
        say(status=400, body={"error": {"message": message, "param": "max_tokens"}})
        if "max_tokens" in body
        else None
    )
    answers, snapshot = await buy(10, concurrency=2)
    assert all(answer.reply for answer in answers)
    assert "max_completion_tokens" in snapshot.notes[0]
    with pytest.raises(TeacherError, match="max_tokens"):
        await buy(requests=[Request((Message("user", "other"),))], max_tokens_field="max_tokens")


async def test_a_refused_parameter_of_the_identity_ends_the_purchase(server, buy, say):
    message = "Unsupported value: 'temperature' does not support 0.9 with this model."
    server.script = lambda *_: say(status=400, body={"error": {"message": message}})
    with pytest.raises(TeacherError, match="temperature") as caught:
        await buy(50)
    assert "Leave that parameter out" in str(caught.value)
    assert server.requests <= 8


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (403, {"error": {"message": "no access"}}, "teacher.api_key"),
        (404, {"error": {"message": "The model `tiny` does not exist"}}, "teacher.model"),
        (404, {"detail": "Not Found"}, "base URL"),
        (429, {"error": {"message": "quota", "code": "insufficient_quota"}}, "Top up"),
        (307, None, "teacher's part"),
    ],
)
async def test_an_endpoint_that_refuses_us_ends_the_purchase_at_once(
    server, buy, say, status, body, advice
):
    server.script = lambda *_: say(status=status, body=body)
    with pytest.raises(TeacherError, match=f"http {status}") as caught:
        await buy(100)
    assert advice in str(caught.value)
    assert server.requests <= 8


async def test_what_is_in_flight_is_still_recorded_when_the_endpoint_refuses_us(
    server, buy, say, ledger
):
    server.script = lambda number, *_: say(status=404) if number == 4 else say(delay=0.05)
    with pytest.raises(TeacherError):
        await buy(100, concurrency=4)
    assert ledger.totals()[0].replies == 3
    assert not ledger.presumed()


async def test_an_endpoint_that_is_down_is_told_soon(buy, unused_tcp_port):
    with pytest.raises(TeacherError, match="no connection") as caught:
        await buy(100, endpoint=f"http://127.0.0.1:{unused_tcp_port}/v1")
    assert "Check that the server runs" in str(caught.value)


async def test_a_server_that_restarts_is_waited_for(server, buy, say, ledger):
    server.script = lambda number, *_: say(hang_up=True) if 5 < number < 12 else None
    answers, _ = await buy(40, concurrency=2)
    assert all(answer.reply for answer in answers)


async def test_the_key_is_read_again_when_it_is_refused(server, buy, say, tmp_path):
    secret = tmp_path / "key"
    secret.write_text("sk-first-0123456789\n")

    def script(number: int, body: Any, headers: dict[str, str]) -> Any:
        if number == 10:
            secret.write_text("sk-second-0123456789\n")
        if number >= 10 and "second" not in headers["authorization"]:
            return say(status=401, body={"error": {"message": "expired"}})
        return None

    server.script = script
    answers, _ = await buy(40, concurrency=4, api_key=KeySource(file=str(secret)))
    assert all(answer.reply for answer in answers)
    assert set(server.keys) == {"Bearer sk-first-0123456789", "Bearer sk-second-0123456789"}


async def test_a_key_appears_nowhere(server, buy, say, ledger, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    key = "tk9-very-secret-value"
    monkeypatch.setenv("SOME_KEY", key)
    server.script = lambda *_: say(
        status=401, body={"error": {"message": f"Incorrect API key provided: {key}"}}
    )
    with pytest.raises(TeacherError, match="SOME_KEY") as caught:
        await buy(3, api_key=KeySource(env="SOME_KEY"))
    server.script = lambda *_: say(status=400, body={"error": {"message": f"bad {key}"}})
    (answer,), snapshot = await buy(
        requests=[Request((Message("user", "y"),))], api_key=KeySource(env="SOME_KEY")
    )
    assert answer.why == "http 400: bad ***"
    everything = "".join(map(str, (caught.value, repr(caught.value), snapshot, caplog.text)))
    dump = "".join(ledger._connection.iterdump())
    assert key not in everything + dump
    with sqlite3.connect(ledger.path) as plain:
        assert plain.execute("SELECT count(*) FROM failure").fetchone()[0] > 0
    plain.close()


async def test_a_missing_key_is_told_before_anything_is_sent(server, connect, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(UserError, match="NO_SUCH_KEY"):
        async with connect(api_key=KeySource(env="NO_SUCH_KEY")):
            pass
    assert server.requests == 0


async def test_empty_completions_are_replies_and_paid(server, buy, say):
    server.script = lambda *_: say(text="")
    (answer,), _ = await buy()
    assert answer.reply.text == ""
    body = {
        "choices": [
            {"message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    server.script = lambda *_: say(body=body)
    (answer,), _ = await buy(requests=[Request((Message("user", "z"),))])
    assert (answer.reply.text, answer.reply.completions[0].finish) == ("I cannot.", "refusal")


async def test_missing_usage_is_counted_by_the_bound_and_marked(server, buy, say, ledger):
    server.script = lambda *_: say(usage=False, text="four")
    (answer,), snapshot = await buy()
    assert answer.reply.estimated
    assert ledger.find(answer.request.hash).estimated
    assert answer.reply.usage.completion_tokens == 5
    assert answer.reply.usage.prompt_tokens == 64 + 16 + 2
    assert "does not say what it uses" in snapshot.notes[0]


async def test_usage_beyond_the_bound_raises_the_bound(server, buy, say, connect, asked):
    body = {
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 820, "completion_tokens": 40},
    }
    server.script = lambda *_: say(body=body)
    (answer,), snapshot = await buy()
    assert answer.reply.usage.prompt_tokens == 820
    assert len(snapshot.notes) == 2


async def test_half_a_surrogate_pair_is_replaced(server, buy, say, ledger):
    server.script = lambda *_: say(
        body=b'{"choices": [{"message": {"content": "a\\ud83d"}}], '
        b'"usage": {"prompt_tokens": 1, "completion_tokens": 1}}'
    )
    (answer,), _ = await buy()
    assert answer.reply.text == "a?"


async def test_headers_query_and_body_of_the_recipe_are_sent(server, buy):
    await buy(headers={"X-Team": "a"}, query={"api-version": "2"}, body={"top_k": 5})
    assert server.bodies[0]["top_k"] == 5
    assert server.last_headers["x-team"] == "a"
    assert server.last_target == "/v1/chat/completions?api-version=2"


async def test_one_connection_for_each_request_in_flight(server, connect, ledger, asked, say):
    server.script = lambda *_: say(delay=0.002)
    async with connect(concurrency=48) as session:
        purchaser = Purchaser(session, ledger, limits=Limits(study=Limit(requests=400)))
        async for _ in purchaser.ask([asked(f"p{k}") for k in range(400)], ARM):
            pass
    assert server.most_in_flight == 48
    assert server.connections <= 48


async def test_certificates_that_cannot_be_read_are_told(tmp_path):
    options = EndpointOptions("m", "http://127.0.0.1:1/v1", ca_file=str(tmp_path / "no.pem"))
    with pytest.raises(UserError, match=r"no\.pem"):
        async with Endpoint(options).open():
            pass


@pytest.mark.parametrize("how", ["named", "env"])
async def test_a_proxy_is_used(server, buy, monkeypatch, how):
    proxy = server.url.removesuffix("/v1")
    monkeypatch.setenv("http_proxy", proxy)
    (answer,), _ = await buy(
        endpoint="http://model.example/v1", proxy=proxy if how == "named" else "env"
    )
    assert answer.reply is not None
    assert server.last_target == "http://model.example/v1/chat/completions"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_a_private_certificate_must_be_named(server, buy, tmp_path):
    pem, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", pem],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    await server.stop()
    await server.start(context)
    with pytest.raises(TeacherError, match="tls") as caught:
        await buy()
    assert "teacher.ca_file" in str(caught.value)
    (answer,), _ = await buy(ca_file=str(pem))
    assert answer.reply is not None


async def test_a_server_cannot_be_steered(connect, asked):
    async with connect() as session:
        with pytest.raises(UserError, match="cannot steer what it writes"):
            session.resolve(replace(asked("hi"), steering=Steering(reward=0.5)))
