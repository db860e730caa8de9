"""Which requests a tuned teacher may be asked: those that it was tuned on.

Another prompt would be read as noise, and answered all the same. So it is refused before anything
is reserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tutelage.exceptions import UserError
from tutelage.records import Example, Message, Request, Task
from tutelage.teacher.annotator import AnnotatorOptions, ask, prompt_of
from tutelage.teacher.composing import compose
from tutelage.teacher.gold_lessons import default_forms
from tutelage.teacher.templating import shipped
from tutelage.teacher.tuned_options import Form

Messages = tuple[Message, ...]


@dataclass(frozen=True)
class LessonPrompts:
    """The prompts of one teacher."""

    task: Task
    annotates: bool
    generates: bool
    template: str
    """By which it is asked for answers."""
    compose: str
    """By which it is asked to write."""
    forms: tuple[Form, ...]
    """What it writes."""

    def check(self, request: Request, teacher: str) -> None:
        """Refuse a request that the teacher was not tuned for.

        Args:
            request: What a synthesizer, a check or a rival made.
            teacher: The session's name.

        Raises:
            UserError: names what was asked and what the teacher knows.
        """
        gist = request.gist
        if gist is not None and gist.kind == "answer":
            self._check_answer(request, gist.given, teacher)
        elif not (self.generates and request.messages in self._composed):
            raise self._unknown(request, teacher)

    def _check_answer(self, request: Request, given: object, teacher: str) -> None:
        if not self.annotates:
            raise UserError(
                f"The teacher {teacher} was tuned to write rows, and is asked to answer one.",
                "It has learned no answers.",
                "Set teaches: both (or annotate), or ask another teacher for answers.",
            )
        assert isinstance(given, dict)
        row = Example("", given)
        if request.messages == self._asked(row, self.template):
            return
        own = prompt_of(self.task, AnnotatorOptions(template=self.template)).name
        raise UserError(
            f"The teacher {teacher} was tuned on the template {own}, and is asked by "
            f"{self._name(request, row)}.",
            "It would read any other prompt as noise.",
            f"Give the synthesis or rival the option template: {self.template} (of generate with "
            f"then: annotate, answer_template: {self.template}) and shots: 0, or tune the teacher "
            "on the other template.",
        )

    def _asked(self, row: Example, template: str) -> Messages:
        return ask(self.task, row, options=AnnotatorOptions(template=template)).messages

    def _name(self, request: Request, row: Example) -> str:
        """The shipped template that gives these messages; else in words."""
        for name in shipped():
            try:
                if self._asked(row, name) == request.messages:
                    return prompt_of(self.task, AnnotatorOptions(template=name)).name
            except UserError:  # not a template of annotators
                continue
        return "another one, or the same with examples, reasons or abstention"

    @cached_property
    def _composed(self) -> frozenset[Messages]:
        """All prompts to write by."""
        return frozenset(
            compose(self.task, label=label, answer=form == "answer", template=self.compose).messages
            for form in self.forms
            for label in self._labels(form)
        )

    def _labels(self, form: Form) -> Sequence[str | None]:
        return self.task.label_names if form == "label" else (None,)

    def _unknown(self, request: Request, teacher: str) -> UserError:
        what = f"to write {' and '.join(self.forms)}" if self.generates else "to answer rows"
        template = f" by the template {self.compose}" if self.generates else ""
        kind = request.gist.kind if request.gist is not None else "something else"
        form = self._form_of(request)
        asked = f"to write rows (form {form})" if form else f"for {kind}"
        return UserError(
            f"The teacher {teacher} was tuned {what}{template}, and is asked {asked}.",
            "It would read any other prompt as noise.",
            self._remedy(form),
        )

    def _remedy(self, form: Form | None) -> str:
        if form is None:
            return (
                "Use the syntheses annotate and generate with it, with the templates that it was "
                "tuned on and no shots; ask another teacher for the rest."
            )
        if self.generates:
            return f"Add {form} to the teacher's forms."
        own = "" if form in default_forms(self.task) else f" and forms: [{form}]"
        return (
            f"Write teaches: generate, or both{own} (family causal or seq2seq: an encoder writes "
            "nothing); or ask another teacher to write."
        )

    def _form_of(self, request: Request) -> Form | None:
        """The form that is asked for, where it is one that the teacher could have learned."""
        for form in ("label", "answer", "texts"):
            try:
                other = replace(self, forms=(form,))
                if request.messages in other._composed:
                    return form
            except UserError:  # the task's rows cannot be written out in this form
                continue
        return None
