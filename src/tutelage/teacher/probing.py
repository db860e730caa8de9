"""What an endpoint really does, found out by asking: replies are believed, status codes are not.

Servers accept parameters that they then ignore. `transformers serve`, for one, answers 200 to `n`
and `logprobs`, returns one completion without them, and repeats itself at temperature .9.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tutelage.contracts import Session
from tutelage.exceptions import TeacherError
from tutelage.records import Message, Reply, Request, Sampling, Usage
from tutelage.store.caps import Account, Limits
from tutelage.store.ledger import Ledger
from tutelage.teacher.prices import Price
from tutelage.teacher.purchasing import Purchaser

ARM = "probe"
"""Arm of the account that bears what probing costs."""
_WRITE = "Write one short, unusual sentence about the sea."
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
    "required": ["city", "inhabitants"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an endpoint was tried for."""

    name: str
    """`usage`, `length`, `draws`, `seed`, `n`, `logprobs` or `schema`."""
    ok: bool
    said: str
    """What was seen, in a sentence."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What an endpoint really does."""

    name: str
    """Provider and model as asked."""
    served_by: str
    """The model as the endpoint names it."""
    findings: tuple[Finding, ...]
    usage: Usage
    """What probing used; nothing new where the replies were in the ledger already."""

    def ok(self, name: str) -> bool:
        """Whether the thing called `name` works."""
        return any(finding.ok for finding in self.findings if finding.name == name)


async def probe(
    session: Session,
    ledger: Ledger,
    *,
    study: str,
    limits: Limits | None = None,
    price: Price | None = None,
    series: int = 0,
) -> Findings:
    """Try `session` with eight small requests, on the account of the arm `probe`.

    Args:
        session: An open teacher.
        ledger: Where the requests are paid; a second probe finds its replies there for free.
        study: Name of the study's account.
        limits: Caps to keep.
        price: As for `Purchaser`.
        series: Purchase seed; another one asks afresh.

    Raises:
        TeacherError: not even a plain request is answered.
        BudgetReached: a cap forbids probing.
    """
    asking = _Asking(session, ledger, Account(study, ARM, series), limits, price)
    plain = await asking.one(_request("Reply with the single word ready.", 16, series))
    if isinstance(plain, str):
        raise TeacherError(
            f"{session.name} does not answer a plain request: {plain}",
            do="Check the teacher's part of the recipe.",
        )
    findings = (
        _usage(plain),
        _length(plain),
        _draws(await asking.two(series, seed=None)),
        _seed(await asking.two(series, seed=7)),
        _n(await asking.one(_request(_WRITE, 32, series, n=3, temperature=0.9))),
        _logprobs(await asking.one(_request(_WRITE, 8, series, logprobs=3))),
        _schema(
            await asking.one(
                _request("Name a large city and its inhabitants.", 64, series, schema=True)
            )
        ),
    )
    return Findings(session.name, plain.served_by, findings, ledger.charged(asking.account))


class _Asking:
    """Asks one request at a time, so that a refused parameter ends one trial only."""

    def __init__(
        self,
        session: Session,
        ledger: Ledger,
        account: Account,
        limits: Limits | None,
        price: Price | None,
    ) -> None:
        self.account = account
        self._purchaser = Purchaser(session, ledger, limits=limits, price=price, max_failed=1000)

    async def one(self, request: Request) -> Reply | str:
        """The reply, or why there is none."""
        try:
            async with aclosing(self._purchaser.ask([request], self.account)) as answers:
                async for answer in answers:
                    return answer.reply or answer.why
        except TeacherError as e:
            return e.what
        return "no answer"

    async def two(self, series: int, *, seed: int | None) -> Sequence[Reply | str]:
        """Two draws of one prompt, with derived seeds or with the same one."""
        return [
            await self.one(_request(_WRITE, 32, series, draw=k, temperature=0.9, seed=seed))
            for k in range(2)
        ]


def _request(
    text: str,
    max_tokens: int,
    series: int,
    *,
    draw: int = 0,
    temperature: float | None = None,
    n: int = 1,
    logprobs: int | None = None,
    seed: int | None = None,
    schema: bool = False,
) -> Request:
    sampling = Sampling(
        temperature=temperature, max_tokens=max_tokens, n=n, logprobs=logprobs, seed=seed
    )
    return Request(
        (Message("user", text),),
        sampling,
        schema=_SCHEMA if schema else None,
        purchase=series,
        draw=draw,
    )


def _usage(reply: Reply) -> Finding:
    if reply.estimated:
        said = "It does not say how many tokens it used: an upper bound is counted and paid."
        return Finding("usage", False, said)
    used = reply.usage
    said = f"{used.prompt_tokens} + {used.completion_tokens} tokens for a short question."
    return Finding("usage", True, said)


def _length(reply: Reply) -> Finding:
    written = reply.usage.completion_tokens
    if written > 16:
        return Finding("length", False, f"Asked for at most 16 tokens, it used {written}.")
    if not reply.text.strip():
        return Finding("length", False, f"No text within 16 tokens (finish: {_finish(reply)}).")
    return Finding("length", True, "It keeps to max_tokens.")


def _draws(replies: Sequence[Reply | str]) -> Finding:
    texts = _texts(replies)
    if isinstance(texts, str):
        return Finding("draws", False, texts)
    if texts[0] == texts[1]:
        return Finding("draws", False, "Two draws at temperature .9 brought equal text.")
    return Finding("draws", True, "Two draws at temperature .9 differ.")


def _seed(replies: Sequence[Reply | str]) -> Finding:
    texts = _texts(replies)
    if isinstance(texts, str):
        return Finding("seed", False, texts)
    if texts[0] != texts[1]:
        return Finding("seed", False, "Two draws with the same seed differ: it repeats nothing.")
    return Finding("seed", True, "Two draws with the same seed are equal.")


def _n(reply: Reply | str) -> Finding:
    if isinstance(reply, str):
        return Finding("n", False, reply)
    got = len(reply.completions)
    return Finding("n", got == 3, f"Asked for 3 completions, it gave {got}.")


def _logprobs(reply: Reply | str) -> Finding:
    if isinstance(reply, str):
        return Finding("logprobs", False, reply)
    tokens = reply.completions[0].tokens
    if not tokens:
        return Finding("logprobs", False, "Asked for log-probabilities, it gave none.")
    rivals = max(len(token.top) for token in tokens)
    said = f"Log-probabilities for {len(tokens)} tokens, with {rivals} alternatives each."
    return Finding("logprobs", rivals >= 2, said)


def _schema(reply: Reply | str) -> Finding:
    if isinstance(reply, str):
        return Finding("schema", False, reply)
    try:
        answer = json.loads(reply.text)
        follows = set(answer) == {"city", "inhabitants"} and isinstance(answer["city"], str)
        follows = follows and isinstance(answer["inhabitants"], int)
    except (ValueError, TypeError):
        follows = False
    if follows:
        return Finding("schema", True, "Its reply followed the JSON schema.")
    return Finding("schema", False, f"Its reply ignored the JSON schema: {reply.text[:80]!r}.")


def _texts(replies: Sequence[Reply | str]) -> list[str] | str:
    """The texts, or why there are none."""
    texts = []
    for reply in replies:
        if isinstance(reply, str):
            return reply
        texts.append(reply.text)
    return texts if any(texts) else "It wrote nothing."


def _finish(reply: Reply) -> str:
    return reply.completions[0].finish
