from __future__ import annotations

import subprocess
import sys

import pytest

from tutelage.teacher.keys import KeySource
from tutelage.teacher.providers import PRESETS, EndpointOptions, provider_of

SECRET = "sk-abcdefghijklmnop"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"endpoint": "openai"}, "api.openai.com/m"),
        ({"endpoint": "vllm"}, "localhost/m"),
        ({"endpoint": "vllm", "url": "http://127.0.0.1:9999/v1"}, "localhost/m"),
        ({"endpoint": "http://[::1]:8000/v1"}, "localhost/m"),
        ({"endpoint": "http://0.0.0.0:8000/v1"}, "localhost/m"),
        ({"endpoint": "https://Example.COM/v1/"}, "example.com/m"),
        ({"endpoint": "http://gpu7:8001/v1"}, "gpu7:8001/m"),
        ({"endpoint": "http://gpu7:8001/v1", "provider": "ours"}, "ours/m"),
        ({"endpoint": "azure", "url": "https://x.openai.azure.com/d"}, "x.openai.azure.com/m"),
    ],
)
def test_a_name_says_who_serves_what(options, name):
    assert EndpointOptions(model="m", **options).name == name


def test_a_moved_local_server_keeps_its_name():
    assert provider_of("http://localhost:1/v1") == provider_of("http://127.0.0.1:2/v1")


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRET},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"headers": {"X-Other": SECRET}},
        {"query": {"key": SECRET}},
        {"endpoint": f"https://user:{SECRET}@host/v1"},
        {"endpoint": SECRET},
        {"proxy": f"http://user:{SECRET}@proxy:3128"},
    ],
)
def test_a_key_in_the_recipe_is_refused_and_not_repeated(options):
    with pytest.raises(ValueError) as caught:
        EndpointOptions(model="m", **options)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint": "opnai"}, "must be one of openai, azure"),
        ({"endpoint": "azure"}, "azure needs its own url"),
        ({"url": "example.com"}, "must begin with http"),
        ({"concurrency": 0}, "at least 1; was: 0"),
        ({"retries": -1}, "cannot be negative; was: -1"),
        ({"max_tokens": 0}, "at least 1; was: 0"),
        ({"model": " "}, "model is empty"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EndpointOptions(**({"model": "m"} | options))


def test_a_preset_knows_where_its_users_keep_the_key():
    assert EndpointOptions("m").key_source == KeySource(env="OPENAI_API_KEY")
    assert EndpointOptions("m", "ollama").key_source is None
    assert EndpointOptions("m", api_key=KeySource(file="k")).key_source == KeySource(file="k")
    assert all(preset.url or name == "azure" for name, preset in PRESETS.items())


def test_declaring_teachers_imports_neither_aiohttp_nor_torch():
    code = (
        "import sys, tutelage.teacher\n"
        "print([m for m in ('aiohttp', 'torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
