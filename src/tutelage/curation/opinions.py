"""Opinions on drafts that were bought from the teacher before the checks judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from tutelage.records import Example, Prediction, content_hash


@dataclass(frozen=True)
class Opinions:
    """What the teacher said of rows, looked up by their texts (`contracts.Predictor`)."""

    answers: Mapping[str, Prediction]
    """By text fingerprint."""

    @staticmethod
    def on(rows: Sequence[Example], predictions: Sequence[Prediction]) -> Opinions:
        """What was said of `rows`, in their order."""
        said = zip(rows, predictions, strict=True)
        return Opinions({row.text_fingerprint(): one for row, one in said})

    @property
    def fingerprint(self) -> str:
        """Identity of all that was said."""
        return content_hash("opinions1", {key: asdict(one) for key, one in self.answers.items()})

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """The opinion on each row; one without a label where the teacher was not asked."""
        return [
            replace(self.answers.get(row.text_fingerprint(), Prediction(row.id)), id=row.id)
            for row in examples
        ]
