"""Where an OpenAI-compatible endpoint is and how it wants to be spoken to: options and presets.

Light: the command line checks recipes with this, without aiohttp.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from tutelage.teacher.keys import KeySource, scrub

MaxTokensField = Literal["auto", "max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a server beforehand."""

    url: str
    """Base URL, to which `/chat/completions` is added."""
    key_env: str = ""
    """Environment variable in which its users keep the key."""
    key_header: str = "Authorization"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        "https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        max_tokens_field="max_completion_tokens",
    ),
    "azure": Preset("", key_env="AZURE_OPENAI_API_KEY", key_header="api-key"),
    "vllm": Preset("http://127.0.0.1:8000/v1"),
    "ollama": Preset("http://127.0.0.1:11434/v1"),
    "llamacpp": Preset("http://127.0.0.1:8080/v1"),
    "tgi": Preset("http://127.0.0.1:3000/v1"),
    "transformers": Preset("http://127.0.0.1:8000/v1"),
}

_KEY_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "proxy-authorization"})
_KEY_QUERY = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token", "code"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which a sending is given up and tried again."""

    connect: float = 15.0
    """Until the connection stands."""
    first_byte: float | None = None
    """Without any byte from the server; None for no bound but `total`, since a reply that is not
    streamed comes as a whole. It takes a timer of its own: some 5 % of a request's CPU time."""
    total: float = 600.0
    """From sending to the last byte."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """An OpenAI-compatible server.

    Raises:
        ValueError: a key that stands in the recipe, an unknown preset, numbers out of range. The
            message never repeats a value that could be a key.
    """

    model: str
    """Name of the model as the server knows it (Azure: of the deployment)."""
    endpoint: str = "openai"
    """`openai`, `azure`, `vllm`, `ollama`, `llamacpp`, `tgi`, `transformers`, or a base URL such as
    `http://host:8000/v1`, to which `/chat/completions` is added."""
    url: str = ""
    """Base URL of a preset that runs elsewhere. Needed for `azure`, with `query: {api-version: X}`:
    `https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT`."""
    api_key: KeySource | str | None = None
    """`{env: NAME}`, `{file: PATH}` or `{command: "..."}`; read again when the server says 401.
    Never the key itself."""
    provider: str = ""
    """Who serves the model, part of each request's identity. The URL's host where empty;
    `localhost` for this machine, whatever the port, so that a server that moves keeps what was
    bought from it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers; no keys."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the URL, such as `api-version`."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of each request's JSON, such as `{top_k: 40}`. Not part of a request's
    identity: name another `provider` where it changes what comes back."""
    proxy: str = ""
    """Proxy URL without password, or `env` for what HTTPS_PROXY and its like say."""
    ca_file: str = ""
    """Certificates to trust instead of the system's, in PEM."""
    concurrency: int = 64
    """Most requests in flight. Fewer are sent while the server says that it is too much."""
    timeout: Timeouts = field(default_factory=Timeouts)
    retries: int = 6
    """Further sendings of one request, when the endpoint breaks or does not answer. One that says
    it is busy (429, 503) is tried for ten minutes at least."""
    temperature: float | None = None
    """Default for requests that leave it open; None leaves it to the server."""
    top_p: float | None = None
    """Default for requests that leave it open; None leaves it to the server."""
    max_tokens: int = 1024
    """Default for requests that leave it open. It bounds what a request can cost."""
    max_tokens_field: MaxTokensField = "auto"
    """Name of the length limit in the JSON; auto: by preset, and changed when it is refused."""
    send_seed: bool = True
    """Send a seed derived from the request's identity where the request names none, so that the
    draws of one prompt differ even on a server that would repeat itself. Left out when refused."""

    def __post_init__(self) -> None:
        if isinstance(self.api_key, str):
            raise ValueError(
                "api_key must say where the key is, not hold it: {env: NAME}, {file: PATH} or "
                "{command: ...}"
            )
        if self.endpoint not in PRESETS and not _is_url(self.endpoint):
            raise ValueError(
                f"endpoint must be one of {', '.join(PRESETS)}, or a base URL that begins with "
                f"http:// or https://; was: {scrub(self.endpoint)}"
            )
        if not self.base_url:
            raise ValueError(f"endpoint {self.endpoint} needs its own url")
        self._check_secrets()
        self._check_numbers()

    @property
    def preset(self) -> Preset:
        return PRESETS.get(self.endpoint) or Preset(self.endpoint)

    @property
    def base_url(self) -> str:
        """Without a slash at the end."""
        return (self.url or self.preset.url).rstrip("/")

    @property
    def name(self) -> str:
        """Provider and model, as it stands in each request's identity."""
        return f"{self.provider or provider_of(self.base_url)}/{self.model}"

    @property
    def key_source(self) -> KeySource | None:
        """Where the key is; what the preset's users are used to where the recipe says nothing."""
        if isinstance(self.api_key, KeySource):
            return self.api_key
        return KeySource(env=self.preset.key_env) if self.preset.key_env else None

    def _check_secrets(self) -> None:
        for name, value in self.headers.items():
            if name.lower() in _KEY_HEADERS or scrub(value) != value:
                raise ValueError(f"headers.{name} holds a key; use api_key: {{env: NAME}}")
        for name, value in self.query.items():
            if name.lower() in _KEY_QUERY or scrub(value) != value:
                raise ValueError(f"query.{name} holds a key; use api_key: {{env: NAME}}")
        for name, url in (("endpoint", self.endpoint), ("url", self.url), ("proxy", self.proxy)):
            if "://" in url and urlsplit(url).username is not None:
                raise ValueError(
                    f"{name} holds a user name or password; use api_key, or proxy: env"
                )
        if self.url and not _is_url(self.url):
            raise ValueError("url must begin with http:// or https://")

    def _check_numbers(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1; was: {self.concurrency}")
        if self.retries < 0:
            raise ValueError(f"retries cannot be negative; was: {self.retries}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1; was: {self.max_tokens}")
        if not self.model.strip():
            raise ValueError("model is empty")


def provider_of(url: str) -> str:
    """Host and port of a URL, as part of identities; `localhost` for this machine.

    >>> provider_of("http://127.0.0.1:8000/v1"), provider_of("https://api.openai.com/v1")
    ('localhost', 'api.openai.com')
    >>> provider_of("http://gpu7:8001/v1")
    'gpu7:8001'
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host == "localhost" or _is_loopback(host):
        return "localhost"
    return f"{host}:{parts.port}" if parts.port else host


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_url(text: str) -> bool:
    return re.match(r"https?://[^/\s]", text) is not None
