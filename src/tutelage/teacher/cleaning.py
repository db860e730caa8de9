"""What teachers add to a text, taken off: chatter, fences, quotes, and blocks that run on.

Pure functions from text to text. `clean` adds no word, does nothing to what it has cleaned before,
and says what it did, so that a check can state it in its verdict. Whether a text
is a refusal is a question of its own (`refusal`): a refusal is dropped, never mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape

from tutelage.records import Task
from tutelage.teacher.templating import heading


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    done: tuple[str, ...]
    """What was taken off, in the order in which it was first needed; empty for clean text."""


_REFUSALS = re.compile(
    r"\b(?:"
    r"as an? (?:\w+ )?(?:ai|artificial intelligence)\b(?: language)?(?: model| assistant)?"
    r"|as a (?:large )?language model"
    r"|i(?: am|'m) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r")",
    re.IGNORECASE,
)
_ABLE = (
    r"(?:can(?:not|'t| not)|won't|will not|am not able to|'m not able to|am unable to|'m unable to)"
)
_DECLINED = re.compile(
    r"\A\W*(?:(?:i(?:'m| am) (?:very |so |truly )?sorry|sorry|my apologies|i apologi[sz]e"
    rf"|unfortunately)\b[^.\n]{{0,40}}?\bi ?{_ABLE}"
    rf"|i ?{_ABLE} (?:\w+ )?(?:assist|help(?! but)|comply|fulfill?|provide|answer|generate"
    r"|write|do that|create|engage|continue|discuss|complete|process|perform)\b)",
    re.IGNORECASE,
)


def refusal(text: str) -> str | None:
    """The phrase by which `text` refuses or speaks of itself as a machine; None where it does not.

    >>> refusal("I'm sorry, but I can't help with that.")
    "I'm sorry, but I can't"
    >>> refusal("The man is sorry that he can't come.") is None
    True
    """
    plain = text.replace("’", "'")
    found = _REFUSALS.search(plain) or _DECLINED.search(plain)
    return found.group().strip() if found else None


def clean(text: str, *, stop: Sequence[str] = (), html: bool = False) -> Cleaned:
    """Take off what a teacher put around the text.

    Args:
        text: A completion, or a field read out of one.
        stop: Where a prompt's own pattern begins again, such as a line end and `Premise:`
            (`run_on_markers` makes them): the text ends before the first of them.
        html: Whether to read HTML entities such as `&quot;` and take off tags such as `<br />`.

    >>> clean('Sure, here is one:\\n\\n"A fine film."')
    Cleaned(text='A fine film.', done=('chatter', 'quotes'))
    """
    steps: list[tuple[str, Callable[[str], str]]] = [
        ("white space", str.strip),
        ("thinking", strip_thinking),
        ("run-on", lambda t: cut_run_on(t, stop)),
        ("fences", strip_fences),
        ("chatter", strip_chatter),
        ("quotes", strip_quotes),
    ]
    if html:
        steps[:0] = [("entities", unescape), ("tags", strip_tags)]
    done: dict[str, None] = {}
    before = None
    while before != text:
        before = text
        for name, step in steps:
            if (after := step(text)) != text:
                done[name], text = None, after
    return Cleaned(text, tuple(done))


_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|body|br|center|code|div|em|font|h[1-6]|head|hr|html|i|img|li"
    r"|nowiki|ol|p|pre|q|ref|s|small|span|strong|sub|sup|table|tbody|td|th|tr|tt|u|ul)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Tags of HTML and wikitext by name: `<3` and `<name>` are none."""
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|amp|apos|gt|lt|nbsp|quot);")
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|em|font|i|nowiki|q|s|small|span|strong|sub|sup|tt|u)\b", re.IGNORECASE
)
_SPACES = re.compile(r"[ \t]{2,}")


def holds_html(text: str) -> bool:
    """Whether `text` has a tag of HTML or one of its commonest entities.

    >>> holds_html("Fine.<br />Really."), holds_html("I <3 it & you; a < b > c")
    (True, False)
    """
    return bool(_TAG.search(text) or _ENTITY.search(text))


def strip_tags(text: str) -> str:
    """Without tags of HTML; a space takes the place of those that part words, such as `<br>`.

    >>> strip_tags("Fine.<br /><br />Really <b>fine</b>.")
    'Fine. Really fine.'
    """
    if not _TAG.search(text):
        return text
    bare = _TAG.sub(lambda found: "" if _INLINE.match(found.group()) else " ", text)
    return _SPACES.sub(" ", bare).strip()


