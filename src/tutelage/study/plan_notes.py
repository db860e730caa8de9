"""What a reader of a plan must know: caps that bind, turns and checks that are not exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tutelage.contracts import Inquiring
from tutelage.recipe import ArmSpec, Recipe
from tutelage.recipe.named_teachers import asked_teachers, is_tuned, label_of, teachers_of
from tutelage.records import Task, Usage
from tutelage.store.caps import Limit, dollars
from tutelage.study.building import most_rows, plugged_checks
from tutelage.study.plan_facts import ArmPlan
from tutelage.study.shop import limits_of
from tutelage.study.vain_rationales import vain_comparisons, vain_purchases
from tutelage.teacher.prices import FREE, Price


def plan_notes(
    recipe: Recipe,
    arms: Sequence[ArmPlan],
    rivals: Sequence[ArmPlan],
    prices: Mapping[str, Price | None],
) -> Iterator[str]:
    limits = limits_of(recipe)
    yield from unpriced(recipe, prices)
    yield from uncapped(recipe, prices)
    yield from _vain_notes(recipe, arms)
    yield from tuning_notes(recipe)
    for plan in arms:
        yield from _passed(limits.arm, plan.most, f"arm {plan.arm}")
        yield from sharing_note(plan)
    yield from later_notes(recipe, arms)
    whole = sum((plan.most for plan in (*arms, *rivals)), Usage())
    yield from _passed(limits.study, whole, "study")
    if any(rival.kind == "teacher" for rival in recipe.rivals.values()):
        yield "Rivals that are teachers are asked only by a run with --final."


def tuning_notes(recipe: Recipe) -> Iterator[str]:
    """Teachers that learn before they answer: what that takes is nobody's purchase."""
    for name, spec in asked_teachers(recipe).items():
        if is_tuned(spec):
            yield (
                f"The teacher {label_of(name)!r} is tuned on the gold train rows before its first "
                "reply, once for each purchase seed; the time that takes is not counted."
            )


def unpriced(recipe: Recipe, prices: Mapping[str, Price | None]) -> Iterator[str]:
    """Teachers whose replies' price nobody knows beforehand, each with the key that would tell it
    where its time is not what costs."""
    for name, price in prices.items():
        if price is not None:
            continue
        if teachers_of(recipe)[name].options.get("usd_per_gpu_hour"):
            yield (
                f"The teacher {label_of(name)!r} is paid by the hour: what it costs is known when "
                "it has answered."
            )
        elif name:
            yield f"The price of {name} is not known: set teachers.{name}.prices to see money."
        else:
            yield "The teacher's price is not known: set teacher.prices to see money."


def uncapped(recipe: Recipe, prices: Mapping[str, Price | None]) -> Iterator[str]:
    """Says where replies cost money, or may, and nothing bounds how many are bought. A machine by
    the hour is left out: it costs as much while it is idle."""
    limits = limits_of(recipe)
    if any(tuple(limit.items()) for limit in (limits.study, limits.arm, limits.turn)):
        return
    every = teachers_of(recipe)
    paid = [
        name
        for name, price in prices.items()
        if price != FREE and not every[name].options.get("usd_per_gpu_hour")
    ]
    rivals = any(rival.kind == "teacher" for rival in recipe.rivals.values())
    if paid and (rivals or any(arm.synthesis for arm in recipe.arms.values())):
        unknown = any(prices[name] is None for name in paid)
        cap = "requests: 1000" if unknown else "usd: 5"
        where = "" if recipe.teacher else " under a `teacher` of the recipe's own"
        yield (
            "No cap is set: a run buys all that the recipe asks for, whatever it costs. Write "
            f"teacher.budget: {{{cap}}}{where}."
        )


def _vain_notes(recipe: Recipe, arms: Sequence[ArmPlan]) -> Iterator[str]:
    """Of the arms that are planned, those that buy rationales which nobody learns."""
    planned = {plan.arm: recipe.arms[plan.arm] for plan in arms}
    chosen = recipe.model_copy(update={"arms": planned})
    for fault in vain_comparisons(chosen):
        yield f"{fault.what} {fault.why} {fault.do}"
    yield from vain_purchases(chosen)


