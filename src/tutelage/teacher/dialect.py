"""How one server wants to be spoken to, learned from its refusals."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.records import Request
from tutelage.teacher.providers import EndpointOptions
from tutelage.teacher.troubles import Trouble


@dataclass(slots=True)
class Dialect:
    """What a request's JSON looks like beyond the request itself. None of it is part of a request's
    identity, so it may change while a purchase goes on."""

    max_tokens_field: str
    send_seed: bool
    renamable: bool
    """Whether the other name of the length limit may still be tried."""
    version: int = 0
    """Counts what was learned: a refusal of an older version says nothing new."""

    @classmethod
    def of(cls, options: EndpointOptions) -> Dialect:
        field = options.max_tokens_field
        if field != "auto":
            return cls(field, options.send_seed, renamable=False)
        return cls(options.preset.max_tokens_field, options.send_seed, renamable=True)

    def learn(self, trouble: Trouble, request: Request) -> str:
        """Take a refusal to heart, once for each thing.

        Returns:
            What the user should know; empty where nothing is left to try.
        """
        if trouble.course == "drop_seed":
            if not self.send_seed or request.sampling.seed is not None:
                return ""
            self.send_seed = False
            said = "The endpoint takes no seed; none is sent from now on"
        else:
            if not self.renamable:
                return ""
            names = {"max_tokens", "max_completion_tokens"}
            (self.max_tokens_field,) = names - {self.max_tokens_field}
            self.renamable = False
            said = f"The endpoint wants {self.max_tokens_field}"
        self.version += 1
        return f"{said} ({trouble.why})."
