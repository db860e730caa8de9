"""Requests and replies as the JSON that the ledger keeps, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from tutelage.records import (
    Completion,
    Message,
    Reply,
    Request,
    Sampling,
    Steering,
    TokenScore,
    Usage,
)


def request_body(request: Request) -> str:
    """All of `request` but its model, which has a column of its own. Defaults are left out."""
    s = request.sampling
    sampling = {
        "temperature": s.temperature,
        "top_p": s.top_p,
        "max_tokens": s.max_tokens,
        "stop": s.stop or None,
        "n": s.n if s.n != 1 else None,
        "logprobs": s.logprobs,
        "seed": s.seed,
    }
    body: dict[str, Any] = {
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "sampling": {k: v for k, v in sampling.items() if v is not None},
        "purchase": request.purchase,
        "draw": request.draw,
    }
    if request.schema is not None:
        body["schema"] = request.schema
    if request.shared:
        body["shared"] = True
    if request.steering is not None:
        body["steering"] = asdict(request.steering)
    return orjson.dumps(body).decode()


def read_request(model: str, body: str) -> Request:
    """The request that `request_body` wrote."""
    kept = orjson.loads(body)
    sampling = kept["sampling"]
    sampling["stop"] = tuple(sampling.get("stop", ()))
    return Request(
        messages=tuple(Message(m["role"], m["content"]) for m in kept["messages"]),
        sampling=Sampling(**sampling),
        schema=kept.get("schema"),
        shared=kept.get("shared", False),
        steering=_steering(kept.get("steering")),
        model=model,
        purchase=kept["purchase"],
        draw=kept["draw"],
    )


def _steering(kept: dict[str, Any] | None) -> Steering | None:
    if kept is None:
        return None
    against = tuple(
        tuple(Message(m["role"], m["content"]) for m in messages) for messages in kept["against"]
    )
    return Steering(**{**kept, "against": against})


def reply_body(reply: Reply) -> str:
    """The texts of `reply`; what it cost and took has columns of its own."""
    completions = []
    for completion in reply.completions:
        entry: dict[str, Any] = {"text": completion.text, "finish": completion.finish}
        if completion.tokens is not None:
            entry["tokens"] = [[t.token, t.logprob, dict(t.top)] for t in completion.tokens]
        completions.append(entry)
    return orjson.dumps({"completions": completions, "served_by": reply.served_by}).decode()


def read_reply(hash_: str, body: str, *, usage: Usage, seconds: float, estimated: bool) -> Reply:
    """The reply that `reply_body` wrote."""
    kept = orjson.loads(body)
    return Reply(
        request=hash_,
        completions=tuple(
            Completion(entry["text"], entry["finish"], _token_scores(entry.get("tokens")))
            for entry in kept["completions"]
        ),
        usage=usage,
        served_by=kept["served_by"],
        seconds=seconds,
        estimated=estimated,
    )


def _token_scores(entries: list[Any] | None) -> tuple[TokenScore, ...] | None:
    if entries is None:
        return None
    return tuple(TokenScore(token, logprob, top) for token, logprob, top in entries)
