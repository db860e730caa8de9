from __future__ import annotations

from typing import Any

import pytest

from tutelage.exceptions import TeacherError
from tutelage.teacher.probing import probe


def completion(*texts: str, usage: bool = True, logprobs: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "choices": [{"message": {"content": text}, "logprobs": logprobs} for text in texts]
    }
    if usage:
        body["usage"] = {"prompt_tokens": 5, "completion_tokens": 4}
    return body


async def run(connect, ledger) -> Any:
    async with connect(concurrency=2) as session:
        return await probe(session, ledger, study="study")


async def test_an_honest_server_is_believed(server, connect, ledger, say):
    top = [{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -3.0}]
    tokens = {"content": [{"token": "a", "logprob": -0.1, "top_logprobs": top}]}

    def script(number: int, body: Any, _: Any) -> Any:
        if "response_format" in body:
            return say(body=completion('{"city": "Lagos", "inhabitants": 15000000}'))
        texts = [f"text {body['seed']}"] * body.get("n", 1)
        return say(body=completion(*texts, logprobs=tokens if "logprobs" in body else None))

    server.script = script
    findings = await run(connect, ledger)
    assert all(finding.ok for finding in findings.findings), findings
    assert findings.name == "localhost/tiny"
    assert server.requests == 8
    assert findings.usage.requests == 8
    again = await run(connect, ledger)
    assert again == findings
    assert server.requests == 8


async def test_a_server_that_answers_200_and_ignores_everything_is_found_out(
    server, connect, ledger, say
):
    server.script = lambda *_: say(body=completion("the same", usage=False))
    findings = await run(connect, ledger)
    told = {finding.name: finding.ok for finding in findings.findings}
    assert told == {
        "usage": False,
        "length": True,
        "draws": False,
        "seed": True,
        "n": False,
        "logprobs": False,
        "schema": False,
    }
    assert findings.ok("seed")
    assert not findings.ok("n")


async def test_a_refused_parameter_ends_one_trial_only(server, connect, ledger, say):
    def script(number: int, body: Any, _: Any) -> Any:
        if "logprobs" in body:
            return say(status=400, body={"error": {"message": "Unsupported: 'logprobs'"}})
        if "n" in body:
            return say(status=500)
        return None

    server.script = script
    async with connect(retries=1) as session:
        findings = await probe(session, ledger, study="study")
    told = {finding.name: finding for finding in findings.findings}
    assert "logprobs" in told["logprobs"].said
    assert "http 500" in told["n"].said
    assert told["draws"].ok


async def test_a_server_that_answers_nothing_is_an_error(server, connect, ledger, say):
    server.script = lambda *_: say(status=400, body={"error": {"message": "go away"}})
    with pytest.raises(TeacherError, match="go away"):
        await run(connect, ledger)
