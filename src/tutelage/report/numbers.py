"""How numbers are written in reports. Every figure that a reader sees is formatted here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from tutelage.evaluation.scales import OF_A_HUNDRED

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


def score(value: float | None, metric: str = "accuracy") -> str:
    """A score in points of a hundred, one decimal.

    >>> score(0.5194), score(31.25, "bleu"), score(None)
    ('51.9', '31.2', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    return signless(points_of(value, metric))


_NAMES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "rouge_1": "ROUGE-1",
    "rouge_2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "f1": "token F1",
    "em": "exact match",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
}


def metric_name(metric: str) -> str:
    """How a metric is written in a sentence.

    >>> metric_name("chrf"), metric_name("accuracy"), metric_name("subset_accuracy")
    ('chrF', 'accuracy', 'subset accuracy')
    """
    return _NAMES.get(metric, metric.replace("_", " "))


def heading(metric: str) -> str:
    """The same at the head of a sentence.

    >>> heading("accuracy"), heading("chrf")
    ('Accuracy', 'chrF')
    """
    name = metric_name(metric)
    return name if metric == "chrf" else name[0].upper() + name[1:]


def points_of(value: float, metric: str = "accuracy") -> float:
    """A score on the scale from 0 to 100."""
    return value if metric in OF_A_HUNDRED else 100 * value


def signless(value: float) -> str:
    """One decimal, with a true minus sign and no negative zero.

    >>> signless(-0.04), signless(-1.25)
    ('0.0', '−1.2')
    """
    text = f"{value:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", MINUS)


def interval(low: float | None, high: float | None, metric: str = "accuracy") -> str:
    """Both ends of an interval of scores.

    >>> interval(0.4818, 0.5566)
    '48.2 to 55.7'
    """
    if low is None or high is None:
        return NONE
    return f"{score(low, metric)} to {score(high, metric)}"


def difference(value: float, metric: str = "accuracy") -> str:
    """A difference of scores in points, always signed.

    >>> difference(0.0407), difference(-0.003), difference(0.0)
    ('+4.1', '−0.3', '0.0')
    """
    text = signless(points_of(value, metric))
    return text if text == "0.0" or text.startswith(MINUS) else f"+{text}"


def points(value: float, metric: str = "accuracy") -> str:
    """A distance between scores with its unit.

    >>> points(0.0571)
    '5.7 points'
    """
    return f"{signless(points_of(value, metric))} points"


def percent(share: float) -> str:
    """A share in per cent; small ones keep a digit that tells them from nothing.

    >>> percent(0.25), percent(0.004), percent(0.00001), percent(0)
    ('25 %', '0.4 %', '< 0.1 %', '0 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text} %"


def dollars(nanousd: int) -> str:
    """Money to the cent, and to four digits where it is less than ten cents.

    >>> dollars(1_234_567_890), dollars(14_820_450), dollars(10_000), dollars(0)
    ('$1.23', '$0.0148', '< $0.0001', '$0')
    """
    if nanousd == 0:
        return "$0"
    usd = abs(nanousd) / 1e9
    sign = MINUS if nanousd < 0 else ""
    if usd < 0.0001:
        return f"{sign}< $0.0001"
    return f"{sign}${usd:,.2f}" if usd >= 0.1 else f"{sign}${usd:.4f}"


def ledger_dollars(nanousd: int) -> str:
    """Money to four digits throughout, for columns that a reader may add up.

    >>> ledger_dollars(32_209_800), ledger_dollars(0), ledger_dollars(-50_000)
    ('$0.0322', '$0.0000', '−$0.0001')
    """
    sign = MINUS if nanousd < 0 else ""
    return f"{sign}${abs(nanousd) / 1e9:,.4f}"


def count(value: float) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{round(value):,}"


def magnitude(value: float) -> str:
    """A large count with three digits that count.

    >>> magnitude(22_713_216), magnitude(7_241_732_096), magnitude(30_522), magnitude(940)
    ('22.7 M', '7.24 B', '30.5 k', '940')
    """
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return count(value)


def p_value(p: float) -> str:
    """A p value with two digits that count.

    >>> p_value(0.0510), p_value(0.43), p_value(0.00002), p_value(1.0), p_value(0.9999)
    ('p = 0.051', 'p = 0.43', 'p < 0.001', 'p = 1', 'p > 0.99')
    """
    if p < 0.001:
        return "p < 0.001"
    if 0.99 < p < 1:
        return "p > 0.99"
    return f"p = {p:.2g}"


def level(share: float) -> str:
    """Level of an interval.

    >>> level(0.95)
    '95 %'
    """
    return percent(share)


def plural(number: int, noun: str, several: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(1200, "row"), plural(2, "purchase seed")
    ('1 row', '1,200 rows', '2 purchase seeds')
    """
    return f"{count(number)} {noun if number == 1 else several or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence, one after the other.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def duration(seconds: float) -> str:
    """Time in the units that one would say it in.

    >>> duration(0.42), duration(75), duration(7380)
    ('0.4 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(seconds: float) -> str:
    """A moment in UTC.

    >>> moment(0)
    '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
