"""Teachers: who answers requests, and how requests are bought without ever paying twice.

`purchasing.py` is the door: `Purchaser.ask` takes requests of any teacher and gives answers, with
the ledger between them. `endpoint.py` speaks to servers; the other teachers answer in this process.
"""

from __future__ import annotations

from tutelage.plugins import Plugin
from tutelage.teacher.providers import EndpointOptions

PLUGINS = (
    Plugin(
        "teacher",
        "endpoint",
        "tutelage.teacher.endpoint:build",
        EndpointOptions,
        summary="Any OpenAI-compatible server: OpenAI, Azure, vLLM, Ollama, llama.cpp, TGI, "
        "transformers serve.",
    ),
)
