from __future__ import annotations

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Usage
from tutelage.teacher.prices import FREE, Price, listed_price, price_of


def test_costs_are_whole_nano_dollars_rounded_up():
    price = Price.per_million(0.15, 0.6)
    assert price == Price(150_000, 600_000)
    assert price.cost(Usage(1, 1000, 500)) == 450_000
    assert Price.per_million(0.0375, 0).cost(Usage(1, 1, 0)) == 38
    assert Price.per_million("0.10", "0.40") == Price(100_000, 400_000)


@pytest.mark.parametrize("name", ["localhost/llama", "scripted/composition", "recorded/x-1"])
def test_this_machine_sends_no_bill(name):
    assert listed_price(name) == FREE


def test_a_dated_model_costs_what_the_model_costs_unless_listed_itself():
    assert listed_price("api.openai.com/gpt-4o-mini-2024-07-18") == Price.per_million(0.15, 0.6)
    assert listed_price("api.openai.com/gpt-4o-2024-05-13") == Price.per_million(5, 15)
    assert listed_price("api.openai.com/gpt-4o-2024-08-06") == Price.per_million(2.5, 10)
    assert listed_price("elsewhere.example/gpt-4o") is None


def test_the_recipe_wins_over_the_list():
    name = "api.openai.com/gpt-4o"
    assert price_of(name, override=FREE, needed=True) == FREE


def test_an_unknown_price_is_refused_with_the_lines_to_paste_where_it_matters():
    assert price_of("elsewhere.example/m", needed=False) is None
    with pytest.raises(UserError) as caught:
        price_of("elsewhere.example/m", needed=True)
    assert str(caught.value).endswith("teacher:\n  prices: {input: 0.00, output: 0.00}")


def test_machines_paid_by_the_hour_have_no_price_beforehand() -> None:
    assert price_of("local/m", needed=True) == FREE
    assert price_of("local/m", needed=False, per_hour=2.0) is None
    with pytest.raises(UserError, match="not known beforehand"):
        price_of("local/m", needed=True, per_hour=2.0)
    with pytest.raises(UserError, match=r"teachers:\n  writer:\n    prices: \{input"):
        price_of("local/m", needed=True, per_hour=2.0, called="writer")
    with pytest.raises(UserError, match="two prices"):
        price_of("local/m", override=Price.per_million(1, 2), needed=False, per_hour=2.0)
