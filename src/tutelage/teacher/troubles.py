"""What a bad answer of an endpoint means, and what follows from it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

from tutelage.teacher.wire import Unreadable, message_of, read_json

Course = Literal[
    "retry", "slow", "unreached", "at_once", "give_up", "fatal", "key", "drop_seed",
    "rename_max_tokens",
]  # fmt: skip
"""`retry` later; `slow` down and retry; `unreached`: no connection, retry; send again `at_once`;
`give_up` this request; `fatal` for the endpoint; `key`: read it again; `drop_seed` and
`rename_max_tokens`: speak the server's dialect and send again."""

_OVERFLOW = re.compile(
    r"context.?(length|window|size)|maximum context|too many tokens|prompt is too long"
    r"|(input|prompt|inputs).{0,40}(exceed|longer|too long)|reduce the length",
    re.IGNORECASE,
)
_UNSUPPORTED = re.compile(
    r"unsupported|not supported|unrecognized|unknown|not permitted|extra inputs|does not support"
    r"|only the default|unexpected keyword",
    re.IGNORECASE,
)
_PARAMETERS = (
    "max_completion_tokens",
    "max_tokens",
    "seed",
    "temperature",
    "top_p",
    "top_logprobs",
    "logprobs",
    "response_format",
    "stop",
    "n",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a sending brought no reply."""

    why: str
    """Kind and particulars, with a colon between them."""
    course: Course
    maybe_paid: bool = False
    retry_after: float | None = None
    """Seconds that the server asked for."""


def of_status(status: int, headers: Mapping[str, str], raw: bytes) -> Trouble:
    """What an answer whose status is not 200 means. A refusal by status code is not charged for;
    a gateway that lost its server may hide a reply that was."""
    message, parameter, code = _read_error(raw)
    why = f"http {status}: {message}"
    after = retry_after(headers)
    if status == 401:
        return Trouble(why, "key")
    if status == 429 and code in ("insufficient_quota", "billing_hard_limit_reached"):
        return Trouble(why, "fatal")
    if status in (429, 503):
        return Trouble(why, "slow", retry_after=after)
    if status in (402, 403, 404, 405, 407):
        return Trouble(why, "fatal")
    if status in (400, 413, 422):
        return _bad_request(why, message, parameter, code)
    if status in (408, 409, 425) or status >= 500:
        return Trouble(why, "retry", maybe_paid=status in (502, 504), retry_after=after)
    if 300 <= status < 400:
        return Trouble(f"http {status}: redirected to {headers.get('Location', '?')}", "fatal")
    return Trouble(why, "give_up")


def of_error(error: Exception) -> Trouble:
    """What a failed exchange means. What was sent may be charged for unless no connection stood."""
    import aiohttp

    particulars = f"{type(error).__name__} {error}".strip()
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Trouble(f"tls: {particulars}", "fatal")
    if isinstance(error, aiohttp.InvalidURL):
        return Trouble(f"url: {particulars}", "fatal")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Trouble(f"proxy: {particulars}", "fatal")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Trouble(f"no connection: {particulars}", "unreached")
    if isinstance(error, TimeoutError):
        return Trouble(f"timeout: {particulars}", "retry", maybe_paid=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Trouble(f"truncated: {particulars}", "retry", maybe_paid=True)
    return Trouble(f"connection lost: {particulars}", "retry", maybe_paid=True)


def advice(trouble: Trouble, *, place: str) -> str:
    """What the user can do about an endpoint that cannot be used.

    Args:
        trouble: What it said.
        place: Where the API key comes from; empty where none is sent.
    """
    why = trouble.why
    if why.startswith(("http 401", "http 403")):
        return f"Check the key in {place}." if place else "Set teacher.api_key: {env: NAME}."
    if why.startswith("http 404"):
        return "Check teacher.model, and that the base URL ends where /chat/completions follows."
    if why.startswith(("http 402", "http 429")):
        return "Top up the account with the provider, then run again: nothing is bought twice."
    if "(parameter " in why:
        return "Leave that parameter out of the recipe: this model does not take it."
    if why.startswith("no connection"):
        return "Check that the server runs and that the URL is right, then run again."
    if why.startswith("tls"):
        return "Check the URL; name a private CA under teacher.ca_file."
    return "Check the teacher's part of the recipe."


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds to wait, from `retry-after-ms`, or `Retry-After` in seconds or as an HTTP date.

    >>> retry_after({"Retry-After": "2.5"})
    2.5
    >>> retry_after({"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=50.0)
    10.0
    """
    for name, scale in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        given = headers.get(name, "").strip()
        try:
            seconds = float(given) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        moment = parsedate_to_datetime(headers.get("Retry-After", ""))
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


def _bad_request(why: str, message: str, parameter: str, code: str) -> Trouble:
    if code == "context_length_exceeded" or _OVERFLOW.search(message):
        return Trouble(why.replace("http", "context overflow, http", 1), "give_up")
    named = _parameter(message, parameter)
    if named == "seed":
        return Trouble(why, "drop_seed")
    if named in ("max_tokens", "max_completion_tokens"):
        return Trouble(why, "rename_max_tokens")
    if named:
        # It stands in the request's identity: leaving it out would record something not asked.
        return Trouble(f"{why} (parameter {named})", "fatal")
    return Trouble(why, "give_up")


def _parameter(message: str, parameter: str) -> str:
    """The parameter of ours that the server does not take, if it is about one."""
    if not _UNSUPPORTED.search(message):
        return ""
    if parameter in _PARAMETERS:
        return parameter
    for name in _PARAMETERS:
        if re.search(rf"['\"`\[.]{name}['\"`\]]|(?:parameter|argument|field):? {name}\b", message):
            return name
    return ""


def _read_error(raw: bytes) -> tuple[str, str, str]:
    """Message, parameter and code of an error body."""
    try:
        body = read_json(raw)
    except Unreadable:
        return raw[:300].decode("utf-8", "replace").strip() or "(empty body)", "", ""
    error = body.get("error")
    fields = error if isinstance(error, Mapping) else body
    return message_of(body), str(fields.get("param") or ""), str(fields.get("code") or "")
