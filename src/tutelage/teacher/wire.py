"""Chat completions on the wire: a request as JSON bytes, and bytes as a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tutelage.records import Completion, Reply, Request, TokenScore, Usage


class Unreadable(Exception):
    """A body with status 200 that is not a chat completion. `args[0]` says why."""


def encode(
    request: Request,
    model: str,
    *,
    extra: Mapping[str, Any],
    max_tokens_field: str,
    send_seed: bool,
) -> bytes:
    """The body of `request`, in one pass.

    A seed that the request does not name is taken from its hash: every draw of a prompt gets its
    own, and the same one whenever it is sent.
    """
    s = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        max_tokens_field: s.max_tokens,
    }
    if s.temperature is not None:
        body["temperature"] = s.temperature
    if s.top_p is not None:
        body["top_p"] = s.top_p
    if s.stop:
        body["stop"] = s.stop
    if s.n != 1:
        body["n"] = s.n
    if s.logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = s.logprobs
    if s.seed is not None or send_seed:
        body["seed"] = seed_of(request)
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema, "strict": True},
        }
    if extra:
        body.update(extra)
    return orjson.dumps(body)


def seed_of(request: Request) -> int:
    """The seed that is sent: the one that the request names, or 28 bits of its hash."""
    named = request.sampling.seed
    return int(request.hash[-7:], 16) if named is None else named


def decode(raw: bytes, request: Request, *, bound: Usage, seconds: float) -> Reply:
    """The reply in the body `raw`.

    Args:
        raw: As received, with status 200.
        request: What was sent.
        bound: Counted where the endpoint does not say what it used.
        seconds: How long it took.

    Raises:
        Unreadable: truncated, not JSON, an error in disguise, or without any completion.
    """
    body = read_json(raw)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        error = body.get("error")
        if error:
            raise Unreadable(f"error in a 200 reply: {message_of(body)}")
        raise Unreadable(f"no choices: {raw[:200]!r}")
    try:
        completions = tuple([_completion(choice) for choice in choices])
    except (AttributeError, KeyError, TypeError, ValueError) as e:
        raise Unreadable(f"not a chat completion: {raw[:200]!r}") from e
    usage = _usage(body.get("usage"))
    served_by = body.get("model")
    return Reply(
        request.hash,
        completions,
        usage or _estimate(completions, bound),
        served_by if isinstance(served_by, str) else "",
        seconds,
        usage is None,
    )


def read_json(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Half surrogate pairs, which some servers send, are replaced."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            text = json.dumps(json.loads(raw), ensure_ascii=False)
        except (ValueError, RecursionError) as e:
            raise Unreadable(f"not JSON: {raw[:200]!r}") from e
        body = orjson.loads(text.encode("utf-8", "replace"))
    if not isinstance(body, dict):
        raise Unreadable(f"not a JSON object: {raw[:200]!r}")
    return body


def message_of(body: Mapping[str, Any]) -> str:
    """What an error body says, in the dialects of the servers we know."""
    error = body.get("error", body)
    if isinstance(error, Mapping):
        for name in ("message", "detail", "error", "msg"):
            if error.get(name):
                return str(error[name])[:1000]
        return str(dict(error))[:1000]
    return str(error)[:1000]


def _completion(choice: Any) -> Completion:
    message = choice["message"]
    finish = choice.get("finish_reason")
    text = message.get("content")
    if text is None and message.get("refusal"):
        text, finish = message["refusal"], "refusal"
    if text is None:
        text = ""
    if not isinstance(text, str):
        raise TypeError(type(text))
    logprobs = choice.get("logprobs")
    tokens = _token_scores(logprobs["content"]) if logprobs and logprobs.get("content") else None
    return Completion(text, str(finish or "stop"), tokens)


def _token_scores(entries: Sequence[Mapping[str, Any]]) -> tuple[TokenScore, ...]:
    return tuple(
        TokenScore(
            entry["token"],
            float(entry["logprob"]),
            {top["token"]: float(top["logprob"]) for top in entry.get("top_logprobs") or ()},
        )
        for entry in entries
    )


def _usage(given: Any) -> Usage | None:
    if not isinstance(given, dict):
        return None
    prompt, completion = given.get("prompt_tokens"), given.get("completion_tokens", 0)
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    if prompt < 0 or completion < 0:
        return None
    return Usage(1, prompt, completion)


def _estimate(completions: Sequence[Completion], bound: Usage) -> Usage:
    """An upper bound: no token is shorter than one byte, and each completion has an end token."""
    written = sum(len(c.text.encode("utf-8", "replace")) + 1 for c in completions)
    return Usage(1, bound.prompt_tokens, min(bound.completion_tokens, written))
