"""Reads the text that a generation task wants out of a reply, and adds nothing to it."""

from __future__ import annotations

import re

from tutelage.records import Task
from tutelage.teacher.cleaning import clean, refusal, run_on_markers

CUES = ("Target", "Answer")
"""What the shipped prompts end in, and what a reply may say again before its text."""
_CUE = re.compile(rf"\A(?:{'|'.join(CUES)})[ \t]*:\s*", re.IGNORECASE)


def read_target(task: Task, text: str) -> str | None:
    """The text in a completion; None where there is none, or the teacher refuses.

    Taken off are thinking aloud, a fence, chatter, one pair of quotation marks around the whole,
    the prompt's own cue, and all from where the prompt's pattern begins again.

    >>> task = Task("t", "generation", ("concepts",))
    >>> read_target(task, 'Target: "A dog runs."\\nConcepts: cat sleep')
    'A dog runs.'
    >>> read_target(task, "I'm sorry, but I can't do that.") is None
    True
    """
    stop = (*run_on_markers(task), *(f"\n{cue}:" for cue in CUES))
    found = clean(text, stop=stop).text
    found = clean(_CUE.sub("", found), stop=stop).text
    return None if not found or refusal(found) is not None else found