def run_on_markers(task: Task) -> tuple[str, ...]:
    """Where a completion that goes on writes the next row of `task`: a line that begins a field.

    >>> run_on_markers(Task("nli", "nli", ("premise", "hypothesis")))
    ('\\nPremise:', '\\nHypothesis:')
    """
    return tuple(f"\n{heading(field)}:" for field in task.fields)


def cut_run_on(text: str, stop: Sequence[str]) -> str:
    """`text` up to the first of the markers `stop`, or up to a marker that the end cuts short.

    A marker counts only after something: a text that begins with one is left as it is.

    >>> cut_run_on("He sleeps.\\n\\nPremise: A dog", ["\\n\\nPremise:"])
    'He sleeps.'
    >>> cut_run_on("He sleeps.\\n\\nPrem", ["\\n\\nPremise:"])
    'He sleeps.'
    """
    ends = [at for marker in stop if marker and (at := _found(text, marker)) > 0]
    head = text[: min(ends)].rstrip() if ends else text
    return head if head.strip() else text


def _found(text: str, marker: str) -> int:
    """Where `marker` stands, or its beginning (with a letter) at the end of the text; else -1."""
    if (at := text.find(marker)) >= 0:
        return at
    letters = len(marker) - len(marker.lstrip())
    for size in range(len(marker) - 1, letters, -1):
        if text.endswith(marker[:size]):
            return len(text) - size
    return -1


_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)


def strip_thinking(text: str) -> str:
    """Without the block in which a reasoning model thinks aloud before it answers."""
    return _THINKING.sub("", text) or text


_FENCE = re.compile(r"\A```[\w+-]*[ \t]*\n?(.*?)\n?```\Z", re.DOTALL)


def strip_fences(text: str) -> str:
    """The inside of a code fence that wraps the whole text."""
    found = _FENCE.match(text)
    inside = found.group(1).strip() if found else ""
    return inside if inside and "```" not in inside else text


_META = (
    r"(?:answers?|examples?|explanations?|hypothes[ie]s|labels?|outputs?|paragraphs?|questions?|reasons?"
    r"|rationales?|responses?|reviews?|revised|rewritten|sentences?|summar(?:y|ies)|texts?|versions?"
    r"|possible|one)"
)
_OPENING = re.compile(
    r"\A(?:(?:sure(?: thing)?|certainly|of course|no problem)!\s+"
    r"|(?:(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok)[,!.] +)?"
    r"here(?:'s|’s| is| are)\b"
    rf"(?:[^\n:]{{0,80}}:\s*\n\s*|[^\n:]{{0,60}}\b{_META}\b[^\n:]{{0,60}}:\s+)"
    r"|(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok)[,!.] +here [^\n:]{0,80}:\s+)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\n\s*(?:i hope (?:this|that|it) helps|let me know if|feel free to|is there anything else)"
    r"[^\n]*\Z",
    re.IGNORECASE,
)


def strip_chatter(text: str) -> str:
    """Without an opening such as `Sure, here is the text:` and a closing `I hope this helps!`."""
    for pattern in (_OPENING, _CLOSING):
        if rest := pattern.sub("", text):
            text = rest
    return text


_QUOTATION = re.compile(r"(?:[^\"]*[\s(\[])?\"(?=\S)")
"""A text whose first quotation mark opens a quotation inside it."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "`": "`"}


def strip_quotes(text: str) -> str:
    """The inside of one pair of quotes that wraps the whole text and nothing else could mean.

    A quotation mark that opens the text and is never closed is taken off too.

    >>> strip_quotes('"Hello" and "goodbye"')
    '"Hello" and "goodbye"'
    >>> strip_quotes('"He sang in "Monk"."')
    'He sang in "Monk".'
    >>> strip_quotes('"He sang in "Monk."')
    'He sang in "Monk."'
    """
    if _opens_alone(text):
        return text[1:].lstrip()
    if len(text) < 3 or _QUOTES.get(text[0]) != text[-1]:
        return text
    inside = text[1:-1]
    marks = re.sub(r"(?<=\w)['’](?=\w)", "", inside) if text[0] in "'‘" else inside
    nested = text[0] == '"' and marks.count('"') % 2 == 0 and _QUOTATION.match(marks)
    if not inside.strip() or (not nested and (text[0] in marks or text[-1] in marks)):
        return text
    return inside.strip()


def _opens_alone(text: str) -> bool:
    """Whether the first character is a quotation mark without its closing one."""
    if len(text) < 3 or text[0] != '"' or text[1].isspace() or text.count('"') % 2 == 0:
        return False
    rest = text[1:]
    return '"' not in rest or bool(_QUOTATION.match(rest))
