"""API keys: where they come from, and how they are kept out of everything that is written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tutelage.exceptions import UserError

_LOOKS_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai|nvapi)[-_][\w\-.*]{6,}|\bBearer\s+\S{6,}|\bAIza[\w\-]{20,}"
)


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where an API key is read from: an environment variable, a file, or a command's output."""

    env: str = ""
    """Name of the environment variable."""
    file: str = ""
    """File whose first line is the key; `~` is the home folder."""
    command: str = ""
    """Command that prints the key, such as `pass show openai`; run without a shell."""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.env, self.file, self.command))) != 1:
            raise ValueError("api_key needs exactly one of env, file and command")

    @property
    def place(self) -> str:
        """Where the key is, in words."""
        if self.env:
            return f"the environment variable {self.env}"
        if self.file:
            return f"the file {self.file}"
        return f"the output of the command {shlex.split(self.command)[0]}"

    def read(self) -> str:
        """The key as it is now: read again whenever the server refuses it.

        Raises:
            UserError: it is not there. The message names the place, never a value.
        """
        if self.env:
            key = os.environ.get(self.env, "")
        elif self.file:
            key = _from_file(Path(self.file).expanduser())
        else:
            key = _from_command(self.command)
        key = key.strip().splitlines()[0].strip() if key.strip() else ""
        if not key or not key.isprintable() or not key.isascii():
            raise UserError(
                f"There is no usable API key in {self.place}.",
                "It is empty, unset, or holds characters that no key has."
                if not key
                else "It holds characters that no key has.",
                "Set it, or name another place under teacher.api_key.",
            )
        return key


def scrub(text: str, *keys: str) -> str:
    """`text` without any of `keys` and without whatever looks like one.

    >>> scrub("Incorrect API key provided: sk-abc12345.")
    'Incorrect API key provided: ***'
    """
    for key in keys:
        if key:
            text = text.replace(key, "***")
    return _LOOKS_SECRET.sub("***", text)


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as e:
        raise UserError(
            f"The API key file {path} cannot be read: {e.strerror or e}.",
            do="Check teacher.api_key.file.",
        ) from e


def _from_command(command: str) -> str:
    words = shlex.split(command)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise UserError(
            f"The API key command {words[0]} did not run: {type(e).__name__}.",
            do="Check teacher.api_key.command.",
        ) from e
    if done.returncode:
        raise UserError(
            f"The API key command {words[0]} ended with status {done.returncode}.",
            do="Run it by hand and see what it says.",
        )
    return done.stdout
