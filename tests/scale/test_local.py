from tutelage.plugins import NoOptions, find


async def test_units_run_one_after_another_and_come_back_in_order():
    seen = []

    async def work(unit: int) -> int:
        seen.append(unit)
        return unit * unit

    assert await find("executor", "local").make(NoOptions()).map(work, [3, 1, 2]) == [9, 1, 4]
    assert seen == [3, 1, 2]