def later_notes(recipe: Recipe, arms: Sequence[ArmPlan]) -> Iterator[str]:
    """How turns after the first were counted."""
    several = [plan for plan in arms if plan.turns > 1]
    led = [plan for plan in several if recipe.arms[plan.arm].critic]
    if counted := [plan.arm for plan in led if plan.later_requests]:
        yield (
            f"Later turns of {', '.join(counted)} are counted at their most, as if a critic named "
            "every row that it may; rows that checks refuse may be ordered again."
        )
    for plan in led:
        if not plan.later_requests:
            yield (
                f"{plan.arm} orders in {plan.turns} turns; one is counted, since the later ones "
                "depend on what the first ones bring."
            )
    yield from _unled_notes(recipe, [plan for plan in several if plan not in led])


def _unled_notes(recipe: Recipe, arms: Sequence[ArmPlan]) -> Iterator[str]:
    """Of arms whose later turns no student leads."""
    if counted := [plan.arm for plan in arms if plan.later_orders]:
        yield (
            f"Later turns of {', '.join(counted)} are counted among the requests, as if checks "
            "kept every row; rows that they refuse may be ordered again."
        )
    for plan in arms:
        if plan.later_requests:
            yield (
                f"{plan.arm}: {plan.later_requests:,} further requests of later turns are told at "
                f"their most: {_why_bounds(recipe, plan.arm)}."
            )
        elif not plan.later_orders:
            yield (
                f"{plan.arm} has {plan.turns} turns, and as far as can be known beforehand it "
                "orders in the first one only."
            )


def _why_bounds(recipe: Recipe, arm: str) -> str:
    """Why nobody knows whether later turns of an arm buy."""
    ends = []
    if recipe.arms[arm].patience is not None:
        ends.append("if patience does not end the turns before")
    if (rows := most_rows(recipe)) is not None:
        ends.append(f"as long as fewer than {rows:,} rows are kept (match: rows)")
    if not ends:
        return "whether they come depends on which rows checks keep"
    return f"they come only {', and only '.join(ends)}"


def sharing_note(plan: ArmPlan) -> Iterator[str]:
    """What texts that share a request save: the prompt is sent once for all of them."""
    if plan.texts <= plan.orders or not plan.to_buy:
        return
    each = plan.texts / plan.orders
    prompt = plan.expected.prompt_tokens / plan.to_buy
    saved = round(prompt * plan.to_buy * (each - 1))
    yield (
        f"{plan.arm}: {plan.orders:,} orders for {plan.texts:,} texts. One text in each request "
        f"would send about {saved:,} prompt tokens more, for texts less alike."
    )


def uncounted(recipe: Recipe, arms: Mapping[str, ArmSpec], task: Task) -> Iterator[str]:
    """Checks that ask the teacher about drafts, whose number nobody knows yet."""
    for name, arm in arms.items():
        for part in plugged_checks(recipe, arm):
            check = part.make(task=task)
            if arm.synthesis and isinstance(check, Inquiring) and check.asks:
                yield (
                    f"{name}: the check {part.plugin.name} also asks the teacher about each draft; "
                    "this is not counted."
                )


def _passed(limit: Limit, worst: Usage, whose: str) -> Iterator[str]:
    """Caps that stop a purchase if it comes to the worst."""
    most = {"requests": worst.requests, "tokens": worst.tokens, "nanousd": worst.nanousd}
    for unit, cap in limit.items():
        if most[unit] > cap:
            told = dollars if unit == "nanousd" else (lambda n: f"{n:,}")
            name = "" if unit == "nanousd" else f" {unit}"
            yield (
                f"At worst the {whose} would use {told(most[unit])}{name}: the cap of "
                f"{told(cap)}{name} would stop it."
            )
