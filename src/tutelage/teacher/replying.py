"""How a network that writes answers requests: prompts laid out, texts written, replies made.

Imported only when a model is needed: this module needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutelage.neural.causal import Causal, chat_text, prompt_ids
from tutelage.neural.continuation import Wanted, Written
from tutelage.neural.devices import stream
from tutelage.neural.lessons import Writer
from tutelage.neural.steering import Steered
from tutelage.neural.tokenization import pieces
from tutelage.records import Completion, Reply, Request, Task, Usage
from tutelage.teacher.label_replies import is_weighed, label_reply


@dataclass(frozen=True)
class Replying:
    """Answers requests with a network that writes."""

    net: Writer
    task: Task
    write: Callable[[Sequence[Wanted]], Sequence[Written]]
    """Writes texts, in their order."""
    weigh: Callable[[Sequence[Request], Sequence[str]], Sequence[Sequence[float]]]
    """Probabilities of the labels, [requests, labels], for requests and their prompts."""
    served_by: str
    prompt_limit: int | None = None
    """Most tokens of a prompt; a longer one is not answered."""
    cuts: bool = False
    """Whether `write` and `weigh` cut prompts that are too long."""
    weighs_always: bool = False
    """Weigh labels for requests that want no log-probabilities too."""

    def answer(self, requests: Sequence[Request]) -> list[Reply | str]:
        """For each request its reply, or why there is none."""
        prompts = [self.prompt(request) for request in requests]
        found: list[Reply | str] = [
            self._too_long(request, prompt)
            for request, prompt in zip(requests, prompts, strict=True)
        ]
        fits = [i for i, why in enumerate(found) if not why]
        weighed = [i for i in fits if self._is_weighed(requests[i])]
        written = [i for i in fits if not self._is_weighed(requests[i])]
        for places, answer in ((weighed, self._weighed), (written, self._written)):
            if not places:
                continue
            replies = answer([requests[i] for i in places], [prompts[i] for i in places])
            for i, reply in zip(places, replies, strict=True):
                found[i] = reply
        return found

    def prompt(self, request: Request) -> str:
        return chat_text(self.net.tokenizer, request.messages)

    def _is_weighed(self, request: Request) -> bool:
        wanted = self.weighs_always or request.sampling.logprobs is not None
        return wanted and request.steering is None and is_weighed(request, self.task)

    def _too_long(self, request: Request, prompt: str) -> str:
        """Why the model cannot read a prompt; empty where it can."""
        if self.cuts:
            return ""
        size, room = self.length(prompt), 0
        positions = self.net.limit if isinstance(self.net, Causal) else self.net.source_limit
        if isinstance(self.net, Causal) and self._is_weighed(request):
            room = max(self._label_length(label.said) for label in self.task.labels)
        for limit in (self.prompt_limit, None if positions is None else positions - room):
            if limit is not None and size > limit:
                return f"prompt too long: it has {size} tokens, and {limit} can be read"
        return ""

    def _label_length(self, words: str) -> int:
        """Tokens of a label's words and of the end."""
        return len(pieces(self.net.tokenizer, [words])[0]) + 1

    def length(self, prompt: str) -> int:
        """Tokens of a prompt."""
        if isinstance(self.net, Causal):
            return len(prompt_ids(self.net, prompt))
        return len(pieces(self.net.tokenizer, [prompt], special=True)[0])

    def _weighed(self, requests: Sequence[Request], prompts: Sequence[str]) -> list[Reply]:
        shares = self.weigh(requests, prompts)
        return [
            label_reply(
                request,
                self.task,
                row,
                prompt_tokens=self.length(prompt),
                length=self._label_length,
                served_by=self.served_by,
            )
            for request, prompt, row in zip(requests, prompts, shares, strict=True)
        ]

    def _written(self, requests: Sequence[Request], prompts: Sequence[str]) -> list[Reply | str]:
        wanted = [
            self._wanted(request, prompt, at)
            for request, prompt in zip(requests, prompts, strict=True)
            for at in range(request.sampling.n)
        ]
        texts = iter(self.write(wanted))
        return [
            self._reply(request, [next(texts) for _ in range(request.sampling.n)])
            for request in requests
        ]

    def _wanted(self, request: Request, prompt: str, at: int) -> Wanted:
        s = request.sampling
        return Wanted(
            prompt,
            stream=stream(0, "reply", request.hash, at),
            temperature=s.temperature or 0.0,
            top_p=1.0 if s.top_p is None else s.top_p,
            max_new=s.max_tokens or 1,
            stop=s.stop,
            alternatives=s.logprobs,
            steering=self._steered(request),
        )

    def _steered(self, request: Request) -> Steered | None:
        how = request.steering
        if how is None:
            return None
        return Steered(
            against=tuple(chat_text(self.net.tokenizer, prompt) for prompt in how.against),
            decay=how.decay,
            least=how.least,
            source=how.source,
            reward=how.reward,
            penalty=how.penalty,
        )

    def _reply(self, request: Request, texts: Sequence[Written]) -> Reply | str:
        if any(text.completion_tokens == 0 for text in texts):
            return f"no room to write: the prompt's {texts[0].prompt_tokens} tokens fill the model"
        asked = texts[0].prompt_tokens
        if request.steering is not None:
            asked += sum(
                self.length(chat_text(self.net.tokenizer, p)) for p in request.steering.against
            )
        told = request.sampling.logprobs is not None
        completions = tuple(
            Completion(text.text, text.finish, text.tokens if told else None) for text in texts
        )
        used = Usage(1, asked, sum(text.completion_tokens for text in texts))
        return Reply(request.hash, completions, used, self.served_by)


def lead_in(prompt: str, *, continues: bool) -> str:
    r"""What stands between a prompt and an ending: a space where a causal model reads on from a
    word or a mark, nothing after white space, and nothing where the ending is a text of its own.

    >>> [lead_in("Answer:", continues=True), lead_in("Answer:\n", continues=True)]
    [' ', '']
    """
    return " " if continues and not prompt[-1:].isspace() else ""
