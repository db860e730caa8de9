"""The teacher behind any OpenAI-compatible server: chat completions over HTTP.

One event loop, as many connections as requests in flight, and one worker for each that pulls its
next request from the desk. aiohttp is imported only when a session is opened.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tutelage.contracts import Desk
from tutelage.exceptions import TeacherError, UserError
from tutelage.records import Example, Reply, Request, Usage
from tutelage.teacher.dialect import Dialect
from tutelage.teacher.keys import scrub
from tutelage.teacher.pacing import Pacing
from tutelage.teacher.providers import EndpointOptions
from tutelage.teacher.steered_requests import refuse_steering
from tutelage.teacher.troubles import Trouble, advice, of_error, of_status
from tutelage.teacher.valve import Valve
from tutelage.teacher.wire import Unreadable, decode, encode

if TYPE_CHECKING:
    import aiohttp

BACKOFF, BACKOFF_MOST = 0.5, 60.0
"""Seconds: the wait before the k-th retry is drawn from 0 to min(60, 0.5 * 2**k)."""
PATIENCE = 600.0
"""Seconds for which a request is sent again to a server that says it is busy (429, 503)."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the 5 s after which common servers close it,
since a request that meets a closing connection may or may not have been read."""
UNREACHABLE = 3
"""Failed connections of one request that end the work of a session nobody ever answered."""
LARGE = 1 << 20
"""Bytes from which a body is handed over in pieces."""


class Endpoint:
    """Opens sessions with one server."""

    def __init__(self, options: EndpointOptions) -> None:
        self._options = options

    @asynccontextmanager
    async def open(
        self,
        gold: Sequence[Example] = (),
        *,
        dev: Sequence[Example] = (),
        folder: Path | None = None,
    ) -> AsyncIterator[EndpointSession]:
        """Read the key and set up connections; nothing is sent yet.

        Raises:
            UserError: no key where the recipe says it is, or unreadable certificates.
        """
        async with self._connect(await _read_key(self._options)) as session:
            yield session

    @asynccontextmanager
    async def sketch(self) -> AsyncIterator[EndpointSession]:
        """A session without a key, which resolves and bounds requests but must not send any: what
        a plan needs."""
        async with self._connect("") as session:
            yield session

    @asynccontextmanager
    async def _connect(self, key: str) -> AsyncIterator[EndpointSession]:
        import aiohttp

        o = self._options
        trusted = _trusted(o.ca_file)
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300, ssl=trusted or True
        )
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                total=o.timeout.total,
                sock_connect=o.timeout.connect,
                sock_read=o.timeout.first_byte,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=o.proxy == "env",
        ) as http:
            yield EndpointSession(o, http, key)


class EndpointSession:
    """An open connection to one model. See `contracts.Session`; and `tally.Paced` for its
    `notes`, `waiting` and `refusals`."""

    def __init__(self, options: EndpointOptions, http: aiohttp.ClientSession, key: str) -> None:
        import aiohttp
        from yarl import URL

        self.name = options.name
        self.notes: list[str] = []
        self._o, self._http, self._key = options, http, key
        self._url = URL(f"{options.base_url}/chat/completions")
        if options.query:
            self._url = self._url.update_query(options.query)
        self._proxy = options.proxy if options.proxy not in ("", "env") else None
        self._errors = (aiohttp.ClientError, OSError, TimeoutError)
        self._dialect = Dialect.of(options)
        self._prompt_factor = self._completion_factor = 1.0
        self._pacing = Pacing(options.concurrency, patience=PATIENCE)
        self._valve = Valve(self._pacing)
        self._loop = asyncio.get_running_loop()
        self._key_lock = asyncio.Lock()
        self._fatal: TeacherError | None = None
        self._answered = False
        self._headers = self._make_headers()

    # --- contracts.Session ------------------------------------------------------------------------

    def resolve(self, request: Request) -> Request:
        refuse_steering(request, self.name)
        s, o = request.sampling, self._o
        temperature = o.temperature if s.temperature is None else s.temperature
        top_p = o.top_p if s.top_p is None else s.top_p
        max_tokens = o.max_tokens if s.max_tokens is None else s.max_tokens
        wanted = (temperature, top_p, max_tokens)
        if wanted != (s.temperature, s.top_p, s.max_tokens):
            s = replace(s, temperature=temperature, top_p=top_p, max_tokens=max_tokens)
        if request.model == self.name and s is request.sampling:
            return request
        return replace(request, model=self.name, sampling=s)

    def bound(self, request: Request) -> Usage:
        """No token is shorter than one byte; the chat template adds a few for each message."""
        size = 64
        for message in request.messages:
            text = message.content
            size += 16 + (len(text) if text.isascii() else len(text.encode("utf-8", "replace")))
        if request.schema is not None:
            size += len(orjson.dumps(request.schema))
        completion = request.sampling.n * (request.sampling.max_tokens or self._o.max_tokens)
        return Usage(1, int(size * self._prompt_factor), int(completion * self._completion_factor))

    async def answer(self, desk: Desk) -> None:
        """Answer all that the desk has.

        Raises:
            TeacherError: the endpoint refuses us altogether or was never reached. What was in
                flight by then has been waited for.
        """
        self._fatal = None
        workers = [asyncio.create_task(self._work(desk)) for _ in range(self._o.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if self._fatal is not None:
            raise self._fatal

    # --- tally.Paced ------------------------------------------------------------------------------

    def waiting(self) -> float:
        return max(0.0, self._pacing.resume_at - self._loop.time())

    def refusals(self) -> int:
        return self._pacing.refusals

    # --- workers ----------------------------------------------------------------------------------

    async def _work(self, desk: Desk) -> None:
        valve = self._valve
        while True:
            await valve.take()
            request = None if self._fatal else await anext(desk, None)
            if request is None:
                valve.leave()
                return
            valve.held += 1
            try:
                await self._pursue(request, desk)
            finally:
                valve.release()

    async def _pursue(self, request: Request, desk: Desk) -> None:
        """Send `request` until there is a reply, or no hope of one."""
        attempt, began = 0, self._loop.time()
        while True:
            version, key = self._dialect.version, self._key
            outcome = await self._send(request)
            if isinstance(outcome, Reply):
                desk.deliver(outcome)
                return
            trouble = await self._settle(outcome, request, version=version, key=key)
            if attempt >= UNREACHABLE - 1 and trouble.course == "unreached" and not self._answered:
                trouble = replace(trouble, course="fatal")
            if trouble.course == "fatal":
                self._end_work(trouble)
            # A busy server is waited for, however often it says so: its limits count by the minute.
            patient = trouble.course == "slow" and self._loop.time() - began < PATIENCE
            patient = patient or trouble.course == "at_once"
            if trouble.course in ("fatal", "give_up") or (
                attempt >= self._o.retries and not patient
            ):
                desk.fail(request, trouble.why, maybe_paid=trouble.maybe_paid)
                return
            await self._pause(request, attempt, trouble, desk)
            if self._fatal is not None:
                desk.fail(request, trouble.why, maybe_paid=trouble.maybe_paid)
                return
            if not await desk.again(request, trouble.why, maybe_paid=trouble.maybe_paid):
                return
            attempt += trouble.course != "at_once"

    async def _send(self, request: Request) -> Reply | Trouble:
        """One sending, from the window's leave to the last byte."""
        started = await self._valve.start()
        try:
            body = encode(
                request,
                self._o.model,
                extra=self._o.body,
                max_tokens_field=self._dialect.max_tokens_field,
                send_seed=self._dialect.send_seed,
            )
            try:
                response = await self._http.post(
                    self._url,
                    data=body if len(body) < LARGE else BytesIO(body),
                    headers=self._headers,
                    allow_redirects=False,
                    proxy=self._proxy,
                )
                raw = await response.read()
            except self._errors as e:
                return of_error(e)
            seconds = self._loop.time() - started
            return self._understand(request, response, raw, started=started, seconds=seconds)
        finally:
            self._valve.end()

    def _understand(
        self,
        request: Request,
        response: aiohttp.ClientResponse,
        raw: bytes,
        *,
        started: float,
        seconds: float,
    ) -> Reply | Trouble:
        if response.status != 200:
            trouble = of_status(response.status, response.headers, raw)
            if trouble.course == "slow":
                self._pacing.refuse(
                    self._loop.time(), started=started, retry_after=trouble.retry_after
                )
            return trouble
        bound = self.bound(request)
        try:
            reply = decode(raw, request, bound=bound, seconds=seconds)
        except Unreadable as e:
            return Trouble(str(e), "retry", maybe_paid=True)
        self._answered = True
        self._pacing.succeed()
        if reply.estimated:
            self._note("The endpoint does not say what it uses: an upper bound is counted.")
        elif reply.usage.prompt_tokens > bound.prompt_tokens:
            self._prompt_factor *= 1.1 * reply.usage.prompt_tokens / bound.prompt_tokens
            self._note(_beyond("prompt"))
        if reply.usage.completion_tokens > bound.completion_tokens:
            self._completion_factor *= reply.usage.completion_tokens / bound.completion_tokens
            self._note(_beyond("completion"))
        return reply

    # --- troubles ---------------------------------------------------------------------------------

    async def _settle(
        self, trouble: Trouble, request: Request, *, version: int, key: str
    ) -> Trouble:
        """What to do about `trouble`, after having done what can be done about its cause."""
        trouble = replace(trouble, why=scrub(trouble.why, self._key))
        if trouble.course == "key":
            fresh = await self._renew_key(key)
            return replace(trouble, course="retry" if fresh else "fatal")
        if trouble.course in ("drop_seed", "rename_max_tokens"):
            if version == self._dialect.version:
                learned = self._dialect.learn(trouble, request)
                if not learned:
                    return replace(trouble, course="fatal")
                self._note(learned)
            return replace(trouble, course="at_once")
        return trouble

    async def _renew_key(self, refused: str) -> bool:
        """Read the key again; False where it is the one that was refused."""
        async with self._key_lock:
            if self._key == refused:
                try:
                    self._key = await _read_key(self._o)
                except UserError:
                    return False
                self._headers = self._make_headers()
            return self._key != refused

    async def _pause(self, request: Request, attempt: int, trouble: Trouble, desk: Desk) -> None:
        """Wait before the next sending: full jitter, or as long as the endpoint asked."""
        if trouble.course == "at_once":
            return
        most = min(BACKOFF_MOST, BACKOFF * 2.0 ** min(attempt, 30))
        delay = random.Random(f"{request.hash}/{attempt}").uniform(0.0, most)
        if trouble.retry_after is not None:
            delay += min(trouble.retry_after, PATIENCE)
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            desk.fail(request, trouble.why, maybe_paid=trouble.maybe_paid)
            raise

    def _end_work(self, trouble: Trouble) -> None:
        if self._fatal is None:
            self._fatal = TeacherError(
                f"The endpoint {self._o.base_url} cannot be used: {trouble.why}",
                f"It was asked for the model {self._o.model!r}.",
                advice(trouble, place=self._o.key_source.place if self._o.key_source else ""),
            )

    # --- small parts ------------------------------------------------------------------------------

    def _make_headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", **self._o.headers}
        if self._key:
            name = self._o.preset.key_header
            headers[name] = f"Bearer {self._key}" if name == "Authorization" else self._key
        return headers

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def __repr__(self) -> str:
        return f"EndpointSession({self.name!r})"


def build(options: EndpointOptions, **_: Any) -> Endpoint:
    """The plug-in's door."""
    return Endpoint(options)


async def _read_key(options: EndpointOptions) -> str:
    """The key, read in a thread since a command may take its time; empty for a server without.

    A preset's customary variable may be unset where the URL was changed to another server.
    """
    source = options.key_source
    if source is None:
        return ""
    try:
        return await asyncio.to_thread(source.read)
    except UserError:
        if options.api_key is None and options.url and options.endpoint != "azure":
            return ""
        raise


def _trusted(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as e:
        raise UserError(
            f"The certificates in {ca_file} cannot be read: {e.strerror or e}.",
            do="Check teacher.ca_file: it must be a PEM file.",
        ) from e


def _beyond(kind: str) -> str:
    return (
        f"The endpoint uses more {kind} tokens than the bound that was reserved; the bound is "
        "raised for what follows, and caps may be passed by what was in flight."
    )
