from __future__ import annotations

import sys

import pytest

from tutelage.exceptions import UserError
from tutelage.teacher.keys import KeySource, scrub


def test_a_key_is_read_from_environment_file_or_command(monkeypatch, tmp_path):
    monkeypatch.setenv("A_KEY", " sk-env \n")
    (tmp_path / "key").write_text("sk-file\nsecond line\n")
    command = f"{sys.executable} -c \"print('sk-command')\""
    assert KeySource(env="A_KEY").read() == "sk-env"
    assert KeySource(file=str(tmp_path / "key")).read() == "sk-file"
    assert KeySource(command=command).read() == "sk-command"


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (KeySource(env="UNSET_KEY"), "environment variable UNSET_KEY"),
        (KeySource(file="/nowhere/key"), "file /nowhere/key cannot be read"),
        (KeySource(command="no-such-program-here x"), "command no-such-program-here did not run"),
        (KeySource(command=f"{sys.executable} -c 'raise SystemExit(3)'"), "ended with status 3"),
    ],
)
def test_a_missing_key_names_its_place(monkeypatch, source, match):
    monkeypatch.delenv("UNSET_KEY", raising=False)
    with pytest.raises(UserError, match=match):
        source.read()


def test_a_broken_key_is_refused_without_being_shown(monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-schlüssel")
    with pytest.raises(UserError, match="characters that no key has") as caught:
        KeySource(env="A_KEY").read()
    assert "schl" not in str(caught.value)


def test_exactly_one_place():
    for places in ({}, {"env": "A", "file": "b"}):
        with pytest.raises(ValueError, match="exactly one of"):
            KeySource(**places)


@pytest.mark.parametrize(
    "text",
    ["key sk-proj-abc123456 refused", "Authorization: Bearer abcdefghij", "got hf_abcdefghijk"],
)
def test_what_looks_like_a_key_is_struck_out(text):
    assert "***" in scrub(text)
    assert "abc" not in scrub(text)


def test_ordinary_text_stays():
    text = "The task is risk-averse; this key provided nothing."
    assert scrub(text) == text
    assert scrub("x opaque y", "opaque", "") == "x *** y"
