from __future__ import annotations

from tutelage.store.caps import Account, Limit, Limits, dollars


def test_money_of_a_recipe_is_exact():
    assert Limit.of(usd=0.1).nanousd == 100_000_000
    assert Limit.of(usd=1e-9).nanousd == 1
    assert Limit.of(usd=19.99, tokens=5) == Limit(tokens=5, nanousd=19_990_000_000)
    assert list(Limit(requests=3, nanousd=0).items()) == [("requests", 3), ("nanousd", 0)]


def test_only_caps_in_dollars_need_prices():
    assert Limits(turn=Limit(nanousd=0)).in_money
    assert not Limits(study=Limit(requests=1, tokens=1)).in_money


def test_scopes_cannot_be_confused_whatever_the_names():
    keys = [
        key
        for account in (Account("a", "b"), Account('a","b', ""), Account("a", "b", 1))
        for key in account.scope_keys()
    ]
    assert len(set(keys)) == 8  # the study "a" is shared by the first and the third


def test_dollars_are_shown_as_people_read_them():
    assert dollars(12_345_678_900_000) == "$12,345.68"
    assert dollars(123_400_000) == "$0.1234"
    assert dollars(1_500) == "$0.000002"
