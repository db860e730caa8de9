"""Identity is a promise: golden hashes from the first commit, and one table, tested field by field.

A change of any golden value is a breaking release with a migration.
"""

import subprocess
import sys
from dataclasses import replace

import pytest

from tutelage.records import (
    Example,
    Message,
    Origin,
    Request,
    Sampling,
    Steering,
    Task,
    Usage,
    content_hash,
)

REQUEST = Request(
    messages=(Message("system", "You help."), Message("user", "Why is näive € 5?")),
    sampling=Sampling(temperature=0.2, max_tokens=400),
    model="api.openai.com/gpt-4o-mini",
)
GOLDEN_PROMPT = "prompt1-375a44bcb57581b823e8e39b14ce8cef"
GOLDEN_REQUEST = "request1-9d6aa5ebf83304df2c55de9d4a74dbf2"
GOLDEN_STEERED = "prompt1-3a0a17b9996be46c484738b01a1e4e38"


def test_golden_hashes():
    assert (
        content_hash("x1", {"b": [1, 0.5, None], "a": "ä"}) == "x1-2b73626f04597d0cbe985938c4c90b3f"
    )
    assert REQUEST.prompt_hash == GOLDEN_PROMPT
    assert REQUEST.hash == GOLDEN_REQUEST


def test_the_hash_is_the_same_in_another_process():
    code = (
        "from tutelage.records import *;"
        "print(Request(messages=(Message('user', 'hi'),), model='m', draw=3).hash)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == Request((Message("user", "hi"),), model="m", draw=3).hash


CHANGES = {
    "messages": (Message("user", "Other"),),
    "model": "localhost/other",
    "schema": {"type": "object"},
    "purchase": 2,
    "draw": 1,
    "steering": Steering(against=((Message("user", "other"),),)),
}
SAMPLING_CHANGES = {
    "temperature": 0.3,
    "top_p": 0.9,
    "max_tokens": 401,
    "stop": ("\n",),
    "n": 2,
    "logprobs": 5,
    "seed": 7,
}


@pytest.mark.parametrize("field", CHANGES)
def test_fields_that_change_a_purchase(field):
    assert replace(REQUEST, **{field: CHANGES[field]}).hash != REQUEST.hash


@pytest.mark.parametrize("field", SAMPLING_CHANGES)
def test_sampling_changes_prompt_and_purchase(field):
    changed = replace(
        REQUEST, sampling=replace(REQUEST.sampling, **{field: SAMPLING_CHANGES[field]})
    )
    assert changed.hash != REQUEST.hash
    assert changed.prompt_hash != REQUEST.prompt_hash


def test_every_field_of_a_request_is_in_the_table():
    assert set(CHANGES) | {"sampling", "shared", "gist"} == set(Request.__dataclass_fields__)
    assert set(SAMPLING_CHANGES) == set(Sampling.__dataclass_fields__)


def test_shared_says_how_draws_are_counted_and_is_no_identity():
    assert replace(REQUEST, shared=True).hash == REQUEST.hash


def test_golden_hash_of_steering():
    steered = replace(
        REQUEST, steering=Steering(((Message("user", "no"),),), 100.0, 0.02, "a b", 0.8, 1.1)
    )
    assert steered.prompt_hash == GOLDEN_STEERED


def test_draw_and_purchase_leave_the_prompt_as_it_is():
    assert replace(REQUEST, draw=5, purchase=9).prompt_hash == REQUEST.prompt_hash


def test_whole_temperatures_are_the_same_as_floats():
    def with_temperature(value):
        return replace(REQUEST, sampling=replace(REQUEST.sampling, temperature=value))

    assert with_temperature(1).hash == with_temperature(1.0).hash


def test_text_fingerprint_folds_white_space_and_ignores_the_answer():
    row = Example("1", {"text": "a  b\n"}, label="x", origin=Origin(role="train"))
    other = Example("2", {"text": " a b"}, label="y", origin=Origin(role="test"))
    assert row.text_fingerprint() == other.text_fingerprint()
    assert row.row_fingerprint() != other.row_fingerprint()


def test_the_answer_is_what_the_task_asks_for():
    assert Example("1", {}, label="x").answer == "x"
    assert Example("1", {}, labels=()).answer == ()
    assert Example("1", {}, target="t").answer == "t"


def test_money_adds_up_exactly():
    cent = Usage(1, 10, 5, 10_000_000)
    total = sum((cent for _ in range(1000)), Usage())
    assert total == Usage(1000, 10_000, 5_000, 10_000_000_000)
    assert total.usd == 10.0
    assert total.tokens == 15_000


def test_a_task_knows_its_labels():
    task = Task("t", "classification", ("text",))
    assert task.label_names == ()
    with pytest.raises(KeyError):
        task.label("x")
