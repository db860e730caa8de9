"""Teachers: who answers requests, and how requests are bought without ever paying twice.

`purchasing.py` is the door: `Purchaser.ask` takes requests of any teacher and gives answers, with
the ledger between them. `endpoint.py` speaks to servers; the other teachers answer in this process.
"""

from __future__ import annotations

from tutelage.plugins import Plugin
from tutelage.teacher.corpus_options import CorpusOptions
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.providers import EndpointOptions
from tutelage.teacher.recorded import RecordedOptions
from tutelage.teacher.scripted import ScriptedOptions
from tutelage.teacher.tuned_options import TunedOptions

PLUGINS = (
    Plugin(
        "teacher",
        "endpoint",
        "tutelage.teacher.endpoint:build",
        EndpointOptions,
        summary="Any OpenAI-compatible server: OpenAI, Azure, vLLM, Ollama, llama.cpp, TGI, "
        "transformers serve.",
    ),
    Plugin(
        "teacher",
        "local",
        "tutelage.teacher.local:build",
        LocalOptions,
        "Any causal or seq2seq model of transformers in this process; needs the extra `train`.",
        extra="train",
    ),
    Plugin(
        "teacher",
        "tuned",
        "tutelage.teacher.tuned:build",
        TunedOptions,
        "A model tuned on the gold train rows, which annotates, writes rows, or both; needs the "
        "extra `train`.",
        "arXiv 2310.01119",
        gives=("tuned",),
        extra="train",
    ),
    Plugin(
        "teacher",
        "recorded",
        "tutelage.teacher.recorded:build",
        RecordedOptions,
        "Replies from a file of requests and replies, or from columns of a table.",
    ),
    Plugin(
        "teacher",
        "corpus",
        "tutelage.teacher.corpus:build",
        CorpusOptions,
        "Answers with real texts that you own: typical ones for a label, the nearest for a row.",
    ),
    Plugin(
        "teacher",
        "scripted",
        "tutelage.teacher.scripted:build",
        ScriptedOptions,
        "Knows a built-in world and answers about it as a pure function of the request.",
    ),
)
